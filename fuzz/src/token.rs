//! `Authorization` → `UntrustedToken`: nothing gets through but a compact JWS that reads one way.

use super::input;
use base64ct::{Base64UrlUnpadded, Encoding};
use behest_token::fault::Code;
use behest_token::token::{MAX_TOKEN_BYTES, UntrustedToken};
use serde_json::Value;

/// Checks one header.
pub fn holds(data: &[u8]) {
    let Some(header) = input::text(data) else {
        return;
    };
    let token = match UntrustedToken::from_authorization(Some(&header)) {
        Ok(token) => token,
        Err(fault) => {
            let codes = [Code::MissingToken, Code::InvalidToken, Code::NotAUser];
            return assert!(codes.contains(&fault.code), "{fault:?}");
        }
    };
    let text = token.text();
    assert!(text.len() <= MAX_TOKEN_BYTES);
    assert!(header[..7].eq_ignore_ascii_case("bearer "));
    assert_eq!(
        header[7..].trim_matches(' '),
        text,
        "as it came, and nothing beside it"
    );
    let parts: Vec<_> = text
        .split('.')
        .map(|part| Base64UrlUnpadded::decode_vec(part).unwrap())
        .collect();
    assert_eq!(parts.len(), 3);
    // RFC 4648 section 3.5: one text for one meaning, or a token has twins.
    let again: Vec<_> = parts
        .iter()
        .map(|part| Base64UrlUnpadded::encode_string(part))
        .collect();
    assert_eq!(again.join("."), text);
    let jose: Value = serde_json::from_slice(&parts[0]).unwrap();
    assert_eq!(jose["alg"], token.algorithm().name());
    assert_eq!(jose["kid"].as_str(), token.key_id());
    assert!(jose.get("crit").is_none() && jose.get("b64").is_none());
    if let Some(length) = token.algorithm().signature_length() {
        assert_eq!(parts[2].len(), length);
    }
}
