//! Sessions that a third party signs: its settings, and which keys count.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use behest_token::answer::Answer;
use behest_token::exchange::{Exchange, KeyState};
use behest_token::fault::{Code, Fault};
use behest_token::session::UserCheck;
use support::*;

const URL: &str = "https://my.clerk.accounts.dev/.well-known/jwks.json";
const ISSUER: &str = "https://my.clerk.accounts.dev";
const THIRD_PARTY: [(&str, &str); 3] = [
    ("JWT_JWKS_URL", URL),
    ("JWT_ISSUER", ISSUER),
    ("JWT_AUDIENCE", "*"),
];

fn settings(changes: &[(&'static str, &str)]) -> behest_token::settings::Reading {
    let changed = |name: &str| changes.iter().any(|(other, _)| *other == name);
    let kept = THIRD_PARTY.iter().filter(|(name, _)| !changed(name));
    let all: Vec<_> = kept.chain(changes).copied().collect();
    read(&with(&all))
}

/// The message of the fault that these changes cause.
fn fault(changes: &[(&'static str, &str)]) -> String {
    let fault = settings(changes).settings.unwrap_err();
    assert_eq!(fault.code, Code::Misconfigured);
    fault.message.clone().into_owned()
}

/// An exchange that has no key yet.
fn opened(changes: &[(&'static str, &str)]) -> Exchange<Ring> {
    let (settings, mode) = settings(changes).settings.unwrap();
    now(Exchange::open(Ring, settings, mode, &mut Vec::new())).unwrap()
}

/// An exchange, with the third party's key set at hand.
fn exchange_with(signer: &Signer, changes: &[(&'static str, &str)]) -> Exchange<Ring> {
    let exchange = opened(changes);
    let jwks = format!("{{\"keys\":[{{{}}}]}}", signer.jwk);
    assert_eq!(now(exchange.accept_keys(&success(&jwks))), Ok(0));
    exchange
}

/// A token of the issuer's.
fn signed(signer: &Signer, more: &str) -> String {
    let far = NOW + 3600;
    let claims =
        format!(r#"{{"iss":"{ISSUER}","sub":"user_1","role":"authenticated","exp":{far}{more}}}"#);
    signer.token(&signer.header(Some("one")), &claims)
}

fn verdict(exchange: &Exchange<Ring>, token: &str) -> Result<String, Fault> {
    let candidate = now(exchange.verify(&parsed(token), NOW))?;
    Ok(candidate.sub().to_owned())
}

#[test]
fn with_a_third_party_the_token_is_trusted_and_its_role_must_be_authenticated() {
    for check in ["", "claims"] {
        let (settings, _) = settings(&[("BEHEST_USER_CHECK", check)]).settings.unwrap();
        assert_eq!(settings.session.user_check, UserCheck::ThirdParty);
        assert_eq!(settings.session.claims.audience, None);
        assert_eq!(settings.session.claims.issuer.as_deref(), Some(ISSUER));
        assert_eq!(settings.session.claims.role, Some("authenticated"));
    }
}

#[test]
fn the_auth_server_cannot_be_asked_about_a_third_party_s_user() {
    for check in ["server", "Claims", "none"] {
        let message = fault(&[("BEHEST_USER_CHECK", check)]);
        assert!(
            message.contains("BEHEST_USER_CHECK: must be claims"),
            "{message}"
        );
    }
}

#[test]
fn an_issuer_is_required_and_said_letter_by_letter() {
    let message = fault(&[("JWT_ISSUER", "")]);
    assert!(message.contains("JWT_ISSUER: not set"), "{message}");
    // Auth0's ends with a slash, which is part of it.
    let (settings, _) = settings(&[("JWT_ISSUER", "https://t.eu.auth0.com/")])
        .settings
        .unwrap();
    let issuer = settings.session.claims.issuer;
    assert_eq!(issuer.as_deref(), Some("https://t.eu.auth0.com/"));
}

#[test]
fn an_audience_that_is_set_or_left_out_is_asked_for() {
    for (value, expected) in [("", "authenticated"), ("my-project", "my-project")] {
        let (settings, _) = settings(&[("JWT_AUDIENCE", value)]).settings.unwrap();
        assert_eq!(settings.session.claims.audience.as_deref(), Some(expected));
    }
}

#[test]
fn without_a_third_party_no_audience_is_left_unchecked() {
    let message = fault(&[("JWT_JWKS_URL", "")]);
    assert!(message.contains("JWT_AUDIENCE: "), "{message}");
    assert!(message.contains("JWT_JWKS_URL"), "{message}");
}

#[test]
fn a_key_set_s_url_is_whole_and_nobody_on_the_way_can_change_what_comes() {
    for url in [
        URL,
        "https://my.eu.auth0.com/.well-known/jwks.json",
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_aB3/.well-known/jwks.json",
        "https://api.workos.com/sso/jwks/client_01",
        "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        "https://login.example/keys?appid=1",
        "https://login.example:8443/keys",
        "http://localhost:9000/keys",
        "http://127.0.0.1:9000/keys",
        "http://[::1]:9000/keys",
    ] {
        if let Err(fault) = settings(&[("JWT_JWKS_URL", url)]).settings {
            panic!("{url}: {}", fault.message);
        }
    }
    for url in [
        "my.clerk.accounts.dev",
        "my.clerk.accounts.dev/.well-known/jwks.json",
        "https://my.clerk.accounts.dev",
        "https://my.clerk.accounts.dev/",
        "https://my.clerk.accounts.dev?keys",
        "http://my.clerk.accounts.dev/keys",
        "http://localhost.evil.example/keys",
        "http://127.0.0.1.evil.example/keys",
        "http://169.254.169.254/keys",
        "ftp://my.clerk.accounts.dev/keys",
        "file:///etc/keys",
        "data:application/json,{}",
        "https://user:s3cr3t@my.clerk.accounts.dev/keys",
        "https://my.clerk.accounts.dev@evil.example/keys",
        "https://my.clerk.accounts.dev\\@evil.example/keys",
        "https://my.clerk.accounts.dev#@evil.example/keys",
        "https://my.clerk.accounts.dev/keys#s3cr3t",
        "https://my.clerk.accounts.dev/k eys",
        "https://my.clerk.accounts.dev/k\teys",
        "https://my.clerk.accounts.dev/kéys",
        "https://<domain>/keys",
        "https://2130706433/keys",
        "https:///keys",
        "https://",
    ] {
        let message = fault(&[("JWT_JWKS_URL", url)]);
        assert!(message.contains("JWT_JWKS_URL: "), "{url}: {message}");
        assert!(!message.contains("s3cr3t"), "{message}");
        // It is the third party's settings that are meant, though its URL is no good.
        assert!(!message.contains("JWT_AUDIENCE"), "{url}: {message}");
    }
}

#[test]
fn with_every_one_of_its_settings_wrong_one_answer_names_them_all() {
    let message = fault(&[
        ("JWT_JWKS_URL", "http://elsewhere.example/keys"),
        ("JWT_ISSUER", ""),
        ("BEHEST_USER_CHECK", "server"),
    ]);
    for name in ["JWT_JWKS_URL", "JWT_ISSUER", "BEHEST_USER_CHECK"] {
        assert!(message.contains(&format!("{name}: ")), "{name}: {message}");
    }
}

#[test]
fn a_third_party_s_issuer_is_no_cause_for_a_warning() {
    assert_eq!(settings(&[]).warnings, [""; 0]);
}

#[test]
fn the_project_s_own_keys_are_not_read_where_a_third_party_signs() {
    // What Supabase gives every function is not the operator's to mend.
    for (name, value) in [
        ("SUPABASE_JWKS", "no key set"),
        ("SUPABASE_JWT_SECRET", "short"),
        ("JWT_SECRET", "short"),
    ] {
        let (settings, _) = settings(&[(name, value)]).settings.unwrap();
        assert!(
            settings.jwks.is_none() && settings.secret.is_none(),
            "{name}"
        );
    }
}

#[test]
fn no_key_but_a_fetched_one_verifies_a_third_party_s_token() {
    for project in [Signer::es256("one"), Signer::hs256(SECRET)] {
        let jwks = format!("[{{{}}}]", project.jwk);
        let changes = [("SUPABASE_JWKS", jwks.as_str()), ("JWT_SECRET", SECRET)];
        let exchange = opened(&changes);
        assert!(!exchange.has_key_set());
        let fault = verdict(&exchange, &signed(&project, "")).unwrap_err();
        assert_eq!(fault.code, Code::InvalidToken);
        assert_eq!(fault.notice, None, "no secret is missing");
    }
    let signer = Signer::es256("one");
    let exchange = exchange_with(&signer, &[]);
    assert_eq!(
        verdict(&exchange, &signed(&signer, "")),
        Ok("user_1".into())
    );
}

#[test]
fn an_hs256_token_is_refused_without_a_fetch_whether_keys_are_at_hand_or_not() {
    let token = signed(&Signer::hs256(SECRET), "");
    for exchange in [opened(&[]), exchange_with(&Signer::rs256("one"), &[])] {
        assert_eq!(exchange.key_state(&parsed(&token)), KeyState::Settled);
        let fault = verdict(&exchange, &token).unwrap_err();
        assert_eq!((fault.code, fault.notice), (Code::InvalidToken, None));
    }
}

#[test]
fn a_set_without_a_public_key_is_an_outage_and_never_the_first_set() {
    let oct = format!(
        r#"{{"keys":[{{"kty":"oct","kid":"one","k":"{}"}}]}}"#,
        base64(SECRET)
    );
    let exchange = opened(&[]);
    for body in ["{\"keys\":[]}", &oct, "<html>", "{}", ""] {
        let fault = now(exchange.accept_keys(&success(body))).unwrap_err();
        assert_eq!(fault.code, Code::AuthUnavailable, "{body}");
        assert!(
            fault
                .notice
                .is_some_and(|notice| notice.contains("JWT_JWKS_URL"))
        );
        assert!(!exchange.has_key_set());
    }
}

#[test]
fn whatever_a_third_party_refuses_with_its_keys_cannot_be_had() {
    let exchange = opened(&[]);
    for status in [301, 302, 400, 401, 403, 404, 429, 500, 503] {
        for error_code in [None, Some("bad_jwt".to_owned())] {
            let body = Some("<h1>Forbidden</h1>".to_owned());
            let answer = Answer {
                status: Some(status),
                body,
                error_code,
                ..Answer::default()
            };
            let fault = now(exchange.accept_keys(&answer)).unwrap_err();
            assert_eq!(fault.code, Code::AuthUnavailable, "{status}");
        }
    }
    let late = Answer {
        timed_out: true,
        ..Answer::default()
    };
    let fault = now(exchange.accept_keys(&late)).unwrap_err();
    assert_eq!(fault.code, Code::AuthTimeout);
}

#[test]
fn a_role_of_the_third_party_s_own_is_refused_and_the_log_says_why() {
    let signer = Signer::es256("one");
    let exchange = exchange_with(&signer, &[]);
    let with_role = |role: &str| {
        let token = signed(&signer, "").split('.').nth(1).map(decoded).unwrap();
        let claims = token.replace(r#""role":"authenticated""#, role);
        let token = signer.token(&signer.header(Some("one")), &claims);
        verdict(&exchange, &token).unwrap_err()
    };
    for role in [
        r#""role":"member""#,
        r#""role":"Authenticated""#,
        r#""role":null"#,
        r#""x":1"#,
    ] {
        let fault = with_role(role);
        assert_eq!(fault.code, Code::InvalidToken, "{role}");
        assert!(
            fault.detail.is_some_and(|why| why.starts_with("role ")),
            "{fault:?}"
        );
    }
    assert_eq!(with_role(r#""role":"service_role""#).code, Code::NotAUser);
    assert_eq!(
        with_role(r#""role":["authenticated"]"#).code,
        Code::InvalidToken
    );
}

#[test]
fn who_signed_in_anonymously_at_firebase_counts_as_anonymous() {
    let signer = Signer::es256("one");
    let exchange = exchange_with(&signer, &[("BEHEST_ANONYMOUS", "deny")]);
    for (provider, code) in [
        ("anonymous", Some(Code::AnonymousForbidden)),
        ("password", None),
    ] {
        let more = format!(r#","firebase":{{"sign_in_provider":"{provider}"}}"#);
        let token = parsed(&signed(&signer, &more));
        let candidate = now(exchange.verify(&token, NOW)).unwrap();
        let session = exchange.confirm(candidate, None, NOW);
        assert_eq!(session.err().map(|fault| fault.code), code, "{provider}");
    }
}
