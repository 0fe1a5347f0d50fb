//! Wycheproof's cases ask one thing of a key set and a token: good, or not.

#![allow(dead_code, reason = "each test file uses its part")]

use super::support::*;
use behest_token::exchange::Exchange;
use behest_token::fault::Code;
use behest_token::token::UntrustedToken;

/// One signer of each algorithm with its JWK, the secret's included.
pub fn signers() -> [(Signer, String); 4] {
    let oct = format!(
        r#""kty":"oct","alg":"HS256","kid":"k","k":"{}""#,
        base64(SECRET)
    );
    let public = [Signer::es256("k"), Signer::rs256("k"), Signer::eddsa("k")];
    let [es256, rs256, eddsa] = public.map(|signer| {
        let jwk = signer.jwk.clone();
        (signer, jwk)
    });
    [(Signer::hs256(SECRET), oct), es256, rs256, eddsa]
}

/// An exchange whose inline key set holds these keys, and no other secret.
pub fn holding(keys: &[&str]) -> Exchange<Ring> {
    let keys: Vec<_> = keys.iter().map(|key| format!("{{{key}}}")).collect();
    let jwks = format!("{{\"keys\":[{}]}}", keys.join(","));
    exchange(&[("SUPABASE_JWKS", &jwks), ("JWT_SECRET", "")]).unwrap()
}

/// The `sub` of a token that is good, or the code.
pub fn judge(exchange: &Exchange<Ring>, token: &str) -> Result<String, Code> {
    let candidate = UntrustedToken::from_authorization(Some(&format!("Bearer {token}")))
        .and_then(|token| now(exchange.verify(&token, NOW)));
    candidate
        .map(|candidate| candidate.sub().to_owned())
        .map_err(|fault| fault.code)
}

/// A session token that is good.
pub fn good(signer: &Signer) -> String {
    signer.session(Some("k"))
}

/// A shared secret of nobody here: without any, the Auth server is asked about HS256.
pub const OTHER: &str =
    r#""kty":"oct","kid":"other","k":"b3RoZXItc2VjcmV0LW9mLWF0LWxlYXN0LTMyLWJ5dGVz""#;
