//! Text as people paste it into a setting.

use base64ct::{Base64UrlUnpadded, Encoding};

/// What stands in a pair of quotes; nothing where there is no such pair.
#[must_use]
pub fn unquoted(text: &str) -> Option<&str> {
    let within = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\''))
}

/// Base64 in either alphabet, with or without padding and line breaks: people paste what they have.
#[must_use]
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let url_safe: String = text
        .trim_end_matches(|last: char| last == '=' || last.is_whitespace())
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .map(|letter| match letter {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    Base64UrlUnpadded::decode_vec(&url_safe).ok()
}
