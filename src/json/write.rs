//! JSON as it is written: no white space, and escapes only where they must be.

/// A value of an object that is written.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A string.
    Text(&'a str),
    /// A whole number.
    Number(u64),
    /// An empty array.
    EmptyList,
}

/// Writes an object, its entries in the order given. The names need no escapes: they are ours.
#[must_use]
pub fn object(entries: &[(&'static str, Value<'_>)]) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in entries.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push_text(&mut text, name);
        text.push(':');
        match *value {
            Value::Text(value) => push_text(&mut text, value),
            Value::Number(value) => push_number(&mut text, value),
            Value::EmptyList => text.push_str("[]"),
        }
    }
    text.push('}');
    text
}

fn push_text(text: &mut String, mut value: &str) {
    text.push('"');
    while let Some(end) = value.bytes().position(must_be_escaped)
        && let Some((plain, rest)) = value.split_at_checked(end)
        && let Some((special, rest)) = rest.split_at_checked(1)
    {
        text.push_str(plain);
        special.chars().for_each(|letter| push_escape(text, letter));
        value = rest;
    }
    text.push_str(value);
    text.push('"');
}

/// RFC 8259 section 7.
const fn must_be_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | ..=0x1f)
}

#[inline(never)]
fn push_escape(text: &mut String, letter: char) {
    text.push('\\');
    match letter {
        '\u{8}' => text.push('b'),
        '\u{c}' => text.push('f'),
        '\n' => text.push('n'),
        '\r' => text.push('r'),
        '\t' => text.push('t'),
        ..' ' => {
            let (high, low) = (u32::from(letter) >> 4, u32::from(letter) & 0x0f);
            text.push_str("u00");
            text.extend([high, low].map(|digit| char::from_digit(digit, 16).unwrap_or_default()));
        }
        plain => text.push(plain),
    }
}

fn push_number(text: &mut String, value: u64) {
    if value > 9 {
        push_number(text, value / 10);
    }
    text.extend(char::from_digit((value % 10) as u32, 10));
}
