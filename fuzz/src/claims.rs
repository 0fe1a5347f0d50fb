//! A token's payload → `Claims`: whatever passes keeps every rule, as another reader sees it.

use super::scene::NOW;
use behest_token::claims::{ClaimRules, Claims};
use serde_json::Value;

/// Checks one payload.
pub fn holds(data: &[u8]) {
    let rules = |audience: Option<&str>, issuer: Option<String>, role| ClaimRules {
        audience: audience.map(str::to_owned),
        issuer,
        role,
    };
    let audience = Some("authenticated");
    let third_party = Claims::read(data, &rules(None, None, audience), NOW);
    if third_party.is_ok() {
        let claims: Value = serde_json::from_slice(data).unwrap();
        assert_eq!(claims["role"], "authenticated");
    }
    let Ok(read) = Claims::read(data, &rules(audience, None, None), NOW) else {
        return;
    };
    let claims: Value = serde_json::from_slice(data).unwrap();
    assert_eq!(claims["sub"], read.sub.as_str());
    assert!((1..=255).contains(&read.sub.chars().count()));
    let reserved = ["admin", "system", "dashboard-service"];
    assert!(!reserved.contains(&read.sub.to_ascii_lowercase().as_str()));
    let seconds = NOW as f64;
    assert!(claims["exp"].as_f64().unwrap() + 5.0 > seconds);
    assert!(
        claims["nbf"].is_null() || claims["nbf"].as_f64().unwrap() - 5.0 <= seconds,
        "nbf"
    );
    let aud = match &claims["aud"] {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    assert!(aud.contains(&Value::from("authenticated")), "aud");
    assert!(claims["role"] != "anon" && claims["role"] != "service_role");
    assert!(claims["iss"].is_null() || claims["iss"].is_string());
    assert_eq!(third_party.is_ok(), claims["role"] == "authenticated");
    assert_eq!(
        read.is_anonymous,
        claims["is_anonymous"] == true || claims["firebase"]["sign_in_provider"] == "anonymous"
    );
    let issuer = claims["iss"].as_str().map(str::to_owned);
    let mine = |issuer| rules(audience, Some(issuer), None);
    let other = format!("{}x", issuer.as_deref().unwrap_or_default());
    assert!(Claims::read(data, &mine(other), NOW).is_err());
    if let Some(issuer) = issuer {
        assert!(Claims::read(data, &mine(issuer), NOW).is_ok());
    }
}
