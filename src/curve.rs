//! Whether a point is on P-256. The platforms' importers do not say: Deno takes any two numbers.

/// A number below 2^256, least significant limb first.
type Number = [u64; 4];

/// The field's prime (NIST SP 800-186 section 3.2.1.3).
const P: Number = [
    0xffff_ffff_ffff_ffff,
    0x0000_0000_ffff_ffff,
    0x0000_0000_0000_0000,
    0xffff_ffff_0000_0001,
];

/// The curve's `b`.
const B: Number = [
    0x3bce_3c3e_27d2_604b,
    0x651d_06b0_cc53_b0f6,
    0xb3eb_bd55_7698_86bc,
    0x5ac6_35d8_aa3a_93e7,
];

/// Whether `y² = x³ - 3x + b` holds for two coordinates of 32 big-endian bytes each.
/// Public keys alone come here, so nothing needs to take constant time.
#[must_use]
pub fn on_p256(x: &[u8], y: &[u8]) -> bool {
    let (Some(x), Some(y)) = (number(x), number(y)) else {
        return false;
    };
    let three_x = add(add(x, x), x);
    // x³ + b = y² + 3x, so that nothing is ever subtracted.
    add(multiply(multiply(x, x), x), B) == add(multiply(y, y), three_x)
}

/// 32 big-endian bytes as a number of the field.
fn number(bytes: &[u8]) -> Option<Number> {
    let bytes: &[u8; 32] = bytes.try_into().ok()?;
    let mut number = [0; 4];
    for (limb, chunk) in number.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *limb = u64::from_be_bytes(chunk.try_into().ok()?);
    }
    number.iter().rev().lt(P.iter().rev()).then_some(number)
}

/// `a + b` in the field.
fn add(a: Number, b: Number) -> Number {
    let mut sum = a;
    let mut carry = false;
    for (limb, other) in sum.iter_mut().zip(b) {
        (*limb, carry) = limb.carrying_add(other, carry);
    }
    if !carry && sum.iter().rev().lt(P.iter().rev()) {
        return sum;
    }
    let mut borrow = false;
    for (limb, other) in sum.iter_mut().zip(P) {
        (*limb, borrow) = limb.borrowing_sub(other, borrow);
    }
    sum
}

/// `a * b` in the field, bit by bit: a few microseconds, once for each key.
fn multiply(a: Number, b: Number) -> Number {
    let mut product = [0; 4];
    for limb in a.iter().rev() {
        for bit in (0..u64::BITS).rev() {
            product = add(product, product);
            if (limb >> bit) & 1 == 1 {
                product = add(product, b);
            }
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::on_p256;

    /// The base point (NIST SP 800-186 section 3.2.1.3).
    const GX: [u8; 32] = [
        0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
        0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98,
        0xc2, 0x96,
    ];
    const GY: [u8; 32] = [
        0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
        0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf,
        0x51, 0xf5,
    ];

    #[test]
    fn the_base_point_is_on_the_curve() {
        assert!(on_p256(&GX, &GY));
    }

    #[test]
    fn a_point_off_by_any_one_bit_is_not_on_the_curve() {
        for bit in 0..256 {
            let mut y = GY;
            y[bit / 8] ^= 1 << (bit % 8);
            assert!(!on_p256(&GX, &y), "bit {bit}");
        }
    }

    #[test]
    fn zero_short_long_and_unreduced_coordinates_are_not_on_the_curve() {
        assert!(!on_p256(&[0; 32], &[0; 32]));
        assert!(!on_p256(&GX[..31], &GY));
        assert!(!on_p256(&[&GX[..], &[0]].concat(), &GY));
        assert!(!on_p256(&[0xff; 32], &GY));
    }
}
