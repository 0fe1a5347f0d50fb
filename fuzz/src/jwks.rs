//! A key set, inline and fetched: only sound keys reach the platform, and no secret comes over the
//! network.

use super::input;
use super::scene::{Null, now};
use base64ct::{Base64UrlUnpadded, Encoding};
use behest_token::algorithm::Algorithm;
use behest_token::jwk::{Jwks, Source};
use behest_token::keyset::{KeySet, Material};
use behest_token::token::UntrustedToken;
use serde_json::Value;

/// Checks one key set.
pub fn holds(data: &[u8]) {
    let Some(text) = input::text(data) else {
        return;
    };
    let inline = Jwks::parse(&text, Source::Inline);
    let fetched = Jwks::parse(&text, Source::Fetched);
    assert_eq!(inline.is_some(), fetched.is_some());
    let (Some(inline), Some(fetched)) = (inline, fetched) else {
        return;
    };
    let set: Value = serde_json::from_str(&text).unwrap();
    let listed = set.as_array().or_else(|| set["keys"].as_array()).unwrap();
    assert!(inline.skipped <= fetched.skipped && fetched.skipped <= listed.len());
    for (jwks, source) in [(inline, Source::Inline), (fetched, Source::Fetched)] {
        let usable = jwks.keys.len();
        assert!(usable + jwks.skipped <= listed.len());
        let (keys, _) = now(KeySet::without_set(None).import(&Null, jwks, source));
        assert_eq!(keys.is_empty(), usable == 0);
        let mut found = 0;
        for (algorithm, key_id) in names(listed) {
            let Some(material) = keys.find(&token(algorithm, key_id)) else {
                continue;
            };
            found += 1;
            let is_secret = matches!(material, Material::Secret(_));
            assert_eq!(is_secret, algorithm == Algorithm::Hs256);
            assert!(!is_secret || source == Source::Inline, "a fetched secret");
        }
        // As many names as keys: none is hidden behind another's name.
        assert_eq!(found, usable, "{source:?}");
    }
}

/// Each name that a token could call one of these keys by, once.
fn names(listed: &[Value]) -> Vec<(Algorithm, Option<&str>)> {
    let mut names = Vec::new();
    for key_id in listed.iter().map(|key| key["kid"].as_str()) {
        for algorithm in Algorithm::ALL {
            if !names.contains(&(algorithm, key_id)) {
                names.push((algorithm, key_id));
            }
        }
    }
    names
}

fn token(algorithm: Algorithm, key_id: Option<&str>) -> UntrustedToken {
    let kid = key_id.map(|key_id| format!(r#","kid":{}"#, Value::from(key_id)));
    let header = format!(
        r#"{{"alg":"{}"{}}}"#,
        algorithm.name(),
        kid.unwrap_or_default()
    );
    let text = format!(
        "{}..{}",
        Base64UrlUnpadded::encode_string(header.as_bytes()),
        Base64UrlUnpadded::encode_string(&vec![0; algorithm.signature_length().unwrap_or(256)])
    );
    UntrustedToken::parse(&text).unwrap_or_else(|_| {
        // A kid too long for a token is one that no token can name.
        UntrustedToken::parse("eyJhbGciOiJSUzI1NiIsImtpZCI6Ii0gLSJ9..AA").unwrap()
    })
}
