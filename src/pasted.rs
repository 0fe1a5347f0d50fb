//! Text as people paste it into a setting.

use base64ct::{Base64UrlUnpadded, Encoding};

/// What stands in a pair of quotes; nothing where there is no such pair.
#[must_use]
pub fn unquoted(text: &str) -> Option<&str> {
    let within = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\''))
}

/// Base64 in either alphabet, with or without padding and line breaks.
#[must_use]
#[inline(never)]
pub fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut url_safe = Vec::with_capacity(text.len());
    for letter in text {
        match letter {
            b'+' => url_safe.push(b'-'),
            b'/' => url_safe.push(b'_'),
            white if white.is_ascii_whitespace() => {}
            other => url_safe.push(*other),
        }
    }
    while url_safe.last() == Some(&b'=') {
        url_safe.pop();
    }
    Base64UrlUnpadded::decode_vec(str::from_utf8(&url_safe).ok()?).ok()
}

/// Without line ends that were escaped on the way, once or more often.
#[must_use]
#[inline(never)]
pub fn unescaped(text: &str) -> Vec<u8> {
    let mut unescaped = Vec::with_capacity(text.len());
    let mut escapes = false;
    for letter in text.bytes() {
        match letter {
            b'\\' => escapes = true,
            b'n' | b'r' if escapes => escapes = false,
            other => {
                if escapes {
                    unescaped.push(b'\\');
                }
                escapes = false;
                unescaped.push(other);
            }
        }
    }
    unescaped
}
