//! The vectors of RFC 7515, 7517, 7520 and 8037: what the standards sign, we verify; what they
//! allow beyond our table, we refuse.
//!
//! No vector is a session, so each is refused in the end. A good signature shows in why: the claims
//! are read only behind it (`payload holds no claims`, or `expired_token`).

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

#[path = "support/rfc.rs"]
mod rfc;
mod support;

use base64ct::{Base64UrlUnpadded, Encoding};
use behest_token::exchange::Exchange;
use behest_token::fault::Code;
use behest_token::jwk::{Jwks, Source};
use behest_token::token::UntrustedToken;
use rfc::*;
use support::*;

const NO_CLAIMS: &str = "payload holds no claims, or one twice";
const MISMATCH: &str = "signature does not match";
const NO_KEY: &str = "no key for its alg and kid";
const NOT_ALLOWED: &str = "alg is not allowed";

/// An exchange whose inline key set holds these keys, and no other secret.
fn holding(keys: &[&str]) -> Exchange<Ring> {
    let jwks = format!("[{}]", keys.join(","));
    exchange(&[("SUPABASE_JWKS", &jwks), ("JWT_SECRET", "")]).unwrap()
}

/// A shared secret of nobody here: without any, the Auth server is asked about HS256.
const ANOTHER: &str =
    r#"{"kty":"oct","kid":"another","k":"b3RoZXItc2VjcmV0LW9mLWF0LWxlYXN0LTMyLWJ5dGVz"}"#;

/// Why a token is refused.
fn refusal(exchange: &Exchange<Ring>, token: &str) -> (Code, Option<&'static str>) {
    let verdict =
        UntrustedToken::parse(token).and_then(|token| now(exchange.verify(&token, NOW)).map(drop));
    let fault = verdict.unwrap_err();
    (fault.code, fault.detail)
}

fn refused(why: &'static str) -> (Code, Option<&'static str>) {
    (Code::InvalidToken, Some(why))
}

/// Each vector that has to verify: its name, key, parts, and the refusal that shows that it did.
type Good = (
    &'static str,
    &'static str,
    [&'static str; 3],
    (Code, Option<&'static str>),
);

const EXPIRED: (Code, Option<&str>) = (Code::ExpiredToken, None);
const TEXT: (Code, Option<&str>) = (Code::InvalidToken, Some(NO_CLAIMS));

#[rustfmt::skip]
const GOOD: [Good; 6] = [
    ("RFC 7515 A.1 HS256", HS256_KEY, [HS256_HEADER, JOE, HS256_SIGNATURE], EXPIRED),
    ("RFC 7515 A.2 RS256", RS256_KEY, [RS256_HEADER, JOE, RS256_SIGNATURE], EXPIRED),
    ("RFC 7515 A.3 ES256", ES256_KEY, [ES256_HEADER, JOE, ES256_SIGNATURE], EXPIRED),
    ("RFC 7520 4.1 RS256", BILBO_RSA, [BILBO_RS256_HEADER, FRODO, BILBO_RS256_SIGNATURE], TEXT),
    ("RFC 7520 4.4 HS256", COOKBOOK_OCT, [COOKBOOK_HS256_HEADER, FRODO, COOKBOOK_HS256_SIGNATURE], TEXT),
    ("RFC 8037 A.4 EdDSA", EDDSA_KEY, [EDDSA_HEADER, EDDSA_PAYLOAD, EDDSA_SIGNATURE], TEXT),
];

#[test]
fn every_vector_of_an_allowed_algorithm_verifies_with_its_key_alone_and_in_a_set_of_all() {
    let everything = holding(&[
        HS256_KEY,
        RS256_KEY,
        ES256_KEY,
        BILBO_RSA,
        COOKBOOK_OCT,
        EDDSA_KEY,
    ]);
    for (name, key, parts, expected) in GOOD {
        let token = parts.join(".");
        assert_eq!(refusal(&holding(&[key]), &token), expected, "{name}");
        assert_eq!(refusal(&everything, &token), expected, "{name}");
    }
}

#[test]
fn every_vector_is_refused_with_any_one_byte_of_payload_or_signature_changed() {
    for (name, key, parts, _) in GOOD {
        let exchange = holding(&[key]);
        for part in [1, 2] {
            let bytes = Base64UrlUnpadded::decode_vec(parts[part]).unwrap();
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                let mut token = parts.map(str::to_owned);
                token[part] = base64(changed);
                let token = token.join(".");
                assert_eq!(refusal(&exchange, &token), refused(MISMATCH), "{name} {at}");
            }
        }
    }
}

#[test]
fn every_vector_is_refused_by_every_other_vector_s_key() {
    for (name, key, parts, _) in GOOD {
        for (_, other, ..) in GOOD.iter().filter(|(_, other, ..)| *other != key) {
            // With a shared secret at hand, so that HS256 is judged here and not by the Auth server.
            let (code, why) = refusal(&holding(&[other, ANOTHER]), &parts.join("."));
            assert_eq!(code, Code::InvalidToken, "{name}");
            assert!(
                why == Some(NO_KEY) || why == Some(MISMATCH),
                "{name}: {why:?}"
            );
        }
    }
}

#[test]
fn vectors_of_algorithms_outside_the_table_are_refused_with_their_own_key_at_hand() {
    let rows = [
        ("RFC 7515 A.4 ES512", ES512_KEY, ES512_TOKEN.to_owned()),
        (
            "RFC 7515 A.5 none",
            ES256_KEY,
            format!("{NONE_HEADER}.{JOE}."),
        ),
        (
            "RFC 7520 4.2 PS384",
            BILBO_RSA,
            format!("{PS384_HEADER}.{FRODO}.{PS384_SIGNATURE}"),
        ),
        (
            "RFC 7520 4.3 ES512",
            BILBO_EC,
            format!("{BILBO_ES512_HEADER}.{FRODO}.{BILBO_ES512_SIGNATURE}"),
        ),
    ];
    for (name, key, token) in rows {
        // A second key, so that the set is not empty where the first is of no use.
        let exchange = holding(&[key, HS256_KEY]);
        assert_eq!(refusal(&exchange, &token), refused(NOT_ALLOWED), "{name}");
    }
}

#[test]
fn the_signature_of_one_algorithm_is_refused_under_the_name_of_another() {
    let rows = [
        // PS384 and ES512 signatures, their headers naming what the table has.
        (
            BILBO_RSA,
            BILBO_RS256_HEADER,
            FRODO,
            PS384_SIGNATURE,
            MISMATCH,
        ),
        (
            ES256_KEY,
            ES256_HEADER,
            EDDSA_PAYLOAD,
            EDDSA_SIGNATURE,
            MISMATCH,
        ),
        (EDDSA_KEY, EDDSA_HEADER, JOE, ES256_SIGNATURE, MISMATCH),
        (
            RS256_KEY,
            ES256_HEADER,
            JOE,
            RS256_SIGNATURE,
            "signature has the wrong length",
        ),
        (ES256_KEY, RS256_HEADER, JOE, ES256_SIGNATURE, NO_KEY),
    ];
    for (key, header, payload, signature, why) in rows {
        let token = format!("{header}.{payload}.{signature}");
        assert_eq!(refusal(&holding(&[key]), &token), refused(why), "{token}");
    }
}

#[test]
fn rfc_7515_appendix_e_an_unknown_crit_is_refused() {
    let why = refused("header has an extension");
    assert_eq!(refusal(&holding(&[HS256_KEY]), CRIT_TOKEN), why);
}

#[test]
fn rfc_7515_a_6_a_7_and_rfc_7520_4_the_json_serialization_is_refused_however_good_its_signatures() {
    let a1 = format!(
        r#"{{"protected":"{RS256_HEADER}","header":{{"kid":"2010-12-29"}},"signature":"{RS256_SIGNATURE}"}}"#
    );
    let a2 = format!(
        r#"{{"protected":"{ES256_HEADER}","header":{{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"}},"signature":"{ES256_SIGNATURE}"}}"#
    );
    let rows = [
        (
            "A.6",
            format!(r#"{{"payload":"{JOE}","signatures":[{a1},{a2}]}}"#),
        ),
        ("A.7", format!(r#"{{"payload":"{JOE}",{}"#, &a2[1..])),
        (
            "4.1",
            format!(
                r#"{{"payload":"{FRODO}","protected":"{BILBO_RS256_HEADER}","signature":"{BILBO_RS256_SIGNATURE}"}}"#
            ),
        ),
        (
            "4.6",
            format!(
                r#"{{"payload":"{FRODO}","protected":"{UNPROTECTED_KID_HEADER}","header":{{"kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037"}},"signature":"{UNPROTECTED_KID_SIGNATURE}"}}"#
            ),
        ),
        (
            "4.7",
            format!(
                r#"{{"payload":"{FRODO}","header":{{"alg":"HS256","kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037"}},"signature":"{UNPROTECTED_SIGNATURE}"}}"#
            ),
        ),
    ];
    let exchange = holding(&[RS256_KEY, ES256_KEY, BILBO_RSA, COOKBOOK_OCT]);
    for (name, text) in rows {
        assert_eq!(
            refusal(&exchange, &text),
            refused("not three parts"),
            "{name}"
        );
        // With two dots in it: as many parts as a token has, and yet none.
        let dotted = text.replacen("\"payload\"", "\"a.b.c\":1,\"payload\"", 1);
        assert_eq!(
            refusal(&exchange, &dotted),
            refused("not base64url"),
            "{name}"
        );
    }
}

#[test]
fn rfc_7515_appendix_f_and_rfc_7520_4_5_detached_content_is_refused() {
    for (name, key, [header, _, signature], _) in GOOD {
        let detached = format!("{header}..{signature}");
        assert_eq!(
            refusal(&holding(&[key]), &detached),
            refused(MISMATCH),
            "{name}"
        );
    }
}

#[test]
fn rfc_7520_4_6_and_4_7_what_stands_in_no_protected_header_does_not_count() {
    let exchange = holding(&[COOKBOOK_OCT]);
    let no_kid = format!("{UNPROTECTED_KID_HEADER}.{FRODO}.{UNPROTECTED_KID_SIGNATURE}");
    assert_eq!(refusal(&exchange, &no_kid), refused(NO_KEY));
    // The signature itself is good: the same key without a name takes it.
    let nameless = COOKBOOK_OCT.replace(r#""kid":"018c0ae5-4d9b-471b-bfd6-eef314bc7037","#, "");
    assert_eq!(refusal(&holding(&[&nameless]), &no_kid), TEXT);
    let no_header = format!(".{FRODO}.{UNPROTECTED_SIGNATURE}");
    let (code, _) = refusal(&holding(&[&nameless]), &no_header);
    assert_eq!(code, Code::InvalidToken);
}

#[test]
fn rfc_8037_a_key_to_agree_on_keys_with_verifies_nothing() {
    let alike = EDDSA_KEY.replace("Ed25519", "X25519");
    for key in [X25519_KEY, &alike] {
        let set = Jwks::parse(&format!("[{key}]"), Source::Fetched).unwrap();
        assert_eq!(set.skipped, 1, "{key}");
    }
    let token = format!("{EDDSA_HEADER}.{EDDSA_PAYLOAD}.{EDDSA_SIGNATURE}");
    let exchange = holding(&[&alike, HS256_KEY]);
    assert_eq!(refusal(&exchange, &token), refused(NO_KEY));
}

#[test]
fn rfc_7517_appendix_a_keys_are_used_for_what_they_are_for() {
    let skipped = |keys: &str, source| Jwks::parse(keys, source).unwrap().skipped;
    // The EC key is for encryption.
    assert_eq!(skipped(PUBLIC_KEYS, Source::Fetched), 1);
    let for_anything = PUBLIC_KEYS.replace(r#""use":"enc","#, "");
    assert_eq!(skipped(&for_anything, Source::Fetched), 0);
    // One secret wraps keys and is 16 bytes short; the other is good, unless it was fetched.
    assert_eq!(skipped(SYMMETRIC_KEYS, Source::Inline), 1);
    assert_eq!(skipped(SYMMETRIC_KEYS, Source::Fetched), 2);
}
