//! Whether a point may be a key. The platforms' importers do not say: Deno takes any two numbers
//! for P-256, and any 32 bytes for Ed25519.

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
    let three_x = add(&add(&x, &x), &x);
    // x³ + b = y² + 3x, so that nothing is ever subtracted.
    add(&multiply(&multiply(&x, &x), &x), &B) == add(&multiply(&y, &y), &three_x)
}

/// 32 big-endian bytes as a number of the field.
fn number(bytes: &[u8]) -> Option<Number> {
    let bytes: &[u8; 32] = bytes.try_into().ok()?;
    let mut number = [0; 4];
    for (limb, chunk) in number.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *limb = chunk
            .iter()
            .fold(0, |limb, byte| limb << 8 | u64::from(*byte));
    }
    is_reduced(&number).then_some(number)
}

/// `a + b` in the field.
#[inline(never)]
fn add(a: &Number, b: &Number) -> Number {
    let mut sum = *a;
    let mut carry = false;
    for (limb, other) in sum.iter_mut().zip(b) {
        (*limb, carry) = limb.carrying_add(*other, carry);
    }
    if !carry && is_reduced(&sum) {
        return sum;
    }
    let mut borrow = false;
    for (limb, other) in sum.iter_mut().zip(P) {
        (*limb, borrow) = limb.borrowing_sub(other, borrow);
    }
    sum
}

/// Whether a number is below the prime, as one of the field is.
#[inline(never)]
fn is_reduced(number: &Number) -> bool {
    number.iter().rev().lt(P.iter().rev())
}

/// `a * b` in the field, bit by bit: a few microseconds, once for each key.
#[inline(never)]
fn multiply(a: &Number, b: &Number) -> Number {
    let mut product = [0; 4];
    for limb in a.iter().rev() {
        for bit in (0..u64::BITS).rev() {
            product = add(&product, &product);
            if (limb >> bit) & 1 == 1 {
                product = add(&product, b);
            }
        }
    }
    product
}

/// The least and the greatest y of small order in Ed25519's field: 1 and -1, of order 1 and 2. Below
/// the one is 0, of order 4; beyond the other nothing is reduced (RFC 8032 section 5.1.3).
static ONE: [u8; 32] = ending_with([0; 32], 0x01);
static MINUS_ONE: [u8; 32] = ending_with([0xff; 32], 0xec);

/// The y of the points of order 8.
static ORDER_8: [[u8; 32]; 2] = [
    [
        0x7a, 0x03, 0xac, 0x92, 0x77, 0xfd, 0xc7, 0x4e, 0xc6, 0xcc, 0x39, 0x2c, 0xfa, 0x53, 0x20,
        0x2a, 0x0f, 0x67, 0x10, 0x0d, 0x76, 0x0b, 0x3c, 0xba, 0x4f, 0xd8, 0x4d, 0x3d, 0x70, 0x6a,
        0x17, 0xc7,
    ],
    [
        0x05, 0xfc, 0x53, 0x6d, 0x88, 0x02, 0x38, 0xb1, 0x39, 0x33, 0xc6, 0xd3, 0x05, 0xac, 0xdf,
        0xd5, 0xf0, 0x98, 0xef, 0xf2, 0x89, 0xf4, 0xc3, 0x45, 0xb0, 0x27, 0xb2, 0xc2, 0x8f, 0x95,
        0xe8, 0x26,
    ],
];

const fn ending_with(mut number: [u8; 32], last: u8) -> [u8; 32] {
    number[0] &= 0x7f;
    number[31] = last;
    number
}

/// Whether 32 bytes may be an Ed25519 key: y little-endian, and the sign of x in the top bit. A key
/// of small order is nobody's, and anybody can sign for it: S = 0 fits one text in eight.
#[must_use]
pub fn is_ed25519(key: &[u8]) -> bool {
    let Ok(mut y) = <[u8; 32]>::try_from(key) else {
        return false;
    };
    y.reverse();
    y[0] &= 0x7f;
    let y = &y[..];
    &ONE[..] < y && y < &MINUS_ONE[..] && ORDER_8.iter().all(|small| small[..] != *y)
}

#[cfg(test)]
mod tests {
    use super::{is_ed25519, on_p256};

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

    #[test]
    fn no_point_of_small_order_is_a_key_whichever_way_it_is_written() {
        let mut small = vec![[0; 32]];
        for (last, middle, first) in [
            (0x00, 0x00, 0x01),
            (0x7f, 0xff, 0xec),
            (0x7f, 0xff, 0xed),
            (0x7f, 0xff, 0xee),
        ] {
            let mut y = [middle; 32];
            (y[0], y[31]) = (first, last);
            small.push(y);
        }
        for mut y in super::ORDER_8 {
            y.reverse();
            small.push(y);
        }
        for mut y in small {
            assert!(!is_ed25519(&y), "{y:02x?}");
            y[31] |= 0x80;
            assert!(!is_ed25519(&y), "{y:02x?}");
        }
    }

    #[test]
    fn the_base_point_may_be_a_key_and_nothing_shorter_or_longer() {
        let mut base = [0x66; 33];
        base[0] = 0x58; // RFC 8032 section 5.1
        assert!(is_ed25519(&base[..32]));
        assert!(!is_ed25519(&base[..31]) && !is_ed25519(&base));
    }
}
