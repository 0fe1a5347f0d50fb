//! The keys that may verify a session token, and which of them does.

use crate::algorithm::Algorithm;
use crate::crypto::Crypto;
use crate::jwk::{JwkMaterial, Jwks, Source};
use crate::token::UntrustedToken;
use jwt_compact::alg::Hs256Key;
use std::rc::Rc;

/// The shared secrets at hand, set once.
#[derive(Debug, Default)]
pub struct Secrets {
    /// `JWT_SECRET`: for HS256 tokens of any `kid`, since GoTrue names its secret as it likes.
    any: Option<Hs256Key>,
    /// The `oct` keys of `SUPABASE_JWKS`, each for its own `kid`.
    named: Vec<(Option<String>, Hs256Key)>,
}

impl Secrets {
    /// Takes the `oct` keys out of an inline set.
    #[must_use]
    pub fn new(any: Option<Hs256Key>, inline: &mut Jwks) -> Self {
        let secret = |material: &JwkMaterial| matches!(material, JwkMaterial::Secret(_));
        let taken = inline.keys.extract_if(.., |key| secret(&key.material));
        let named = taken.filter_map(|key| match key.material {
            JwkMaterial::Secret(secret) => Some((key.key_id, secret)),
            JwkMaterial::Public(_) => None,
        });
        Self {
            named: named.collect(),
            any,
        }
    }

    /// `JWT_SECRET`.
    #[must_use]
    pub const fn any(&self) -> Option<&Hs256Key> {
        self.any.as_ref()
    }

    /// Whether no HS256 token could be verified.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.named.is_empty() && self.any.is_none()
    }
}

/// The keys at hand, ready to verify.
#[derive(Debug)]
pub struct KeySet<K> {
    public: Vec<Key<K>>,
    secrets: Rc<Secrets>,
    /// Where the public keys came from; nothing where there has been no set yet.
    source: Option<Source>,
}

#[derive(Debug)]
struct Key<K> {
    algorithm: Algorithm,
    key_id: Option<String>,
    key: K,
}

/// What verifies, by who does it.
#[derive(Debug)]
pub enum Material<'a, K> {
    /// HMAC, verified here.
    Secret(&'a Hs256Key),
    /// Everything else, verified by the platform.
    Public(&'a K),
}

impl<K> KeySet<K> {
    /// The secrets alone, while there is no set.
    #[must_use]
    pub const fn without_set(secrets: Rc<Secrets>) -> Self {
        Self {
            public: Vec::new(),
            secrets,
            source: None,
        }
    }

    /// Imports a set's public keys, each once; says how many of the set are of no use.
    pub async fn import<C: Crypto<VerifyingKey = K>>(
        crypto: &C,
        jwks: Jwks,
        secrets: Rc<Secrets>,
        source: Source,
    ) -> (Self, usize) {
        let mut skipped = jwks.skipped;
        let mut public = Vec::with_capacity(jwks.keys.len());
        for jwk in jwks.keys {
            let key = match jwk.material {
                JwkMaterial::Public(key) => crypto.import_verifying(&key).await,
                JwkMaterial::Secret(_) => None,
            };
            match key {
                Some(key) => public.push(Key {
                    algorithm: jwk.algorithm,
                    key_id: jwk.key_id,
                    key,
                }),
                None => skipped = skipped.saturating_add(1),
            }
        }
        let keys = Self {
            public,
            secrets,
            source: Some(source),
        };
        (keys, skipped)
    }

    /// The key that may verify this token: algorithm and key id must be the key's own. A key
    /// without an id serves tokens without one.
    #[must_use]
    pub fn find(&self, token: &UntrustedToken) -> Option<Material<'_, K>> {
        if token.algorithm() == Algorithm::Hs256 {
            let named = &self.secrets.named;
            let named = named.iter().find(|(id, _)| id.as_deref() == token.key_id());
            return named
                .map(|(_, secret)| secret)
                .or(self.secrets.any())
                .map(Material::Secret);
        }
        let named = self.public.iter().find(|key| {
            key.algorithm == token.algorithm() && key.key_id.as_deref() == token.key_id()
        });
        named.map(|key| Material::Public(&key.key))
    }

    /// Where the public keys came from; nothing where there has been no set yet.
    #[must_use]
    pub const fn source(&self) -> Option<Source> {
        self.source
    }

    /// Whether there is a public key.
    #[must_use]
    pub const fn has_public(&self) -> bool {
        !self.public.is_empty()
    }

    /// Whether there is a shared secret.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Whether any token at all could be verified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.has_public() && !self.has_secret()
    }
}
