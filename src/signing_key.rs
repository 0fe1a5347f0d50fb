//! `BEHEST_KEY`, in every form that people have it in; the form picks the mint mode.

use crate::der::{INTEGER, OCTET_STRING, SEQUENCE, read, write};
use crate::jwk::{MIN_RSA_BITS, bit_length};
use crate::pasted::{base64, contains, split_once, trimmed, unescaped};
use std::fmt;

/// What `BEHEST_KEY` turned out to be.
#[derive(Debug)]
pub enum BehestKey {
    /// `behest_sk_live_…`: Behest mints, for this key.
    Api(ApiKey),
    /// An RSA private key: we sign.
    Signing(Pkcs8),
}

/// An API key, safe to put into a header.
pub struct ApiKey(pub String);

/// An RSA private key in PKCS#8 DER (RFC 5208 section 5).
pub struct Pkcs8(pub Vec<u8>);

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(_)")
    }
}

impl fmt::Debug for Pkcs8 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pkcs8(_)")
    }
}

impl BehestKey {
    /// Reads the key.
    ///
    /// # Errors
    /// What is wrong, without a byte of the key.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = trimmed(text);
        if let Some(rest) = text.strip_prefix("behest_sk_live_") {
            let sound = !rest.is_empty()
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !b"\\\"'`".contains(&byte));
            return sound
                .then(|| Self::Api(ApiKey(text.to_owned())))
                .ok_or("an API key with characters that no key has");
        }
        signing_key(text).map(Self::Signing)
    }
}

/// Reads PEM, or base64 of PEM.
#[inline(never)]
fn signing_key(text: &str) -> Result<Pkcs8, &'static str> {
    let key = text.strip_prefix("behest_pk_").unwrap_or(text);
    if contains(key, "-----BEGIN") {
        return from_pem(key);
    }
    let decoded = base64(key.as_bytes())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(
            "neither an API key (behest_sk_live_…) nor an RSA private key in PEM or base64 of PEM",
        )?;
    from_pem(&decoded)
}

/// Finds the private key in a PEM text (RFC 7468), its line breaks real, escaped once or twice,
/// turned into spaces, or lost.
fn from_pem(pem: &str) -> Result<Pkcs8, &'static str> {
    let body = |label: &str| {
        let (_, rest) = split_once(pem, &["-----BEGIN ", label, "-----"].concat())?;
        let (body, _) = split_once(rest, &["-----END ", label, "-----"].concat())?;
        Some(unescaped(body))
    };
    let broken = "a PEM whose content is broken; copy it whole";
    if let Some(body) = body("PRIVATE KEY") {
        let info = base64(&body).ok_or(broken)?;
        let key = rsa_of_pkcs8(&info).ok_or("a private key, but no RSA key in PKCS#8")?;
        return strong(key).map(|()| Pkcs8(info.clone()));
    }
    if let Some(body) = body("RSA PRIVATE KEY") {
        let key = base64(&body).ok_or(broken)?;
        return strong(&key).map(|()| Pkcs8(pkcs8_of_pkcs1(&key)));
    }
    Err(
        "no RSA private key: expected -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----",
    )
}

/// SEQUENCE { OID rsaEncryption, NULL } (RFC 8017 appendix A.1).
const RSA_ENCRYPTION: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

/// INTEGER 0, the version of both structures.
const VERSION: [u8; 3] = [INTEGER, 0x01, 0x00];

/// The `RSAPrivateKey` inside a `PrivateKeyInfo`.
fn rsa_of_pkcs8(info: &[u8]) -> Option<&[u8]> {
    let (info, _) = read(SEQUENCE, info)?;
    let rest = info.strip_prefix(&VERSION)?.strip_prefix(&RSA_ENCRYPTION)?;
    Some(read(OCTET_STRING, rest)?.0)
}

/// Refuses what is no `RSAPrivateKey` (RFC 8017 appendix A.1.2), or one too short to trust. The
/// platform would say so too, but only when the other settings are right.
fn strong(key: &[u8]) -> Result<(), &'static str> {
    let bits = || {
        let (key, _) = read(SEQUENCE, key)?;
        let (modulus, _) = read(INTEGER, key.strip_prefix(&VERSION)?)?;
        bit_length(modulus)
    };
    let bits = bits().ok_or("a PEM that holds no RSA private key; copy it whole")?;
    if bits < MIN_RSA_BITS {
        return Err("an RSA key shorter than 2048 bits; make a new one in the Behest dashboard");
    }
    Ok(())
}

/// Wraps an `RSAPrivateKey` into a `PrivateKeyInfo`, the only form that SubtleCrypto takes.
fn pkcs8_of_pkcs1(key: &[u8]) -> Vec<u8> {
    let mut info = VERSION.to_vec();
    info.extend(RSA_ENCRYPTION);
    info.extend(write(OCTET_STRING, key));
    write(SEQUENCE, &info)
}
