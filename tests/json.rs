//! Our own reading and writing of JSON, beside `serde_json`'s.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

#[path = "../fuzz/src/json.rs"]
mod property;

use behest_token::json::{Json, Value, object};
use property::holds;

/// The same numbers in every run (Marsaglia, "Xorshift RNGs").
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// What texts are made of, right and wrong.
const TOKENS: &[&str] = &[
    "null",
    "true",
    "false",
    "nul",
    "True",
    "NaN",
    "Infinity",
    "0",
    "-0",
    "1",
    "-1",
    "01",
    "-",
    "+1",
    ".5",
    "1.",
    "1.5",
    "-0.0",
    "1e5",
    "1E+5",
    "1e-5",
    "1e",
    "1e+",
    "1.e1",
    "0x1",
    "1_0",
    "1e400",
    "-1e400",
    "1e-400",
    "0e400",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "123456789012345678901234567890",
    "0.1234567890123456789012",
    "1e99999999999",
    "1e-99999999999",
    "0e99999999999",
    "{}",
    "[]",
    "\"\"",
    "\"a\"",
    "\"b\"",
    "\"\\u0061\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ud83d\\ud83d\"",
    "\"\\ud83dx\"",
    "\"\\u12\"",
    "\"\\u+123\"",
    "\"\\uABCD\\uabcd\"",
    "\"\\x\"",
    "\"\\/\\b\\f\\n\\r\\t\\\\\\\"\"",
    "\"\u{7f}\u{80}\u{2028}\"",
    "\"\t\"",
    "\"\0\"",
    "\"é😀\"",
    "'a'",
    "\"",
    "\\",
    " ",
    "\t",
    "\n",
    "\r",
    "\u{c}",
    "\u{a0}",
    "\u{feff}",
    "/**/",
];

/// A value, or something near to one.
fn push_value(text: &mut String, random: &mut Random, depth: usize) {
    match random.below(if depth > 4 { 1 } else { 4 }) {
        0 | 1 => text.push_str(random.of(TOKENS)),
        2 => {
            text.push('[');
            for index in 0..random.below(4) {
                text.push_str(if index == 0 {
                    ""
                } else {
                    random.of(&[",", ",", ", ", " ,"])
                });
                push_value(text, random, depth + 1);
            }
            text.push_str(random.of(&["]", "]", "]", " ]", ",]", "}"]));
        }
        _ => {
            text.push('{');
            for index in 0..random.below(4) {
                text.push_str(if index == 0 {
                    ""
                } else {
                    random.of(&[",", ",", ", ", " ,"])
                });
                text.push_str(random.of(&[
                    "\"a\"",
                    "\"b\"",
                    "\"c\"",
                    "\"d\"",
                    "\"\\u0061\"",
                    "\"\"",
                    "a",
                ]));
                text.push_str(random.of(&[":", ":", ": ", " :", "", "="]));
                push_value(text, random, depth + 1);
            }
            text.push_str(random.of(&["}", "}", "}", " }", ",}", "]"]));
        }
    }
}

#[test]
fn generated_texts_are_read_as_serde_json_reads_them() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut read = 0;
    for _ in 0..60_000 {
        let mut text = String::new();
        push_value(&mut text, &mut random, 0);
        holds(text.as_bytes());
        read += usize::from(Json::parse(text.as_bytes()).is_some());
    }
    assert!(read > 10_000, "{read} of them can be read");
}

#[test]
fn texts_with_some_bytes_changed_are_read_as_serde_json_reads_them() {
    let sound = r#"{"keys":[{"kty":"EC","kid":"\u00e9\ud83d\ude00","n":[0,-1.5e-3,2E+10]}],"iat":1767225600,"x":null,"y":[true,false,{}]}"#;
    let bytes = b"\"\\{}[]:,.+-eEu0123456789dDafn \t\n\r\0\x1f\x7f\x80\xbf\xc0\xc3\xed\xf0\xff";
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut read = 0;
    for _ in 0..60_000 {
        let mut text = sound.as_bytes().to_vec();
        for _ in 0..=random.below(3) {
            let at = random.below(text.len());
            match random.below(3) {
                0 => text[at] = random.of(bytes),
                1 => text.insert(at, random.of(bytes)),
                _ => drop(text.drain(at..(at + 1 + random.below(3)).min(text.len()))),
            }
        }
        holds(&text);
        read += usize::from(Json::parse(&text).is_some());
    }
    assert!(read > 5_000, "{read} of them can be read");
}

#[test]
fn every_token_alone_and_between_others_is_read_as_serde_json_reads_it() {
    for one in TOKENS {
        for other in TOKENS {
            for text in [
                format!("{one}{other}"),
                format!("[{one},{other}]"),
                format!("{{{one}:{other}}}"),
                format!("{{\"a\":{one},\"b\":{other}}}"),
            ] {
                holds(text.as_bytes());
            }
        }
    }
    for text in [
        &b""[..],
        b"\xef\xbb\xbf{}",
        b"\"\xff\"",
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"[\xff]",
        b"\"\xe2\x82\"",
    ] {
        holds(text);
    }
}

#[test]
fn every_byte_stands_in_a_string_and_behind_a_backslash_as_in_serde_json() {
    for byte in 0..=u8::MAX {
        holds(&[b'"', byte, b'"']);
        holds(&[b'"', b'\\', byte, b'"']);
        holds(&[b'"', b'\\', b'u', b'0', byte, b'4', b'1', b'"']);
        holds(&[byte, b'1']);
        holds(&[b'1', byte]);
    }
}

#[test]
fn every_unit_behind_a_u_is_a_letter_or_half_of_one_as_in_serde_json() {
    for unit in 0..=u16::MAX {
        for text in [
            format!("\"\\u{unit:04x}\""),
            format!("\"\\u{unit:04X}\\udc00\""),
            format!("\"\\ud800\\u{unit:04x}\""),
        ] {
            holds(text.as_bytes());
        }
    }
}

#[test]
fn nesting_ends_at_127_and_no_text_is_too_deep_to_be_refused() {
    for depth in [1, 126, 127, 128, 129, 1_000_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let text = [open.repeat(depth), "0".into(), close.repeat(depth)].concat();
            let read = Json::parse(text.as_bytes()).is_some();
            assert_eq!(read, depth <= 127, "{depth}");
            if depth < 1000 {
                holds(text.as_bytes());
            }
        }
    }
}

#[test]
fn a_name_may_not_stand_twice_however_deep_and_however_written() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"\u0061":3}"#,
        r#"{"x":[{"y":{"a":1,"b":{},"a":null}}]}"#,
        r#"{"":0,"":0}"#,
    ] {
        assert_eq!(Json::parse(text.as_bytes()), None, "{text}");
        holds(text.as_bytes());
    }
    assert!(Json::parse(br#"{"a":{"a":{"a":1}},"A":1}"#).is_some());
}

#[test]
fn a_number_of_53_bits_and_a_power_up_to_22_is_the_nearest_double() {
    let mut random = Random(0xda94_2042_e4dd_58b5);
    for _ in 0..100_000 {
        let digits = random.next() >> (11 + random.below(50));
        let power = random.below(45) as i32 - 22;
        let mut texts = vec![format!("{digits}e{power}"), format!("-{digits}E{power:+}")];
        if (-22..=0).contains(&power) {
            let places = power.unsigned_abs() as usize;
            let padded = format!("{digits:0>width$}", width = places + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places);
            if places > 0 {
                texts.push(format!("{whole}.{fraction}"));
            }
        }
        for text in texts {
            let number: f64 = text.parse().unwrap();
            let ours = Json::parse(text.as_bytes()).unwrap().number().unwrap();
            assert_eq!(ours.to_bits(), number.to_bits(), "{text}");
        }
    }
}

#[test]
fn other_numbers_are_read_as_serde_json_reads_them() {
    let mut random = Random(0x0123_4567_89ab_cdef);
    for _ in 0..20_000 {
        let digits = random.next();
        let more = random.next();
        let power = random.below(700) as i32 - 350;
        for text in [
            format!("{digits}"),
            format!("{digits}{more}"),
            format!("-{digits}.{more}"),
            format!("{digits}.{more}e{power}"),
            format!("0.{:0>1$}{digits}e{power}", "", random.below(400)),
            format!("{digits}{:0>1$}e{power}", "", random.below(400)),
        ] {
            holds(text.as_bytes());
        }
    }
}

#[test]
fn every_letter_is_written_as_serde_json_writes_it() {
    for letter in '\0'..=char::MAX {
        let value = ['a', letter, 'b'].iter().collect::<String>();
        let theirs = serde_json::to_string(&value).unwrap();
        assert_eq!(
            object(&[("name", Value::Text(&value))]),
            format!("{{\"name\":{theirs}}}")
        );
    }
}

#[test]
fn what_is_written_is_in_order_and_reads_back() {
    let numbers = [0, 9, 10, 99, 1_767_225_600, u64::MAX];
    for number in numbers {
        assert_eq!(
            object(&[("n", Value::Number(number))]),
            format!("{{\"n\":{number}}}")
        );
    }
    let value = "\"\\\u{1}\n\u{7f}é\u{2028}😀\\\"";
    let text = object(&[
        ("b", Value::Text(value)),
        ("a", Value::EmptyList),
        ("c", Value::Number(7)),
    ]);
    assert!(
        text.starts_with("{\"b\":") && text.ends_with(",\"a\":[],\"c\":7}"),
        "{text}"
    );
    assert_eq!(
        Json::parse(text.as_bytes()).unwrap().get("b").text(),
        Some(value)
    );
    assert_eq!(object(&[]), "{}");
}
