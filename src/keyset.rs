//! The keys that may verify a session token, and which of them does.

use crate::algorithm::Algorithm;
use crate::crypto::Crypto;
use crate::jwk::{JwkMaterial, Jwks};
use crate::token::UntrustedToken;
use jwt_compact::alg::Hs256Key;

/// The keys at hand, ready to verify.
#[derive(Debug)]
pub struct KeySet<K> {
    keys: Vec<Key<K>>,
    /// `JWT_SECRET`: for HS256 tokens of any `kid`, since GoTrue names its secret as it likes.
    secret: Option<Material<K>>,
}

#[derive(Debug)]
struct Key<K> {
    algorithm: Algorithm,
    key_id: Option<String>,
    material: Material<K>,
}

/// What verifies, by who does it.
#[derive(Debug)]
pub enum Material<K> {
    /// HMAC, verified here.
    Secret(Hs256Key),
    /// Everything else, verified by the platform.
    Public(K),
}

impl<K> KeySet<K> {
    /// Imports a set's keys, each once; says how many of the set are of no use.
    pub async fn import<C: Crypto<VerifyingKey = K>>(
        crypto: &C,
        jwks: Jwks,
        secret: Option<Hs256Key>,
    ) -> (Self, usize) {
        let mut skipped = jwks.skipped;
        let mut keys = Vec::with_capacity(jwks.keys.len());
        for jwk in jwks.keys {
            let material = match jwk.material {
                JwkMaterial::Secret(secret) => Some(Material::Secret(secret)),
                JwkMaterial::Public(key) => {
                    crypto.import_verifying(&key).await.map(Material::Public)
                }
            };
            match material {
                Some(material) => keys.push(Key {
                    algorithm: jwk.algorithm,
                    key_id: jwk.key_id,
                    material,
                }),
                None => skipped = skipped.saturating_add(1),
            }
        }
        let secret = secret.map(Material::Secret);
        (Self { keys, secret }, skipped)
    }

    /// The key that may verify this token: algorithm and key id must be the key's own. A key
    /// without an id serves tokens without one.
    #[must_use]
    pub fn find(&self, token: &UntrustedToken) -> Option<&Material<K>> {
        let named = self.keys.iter().find(|key| {
            key.algorithm == token.algorithm() && key.key_id.as_deref() == token.key_id()
        });
        match named {
            Some(key) => Some(&key.material),
            None if token.algorithm() == Algorithm::Hs256 => self.secret.as_ref(),
            None => None,
        }
    }

    /// Whether any token at all could be verified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.secret.is_none()
    }
}
