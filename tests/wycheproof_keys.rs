//! Project Wycheproof's cases for JSON web keys, rebuilt from what they describe
//! (`json_web_key_test`, and the keys of `json_web_signature_test`). All of it proves code of ours.
//!
//! Two of its cases are ours to decide otherwise. A set may mix secrets and public keys, since a
//! key's type already fixes its algorithm (`MixedKeySet`). A key made by a broken generator (ROCA)
//! is taken: the project's Auth server made it, and no caller can bring one.

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
use behest_token::fault::Code;
use behest_token::jwk::{Jwks, Source};
use judge::*;
use support::*;

#[test]
fn a_key_whose_alg_use_or_key_ops_is_for_something_else_is_not_used() {
    for (signer, jwk) in signers() {
        let plain = jwk.replace(r#""use":"sig","#, "");
        let name = signer.algorithm.name();
        let alg = format!(r#""alg":"{name}","#);
        assert!(plain.contains(&alg), "{plain}");
        let fits = [
            plain.clone(),
            plain.replace(&alg, ""),
            format!(r#"{plain},"use":"sig""#),
            format!(r#"{plain},"key_ops":["verify"]"#),
            format!(r#"{plain},"key_ops":["sign","verify"]"#),
            format!(r#"{plain},"use":null,"key_ops":null"#),
            format!(r#"{plain},"x5t":"AA","unknown":{{"a":1}}"#),
        ];
        for key in fits {
            assert!(judge(&holding(&[&key]), &good(&signer)).is_ok(), "{key}");
        }
        let mut misfits = vec![
            format!(r#"{plain},"use":"enc""#),
            format!(r#"{plain},"use":"SIG""#),
            format!(r#"{plain},"use":["sig"]"#),
            format!(r#"{plain},"key_ops":["encrypt"]"#),
            format!(r#"{plain},"key_ops":["sign"]"#),
            format!(r#"{plain},"key_ops":[]"#),
            format!(r#"{plain},"key_ops":"verify""#),
            format!(r#"{plain},"key_ops":{{"verify":1}}"#),
            plain.replace(&alg, r#""alg":1,"#),
        ];
        let others = "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA \
                      ES256K RSA1_5 RSA-OAEP A128KW ECDH-ES dir none";
        for other in others.split_whitespace().filter(|other| *other != name) {
            misfits.push(plain.replace(&alg, &format!(r#""alg":"{other}","#)));
        }
        misfits.push(plain.replace(&alg, &alg.to_lowercase()));
        for key in misfits {
            let verdict = judge(&holding(&[&key, OTHER]), &good(&signer));
            assert_eq!(verdict, Err(Code::InvalidToken), "{key}");
        }
    }
}

#[test]
fn a_key_of_another_size_curve_or_type_is_not_used() {
    let [_, (es256, ec), (rs256, rsa), (eddsa, okp)] = signers();
    let field = |jwk: &str, name: &str| {
        let (_, rest) = jwk.split_once(&format!(r#""{name}":""#)).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let number = |jwk: &str, name| Base64UrlUnpadded::decode_vec(&field(jwk, name)).unwrap();
    let put = |jwk: &str, name: &str, bytes: &[u8]| jwk.replace(&field(jwk, name), &base64(bytes));
    let (x, n) = (number(&ec, "x"), number(&rsa, "n"));
    let rows = [
        (&es256, ec.replace("P-256", "P-384")),
        (&es256, ec.replace("P-256", "P-521")),
        (&es256, ec.replace("P-256", "secp256k1")),
        (&es256, ec.replace("P-256", "p-256")),
        (&es256, ec.replace(r#""crv":"P-256","#, "")),
        (&es256, ec.replace(r#""EC""#, r#""OKP""#)),
        (&es256, ec.replace(r#""EC""#, r#""ec""#)),
        (&es256, put(&ec, "x", &[0; 32])),
        (&es256, put(&put(&ec, "x", &[0; 32]), "y", &[0; 32])),
        (&es256, put(&ec, "x", &[&[0], &x[..]].concat())),
        (&es256, put(&ec, "x", &x[..31])),
        (&es256, put(&ec, "y", &x)),
        (&es256, put(&ec, "x", &[0xff; 32])),
        (&rs256, put(&rsa, "n", &n[..128])),
        (&rs256, put(&rsa, "n", &n[1..])),
        (&rs256, put(&rsa, "n", &[&[0x7f], &n[1..]].concat())),
        (&rs256, put(&rsa, "n", &vec![0xff; 1025])),
        (&rs256, put(&rsa, "n", &[0; 256])),
        (&rs256, put(&rsa, "n", &[])),
        (&rs256, put(&rsa, "e", &[1])),
        (&rs256, put(&rsa, "e", &[0, 0, 1])),
        (&rs256, put(&rsa, "e", &[0])),
        (&rs256, put(&rsa, "e", &[])),
        (&rs256, put(&rsa, "e", &[1, 0, 0])),
        (&rs256, put(&rsa, "e", &[0xff; 9])),
        (&rs256, format!(r#"{rsa},"crv":"P-256""#)),
        (&rs256, rsa.replace(r#""RSA""#, r#""rsa""#)),
        (&eddsa, okp.replace("Ed25519", "Ed448")),
        (&eddsa, okp.replace("Ed25519", "X25519")),
        (&eddsa, okp.replace(r#""OKP""#, r#""EC""#)),
        (&eddsa, put(&okp, "x", &[])),
        (&eddsa, put(&okp, "x", &number(&okp, "x")[..31])),
        (
            &eddsa,
            put(&okp, "x", &[&number(&okp, "x")[..], &[0]].concat()),
        ),
    ];
    for (signer, key) in rows {
        let set = Jwks::parse(&format!("[{{{key}}}]"), Source::Inline).unwrap();
        assert_eq!(set.skipped, 1, "{key}");
        let verdict = judge(&holding(&[&key, OTHER]), &good(signer));
        assert_eq!(verdict, Err(Code::InvalidToken), "{key}");
    }
    // RFC 7518 section 6.3.1.1 asks for no leading zeros; many write one, and the key is the same.
    let padded = put(&rsa, "n", &[&[0], &n[..]].concat());
    assert!(judge(&holding(&[&padded]), &good(&rs256)).is_ok());
}

#[test]
fn keys_of_one_kid_are_not_used_and_none_is_chosen_by_its_place() {
    let oct = |kid: &str, secret: &str| {
        let k = base64(secret);
        format!(r#""kty":"oct","alg":"HS256","kid":"{kid}","k":"{k}""#)
    };
    let signer = Signer::hs256(SECRET);
    let (ours, theirs) = (
        oct("k", SECRET),
        oct("k", "another-secret-of-thirty-two-bytes"),
    );
    let ok = Ok(SUB.to_owned());
    let invalid = Err(Code::InvalidToken);
    assert_eq!(
        judge(&holding(&[&ours, &oct("l", SECRET)]), &good(&signer)),
        ok
    );
    // The same key twice, or more often, is one key.
    assert_eq!(judge(&holding(&[&ours, &ours]), &good(&signer)), ok);
    for keys in [[&ours, &theirs], [&theirs, &ours]] {
        let keys = [keys[0].as_str(), keys[1].as_str(), OTHER];
        assert_eq!(judge(&holding(&keys), &good(&signer)), invalid, "{keys:?}");
    }
    // Three are no better than two.
    assert_eq!(
        judge(&holding(&[&ours, &theirs, &ours, OTHER]), &good(&signer)),
        invalid
    );
}

#[test]
fn a_secret_shorter_than_its_hash_is_not_used() {
    for length in [0, 1, 16, 31] {
        let secret = &SECRET[..length];
        let key = format!(r#""kty":"oct","kid":"k","k":"{}""#, base64(secret));
        let token = good(&Signer::hs256(secret));
        let verdict = judge(&holding(&[&key, OTHER]), &token);
        assert_eq!(verdict, Err(Code::InvalidToken), "{length}");
    }
    let key = format!(r#""kty":"oct","kid":"k","k":"{}""#, base64(&SECRET[..32]));
    assert!(judge(&holding(&[&key]), &good(&Signer::hs256(&SECRET[..32]))).is_ok());
}
