//! The keys that may verify a session token, and which of them does.

use crate::algorithm::Algorithm;
use crate::crypto::Crypto;
use crate::jwk::{JwkMaterial, Jwks, Source};
use crate::token::UntrustedToken;
use jwt_compact::alg::Hs256Key;
use std::rc::Rc;

/// The keys at hand, ready to verify.
#[derive(Debug)]
pub struct KeySet<K> {
    keys: Vec<Key<K>>,
    /// `JWT_SECRET`: for HS256 tokens of any `kid`, since GoTrue names its secret as it likes.
    secret: Option<Material<K>>,
    /// Where the public keys came from; nothing where there has been no set yet.
    source: Option<Source>,
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
    /// HMAC, verified here. Shared with the key set that comes next.
    Secret(Rc<Hs256Key>),
    /// Everything else, verified by the platform.
    Public(K),
}

impl<K> Material<K> {
    /// The shared secret, once more; nothing of a public key.
    fn secret(&self) -> Option<Self> {
        match self {
            Self::Secret(secret) => Some(Self::Secret(Rc::clone(secret))),
            Self::Public(_) => None,
        }
    }
}

impl<K> KeySet<K> {
    /// `JWT_SECRET`, if it is set, while there is no set.
    #[must_use]
    pub fn without_set(secret: Option<Rc<Hs256Key>>) -> Self {
        Self {
            keys: Vec::new(),
            secret: secret.map(Material::Secret),
            source: None,
        }
    }

    /// Imports a set's keys, each once; says how many of the set are of no use. The shared secrets at
    /// hand stay.
    pub async fn import<C: Crypto<VerifyingKey = K>>(
        &self,
        crypto: &C,
        jwks: Jwks,
        source: Source,
    ) -> (Self, usize) {
        let mut skipped = jwks.skipped;
        let mut keys = self.shared_secrets();
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
        let imported = Self {
            keys,
            secret: self.secret.as_ref().and_then(Material::secret),
            source: Some(source),
        };
        (imported, skipped)
    }

    /// The `oct` keys, once more.
    #[inline(never)]
    fn shared_secrets(&self) -> Vec<Key<K>> {
        let mut secrets = Vec::new();
        for key in &self.keys {
            if let Some(material) = key.material.secret() {
                secrets.push(Key {
                    algorithm: key.algorithm,
                    key_id: key.key_id.clone(),
                    material,
                });
            }
        }
        secrets
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

    /// The shared secrets: `JWT_SECRET`, and the `oct` keys.
    pub fn secrets(&self) -> impl Iterator<Item = &Hs256Key> {
        let named = self.keys.iter().map(|key| &key.material);
        named
            .chain(&self.secret)
            .filter_map(|material| match material {
                Material::Secret(secret) => Some(&**secret),
                Material::Public(_) => None,
            })
    }

    /// Where the public keys came from; nothing where there has been no set yet.
    #[must_use]
    pub const fn source(&self) -> Option<Source> {
        self.source
    }

    /// Whether there is a public key.
    #[must_use]
    pub fn has_public(&self) -> bool {
        let public = |key: &Key<K>| matches!(key.material, Material::Public(_));
        self.keys.iter().any(public)
    }

    /// Whether there is a shared secret.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.secrets().next().is_some()
    }

    /// Whether any token at all could be verified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.secret.is_none()
    }
}
