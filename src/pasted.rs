//! Text as people paste it into a setting.

use base64ct::{Base64UrlUnpadded, Encoding};

/// What stands in a pair of quotes; nothing where there is no such pair.
#[must_use]
pub fn unquoted(text: &str) -> Option<&str> {
    let within = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\''))
}

/// What nobody sees: control characters, and those that only join, part or turn others.
#[must_use]
pub fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// A quote of any kind, as word processors put them around words.
#[must_use]
pub const fn is_quote(letter: char) -> bool {
    matches!(
        letter,
        '"' | '\'' | '`' | '«' | '»' | '\u{2018}'..='\u{201f}'
    )
}

/// Bytes in hex, in either case.
#[must_use]
pub fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for pair in text.chunks(2) {
        // A sign would be taken for a digit.
        let plain = pair.len() == 2 && pair.iter().all(u8::is_ascii_hexdigit);
        let digits = str::from_utf8(pair).ok().filter(|_| plain)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
    }
    Some(bytes)
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
