//! JSON Web Keys (RFC 7517): read and checked, not yet imported.

mod set;

pub use set::Jwks;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::curve;
use crate::json::Json;
use crate::secret::{MIN_SECRET_BYTES, is_monotonous};
use jwt_compact::alg::Hs256Key;
use std::rc::Rc;

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
    Secret(Rc<Hs256Key>),
}

impl PartialEq for JwkMaterial {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Public(one), Self::Public(other)) => one == other,
            // Both stand in one setting: nobody learns anything by the time that it takes.
            (Self::Secret(one), Self::Secret(other)) => bytes_of(one) == bytes_of(other),
            _ => false,
        }
    }
}

fn bytes_of(secret: &Hs256Key) -> &[u8] {
    secret.as_ref()
}

impl Jwk {
    #[inline(never)]
    fn read(key: &Json<'_>, source: Source) -> Option<Self> {
        let algorithm = Algorithm::of_key(text(key, "kty")??, text(key, "crv")?)?;
        let key_id = text(key, "kid")?;
        if !verifies(key, algorithm) {
            return None;
        }
        let material = match algorithm {
            Algorithm::Hs256 => secret(key, source),
            Algorithm::Es256 => p256(key),
            Algorithm::Rs256 => rsa(key),
            Algorithm::EdDsa => ed25519(key),
        };
        Some(Self {
            material: material?,
            algorithm,
            key_id: key_id.map(str::to_owned),
        })
    }
}

/// Whether a key is for verifying with this algorithm, or does not say what it is for.
#[inline(never)]
fn verifies(key: &Json<'_>, algorithm: Algorithm) -> bool {
    let operations = key.get("key_ops");
    let mut named = operations.list().unwrap_or_default().iter();
    is_or_missing(key, "alg", algorithm.name())
        && is_or_missing(key, "use", "sig")
        && (matches!(operations, Json::Null) || named.any(|one| one.text() == Some("verify")))
}

#[inline(never)]
fn is_or_missing(key: &Json<'_>, name: &str, value: &str) -> bool {
    match key.get(name) {
        Json::Null => true,
        found => found.text() == Some(value),
    }
}

/// A member that is a string or missing; nothing at all where it is something else.
#[inline(never)]
fn text<'a>(key: &'a Json<'_>, name: &str) -> Option<Option<&'a str>> {
    key.get(name).optional_text().ok()
}

/// A member in base64url.
#[inline(never)]
fn bytes(key: &Json<'_>, name: &str) -> Option<Vec<u8>> {
    base64url::decode(text(key, name)??.as_bytes())
}

#[inline(never)]
fn secret(key: &Json<'_>, source: Source) -> Option<JwkMaterial> {
    let secret = bytes(key, "k")?;
    let is_secret =
        source == Source::Inline && secret.len() >= MIN_SECRET_BYTES && !is_monotonous(&secret);
    is_secret.then(|| JwkMaterial::Secret(Rc::new(Hs256Key::new(secret))))
}

#[inline(never)]
fn p256(key: &Json<'_>) -> Option<JwkMaterial> {
    let (x, y) = (bytes(key, "x")?, bytes(key, "y")?);
    curve::on_p256(&x, &y).then(|| JwkMaterial::Public(PublicKey::P256 { x, y }))
}

#[inline(never)]
fn rsa(key: &Json<'_>) -> Option<JwkMaterial> {
    let number = |name| {
        let bytes = bytes(key, name)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        bytes.get(zeros..).map(<[u8]>::to_vec)
    };
    let (n, e) = (number("n")?, number("e")?);
    // An even exponent or 1 is no RSA key; with 1 every signature is its own forgery.
    let sound = e.len() <= 8 && e.last()? % 2 == 1 && e != [1];
    ((MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bit_length(&n)?) && sound)
        .then(|| JwkMaterial::Public(PublicKey::Rsa { n, e }))
}

#[inline(never)]
fn ed25519(key: &Json<'_>) -> Option<JwkMaterial> {
    let x = bytes(key, "x")?;
    curve::is_ed25519(&x).then(|| JwkMaterial::Public(PublicKey::Ed25519(x)))
}

/// The length in bits of a big-endian number, leading zeros left out; nothing for zero.
pub(crate) fn bit_length(number: &[u8]) -> Option<usize> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let spare = usize::try_from(number.get(zeros)?.leading_zeros()).ok()?;
    let bytes = number.len().checked_sub(zeros)?;
    bytes.checked_mul(8)?.checked_sub(spare)
}
