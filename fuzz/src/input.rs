//! How an input is written: readable seeds, and a fuzzer that gets past base64.

use base64ct::{Base64UrlUnpadded, Encoding};
use behest_token::answer::Answer;

/// The input as text, each `<…>` in it replaced by its content in base64url; `<x:…>` holds hex.
/// Nothing where it is no UTF-8: JavaScript hands over nothing else.
#[must_use]
pub fn text(data: &[u8]) -> Option<String> {
    let mut rest = std::str::from_utf8(data).ok()?;
    let mut text = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('<') {
        let Some((inside, behind)) = after.split_once('>') else {
            break;
        };
        text.push_str(before);
        let bytes = inside.strip_prefix("x:").and_then(hex);
        let bytes = bytes.unwrap_or_else(|| inside.as_bytes().to_vec());
        text.push_str(&Base64UrlUnpadded::encode_string(&bytes));
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(byte).collect()
}

/// An upstream's answer: its status in the first line, or what came instead, with the mark of whoever
/// refused behind it, and its body.
#[must_use]
pub fn answer(data: &[u8]) -> Option<Answer> {
    let text = text(data)?;
    let (first, body) = text.split_once('\n').unwrap_or((&text, ""));
    let (status, mark) = first.split_once(' ').unwrap_or((first, ""));
    let mark = (!mark.is_empty()).then(|| mark.to_owned());
    let (proxy_status, error_code) = match mark {
        Some(mark) if mark.contains("PostgREST") => (Some(mark), None),
        mark => (None, mark),
    };
    Some(Answer {
        status: status.parse().ok(),
        body: (body != "unreadable").then(|| body.to_owned()),
        retry_after: None,
        timed_out: status == "timeout",
        error_code,
        proxy_status,
    })
}
