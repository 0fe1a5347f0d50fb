//! The grammar of RFC 8259, letter by letter.

use super::{Json, place};

/// How deep arrays and objects may stand in one another: each level is a call within a call.
const MAX_DEPTH: u8 = 127;

/// Reads a text that is one value and nothing else.
pub(super) fn whole(text: &[u8]) -> Option<Json> {
    let mut reader = Reader { rest: text };
    let value = reader.value(MAX_DEPTH)?;
    reader.peek().is_none().then_some(value)
}

/// What is still to be read.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The next byte behind white space, which stays there.
    fn peek(&mut self) -> Option<u8> {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    /// The next byte, whatever it is.
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Goes past these bytes where they come next.
    fn passes(&mut self, expected: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self, depth: u8) -> Option<Json> {
        match self.peek()? {
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.list(depth.checked_sub(1)?),
            b'"' => self.text().map(Json::Text),
            b't' => self.word(b"true", Json::Bool(true)),
            b'f' => self.word(b"false", Json::Bool(false)),
            b'n' => self.word(b"null", Json::Null),
            b'-' | b'0'..=b'9' => self.number().map(Json::Number),
            _ => None,
        }
    }

    #[inline(never)]
    fn word(&mut self, word: &[u8], value: Json) -> Option<Json> {
        self.passes(word).then_some(value)
    }

    /// Whether an array or object goes on, behind an item of it; nothing where neither this nor its
    /// end comes.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        self.peek();
        let next = self.next()?;
        (next == b',' || next == end).then_some(next == b',')
    }

    fn list(&mut self, depth: u8) -> Option<Json> {
        self.next();
        let mut list = Vec::new();
        if self.peek()? == b']' {
            self.next();
            return Some(Json::List(list));
        }
        loop {
            list.push(self.value(depth)?);
            if !self.goes_on(b']')? {
                return Some(Json::List(list));
            }
        }
    }

    fn object(&mut self, depth: u8) -> Option<Json> {
        self.next();
        let mut entries: Vec<(String, Json)> = Vec::new();
        if self.peek()? == b'}' {
            self.next();
            return Some(Json::Object(entries));
        }
        loop {
            self.peek();
            let name = self.text()?;
            // Kept sorted, so that an object of thousands of names costs no thousands squared.
            // One that is found stands twice.
            let place = place(&entries, &name).err()?;
            if self.peek()? != b':' {
                return None;
            }
            self.next();
            let value = self.value(depth)?;
            entries.insert(place, (name, value));
            if !self.goes_on(b'}')? {
                return Some(Json::Object(entries));
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        if self.next()? != b'"' {
            return None;
        }
        let mut text = Vec::new();
        loop {
            let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
            let end = self.rest.iter().position(special)?;
            let (plain, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest;
            text.extend_from_slice(plain);
            match self.next()? {
                b'"' => return String::from_utf8(text).ok(),
                b'\\' => {
                    let letter = self.escaped()?;
                    text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                // A control character.
                _ => return None,
            }
        }
    }

    /// What stands behind a backslash.
    #[inline(never)]
    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            plain @ (b'"' | b'\\' | b'/') => char::from(plain),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let is_pair = matches!(first, 0xd800..=0xdbff) && self.passes(b"\\u");
                let second = if is_pair { Some(self.unit()?) } else { None };
                // Half a pair is no letter.
                let mut letters = char::decode_utf16([first].into_iter().chain(second));
                let letter = letters.next()?.ok()?;
                return letters.next().is_none().then_some(letter);
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16)?;
            unit = unit << 4 | u16::try_from(digit).ok()?;
        }
        Some(unit)
    }

    #[inline(never)]
    fn number(&mut self) -> Option<f64> {
        let is_negative = self.passes(b"-");
        // Behind a zero that leads stands no other digit.
        let whole = if self.passes(b"0") {
            b""
        } else {
            self.digits()?
        };
        let fraction = if self.passes(b".") {
            self.digits()?
        } else {
            b""
        };
        let is_power = self.passes(b"e") || self.passes(b"E");
        let exponent = if is_power { self.exponent()? } else { 0 };
        let number = nearest(whole, fraction, exponent);
        number
            .is_finite()
            .then_some(if is_negative { -number } else { number })
    }

    fn exponent(&mut self) -> Option<i32> {
        let is_negative = self.passes(b"-");
        if !is_negative {
            self.passes(b"+");
        }
        let exponent = self.digits()?.iter().fold(0_i32, |exponent, digit| {
            let digit = i32::from(digit & 0x0f);
            exponent.saturating_mul(10).saturating_add(digit)
        });
        Some(if is_negative {
            exponent.saturating_neg()
        } else {
            exponent
        })
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().take_while(|byte| byte.is_ascii_digit());
        let (digits, rest) = self.rest.split_at_checked(end.count())?;
        self.rest = rest;
        (!digits.is_empty()).then_some(digits)
    }
}

/// `whole.fraction` times ten to the `exponent`: the nearest double where the digits are below 2^53 and
/// the power, all in all, is at most 22, since both are doubles then; else nearly.
#[expect(clippy::cast_precision_loss, reason = "as documented")]
fn nearest(whole: &[u8], fraction: &[u8], mut exponent: i32) -> f64 {
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
