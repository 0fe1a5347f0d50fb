//! Base64url without padding, read strictly (RFC 4648 section 5, RFC 7515 section 2).
//!
//! Of our own: `base64ct` looks at no table, so that a secret leaves no trace in a cache for whoever
//! shares it, and takes five times as long. Tokens come here with each request, and are read by whoever
//! sends or gets them anyway; keys once an instance, which is nothing that could be asked for again and
//! again and timed.

/// What each value is written as.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Set in no letter's value.
const NONE: u8 = 0xc0;

/// What each letter stands for.
const VALUES: [u8; 256] = values();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "runs in the compiler alone"
)]
const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
}

fn value(letter: u8) -> u8 {
    VALUES.get(usize::from(letter)).copied().unwrap_or(NONE)
}

/// Reads a text to its end. Nothing comes of one with another letter, with padding, with a length that
/// no bytes have, or with bits beyond the last byte: of each run of bytes there is one text.
#[must_use]
#[inline(never)]
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (fours, rest) = text.as_chunks::<4>();
    let mut bytes = Vec::with_capacity(text.len());
    let mut seen = 0;
    let mut read = |letters: [u8; 4]| {
        let values = letters.map(value);
        let [a, b, c, d] = values;
        seen |= a | b | c | d;
        let bits = values
            .iter()
            .fold(0_u32, |bits, value| bits << 6 | u32::from(*value));
        bits.to_be_bytes()
    };
    for letters in fours {
        let [_, first, second, third] = read(*letters);
        bytes.extend_from_slice(&[first, second, third]);
    }
    match *rest {
        [] => {}
        [a, b] => {
            let [_, first, 0, 0] = read([a, b, b'A', b'A']) else {
                return None;
            };
            bytes.push(first);
        }
        [a, b, c] => {
            let [_, first, second, 0] = read([a, b, c, b'A']) else {
                return None;
            };
            bytes.extend_from_slice(&[first, second]);
        }
        _ => return None,
    }
    (seen & NONE == 0).then_some(bytes)
}

/// Writes bytes.
#[must_use]
#[inline(never)]
pub fn encode(bytes: &[u8]) -> String {
    let (threes, rest) = bytes.as_chunks::<3>();
    let mut text = Vec::with_capacity(bytes.len().saturating_mul(4).div_ceil(3));
    for [first, second, third] in threes {
        text.extend_from_slice(&letters([*first, *second, *third]));
    }
    // Of what is left only the letters that have bits of it.
    match *rest {
        [first] => {
            let [a, b, ..] = letters([first, 0, 0]);
            text.extend_from_slice(&[a, b]);
        }
        [first, second] => {
            let [a, b, c, _] = letters([first, second, 0]);
            text.extend_from_slice(&[a, b, c]);
        }
        _ => {}
    }
    String::from_utf8(text).unwrap_or_default()
}

/// The four letters of three bytes.
fn letters([first, second, third]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, first, second, third]);
    [18, 12, 6, 0].map(|shift| {
        let value = usize::try_from(bits >> shift & 0x3f).unwrap_or_default();
        ALPHABET.get(value).copied().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use base64ct::{Base64UrlUnpadded, Encoding};

    #[test]
    fn every_text_of_up_to_three_letters_is_read_as_base64ct_reads_it() {
        let letters = || {
            let all = 0_u8..=127;
            all.map(char::from)
        };
        let mut text = String::new();
        let mut check = |parts: &[char]| {
            text.clear();
            text.extend(parts);
            assert_eq!(
                decode(text.as_bytes()),
                Base64UrlUnpadded::decode_vec(&text).ok(),
                "{text:?}"
            );
        };
        check(&[]);
        for a in letters() {
            check(&[a]);
            for b in letters() {
                check(&[a, b]);
                for c in letters() {
                    check(&[a, b, c]);
                }
            }
        }
    }

    #[test]
    fn whatever_bytes_were_written_are_read_and_any_other_letter_among_them_is_refused() {
        for length in 0..200_u8 {
            let bytes: Vec<_> = (0..length).map(|nth| nth.wrapping_mul(151)).collect();
            let text = Base64UrlUnpadded::encode_string(&bytes);
            assert_eq!(encode(&bytes), text);
            assert_eq!(decode(text.as_bytes()), Some(bytes));
            for (index, _) in text.char_indices() {
                for other in ["=", "+", "/", " ", "\n", "é", "\0"] {
                    let mut broken = text.clone();
                    broken.replace_range(index..=index, other);
                    assert_eq!(decode(broken.as_bytes()), None, "{broken:?}");
                }
            }
        }
    }
}
