//! The grammar of RFC 8259, letter by letter.

use super::number::nearest;
use super::{Json, place};

/// How deep arrays and objects may stand in one another: each level is a call within a call.
const MAX_DEPTH: u8 = 127;

/// Reads a text that is one value and nothing else.
pub(super) fn whole(text: &[u8]) -> Option<Json> {
    let mut reader = Reader { rest: text };
    let value = reader.value(MAX_DEPTH)?;
    reader.peek();
    reader.rest.is_empty().then_some(value)
}

/// What is still to be read.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The next byte behind white space; 0 at the end, and a 0 begins nothing.
    #[inline(never)]
    fn peek(&mut self) -> u8 {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.first().copied().unwrap_or_default()
    }

    /// Goes past a sign, and white space before it, where it comes next.
    #[inline(never)]
    fn sign(&mut self, sign: u8) -> bool {
        self.peek() == sign && self.next().is_some()
    }

    /// The next byte, whatever it is.
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Goes past these bytes where they come next.
    #[inline(never)]
    fn passes(&mut self, expected: &[u8]) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self, depth: u8) -> Option<Json> {
        match self.peek() {
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

    fn list(&mut self, depth: u8) -> Option<Json> {
        self.next();
        let mut list = Vec::new();
        if self.sign(b']') {
            return Some(Json::List(list));
        }
        loop {
            list.push(self.value(depth)?);
            if self.sign(b']') {
                return Some(Json::List(list));
            }
            if !self.sign(b',') {
                return None;
            }
        }
    }

    fn object(&mut self, depth: u8) -> Option<Json> {
        self.next();
        let mut entries: Vec<(String, Json)> = Vec::new();
        if self.sign(b'}') {
            return Some(Json::Object(entries));
        }
        loop {
            self.peek();
            let name = self.text()?;
            // Kept sorted, so that an object of thousands of names costs no thousands squared. One that
            // is found stands twice.
            let place = place(&entries, &name).err()?;
            if !self.sign(b':') {
                return None;
            }
            let value = self.value(depth)?;
            entries.insert(place, (name, value));
            if self.sign(b'}') {
                return Some(Json::Object(entries));
            }
            if !self.sign(b',') {
                return None;
            }
        }
    }

    #[inline(never)]
    fn text(&mut self) -> Option<String> {
        if !self.passes(b"\"") {
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
