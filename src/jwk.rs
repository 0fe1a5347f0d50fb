//! JSON Web Keys (RFC 7517): read and checked, not yet imported.

use crate::algorithm::Algorithm;
use crate::curve;
use crate::json::Json;
use crate::pasted::base64;
use crate::secret::{MIN_SECRET_BYTES, is_monotonous, readings};
use base64ct::{Base64UrlUnpadded, Encoding};
use jwt_compact::alg::Hs256Key;
use std::fmt;

/// Shortest RSA key in bits (RFC 7518 section 3.3).
pub const MIN_RSA_BITS: usize = 2048;
/// Longest RSA key in bits: a longer one only costs time.
const MAX_RSA_BITS: usize = 8192;

/// Where a key set came from; what arrives over the network never holds a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `SUPABASE_JWKS`.
    Inline,
    /// The Auth server's `jwks.json`, or what is at `JWT_JWKS_URL`.
    Fetched,
}

/// A public key, each number in big-endian bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// P-256, both coordinates of 32 bytes, on the curve (RFC 7518 section 6.2.1).
    P256 {
        /// The x coordinate.
        x: Vec<u8>,
        /// The y coordinate.
        y: Vec<u8>,
    },
    /// RSA, without leading zeros (RFC 7518 section 6.3.1).
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
    /// Ed25519, 32 bytes (RFC 8037 section 2).
    Ed25519(Vec<u8>),
}

/// One key of a set, checked but not yet imported.
#[derive(Debug, PartialEq)]
pub struct Jwk {
    /// What the key is for.
    pub algorithm: Algorithm,
    /// `kid`.
    pub key_id: Option<String>,
    /// The key itself.
    pub material: JwkMaterial,
}

/// A key by who holds it.
#[derive(Debug)]
pub enum JwkMaterial {
    /// Anybody may have it; the platform verifies.
    Public(PublicKey),
    /// Shared with the Auth server alone.
    Secret(Hs256Key),
}

impl PartialEq for JwkMaterial {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Public(one), Self::Public(other)) => one == other,
            // Both stand in one setting: nobody learns anything by the time that it takes.
            (Self::Secret(one), Self::Secret(other)) => one.as_ref() == other.as_ref(),
            _ => false,
        }
    }
}

/// A key set, read but not yet imported.
#[derive(Default)]
pub struct Jwks {
    /// Those of use.
    pub keys: Vec<Jwk>,
    /// How many keys of the set are of no use to us.
    pub skipped: usize,
    /// The set as it came, for `publishes`.
    set: Json,
}

impl fmt::Debug for Jwks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the set as it came, in which a secret may stand.
        let mut jwks = formatter.debug_struct("Jwks");
        jwks.field("keys", &self.keys)
            .field("skipped", &self.skipped);
        jwks.finish_non_exhaustive()
    }
}

impl Jwks {
    /// Reads `{"keys":[…]}` or a bare array. A key that cannot be used is skipped and counted.
    /// Nothing comes back where the text is no key set at all.
    #[must_use]
    pub fn parse(text: &str, source: Source) -> Option<Self> {
        let set = Json::parse(text.as_bytes())?;
        let mut skipped = 0_usize;
        let mut keys: Vec<Jwk> = Vec::new();
        for key in listed(&set)? {
            match Jwk::read(key, source) {
                // The same key twice is one key.
                Some(key) if keys.contains(&key) => {}
                Some(key) => keys.push(key),
                None => skipped = skipped.saturating_add(1),
            }
        }
        // Two keys for one name: nothing says which was meant, so neither is used.
        let same =
            |one: &Jwk, other: &Jwk| one.algorithm == other.algorithm && one.key_id == other.key_id;
        let alone = |one| keys.iter().filter(|other| same(one, other)).count() == 1;
        let alone: Vec<_> = keys.iter().map(alone).collect();
        skipped = skipped.saturating_add(alone.iter().filter(|alone| !**alone).count());
        let mut alone = alone.into_iter();
        keys.retain(|_| alone.next() == Some(true));
        Some(Self { keys, skipped, set })
    }

    /// Whether anybody can read this secret in the set, as a coordinate or as the name of a key, in
    /// whichever way it is written.
    #[must_use]
    pub fn publishes(&self, secret: &[u8]) -> bool {
        let published = published(listed(&self.set).unwrap_or_default());
        readings(secret).iter().any(|reading| {
            let holds = |text: &Vec<u8>| reading.windows(text.len()).any(|part| part == text);
            published.iter().any(holds)
        })
    }

    /// The shared secrets of the set.
    pub fn secrets(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().filter_map(|key| match &key.material {
            JwkMaterial::Secret(secret) => Some(secret.as_ref()),
            JwkMaterial::Public(_) => None,
        })
    }
}

/// The keys of `{"keys":[…]}` or of a bare array.
fn listed(set: &Json) -> Option<&[Json]> {
    set.list().or_else(|| set.get("keys").list())
}

/// The texts of every key but shared secrets, those that cannot be used included, and what they stand
/// for. Shorter ones are no secrets.
fn published(keys: &[Json]) -> Vec<Vec<u8>> {
    let mut published = Vec::new();
    for key in keys {
        let is_secret = key.get("kty").text() == Some("oct");
        for (_, member) in key.object().unwrap_or_default() {
            let text = member.text().unwrap_or_default().as_bytes();
            if !is_secret && text.len() >= MIN_SECRET_BYTES {
                published.push(text.to_vec());
                published.extend(base64(text).filter(|bytes| bytes.len() >= MIN_SECRET_BYTES));
            }
        }
    }
    published
}

impl Jwk {
    fn read(key: &Json, source: Source) -> Option<Self> {
        let text = |name| key.get(name).optional_text().ok();
        let algorithm = Algorithm::of_key(text("kty")??, text("crv")?)?;
        let verifies = match key.get("key_ops") {
            Json::Null => true,
            operations => operations
                .list()?
                .iter()
                .any(|one| one.text() == Some("verify")),
        };
        let agrees = verifies
            && text("alg")?.is_none_or(|alg| alg == algorithm.name())
            && text("use")?.is_none_or(|usage| usage == "sig");
        if !agrees {
            return None;
        }
        let bytes = |name| Base64UrlUnpadded::decode_vec(text(name)??).ok();
        let material = match algorithm {
            Algorithm::Hs256 if source == Source::Inline => {
                let secret = bytes("k")?;
                (secret.len() >= MIN_SECRET_BYTES && !is_monotonous(&secret))
                    .then(|| JwkMaterial::Secret(Hs256Key::new(secret)))?
            }
            Algorithm::Hs256 => return None,
            Algorithm::Es256 => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                curve::on_p256(&x, &y).then_some(JwkMaterial::Public(PublicKey::P256 { x, y }))?
            }
            Algorithm::Rs256 => JwkMaterial::Public(rsa(&bytes("n")?, &bytes("e")?)?),
            Algorithm::EdDsa => {
                let x = bytes("x")?;
                curve::is_ed25519(&x).then_some(JwkMaterial::Public(PublicKey::Ed25519(x)))?
            }
        };
        Some(Self {
            algorithm,
            key_id: text("kid")?.map(str::to_owned),
            material,
        })
    }
}

fn rsa(n: &[u8], e: &[u8]) -> Option<PublicKey> {
    let number = |bytes: &[u8]| {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..).map(<[u8]>::to_vec)
    };
    let (n, e) = (number(n)?, number(e)?);
    // An even exponent or 1 is no RSA key; with 1 every signature is its own forgery.
    let sound = e.len() <= 8 && e.last()? % 2 == 1 && e != [1];
    ((MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bit_length(&n)?) && sound)
        .then_some(PublicKey::Rsa { n, e })
}

/// The length in bits of a big-endian number, leading zeros left out; nothing for zero.
pub(crate) fn bit_length(number: &[u8]) -> Option<usize> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let spare = usize::try_from(number.get(zeros)?.leading_zeros()).ok()?;
    let bytes = number.len().checked_sub(zeros)?;
    bytes.checked_mul(8)?.checked_sub(spare)
}
