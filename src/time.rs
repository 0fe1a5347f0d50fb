//! Times as the Auth server writes them (RFC 3339 section 5.6).

/// Days from the first of March of the year 0 to the first of January 1970.
const EPOCH_DAYS: i64 = 719_468;
/// Days in 400 years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;

/// A time in Unix seconds, its fraction left out; nothing for what is no time of the calendar. A leap
/// second counts as the one before it.
#[must_use]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "no part has more than four digits"
)]
pub fn unix_seconds(text: &str) -> Option<i64> {
    let (time, zone) = text.as_bytes().split_first_chunk::<19>()?;
    // Every digit as 0, so that the form can be read off.
    let form = time.map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    let number = |from: usize, to: usize| {
        let digits = time.get(from..to).unwrap_or_default();
        digits
            .iter()
            .fold(0, |number, digit| number * 10 + i64::from(*digit & 0x0f))
    };
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_time = [b'T', b't', b' '].contains(&form[10])
        && form.starts_with(b"0000-00-00")
        && form.ends_with(b"00:00:00")
        && (1..=12).contains(&month)
        && (1..=month_days).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    // Years that begin in March, so that the odd day comes last (RFC 3339 appendix B counts so, too).
    let year = if month <= 2 { year - 1 } else { year };
    let days = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let in_era = year.rem_euclid(400);
    let days = year.div_euclid(400) * ERA_DAYS + in_era * 365 + in_era / 4 - in_era / 100 + days;
    let local = (((days - EPOCH_DAYS) * 24 + hour) * 60 + minute) * 60 + second.min(59);
    is_time.then_some(local - offset_seconds(zone)?)
}

/// How far a zone is ahead of UTC, in seconds; a fraction of a second may stand before it.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "no part has more than two digits"
)]
fn offset_seconds(zone: &[u8]) -> Option<i64> {
    let zone = match zone.split_first() {
        Some((b'.', fraction)) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit());
            let length = digits.count();
            (length > 0).then(|| fraction.get(length..))??
        }
        _ => zone,
    };
    let [sign, hours @ .., b':', tens, ones] = zone else {
        return matches!(zone, [b'Z' | b'z']).then_some(0);
    };
    let number = |digits: &[u8]| match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        }
        _ => None,
    };
    let (hours, minutes) = (number(hours)?, number(&[*tens, *ones])?);
    let seconds = (hours * 60 + minutes) * 60;
    let seconds = match sign {
        b'+' => seconds,
        b'-' => -seconds,
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::unix_seconds;
    use chrono::DateTime;

    /// What chrono says, which is made for it.
    fn by_chrono(text: &str) -> Option<i64> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|time| time.timestamp())
    }

    #[test]
    fn every_day_of_four_hundred_years_is_what_chrono_says() {
        for year in 1800..2200 {
            for month in 0..=13 {
                for day in 0..=32 {
                    let text = format!("{year}-{month:02}-{day:02}T23:59:59Z");
                    assert_eq!(unix_seconds(&text), by_chrono(&text), "{text}");
                }
            }
        }
    }

    #[test]
    fn every_change_of_one_letter_is_judged_as_chrono_does() {
        let texts = [
            "2026-01-01T00:00:00Z",
            "2026-12-31t23:59:60.123456789+05:30",
            "0000-02-29 10:20:30.5-23:59",
            "9999-12-31T23:59:59z",
        ];
        for text in texts {
            assert_eq!(unix_seconds(text), by_chrono(text), "{text}");
            for at in 0..=text.len() {
                let (before, after) = text.split_at(at);
                for letter in "0123456789-+:.TtZz /é".chars() {
                    let rest = after.get(1..).unwrap_or_default();
                    for changed in [
                        format!("{before}{letter}{rest}"),
                        format!("{before}{letter}{after}"),
                    ] {
                        assert_eq!(unix_seconds(&changed), by_chrono(&changed), "{changed}");
                    }
                }
                let shorter = format!("{before}{}", after.get(1..).unwrap_or_default());
                assert_eq!(unix_seconds(&shorter), by_chrono(&shorter), "{shorter}");
            }
        }
    }
}
