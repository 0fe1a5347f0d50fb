//! Settings: defaults, forms, and every fault at once, by name and without its value.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

mod support;

use behest_token::exchange::Exchange;
use behest_token::fault::Code;
use behest_token::plan::PlanSource;
use behest_token::session::UserCheck;
use behest_token::settings::Mode;
use support::*;

/// The message of the fault that these changes cause.
fn fault(changes: &[(&'static str, &str)]) -> String {
    let fault = read(&with(changes)).settings.unwrap_err();
    assert_eq!(fault.code, Code::Misconfigured);
    fault.message.clone().into_owned()
}

fn fine(changes: &[(&'static str, &str)]) {
    if let Err(fault) = read(&with(changes)).settings {
        panic!("{changes:?}: {}", fault.message);
    }
}

#[test]
fn five_variables_are_enough_and_the_rest_has_the_contract_s_defaults() {
    let (settings, mode) = read(&environment()).settings.unwrap();
    assert!(matches!(mode, Mode::ApiKey(_)));
    assert_eq!(settings.mint.ttl, 900);
    assert_eq!(settings.session.user_check, UserCheck::Server);
    let claims = &settings.session.claims;
    assert_eq!(claims.audience.as_deref(), Some("authenticated"));
    assert_eq!(claims.issuer, None);
    assert_eq!(claims.role, None);
    assert!(!settings.issuer.is_third_party());
    assert!(settings.session.anonymous_allowed);
    assert!(settings.session.uid_claim.is_none());
    let PlanSource::Table(table) = settings.plan.source else {
        panic!("no table")
    };
    assert_eq!(
        (&*table.name, &*table.column, &*table.user_column),
        ("profiles", "plan", "id")
    );
    let tiers: Vec<_> = settings
        .plan
        .tiers
        .iter()
        .map(|(name, tier)| (&**name, *tier))
        .collect();
    assert_eq!(tiers, [("free", 1), ("pro", 2), ("max", 3)]);
    assert_eq!(settings.plan.default_tier, 1);
    assert!(!settings.plan.default_on_error);
    assert!(settings.plan.policy.is_empty());
}

#[test]
fn with_every_variable_missing_one_answer_names_all_that_are_required() {
    let message = read(&[]).settings.unwrap_err().message.clone();
    for name in [
        "BEHEST_KEY",
        "BEHEST_BASE_URL",
        "SUPABASE_URL",
        "SUPABASE_PUBLISHABLE_KEY",
    ] {
        assert!(message.contains(&format!("{name}: ")), "{name}: {message}");
    }
}

#[test]
fn with_every_variable_wrong_one_answer_names_all_of_them_and_no_value() {
    let wrong: Vec<_> = [
        "BEHEST_KEY",
        "BEHEST_BASE_URL",
        "BEHEST_TTL",
        "CORS_ORIGIN",
        "BEHEST_USER_CHECK",
        "BEHEST_ANONYMOUS",
        "BEHEST_UID_CLAIM",
        "BEHEST_PLAN_CLAIM",
        "BEHEST_PLAN_TABLE",
        "BEHEST_PLAN_COLUMN",
        "BEHEST_PLAN_USER_COLUMN",
        "BEHEST_PLAN_TIERS",
        "BEHEST_TIER",
        "BEHEST_PLAN_ON_ERROR",
        "BEHEST_MODEL_POLICY",
        "SUPABASE_URL",
        "SUPABASE_PUBLISHABLE_KEYS",
        "JWT_SECRET",
        "SUPABASE_JWKS",
    ]
    .map(|name| (name, "s3cr3t value"))
    .to_vec();
    let message = fault(&wrong);
    for (name, _) in wrong {
        assert!(message.contains(&format!("{name}: ")), "{name}: {message}");
    }
    assert!(!message.contains("s3cr3t"), "{message}");
}

#[test]
fn a_signing_key_is_taken_in_every_form_that_people_have_it_in() {
    let pkcs1 = include_str!("keys/rsa2048.pkcs1.pem");
    let ids = [
        ("BEHEST_KID", "sk_1"),
        ("BEHEST_TENANT_ID", "t"),
        ("BEHEST_PROJECT_ID", "p"),
    ];
    for pem in [RSA_PKCS8, pkcs1] {
        let base64 = <base64ct::Base64 as base64ct::Encoding>::encode_string(pem.as_bytes());
        let unpadded = base64.trim_end_matches('=');
        for form in [
            pem.to_owned(),
            format!("\n  {pem}\n"),
            pem.replace('\n', "\\n"),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', " "),
            format!("behest_pk_{pem}"),
            format!("behest_pk_{base64}"),
            format!("behest_pk_{unpadded}"),
            base64.clone(),
        ] {
            let (settings, mode) = read(&with(&[&ids[..], &[("BEHEST_KEY", &form)]].concat()))
                .settings
                .unwrap();
            let mut warnings = Vec::new();
            let exchange = Exchange::open(Ring, settings, mode, &mut warnings);
            assert!(now(exchange).is_ok(), "{form}");
        }
    }
}

#[test]
fn a_key_that_cannot_sign_or_is_no_key_is_refused_without_a_byte_of_it() {
    let p256 = include_str!("keys/p256.pkcs8.pem");
    let short = include_str!("keys/rsa1024.pkcs8.pem");
    let odd = include_str!("keys/rsa2047.pkcs8.pem");
    let cut: String = RSA_PKCS8.lines().take(5).collect();
    let halved = RSA_PKCS8.replacen(RSA_PKCS8.lines().nth(5).unwrap(), "", 1);
    for (key, why) in [
        (p256, "no RSA key"),
        (short, "shorter than 2048 bits"),
        (odd, "shorter than 2048 bits"),
        (&cut, "no RSA private key"),
        (&halved, "RSA"),
        (
            &RSA_PKCS8.replace("PRIVATE KEY", "PUBLIC KEY"),
            "no RSA private key",
        ),
        (
            &RSA_PKCS8.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
            "no RSA private key",
        ),
        ("behest_sk_live_", "an API key with"),
        ("behest_sk_live_a b", "an API key with"),
        ("behest_sk_live_a\u{e9}", "an API key with"),
        ("hunter2-hunter2", "neither an API key"),
    ] {
        let message = fault(&[("BEHEST_KEY", key)]);
        assert!(message.contains("BEHEST_KEY: "), "{message}");
        assert!(message.contains(why), "{why}: {message}");
        assert!(
            !message.contains("hunter2") && !message.contains("MII"),
            "{message}"
        );
    }
}

#[test]
fn a_signing_key_needs_its_ids_and_an_api_key_does_not() {
    let message = fault(&[("BEHEST_KEY", RSA_PKCS8)]);
    for name in ["BEHEST_KID", "BEHEST_TENANT_ID", "BEHEST_PROJECT_ID"] {
        assert!(message.contains(&format!("{name}: not set")), "{message}");
    }
}

#[test]
fn the_old_name_of_the_key_works_and_warns() {
    let reading = read(&with(&[
        ("BEHEST_KEY", ""),
        ("BEHEST_API_KEY", "behest_sk_live_1"),
    ]));
    assert!(reading.settings.is_ok());
    assert!(
        reading
            .warnings
            .iter()
            .any(|warning| warning.contains("BEHEST_API_KEY"))
    );
}

#[test]
fn the_variable_that_was_read_is_the_one_that_is_blamed() {
    let bare = |name: &'static str, value| [("BEHEST_KEY", ""), (name, value)];
    for (changes, name) in [
        (bare("BEHEST_API_KEY", "no key"), "BEHEST_API_KEY"),
        (
            [("JWT_SECRET", ""), ("SUPABASE_JWT_SECRET", "short")],
            "SUPABASE_JWT_SECRET",
        ),
        (
            [
                ("SUPABASE_PUBLISHABLE_KEY", ""),
                ("SUPABASE_ANON_KEY", "a\nb"),
            ],
            "SUPABASE_ANON_KEY",
        ),
        (
            [
                ("SUPABASE_ANON_KEY", ""),
                ("SUPABASE_PUBLISHABLE_KEYS", "{\"default\":\"a b\"}"),
            ],
            "SUPABASE_PUBLISHABLE_KEYS",
        ),
    ] {
        let message = fault(&changes);
        assert!(message.contains(&format!(" {name}: ")), "{name}: {message}");
    }
}

#[test]
fn a_plan_has_one_tier_in_whichever_case_it_is_written() {
    let message = fault(&[("BEHEST_PLAN_TIERS", r#"{"Pro":2,"pro":3}"#)]);
    assert!(message.contains("BEHEST_PLAN_TIERS: "), "{message}");
}

#[test]
fn an_upstream_is_an_origin_and_nothing_but_an_origin() {
    for url in [
        "https://amber-fox-042.behest.app",
        "https://amber-fox-042.behest.app/",
        "https://behest.example:8443",
        "http://localhost:54330",
        "http://127.0.0.1:1",
        "http://[::1]:1",
    ] {
        fine(&[("BEHEST_BASE_URL", url)]);
    }
    for url in [
        "http://behest.app",
        "http://127.0.0.1.evil.com",
        "http://localhost.evil.com",
        "http://127.1",
        "http://127.0.080.1",
        "http://127.0.0.010",
        "http://127.0.0.0x1",
        "http://[::ffff]",
        "https://[]",
        "https://[1:2]",
        "http://[0:0:0:0:0:0:0:1]:1",
        "http://[::1]x",
        "https://256.256.256.256",
        "https://2130706433",
        "https://behest.0x7f",
        "ftp://behest.app",
        "https://user:pass@behest.app",
        "https://behest.app/v1",
        "https://behest.app?x",
        "https://behest.app#x",
        "https://",
        "behest.app",
        "https://behest.app:99999",
        "https://behest.app:",
        "https://be hest.app",
        "https://behest.app\\@evil.com",
        "https://behest..app",
        "https://[::1",
        "https://bücher.example",
    ] {
        assert!(
            fault(&[("BEHEST_BASE_URL", url)]).contains("BEHEST_BASE_URL: "),
            "{url}"
        );
    }
    // Inside its own network Supabase is at a plain address.
    fine(&[("SUPABASE_URL", "http://kong:8000")]);
}

#[test]
fn origins_are_exact_or_open_in_their_first_label() {
    let origins = |list| read(&with(&[("CORS_ORIGIN", list)])).origins;
    assert_eq!(
        origins(
            "https://My.App/ , http://localhost:5173,https://*.lovable.app,capacitor://localhost,"
        ),
        [
            "https://my.app",
            "http://localhost:5173",
            "https://*.lovable.app",
            "capacitor://localhost"
        ]
    );
    assert_eq!(
        origins("https://my.app:443,http://my.app:80"),
        ["https://my.app", "http://my.app"]
    );
    // An app's own scheme may have any name for a host, and a name may begin like a number.
    assert_eq!(
        origins("myapp://123,https://app.0xyz"),
        ["myapp://123", "https://app.0xyz"]
    );
    assert_eq!(origins(""), [""; 0]);
    assert_eq!(
        origins(
            "https://*-my-team.vercel.app\nhttps://My-App-*-my-team.vercel.app\thttps://*--0f1e.lovable.app:443 http://*.dev.my.app:80"
        ),
        [
            "https://*-my-team.vercel.app",
            "https://my-app-*-my-team.vercel.app",
            "https://*--0f1e.lovable.app",
            "http://*.dev.my.app"
        ]
    );
    for list in [
        "*",
        "https://*",
        "https://*.com",
        "*://a.my.app",
        "*.my.app",
        "https://a*.com",
        "https://*-a-*.my.app",
        "https://my.app*",
        "https://my.app:*",
        "https://a.*.my.app",
        "https://*@b.my.app",
        "https://*/b.my.app",
        "null",
        "https://my.app/path",
        "my.app",
        "https://*.*.my.app",
        "https://*.127.0.0.1",
        "http://[0:0:0:0:0:0:0:1]:5173",
        "https://ok.app,*",
    ] {
        assert!(
            fault(&[("CORS_ORIGIN", list)]).contains("CORS_ORIGIN: "),
            "{list}"
        );
    }
}

#[test]
fn numbers_stay_in_their_ranges() {
    fine(&[("BEHEST_TTL", "60"), ("BEHEST_TIER", "0")]);
    fine(&[("BEHEST_TTL", "86400"), ("BEHEST_TIER", "7")]);
    for ttl in ["59", "86401", "-900", "900.5", "1e3", "0x400", "fifteen"] {
        assert!(
            fault(&[("BEHEST_TTL", ttl)]).contains("BEHEST_TTL: "),
            "{ttl}"
        );
    }
    for tier in ["-1", "1.5", "free"] {
        assert!(
            fault(&[("BEHEST_TIER", tier)]).contains("BEHEST_TIER: "),
            "{tier}"
        );
    }
}

#[test]
fn what_users_write_themselves_can_be_neither_plan_nor_uid() {
    for path in [
        "user_metadata.plan",
        "plan",
        "app_metadata",
        "app_metadata.",
        "app_metadata..plan",
    ] {
        assert!(
            fault(&[("BEHEST_PLAN_CLAIM", path)]).contains("BEHEST_PLAN_CLAIM: "),
            "{path}"
        );
        assert!(
            fault(&[("BEHEST_UID_CLAIM", path)]).contains("BEHEST_UID_CLAIM: "),
            "{path}"
        );
    }
    fine(&[
        ("BEHEST_PLAN_CLAIM", "app_metadata.billing.plan"),
        ("BEHEST_UID_CLAIM", "sub"),
    ]);
}

#[test]
fn names_in_the_plan_query_are_plain_identifiers() {
    for name in [
        "profiles?select=*",
        "a,b",
        "plan&id=neq.1",
        "public.profiles",
        "p(x)",
    ] {
        assert!(
            fault(&[("BEHEST_PLAN_TABLE", name)]).contains("BEHEST_PLAN_TABLE: "),
            "{name}"
        );
        assert!(
            fault(&[("BEHEST_PLAN_COLUMN", name)]).contains("BEHEST_PLAN_COLUMN: "),
            "{name}"
        );
    }
}

#[test]
fn a_key_for_supabase_is_needed_only_where_supabase_is_called() {
    let none = ("SUPABASE_PUBLISHABLE_KEY", "");
    assert!(fault(&[none]).contains("SUPABASE_PUBLISHABLE_KEY: "));
    assert!(fault(&[none, ("BEHEST_USER_CHECK", "claims")]).contains("SUPABASE_PUBLISHABLE_KEY: "));
    fine(&[
        none,
        ("BEHEST_USER_CHECK", "claims"),
        ("BEHEST_PLAN_CLAIM", "app_metadata.plan"),
    ]);
    fine(&[none, ("SUPABASE_ANON_KEY", "eyJ")]);
    fine(&[
        none,
        (
            "SUPABASE_PUBLISHABLE_KEYS",
            r#"{"default":"sb_publishable_2"}"#,
        ),
    ]);
    let first = [
        ("SUPABASE_PUBLISHABLE_KEYS", r#"{"default":"first"}"#),
        ("SUPABASE_ANON_KEY", "third"),
    ];
    let (settings, _) = read(&with(&first)).settings.unwrap();
    assert_eq!(settings.supabase_key.as_deref(), Some("first"));
    assert!(fault(&[("SUPABASE_PUBLISHABLE_KEY", "a\nb")]).contains("SUPABASE_PUBLISHABLE_KEY: "));
}

#[test]
fn a_secret_shorter_than_its_hash_is_refused() {
    assert!(fault(&[("JWT_SECRET", "thirty-one-bytes-are-not-enough")]).contains("JWT_SECRET: "));
    fine(&[("JWT_SECRET", "thirty-two-bytes-are-just-enough")]);
}

#[test]
fn without_any_key_there_is_no_trusting_claims() {
    let exchange = exchange(&[
        ("JWT_SECRET", ""),
        ("SUPABASE_JWKS", r#"{"keys":[]}"#),
        ("BEHEST_USER_CHECK", "claims"),
    ]);
    let token = parsed(&Signer::hs256(SECRET).session(None));
    let fault = now(exchange.unwrap().verify(&token, NOW)).unwrap_err();
    assert!(fault.message.contains("JWT_SECRET: "));
}
