//! Random names for token and session ids.

use crate::fault::{Code, Fault};

/// A random UUID in its text form (RFC 9562 section 5.4).
///
/// # Errors
/// `internal` where the platform has no randomness.
pub fn v4() -> Result<String, Fault> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Fault::because(Code::Internal, "no randomness"))?;
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = (*version & 0x0f) | 0x40;
    *variant = (*variant & 0x3f) | 0x80;
    let mut uuid = String::with_capacity(36);
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            uuid.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    Ok(uuid)
}
