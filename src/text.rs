//! Text, in little code: the standard library's ways are made for long texts, and are long themselves.

/// How many characters a text has.
#[must_use]
pub fn characters(text: &str) -> usize {
    // Of each character's bytes all but the first are 10xxxxxx (RFC 3629 section 3).
    text.bytes().filter(|byte| byte & 0xc0 != 0x80).count()
}

/// Without spaces around it.
#[must_use]
pub fn without_spaces(mut text: &str) -> &str {
    while let Some(rest) = text.strip_prefix(' ').or_else(|| text.strip_suffix(' ')) {
        text = rest;
    }
    text
}
