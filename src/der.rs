//! DER, as much of it as keys need (X.690 section 8.1).

/// The tag of an INTEGER.
pub const INTEGER: u8 = 0x02;
/// The tag of an OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// The tag of a SEQUENCE.
pub const SEQUENCE: u8 = 0x30;

/// The content of the first value, and what follows it.
#[must_use]
pub fn read(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ ..=0x7f => (usize::from(short), rest),
        0x81 => {
            let (length, rest) = rest.split_first()?;
            (usize::from(*length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (*first == tag).then_some(())?;
    rest.split_at_checked(length)
}

/// One value of at most 64 KiB; `read` has taken none longer.
#[must_use]
pub fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let mut value = vec![tag];
    match (high, low) {
        (0, ..=0x7f) => value.push(low),
        (0, _) => value.extend([0x81, low]),
        _ => value.extend([0x82, high, low]),
    }
    value.extend_from_slice(content);
    value
}
