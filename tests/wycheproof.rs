//! Project Wycheproof's cases for JSON web signatures, rebuilt from what they describe
//! (`json_web_signature_test`).
//!
//! Everything here proves code of ours: taking a token apart, and the choice of its key. Bent
//! signatures are the platform's to refuse, which is `ring` here: they run on the shipped bytes and
//! the real SubtleCrypto, in `tests/function/wycheproof/`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, as it should"
)]

#[path = "support/judge.rs"]
mod judge;
mod support;

use base64ct::{Base64UrlUnpadded, Encoding};
use behest_token::answer::Answer;
use behest_token::fault::Code;
use behest_token::token::UntrustedToken;
use judge::*;
use support::*;

/// The token with one of its parts replaced.
fn with_part(token: &str, part: usize, text: &str) -> String {
    let mut parts: Vec<_> = token.split('.').collect();
    parts[part] = text;
    parts.join(".")
}

#[test]
fn a_token_of_every_algorithm_is_good_whole_and_refused_with_any_part_changed_or_missing() {
    for (signer, jwk) in signers() {
        let (exchange, token) = (holding(&[&jwk]), good(&signer));
        assert_eq!(judge(&exchange, &token), Ok(SUB.to_owned()));
        let parts: Vec<_> = token.split('.').collect();
        let other = |part: &str| {
            let mut bytes = Base64UrlUnpadded::decode_vec(part).unwrap();
            bytes[0] ^= 1;
            base64(bytes)
        };
        let admin = base64(decoded(parts[1]).replace(SUB, "7f1c1e0e-3f4b-4b59-9d6d-0c6a4f3f2b10"));
        let [h, p, s] = [parts[0], parts[1], parts[2]];
        let rows = [
            ("modified signature", with_part(&token, 2, &other(s))),
            ("missing signature", format!("{h}.{p}.")),
            ("missing signature and separator", format!("{h}.{p}")),
            ("modified payload", with_part(&token, 1, &admin)),
            ("missing payload", format!("{h}..{s}")),
            ("missing payload and separator", format!("{h}.{s}")),
            (
                "modified header",
                with_part(&token, 0, &base64(signer.header(Some("l")))),
            ),
            ("missing header", format!(".{p}.{s}")),
            ("missing header and separator", format!("{p}.{s}")),
            ("missing header and signature", format!(".{p}.")),
            ("payload alone", p.to_owned()),
            ("separators alone", "..".to_owned()),
            ("extra empty component", format!("{token}.")),
            ("extra component", format!("{token}.foo")),
            ("empty component before", format!(".{token}")),
            (
                "the signature of nothing",
                format!("{h}.{p}.{}", base64([])),
            ),
            (
                "none without a signature",
                format!("{}.{p}.", base64(r#"{"alg":"none","kid":"k"}"#)),
            ),
            (
                "none with the signature",
                with_part(&token, 0, &base64(r#"{"alg":"none","kid":"k"}"#)),
            ),
            (
                "JSON serialization",
                format!(
                    r#"{{"payload":"{p}","signatures":[{{"protected":"{h}","signature":"{s}"}}]}}"#
                ),
            ),
            (
                "flattened JSON serialization",
                format!(r#"{{"payload":"{p}","protected":"{h}","signature":"{s}"}}"#),
            ),
        ];
        for (what, token) in rows {
            let verdict = judge(&exchange, &token);
            assert_eq!(
                verdict,
                Err(Code::InvalidToken),
                "{:?} {what}",
                signer.algorithm
            );
        }
        assert_eq!(
            judge(&exchange, ""),
            Err(Code::MissingToken),
            "empty string"
        );
    }
}

#[test]
fn every_other_spelling_of_the_same_base64_is_refused() {
    for (signer, jwk) in signers() {
        let (exchange, token) = (holding(&[&jwk]), good(&signer));
        for part in 0..3 {
            let text = token.split('.').nth(part).unwrap();
            let middle = text.len() / 2;
            let between =
                |inserted: &str| format!("{}{inserted}{}", &text[..middle], &text[middle..]);
            let spellings = [
                format!("{text}="),
                format!("{text}=="),
                format!("{text}A"),
                format!("{text}AA"),
                between(" "),
                between("\n"),
                between("\r\n"),
                between("\t"),
                between("\0"),
                between("="),
                between("?"),
                between("%2D"),
                between("é"),
                format!(" {text}"),
                text.replace('-', "+").replace('_', "/") + "+/",
            ];
            for spelling in spellings {
                // Around the whole, spaces are the header's, not the token's.
                let verdict = UntrustedToken::parse(&with_part(&token, part, &spelling))
                    .and_then(|token| now(exchange.verify(&token, NOW)));
                let code = verdict.map(drop).unwrap_err().code;
                assert_eq!(
                    code,
                    Code::InvalidToken,
                    "{:?} {part} {spelling:?}",
                    signer.algorithm
                );
            }
        }
    }
}

#[test]
fn bits_that_base64_leaves_over_are_refused() {
    // RFC 4648 section 3.5: with them a token would have twins that look otherwise.
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (signer, jwk) in signers() {
        let (exchange, token) = (holding(&[&jwk]), good(&signer));
        let (rest, last) = token.split_at(token.len() - 1);
        for letter in ALPHABET
            .chars()
            .filter(|letter| *letter.to_string() != *last)
        {
            let verdict = judge(&exchange, &format!("{rest}{letter}"));
            assert_eq!(
                verdict,
                Err(Code::InvalidToken),
                "{:?} {letter}",
                signer.algorithm
            );
        }
    }
}

#[test]
fn hs256_keyed_with_any_text_of_a_public_key_is_refused() {
    for (signer, jwk) in signers().into_iter().skip(1) {
        let set = format!(r#"{{"keys":[{{{jwk}}}]}}"#);
        let mut texts = vec![set.clone(), format!("{{{jwk}}}"), jwk.clone()];
        for name in ["x", "y", "n", "e"] {
            if let Some((_, rest)) = jwk.split_once(&format!(r#""{name}":""#)) {
                texts.push(rest.split_once('"').unwrap().0.to_owned());
            }
        }
        for kid in [Some("k"), None] {
            for text in &texts {
                let token = Signer::hs256(text).session(kid);
                let name = signer.algorithm.name();
                let verdict = judge(&holding(&[&jwk, OTHER]), &token);
                assert_eq!(verdict, Err(Code::InvalidToken), "{name} {text}");
                // Without any shared secret the token is nobody's until the Auth server says yes.
                let keyless = holding(&[&jwk]);
                let candidate = now(keyless.verify(&parsed(&token), NOW)).unwrap();
                assert!(!candidate.is_verified(), "{name} {text}");
                let refusal = Answer {
                    status: Some(403),
                    error_code: Some("bad_jwt".into()),
                    ..Answer::default()
                };
                let refused = keyless.confirm(candidate, Some(&refusal), NOW).unwrap_err();
                assert_eq!(refused.code, Code::InvalidSession, "{name} {text}");
            }
        }
    }
}

#[test]
fn a_key_that_the_attacker_embeds_in_the_token_is_not_believed() {
    for ((signer, jwk), (attacker, theirs)) in signers().into_iter().zip(signers()) {
        if matches!(signer.algorithm.name(), "HS256" | "RS256") {
            continue; // Both signers there share the one key.
        }
        let name = signer.algorithm.name();
        for kid in [r#","kid":"k""#, "", r#","kid":"l""#] {
            let header = format!(r#"{{"alg":"{name}"{kid},"jwk":{{{theirs}}}}}"#);
            let token = attacker.token(&header, &payload(""));
            assert_eq!(
                judge(&holding(&[&jwk]), &token),
                Err(Code::InvalidToken),
                "{header}"
            );
        }
    }
}
