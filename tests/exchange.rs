//! The exchange, natively, from a session token to a Behest token.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use behest_token::exchange::KeyState;
use behest_token::fault::Code;
use behest_token::json::Json;
use behest_token::parameters::Parameters;
use support::*;

const CLAIMS_ONLY: [(&str, &str); 2] = [
    ("BEHEST_USER_CHECK", "claims"),
    ("BEHEST_PLAN_CLAIM", "app_metadata.plan"),
];

fn local() -> Vec<(&'static str, &'static str)> {
    let keys = [
        ("BEHEST_KEY", RSA_PKCS8),
        ("BEHEST_KID", "sk_1"),
        ("BEHEST_TENANT_ID", "tenant"),
        ("BEHEST_PROJECT_ID", "project"),
    ];
    [&CLAIMS_ONLY[..], &keys].concat()
}

fn signers() -> [Signer; 4] {
    [
        Signer::hs256(SECRET),
        Signer::es256("one"),
        Signer::rs256("one"),
        Signer::eddsa("one"),
    ]
}

#[test]
fn a_token_of_each_algorithm_is_verified_by_its_own_key() {
    for signer in signers() {
        let jwks = format!("{{\"keys\":[{{{}}}]}}", signer.jwk);
        let jwks = if signer.jwk.is_empty() { "" } else { &jwks };
        let exchange = exchange(&[("SUPABASE_JWKS", jwks)]).unwrap();
        let token = parsed(&signer.session(Some("one")));
        let candidate = now(exchange.verify(&token, NOW)).unwrap();
        assert_eq!(candidate.sub(), SUB);
        assert_eq!(candidate.algorithm(), signer.algorithm);
    }
}

#[test]
fn a_token_is_refused_by_every_key_but_its_own() {
    let signers = signers();
    for (index, signer) in signers.iter().enumerate() {
        let others = signers
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        for (_, other) in others.filter(|(_, other)| !other.jwk.is_empty()) {
            let jwks = format!("[{{{}}}]", other.jwk);
            let exchange = exchange(&[
                ("SUPABASE_JWKS", jwks.as_str()),
                ("JWT_SECRET", "another-secret-of-thirty-two-bytes"),
            ]);
            let token = parsed(&signer.session(Some("one")));
            let fault = now(exchange.unwrap().verify(&token, NOW)).unwrap_err();
            assert_eq!(fault.code, Code::InvalidToken, "{:?}", signer.algorithm);
        }
    }
}

#[test]
fn any_one_flipped_bit_of_a_token_is_refused() {
    let signer = Signer::hs256(SECRET);
    let exchange = exchange(&[]).unwrap();
    let token = signer.session(None).into_bytes();
    for bit in 0..token.len() * 8 {
        let mut flipped = token.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok(text) = String::from_utf8(flipped) else {
            continue;
        };
        let verdict = behest_token::token::UntrustedToken::parse(&text)
            .and_then(|token| now(exchange.verify(&token, NOW)));
        assert_eq!(verdict.unwrap_err().code, Code::InvalidToken, "bit {bit}");
    }
}

#[test]
fn exp_and_nbf_have_five_seconds_of_leeway_and_not_one_more() {
    let signer = Signer::hs256(SECRET);
    let exchange = exchange(&[]).unwrap();
    let at = |seconds: u64, token: &str| now(exchange.verify(&parsed(token), seconds)).map(drop);
    let token = signer.session(None);
    let exp = NOW + 3600;
    for good in [exp - 1, exp, exp + 4] {
        assert!(at(good, &token).is_ok(), "{good}");
    }
    for late in [exp + 5, exp + 6, u64::MAX] {
        assert_eq!(at(late, &token).unwrap_err().code, Code::ExpiredToken);
    }
    let nbf = NOW + 60;
    let token = signer.token(&signer.header(None), &payload(&format!(",\"nbf\":{nbf}")));
    assert_eq!(at(nbf - 6, &token).unwrap_err().code, Code::InvalidToken);
    assert!(at(nbf - 5, &token).is_ok());
}

#[test]
fn claims_of_the_wrong_kind_are_refused_for_what_they_are() {
    let signer = Signer::hs256(SECRET);
    let exchange = exchange(&[("JWT_ISSUER", "https://ref.supabase.co/auth/v1")]).unwrap();
    let far = NOW + 3600;
    let iss = r#""iss":"https://ref.supabase.co/auth/v1""#;
    let good = format!(r#"{{{iss},"sub":"{SUB}","aud":["x","authenticated"],"exp":{far}.5}}"#);
    let rows = [
        ("not JSON", Code::InvalidToken),
        ("[]", Code::InvalidToken),
        (
            &format!(r#"{{{iss},"sub":"{SUB}","aud":"authenticated"}}"#),
            Code::InvalidToken,
        ),
        (
            &good.replace(&format!("{far}.5"), &format!("\"{far}\"")),
            Code::InvalidToken,
        ),
        (
            &good.replace(&format!("{far}.5"), "1e400"),
            Code::InvalidToken,
        ),
        (&good.replace(&format!("{far}.5"), "-1"), Code::ExpiredToken),
        (
            &good.replace("\"authenticated\"", "\"other\""),
            Code::InvalidToken,
        ),
        (
            &good.replace("[\"x\",\"authenticated\"]", "null"),
            Code::InvalidToken,
        ),
        (&good.replace("https:", "http:"), Code::InvalidToken),
        (&good.replace(SUB, ""), Code::NotAUser),
        (&good.replace(SUB, "admin"), Code::NotAUser),
        (&good.replace(SUB, "Dashboard-Service"), Code::NotAUser),
        (&good.replace(SUB, &"x".repeat(256)), Code::NotAUser),
        (
            &good.replace(&format!("\"{SUB}\""), "7"),
            Code::InvalidToken,
        ),
        (
            &good.replace("\"sub\"", "\"role\":\"anon\",\"sub\""),
            Code::NotAUser,
        ),
        (
            &good.replace("\"sub\"", "\"role\":\"service_role\",\"sub\""),
            Code::NotAUser,
        ),
        (
            &good.replace("\"sub\"", "\"exp\":1,\"sub\""),
            Code::InvalidToken,
        ),
        (
            &good.replace("\"sub\"", "\"other\":1,\"other\":2,\"sub\""),
            Code::InvalidToken,
        ),
    ];
    let verify = |payload: &str| {
        let token = parsed(&signer.token(&signer.header(None), payload));
        now(exchange.verify(&token, NOW)).map(drop)
    };
    assert!(verify(&good).is_ok());
    for (payload, code) in rows {
        assert_eq!(verify(payload).unwrap_err().code, code, "{payload}");
    }
}

#[test]
fn a_key_of_a_fetched_set_is_never_a_shared_secret() {
    let jwk = format!(
        r#"{{"keys":[{{"kty":"oct","alg":"HS256","kid":"one","k":"{}"}}]}}"#,
        base64(SECRET)
    );
    let exchange = exchange(&[("JWT_SECRET", ""), CLAIMS_ONLY[0]]).unwrap();
    assert_eq!(now(exchange.accept_keys(&success(&jwk))), Ok(1));
    let token = parsed(&Signer::hs256(SECRET).session(Some("one")));
    assert_eq!(
        now(exchange.verify(&token, NOW)).unwrap_err().code,
        Code::Misconfigured
    );
}

#[test]
fn a_fetched_set_replaces_the_one_before_and_an_outage_does_not() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let exchange = exchange(&[]).unwrap();
    let token = |signer: &Signer, kid| parsed(&signer.session(Some(kid)));
    let accept =
        |jwk: &str| now(exchange.accept_keys(&success(&format!("{{\"keys\":[{{{jwk}}}]}}"))));
    assert_eq!(exchange.key_state(&token(&old, "old")), KeyState::Missing);
    assert_eq!(accept(&old.jwk), Ok(0));
    assert_eq!(exchange.key_state(&token(&old, "old")), KeyState::Held);
    let down = now(exchange.accept_keys(&success("<html>")));
    assert_eq!(down.unwrap_err().code, Code::AuthUnavailable);
    assert_eq!(exchange.key_state(&token(&old, "old")), KeyState::Held);
    assert_eq!(accept(&new.jwk), Ok(0));
    assert_eq!(exchange.key_state(&token(&old, "old")), KeyState::Missing);
    assert_eq!(exchange.key_state(&token(&new, "new")), KeyState::Held);
}

#[test]
fn keys_that_cannot_be_trusted_are_skipped() {
    let good = Signer::es256("one").jwk;
    let other = Signer::es256("one").jwk;
    let point = base64([7; 32]);
    let short = base64([0xff; 255]);
    let long = base64([0xff; 256]);
    let rows = [
        format!(r#"{{{good}}},{{{other}}}"#),
        format!("{{{}}}", good.replace("\"sig\"", "\"enc\"")),
        format!("{{{}}}", good.replace("\"ES256\"", "\"RS256\"")),
        format!("{{{},\"key_ops\":[\"sign\"]}}", good),
        format!("{{{}}}", good.replace("\"one\"", "1")),
        format!(r#"{{"kty":"EC","crv":"P-256","kid":"one","x":"{point}","y":"{point}"}}"#),
        format!(r#"{{"kty":"RSA","kid":"one","n":"{short}","e":"AQAB"}}"#),
        format!(r#"{{"kty":"RSA","kid":"one","n":"{long}","e":"AQ"}}"#),
        format!(r#"{{"kty":"RSA","kid":"one","n":"{long}","e":"AA"}}"#),
        format!(r#"{{"kty":"OKP","crv":"X25519","kid":"one","x":"{point}"}}"#),
        format!(r#"{{"kty":"oct","kid":"one","k":"{}"}}"#, base64("short")),
        "null".to_owned(),
    ];
    for keys in rows {
        let exchange = exchange(&[]).unwrap();
        let count = keys.matches("kty").count().max(1);
        let accepted = now(exchange.accept_keys(&success(&format!("{{\"keys\":[{keys}]}}"))));
        assert_eq!(accepted, Ok(count), "{keys}");
    }
}

#[test]
fn the_same_key_twice_is_one_key() {
    let signer = Signer::es256("one");
    let jwks = format!(r#"[{{{0}}},{{{0}}}]"#, signer.jwk);
    let inline = exchange(&[("SUPABASE_JWKS", &jwks)]).unwrap();
    let fetching = exchange(&[]).unwrap();
    assert_eq!(now(fetching.accept_keys(&success(&jwks))), Ok(0));
    for exchange in [inline, fetching] {
        let token = parsed(&signer.session(Some("one")));
        assert!(now(exchange.verify(&token, NOW)).is_ok());
    }
}

#[test]
fn the_local_token_has_the_sdk_s_claims_in_the_sdk_s_order() {
    let exchange = exchange(&local()).unwrap();
    let signer = Signer::hs256(SECRET);
    let token = parsed(&signer.token(
        &signer.header(None),
        &payload(r#","app_metadata":{"plan":"Pro"}"#),
    ));
    let candidate = now(exchange.verify(&token, NOW)).unwrap();
    let session = exchange.confirm(candidate, None, NOW).unwrap();
    let parameters = Parameters::read(br#"{"sessionId":"s_1"}"#).unwrap();
    let (grant, notice) = exchange.grant(&session, None, &parameters).unwrap();
    assert_eq!((session.uid(), grant.tier(), notice), (SUB, 2, None));
    let response = now(exchange.sign(&grant, NOW)).unwrap().to_json();
    let response = Json::parse(response.as_bytes()).unwrap();
    let minted = response.get("token").text().unwrap();
    let mut parts = minted.split('.').map(decoded);
    let header = r#"{"alg":"RS256","typ":"JWT","kid":"sk_1"}"#;
    assert_eq!(parts.next().unwrap(), header);
    let claims = parts.next().unwrap();
    let json = Json::parse(claims.as_bytes()).unwrap();
    let jti = json.get("jti").text().unwrap();
    let exp = NOW + 900;
    assert_eq!(
        claims,
        format!(
            r#"{{"tid":"tenant","pid":"project","uid":"{SUB}","role":"user","scp":[],"iss":"https://api.behest.ai","aud":"behest","iat":{NOW},"nbf":{NOW},"exp":{exp},"jti":"{jti}","sid":"s_1","tier":2}}"#
        )
    );
    assert_eq!(response.get("expiresAt").whole(), Some(exp));
    // The signature is the key's: our own RS256 verification takes it.
    let (input, signature) = minted.rsplit_once('.').unwrap();
    let public = Signer::rs256("sk_1");
    let again = public.token(r#"{"alg":"RS256","typ":"JWT","kid":"sk_1"}"#, &claims);
    assert_eq!(again, format!("{input}.{signature}"));
}

#[test]
fn an_answer_of_behest_s_is_taken_only_with_a_token_of_this_user() {
    let exchange = exchange(&CLAIMS_ONLY).unwrap();
    let mint = &exchange.settings().mint;
    let grant = || {
        let token = parsed(&Signer::hs256(SECRET).session(None));
        let candidate = now(exchange.verify(&token, NOW)).unwrap();
        let session = exchange.confirm(candidate, None, NOW).unwrap();
        exchange
            .grant(&session, None, &Parameters::default())
            .unwrap()
            .0
    };
    let jwt_of = |alg: &str, uid: &str, exp: u64| {
        let header = base64(format!(r#"{{"alg":"{alg}"}}"#));
        let claims = base64(format!(r#"{{"uid":"{uid}","exp":{exp}}}"#));
        format!("{header}.{claims}.c2ln")
    };
    let jwt = |uid: &str, exp: u64| jwt_of("RS256", uid, exp);
    let good = jwt(SUB, NOW + 60);
    for (body, ttl) in [
        (
            format!(r#"{{"jwt":"{good}","ttl":60,"session_id":"s"}}"#),
            60,
        ),
        (
            format!(r#"{{"access_token":"{good}","expires_in":61}}"#),
            61,
        ),
        (format!(r#"{{"jwt":"{good}"}}"#), 900),
    ] {
        let accepted = mint.accept(&grant(), &success(&body), NOW).unwrap();
        let response = accepted.to_json();
        let response = Json::parse(response.as_bytes()).unwrap();
        assert_eq!(response.get("token").text(), Some(good.as_str()));
        assert_eq!(response.get("ttl").whole(), Some(ttl));
        assert_eq!(response.get("expiresAt").whole(), Some(NOW + 60));
    }
    for body in [
        String::new(),
        "{}".into(),
        format!(r#"{{"jwt":"{}"}}"#, jwt("somebody", NOW + 60)),
        format!(r#"{{"jwt":"{}"}}"#, jwt(SUB, NOW)),
        format!(r#"{{"jwt":"{}"}}"#, jwt_of("none", SUB, NOW + 60)),
        format!(r#"{{"jwt":"{good}.more"}}"#),
        format!(r#"{{"jwt":"{good}","jwt":"{good}"}}"#),
        format!(r#"{{"jwt":7,"access_token":"{good}"}}"#),
        format!(r#"{{"jwt":"{good}","session_id":7}}"#),
    ] {
        let fault = mint.accept(&grant(), &success(&body), NOW).unwrap_err();
        assert_eq!(fault.code, Code::BehestRejected, "{body}");
    }
}

#[test]
fn no_session_comes_about_without_the_check_that_is_set() {
    let token = || parsed(&Signer::hs256(SECRET).session(None));
    let server = exchange(&[]).unwrap();
    let candidate = now(server.verify(&token(), NOW)).unwrap();
    let passed_by = server.confirm(candidate, None, NOW).unwrap_err();
    assert_eq!(passed_by.code, Code::Internal);
    let claims = exchange(&CLAIMS_ONLY).unwrap();
    let candidate = now(claims.verify(&token(), NOW)).unwrap();
    let user = success(&format!(r#"{{"id":"{SUB}"}}"#));
    assert_eq!(
        claims
            .confirm(candidate, Some(&user), NOW)
            .unwrap_err()
            .code,
        Code::Internal
    );
}

#[test]
fn two_numbers_never_become_one_uid() {
    let path = ("BEHEST_UID_CLAIM", "app_metadata.id");
    let exchange = exchange(&[&CLAIMS_ONLY[..], &[path]].concat()).unwrap();
    let uid = |id: &str| {
        let signer = Signer::hs256(SECRET);
        let more = format!(r#","app_metadata":{{"id":{id}}}"#);
        let token = parsed(&signer.token(&signer.header(None), &payload(&more)));
        let candidate = now(exchange.verify(&token, NOW)).unwrap();
        let session = exchange.confirm(candidate, None, NOW)?;
        Ok::<_, behest_token::fault::Fault>(session.uid().to_owned())
    };
    assert_eq!(uid("42").unwrap(), "42");
    assert_eq!(uid("9007199254740991").unwrap(), "9007199254740991");
    for id in [
        "9007199254740992",
        "9007199254740993",
        "9007199254740991.7",
        "1.5",
        "-1",
        "null",
    ] {
        assert_eq!(uid(id).unwrap_err().code, Code::UidMissing, "{id}");
    }
}

#[test]
fn a_banned_user_gets_no_session_until_the_ban_is_over() {
    let exchange = exchange(&[]).unwrap();
    let confirm = |until: &str| {
        let token = parsed(&Signer::hs256(SECRET).session(None));
        let candidate = now(exchange.verify(&token, NOW)).unwrap();
        let user = success(&format!(r#"{{"id":"{SUB}","banned_until":{until}}}"#));
        exchange.confirm(candidate, Some(&user), NOW).map(drop)
    };
    assert!(confirm("null").is_ok());
    assert!(confirm("\"2025-12-31T23:59:59.999999Z\"").is_ok());
    for until in [
        "\"2026-01-01T00:00:01Z\"",
        "\"2126-01-01T00:00:00.123456Z\"",
        "\"for ever\"",
        "1893456000",
    ] {
        assert_eq!(
            confirm(until).unwrap_err().code,
            Code::InvalidSession,
            "{until}"
        );
    }
}

#[test]
fn the_surface_that_javascript_sees_names_every_refusal_and_no_other() {
    let surface = include_str!("../src/surface.d.ts");
    let (_, codes) = surface.split_once("export type FaultCode =").unwrap();
    let (codes, _) = codes.split_once(';').unwrap();
    let named: Vec<_> = codes.split('"').skip(1).step_by(2).collect();
    let known: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(named, known);
}
