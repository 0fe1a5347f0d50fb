//! Decimal numbers as doubles.

/// `whole.fraction` times ten to the `exponent`: the nearest double where the digits are below 2^53 and
/// the power, all in all, is at most 22, since both are doubles then; else nearly, so that at the very
/// edge of what a double holds the last digits may decide either way.
#[expect(clippy::cast_precision_loss, reason = "as documented")]
pub(super) fn nearest(whole: &[u8], fraction: &[u8], mut exponent: i32) -> f64 {
    let mut digits = 0_u64;
    let mut push = |digit: &u8| {
        let longer = digits
            .checked_mul(10)?
            .checked_add(u64::from(digit & 0x0f))?;
        digits = longer;
        Some(())
    };
    // Those that no longer fit are left out.
    for digit in whole {
        if push(digit).is_none() {
            exponent = exponent.saturating_add(1);
        }
    }
    for digit in fraction {
        if push(digit).is_some() {
            exponent = exponent.saturating_sub(1);
        }
    }
    let mut number = digits as f64;
    while exponent != 0 && number != 0.0 && number.is_finite() {
        let step = exponent.clamp(-22, 22);
        let power = (0..step.unsigned_abs()).fold(1.0, |power, _| power * 10.0);
        number = if step > 0 {
            number * power
        } else {
            number / power
        };
        exponent = exponent.saturating_sub(step);
    }
    number
}
