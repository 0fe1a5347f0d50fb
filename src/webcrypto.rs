//! SubtleCrypto (Web Cryptography API, W3C) as the core's public-key cryptography.

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::crypto::Crypto;
use crate::jwk::PublicKey;
use crate::promise::Settled;
use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{CryptoKey, SubtleCrypto};

#[wasm_bindgen]
extern "C" {
    /// The platform's `crypto`.
    type Platform;

    #[wasm_bindgen(thread_local_v2, js_namespace = globalThis, js_name = crypto)]
    static CRYPTO: Option<Platform>;

    #[wasm_bindgen(method, getter)]
    fn subtle(this: &Platform) -> Option<SubtleCrypto>;

    /// An object of plain strings.
    #[wasm_bindgen(extends = Object)]
    type Dictionary;

    #[wasm_bindgen(method, structural, indexing_setter)]
    fn set(this: &Dictionary, name: &str, value: &str);
}

/// SubtleCrypto, with its algorithm objects made once.
#[derive(Debug)]
pub struct WebCrypto {
    subtle: SubtleCrypto,
    ecdsa: Object,
    rsa: Object,
    ed25519: Object,
}

impl WebCrypto {
    /// Finds `crypto.subtle`.
    ///
    /// # Errors
    /// Where the platform has none.
    pub fn new() -> Result<Self, JsValue> {
        let subtle = CRYPTO.with(|crypto| crypto.as_ref().and_then(Platform::subtle));
        Ok(Self {
            subtle: subtle.ok_or("the platform has no SubtleCrypto")?,
            ecdsa: object(&[
                ("name", "ECDSA"),
                ("namedCurve", "P-256"),
                ("hash", "SHA-256"),
            ]),
            rsa: object(&[("name", "RSASSA-PKCS1-v1_5"), ("hash", "SHA-256")]),
            ed25519: object(&[("name", "Ed25519")]),
        })
    }

    async fn import(
        &self,
        format: &str,
        key: &Object,
        algorithm: &Object,
        usage: &str,
    ) -> Result<CryptoKey, JsValue> {
        let promise = self.subtle.import_key_with_object(
            format,
            key,
            algorithm,
            false,
            &Array::of1(&usage.into()),
        )?;
        Ok(Settled::of(promise).await?.unchecked_into())
    }
}

impl Crypto for WebCrypto {
    type VerifyingKey = CryptoKey;
    type SigningKey = CryptoKey;
    type Error = JsValue;

    async fn import_verifying(&self, key: &PublicKey) -> Option<CryptoKey> {
        let text = |bytes: &Vec<u8>| base64url::encode(bytes);
        let (format, key, algorithm) = match key {
            PublicKey::P256 { x, y } => {
                // A point without compression (SEC 1 section 2.3.3).
                let point = [&[4], &x[..], &y[..]].concat();
                ("raw", Uint8Array::from(&point[..]).into(), &self.ecdsa)
            }
            PublicKey::Rsa { n, e } => {
                let jwk = object(&[("kty", "RSA"), ("n", &text(n)), ("e", &text(e))]);
                ("jwk", jwk, &self.rsa)
            }
            PublicKey::Ed25519(x) => ("raw", Uint8Array::from(&x[..]).into(), &self.ed25519),
        };
        self.import(format, &key, algorithm, "verify").await.ok()
    }

    async fn import_signing(&self, pkcs8: &[u8]) -> Option<CryptoKey> {
        let bytes = Uint8Array::from(pkcs8);
        self.import("pkcs8", &bytes, &self.rsa, "sign").await.ok()
    }

    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &CryptoKey,
        signature: &[u8],
        message: &[u8],
    ) -> Result<bool, JsValue> {
        let kind = match algorithm {
            Algorithm::Es256 => &self.ecdsa,
            Algorithm::Rs256 => &self.rsa,
            Algorithm::EdDsa => &self.ed25519,
            // Never a public key's; `keyset` keeps the two apart.
            Algorithm::Hs256 => return Ok(false),
        };
        let promise = self
            .subtle
            .verify_with_object_and_js_u8_array_and_js_u8_array(
                kind,
                key,
                &Uint8Array::from(signature),
                &Uint8Array::from(message),
            )?;
        Ok(Settled::of(promise).await?.is_truthy())
    }

    async fn sign(&self, key: &CryptoKey, message: &[u8]) -> Result<Vec<u8>, JsValue> {
        let message = Uint8Array::from(message);
        let promise = self
            .subtle
            .sign_with_object_and_js_u8_array(&self.rsa, key, &message)?;
        Ok(Uint8Array::new(&Settled::of(promise).await?).to_vec())
    }
}

fn object(entries: &[(&str, &str)]) -> Object {
    let object: Dictionary = Object::new().unchecked_into();
    for (name, value) in entries {
        object.set(name, value);
    }
    object.into()
}
