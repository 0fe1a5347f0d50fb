//! Behest's answer → the body of a 200: a token of our user that is still good, or none.

use super::input;
use super::scene::{NOW, Null, SUB, candidate, exchange};
use base64ct::{Base64UrlUnpadded, Encoding};
use behest_token::exchange::Exchange;
use behest_token::fault::Code;
use behest_token::grant::Grant;
use behest_token::parameters::Parameters;
use serde_json::Value;

thread_local! {
    static EXCHANGE: Exchange<Null> = exchange(&[
        ("BEHEST_USER_CHECK", "claims"),
        ("BEHEST_PLAN_CLAIM", "app_metadata.plan"),
    ]);
    static GRANT: Grant = EXCHANGE.with(|exchange| {
        let session = exchange.confirm(candidate(exchange), None, NOW).unwrap();
        let parameters = Parameters::read(br#"{"sessionId":"s_1"}"#).unwrap();
        exchange.grant(&session, None, &parameters).unwrap().0
    });
}

/// Checks one answer.
pub fn holds(data: &[u8]) {
    let Some(answer) = input::answer(data) else {
        return;
    };
    let accepted =
        EXCHANGE.with(|exchange| GRANT.with(|grant| exchange.accept(grant, &answer, NOW)));
    let response = match accepted {
        Ok(response) => response.to_json(),
        Err(fault) => {
            let codes = [
                Code::QuotaExceeded,
                Code::RateLimited,
                Code::BehestRejected,
                Code::BehestUnavailable,
                Code::BehestTimeout,
            ];
            return assert!(codes.contains(&fault.code), "{fault:?}");
        }
    };
    assert!(matches!(answer.status, Some(200..=299)) && !answer.timed_out);
    let minted: Value = serde_json::from_str(&answer.body.unwrap()).unwrap();
    let response: Value = serde_json::from_str(&response).unwrap();
    let token = response["token"].as_str().unwrap();
    assert!([&minted["jwt"], &minted["access_token"]].contains(&&response["token"]));
    let parts: Vec<_> = token
        .split('.')
        .map(|part| Base64UrlUnpadded::decode_vec(part).unwrap())
        .collect();
    assert_eq!(parts.len(), 3);
    let read = |part: &[u8]| serde_json::from_slice::<Value>(part).unwrap();
    let (header, claims) = (read(&parts[0]), read(&parts[1]));
    assert_eq!(
        (&header["alg"], &claims["uid"]),
        (&"RS256".into(), &SUB.into())
    );
    assert!(!parts[2].is_empty());
    let expires_at = response["expiresAt"].as_u64().unwrap();
    assert!(expires_at > NOW);
    assert_eq!(claims["exp"].as_f64(), Some(expires_at as f64));
    assert!(response["ttl"].is_u64() && response["tier"] == 1);
    assert!(response["sessionId"].is_string());
    assert_eq!(response["baseUrl"], "https://amber-fox-042.behest.app");
}
