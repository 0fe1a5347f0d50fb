//! The grammar of RFC 8259, letter by letter.

use super::number::nearest;
use super::{Json, place};
use std::borrow::Cow;

/// How deep arrays and objects may stand in one another: each level is a call within a call.
const MAX_DEPTH: u8 = 127;

/// Reads a text that is one value and nothing else.
pub(super) fn whole(text: &[u8]) -> Option<Json<'_>> {
    let mut reader = Reader {
        rest: str::from_utf8(text).ok()?,
    };
    let value = reader.value(MAX_DEPTH)?;
    reader.peek();
    reader.rest.is_empty().then_some(value)
}

/// What is still to be read.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// The next byte behind white space; 0 at the end, and a 0 begins nothing.
    #[inline(never)]
    fn peek(&mut self) -> u8 {
        loop {
            match self.rest.as_bytes().first() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.skip(1),
                next => return next.copied().unwrap_or_default(),
            }
        }
    }

    /// Goes past some letters of ASCII.
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Goes past a sign, and white space before it, where it comes next.
    #[inline(never)]
    fn sign(&mut self, sign: u8) -> bool {
        let is_next = self.peek() == sign;
        if is_next {
            self.skip(1);
        }
        is_next
    }

    /// Goes past these letters where they come next.
    #[inline(never)]
    fn passes(&mut self, expected: &str) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self, depth: u8) -> Option<Json<'a>> {
        match self.peek() {
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.list(depth.checked_sub(1)?),
            b'"' => self.text().map(Json::Text),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            b'-' | b'0'..=b'9' => self.number().map(Json::Number),
            _ => None,
        }
    }

    #[inline(never)]
    fn word(&mut self, word: &str, value: Json<'a>) -> Option<Json<'a>> {
        self.passes(word).then_some(value)
    }

    fn list(&mut self, depth: u8) -> Option<Json<'a>> {
        self.skip(1);
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

    fn object(&mut self, depth: u8) -> Option<Json<'a>> {
        self.skip(1);
        let mut entries = Vec::new();
        if self.sign(b'}') {
            return Some(Json::Object(entries));
        }
        loop {
            self.peek();
            let name = self.text()?;
            // Kept sorted: a name that is found stands twice. Each new one moves those behind it, which
            // takes milliseconds at worst, in a text of as many bytes as any that is read here.
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
    fn text(&mut self) -> Option<Cow<'a, str>> {
        if !self.passes("\"") {
            return None;
        }
        let plain = self.plain()?;
        if self.passes("\"") {
            return Some(Cow::Borrowed(plain));
        }
        self.text_with_escapes(plain.to_owned()).map(Cow::Owned)
    }

    /// The rest of a string that has escapes in it, as few have.
    #[inline(never)]
    fn text_with_escapes(&mut self, mut text: String) -> Option<String> {
        while !self.passes("\"") {
            // A control character is neither.
            if !self.passes("\\") {
                return None;
            }
            text.push(self.escaped()?);
            text.push_str(self.plain()?);
        }
        Some(text)
    }

    /// What stands before the next quote, backslash or control character.
    fn plain(&mut self) -> Option<&'a str> {
        let special = |byte| matches!(byte, b'"' | b'\\' | ..=0x1f);
        let end = self.rest.bytes().position(special)?;
        let (plain, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(plain)
    }

    /// What stands behind a backslash.
    #[inline(never)]
    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            plain @ ('"' | '\\' | '/') => plain,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = self.unit()?;
                let is_pair = matches!(first, 0xd800..=0xdbff) && self.passes("\\u");
                let second = if is_pair { Some(self.unit()?) } else { None };
                // Half a pair is no letter.
                let mut letters = char::decode_utf16([first].into_iter().chain(second));
                let letter = letters.next()?.ok()?;
                return letters.next().is_none().then_some(letter);
            }
            _ => return None,
        })
    }

    /// The next letter.
    fn next(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let next = letters.next();
        self.rest = letters.as_str();
        next
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.next()?.to_digit(16)?;
            unit = unit << 4 | u16::try_from(digit).ok()?;
        }
        Some(unit)
    }

    #[inline(never)]
    fn number(&mut self) -> Option<f64> {
        let is_negative = self.passes("-");
        // Behind a zero that leads stands no other digit.
        let whole = if self.passes("0") {
            b""
        } else {
            self.digits()?
        };
        let fraction = if self.passes(".") {
            self.digits()?
        } else {
            b""
        };
        let is_power = self.passes("e") || self.passes("E");
        let exponent = if is_power { self.exponent()? } else { 0 };
        let number = nearest(whole, fraction, exponent);
        number
            .is_finite()
            .then_some(if is_negative { -number } else { number })
    }

    fn exponent(&mut self) -> Option<i32> {
        let is_negative = self.passes("-");
        if !is_negative {
            self.passes("+");
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
        let end = self.rest.bytes().take_while(u8::is_ascii_digit);
        let (digits, rest) = self.rest.split_at_checked(end.count())?;
        self.rest = rest;
        (!digits.is_empty()).then_some(digits.as_bytes())
    }
}
