//! `JWT_SECRET`: what people paste there that is no secret. Most of it is public, and whoever has it
//! could sign sessions with it.

use crate::der::{INTEGER, SEQUENCE, read};
use crate::jwk::MIN_SECRET_BYTES;
use crate::pasted::base64;

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
pub fn is_example(secret: &str) -> bool {
    EXAMPLES.contains(&secret)
}

/// Why this is no secret, without a byte of it.
#[must_use]
pub fn flaw(secret: &str) -> Option<&'static str> {
    let starts = |start| secret.starts_with(start);
    let quotes = ['"', '\''];
    if secret.trim() != secret {
        return Some("begins or ends with white space, which would count; set it without");
    }
    if secret.starts_with(quotes) || secret.ends_with(quotes) {
        return Some("begins or ends with a quote, which would count; set it without");
    }
    if starts("sb_") || starts("eyJ") {
        return Some(
            "is an API key or a token, which others have too; copy the project's JWT secret",
        );
    }
    if starts("{") || starts("[") {
        return Some("is a JSON Web Key; copy the project's JWT secret itself");
    }
    if starts("-----BEGIN") || starts(PEM_IN_BASE64) || is_der(secret) {
        return Some("is a PEM or DER key and no shared secret; copy the project's JWT secret");
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
    let first = secret.chars().next();
    secret
        .chars()
        .all(|letter| Some(letter) == first)
        .then_some("is one character over and over; copy the project's JWT secret")
}

/// `-----BEGIN` in base64, as far as what follows it does not matter.
const PEM_IN_BASE64: &str = "LS0tLS1CRUdJT";

/// Whether this is a key in DER, in base64: a SEQUENCE that fills it, and begins as `SubjectPublicKeyInfo`,
/// `PrivateKeyInfo` (RFC 5280 section 4.1, RFC 5208 section 5) or an RSA key (RFC 8017 appendix A.1) does.
fn is_der(secret: &str) -> bool {
    let bytes = base64(secret.as_bytes()).unwrap_or_default();
    let begins = |content: &[u8]| {
        [SEQUENCE, INTEGER]
            .iter()
            .any(|tag| read(*tag, content).is_some())
    };
    matches!(read(SEQUENCE, &bytes), Some((content, [])) if begins(content))
}

/// `scheme://` (RFC 3986 section 3.1).
fn is_url(secret: &str) -> bool {
    let scheme = secret.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// RFC 9562 section 4.
fn is_uuid(secret: &str) -> bool {
    secret.len() == 36
        && secret.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
