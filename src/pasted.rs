//! Text as people paste it into a setting.

use crate::base64url;

/// Without white space around it. Most texts have none, and are not searched for any.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// Where some bytes stand in others for the first time. A plain search: the standard library's is made
/// for long texts, and is long itself.
#[must_use]
#[inline(never)]
pub fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    let starts = |start: &usize| {
        let rest = text.get(*start..);
        rest.is_some_and(|rest| rest.starts_with(part))
    };
    (0..text.len()).find(starts)
}

/// Whether some text stands in another.
#[must_use]
pub fn contains(text: &str, part: &str) -> bool {
    position(text.as_bytes(), part.as_bytes()).is_some()
}

/// What stands before and behind the first of some separators.
#[must_use]
#[inline(never)]
pub fn split_once<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let start = position(text.as_bytes(), separator.as_bytes())?;
    let (before, rest) = text.split_at_checked(start)?;
    Some((before, rest.strip_prefix(separator)?))
}

/// A whole number, in decimal digits alone.
#[must_use]
#[inline(never)]
pub fn whole_number(digits: &str) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.bytes().try_fold(0_u32, |number, byte| {
        let digit = byte.is_ascii_digit().then_some(u32::from(byte & 0x0f))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

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
#[inline(never)]
pub fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
    let mut bytes = Vec::with_capacity(text.len());
    for pair in text.chunks(2) {
        let [high, low] = *pair else {
            return None;
        };
        bytes.push(digit(high)? << 4 | digit(low)?);
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
    base64url::decode(&url_safe)
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

#[cfg(test)]
mod tests {
    use super::{contains, hex, split_once, trimmed, whole_number};

    #[test]
    fn what_is_trimmed_is_what_the_standard_library_trims() {
        let ends = [
            "", " ", "\t\n", "\u{a0}", "\u{2003}", "\u{200b}", "a", "~", "é", "\0", "\u{7f}",
        ];
        for start in ends {
            for end in ends {
                for middle in ["", "x", " x y "] {
                    let text = [start, middle, end].concat();
                    assert_eq!(trimmed(&text), text.trim(), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_text_is_found_where_the_standard_library_finds_it() {
        for text in [
            "",
            "://",
            "a://b",
            "a://b://c",
            ":/:://",
            "a:/",
            "é://é",
            "a*b*c",
            "*",
        ] {
            for part in ["://", "*", ":", "é"] {
                assert_eq!(
                    split_once(text, part),
                    text.split_once(part),
                    "{text} {part}"
                );
                assert_eq!(contains(text, part), text.contains(part), "{text} {part}");
            }
        }
    }

    #[test]
    fn a_whole_number_is_digits_alone_and_fits_32_bits() {
        let numbers = [
            ("0", 0),
            ("007", 7),
            ("86400", 86_400),
            ("4294967295", u32::MAX),
        ];
        for (text, number) in numbers {
            assert_eq!(whole_number(text), Some(number), "{text}");
        }
        for text in [
            "",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1e3",
            "0x1",
            "1_0",
            "1.0",
            "٣",
            "4294967296",
        ] {
            assert_eq!(whole_number(text), None, "{text}");
        }
    }

    #[test]
    fn hex_is_pairs_of_digits_in_either_case() {
        assert_eq!(hex(b"00fFA9"), Some(vec![0, 0xff, 0xa9]));
        assert_eq!(hex(b""), Some(Vec::new()));
        for text in ["0", "0g", "+1", "-1", " 1", "0x", "00f", "é"] {
            assert_eq!(hex(text.as_bytes()), None, "{text}");
        }
    }
}
