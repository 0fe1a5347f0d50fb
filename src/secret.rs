//! The project's shared secret, and what people paste there that is none. Most of it is public, and whoever has it
//! could sign sessions with it.

use crate::der::{INTEGER, SEQUENCE, read};
use crate::json::Json;
use crate::origin::is_scheme;
use crate::pasted::{base64, contains, hex, is_quote, is_unseen, position, split_once};

/// Shortest HMAC key in bytes (RFC 7518 section 3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// Why a secret that stands in the project's key set is none.
pub const PUBLISHED: &str =
    "stands in the project's key set, which everybody can read; copy the JWT secret itself";

/// The secrets in Supabase's own examples, known to all: of the command line's local stack, and of
/// the files for self-hosting.
const EXAMPLES: [&str; 2] = [
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
];

/// Whether this is the secret of one of Supabase's examples.
#[must_use]
pub fn is_example(secret: &[u8]) -> bool {
    EXAMPLES.iter().any(|example| example.as_bytes() == secret)
}

/// Whether this is one byte over and over.
#[must_use]
pub fn is_monotonous(secret: &[u8]) -> bool {
    secret.iter().all(|byte| Some(byte) == secret.first())
}

/// A secret as it stands, and what it is where it stands for bytes in base64 or hex: nothing where it
/// does not.
#[must_use]
#[inline(never)]
pub fn readings(secret: &[u8]) -> [Vec<u8>; 3] {
    [
        secret.to_vec(),
        base64(secret).unwrap_or_default(),
        hex(secret).unwrap_or_default(),
    ]
}

/// Why this is no secret, without a byte of it.
#[must_use]
#[inline(never)]
pub fn flaw(secret: &str) -> Option<&'static str> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"=+/-_".contains(byte);
    let ends = [secret.as_bytes().first(), secret.as_bytes().last()];
    if !ends.into_iter().flatten().all(is_plain) || is_escaped(secret) {
        let flaw = flaw_of_ends(secret);
        if flaw.is_some() {
            return flaw;
        }
    }
    if is_api_key(secret) {
        return Some(
            "is an API key or a token, which others have too; copy the project's JWT secret",
        );
    }
    let readings = readings(secret.as_bytes());
    let flaw = readings.iter().enumerate().find_map(flaw_of_reading);
    if flaw.is_some() {
        return flaw;
    }
    if is_url(secret) {
        return Some("is a URL; copy the project's JWT secret");
    }
    if is_uuid(secret) {
        return Some("is a UUID, such as the id of a key; copy the secret that stands beside it");
    }
    if secret.len() < MIN_SECRET_BYTES {
        return Some("shorter than 32 bytes; copy the project's JWT secret whole");
    }
    is_monotonous(secret.as_bytes())
        .then_some("is one character over and over; copy the project's JWT secret")
}

/// What is wrong with the ends, where they are not as plain as those of most secrets.
#[inline(never)]
fn flaw_of_ends(secret: &str) -> Option<&'static str> {
    let ends = [secret.chars().next(), secret.chars().next_back()];
    let ends_with = |mark: fn(char) -> bool| ends.into_iter().flatten().any(mark);
    if ends_with(is_quote) {
        return Some("begins or ends with a quote, which would count; set it without");
    }
    (is_escaped(secret) || ends_with(char::is_whitespace) || ends_with(is_unseen)).then_some(
        "begins or ends with white space, or with what is not seen, which would count; set it without",
    )
}

/// What a secret stands for where that is a key of another kind.
#[inline(never)]
fn flaw_of_reading((nth, bytes): (usize, &Vec<u8>)) -> Option<&'static str> {
    if Json::parse(bytes).is_some_and(|json| json.object().is_some() || json.list().is_some()) {
        return Some("is a JSON Web Key; copy the project's JWT secret itself");
    }
    // DER itself is no text, and some secrets in base64 look like it.
    (is_pem(bytes) || (nth > 0 && is_der(bytes)))
        .then_some("is a PEM or DER key and no shared secret; copy the project's JWT secret")
}

/// Whether it ends in a line end that was escaped on the way.
fn is_escaped(secret: &str) -> bool {
    secret.ends_with("\\n") || secret.ends_with("\\r")
}

/// An API key of Supabase's or of Behest's, or any JWT, whatever stands around it.
fn is_api_key(secret: &str) -> bool {
    let header = split_once(secret, ".").map_or(secret, |(header, _)| header);
    let is_jwt = || Json::parse(&base64(header.as_bytes())?)?.object().map(drop);
    let known = [
        "sb_publishable_",
        "sb_secret_",
        "sbp_",
        "behest_sk_",
        ".eyJ",
    ];
    known.iter().any(|part| contains(secret, part))
        || (secret.starts_with("eyJ") && contains(secret, "."))
        || is_jwt().is_some()
}

fn is_pem(bytes: &[u8]) -> bool {
    position(bytes, b"-----BEGIN").is_some()
}

/// Whether this is a key in DER: a SEQUENCE that fills it, and begins as `SubjectPublicKeyInfo`,
/// `PrivateKeyInfo` (RFC 5280 section 4.1, RFC 5208 section 5) or an RSA key (RFC 8017 appendix A.1) does.
fn is_der(bytes: &[u8]) -> bool {
    let begins = |content: &[u8]| {
        [SEQUENCE, INTEGER]
            .iter()
            .any(|tag| read(*tag, content).is_some())
    };
    matches!(read(SEQUENCE, bytes), Some((content, [])) if begins(content))
}

/// `scheme://` and more.
fn is_url(secret: &str) -> bool {
    split_once(secret, "://").is_some_and(|(scheme, _)| is_scheme(scheme))
}

/// RFC 9562 section 4.
fn is_uuid(secret: &str) -> bool {
    secret.len() == 36
        && secret.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
