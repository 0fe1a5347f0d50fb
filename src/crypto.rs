//! What the core needs of a platform's public-key cryptography. `webcrypto` is the one that ships;
//! native tests bring their own.

use crate::algorithm::Algorithm;
use crate::jwk::PublicKey;
use std::fmt;

/// Public-key cryptography as the core needs it. Every key is imported once and cannot be exported.
#[expect(async_fn_in_trait, reason = "one thread, and no caller outside")]
pub trait Crypto {
    /// A public key, imported.
    type VerifyingKey: fmt::Debug;
    /// An RSA private key, imported.
    type SigningKey: fmt::Debug;
    /// The platform broke; what it said.
    type Error: fmt::Debug;

    /// Imports a public key; nothing comes back where the platform refuses it.
    async fn import_verifying(&self, key: &PublicKey) -> Option<Self::VerifyingKey>;

    /// Imports an RSA private key in PKCS#8 for RS256; nothing comes back where the platform
    /// refuses it.
    async fn import_signing(&self, pkcs8: &[u8]) -> Option<Self::SigningKey>;

    /// Whether the signature over the message is the key's.
    ///
    /// # Errors
    /// Where the platform broke. A wrong signature is no error.
    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &Self::VerifyingKey,
        signature: &[u8],
        message: &[u8],
    ) -> Result<bool, Self::Error>;

    /// Signs with RS256.
    ///
    /// # Errors
    /// Where the platform broke.
    async fn sign(&self, key: &Self::SigningKey, message: &[u8]) -> Result<Vec<u8>, Self::Error>;
}
