//! A function that stands ready: settings read, keys at hand, a user's token verified.

use base64ct::{Base64UrlUnpadded, Encoding};
use behest_token::algorithm::Algorithm;
use behest_token::crypto::Crypto;
use behest_token::exchange::Exchange;
use behest_token::jwk::PublicKey;
use behest_token::session::Candidate;
use behest_token::token::UntrustedToken;
use behest_token::{jwk, settings};
use jwt_compact::Algorithm as _;
use jwt_compact::alg::{Hs256, Hs256Key};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// 2026-01-01T00:00:00Z.
pub const NOW: u64 = 1_767_225_600;
/// The user.
pub const SUB: &str = "6f1c1e0e-3f4b-4b59-9d6d-0c6a4f3f2b10";
const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes";

/// A platform that takes every key and no signature. What it is given must be sound already.
#[derive(Debug)]
pub struct Null;

impl Crypto for Null {
    type VerifyingKey = ();
    type SigningKey = ();
    type Error = std::convert::Infallible;

    async fn import_verifying(&self, key: &PublicKey) -> Option<()> {
        match key {
            PublicKey::P256 { x, y } => assert_eq!((x.len(), y.len()), (32, 32)),
            PublicKey::Ed25519(x) => assert_eq!(x.len(), 32),
            PublicKey::Rsa { n, e } => {
                assert_ne!((n[0], e[0]), (0, 0), "leading zeros");
                let bits = n.len() * 8 - n[0].leading_zeros() as usize;
                assert!((jwk::MIN_RSA_BITS..=8192).contains(&bits), "{bits}");
                assert!(e[e.len() - 1] % 2 == 1 && e != &[1], "exponent");
            }
        }
        Some(())
    }

    async fn import_signing(&self, _: &[u8]) -> Option<()> {
        Some(())
    }

    async fn verify(&self, _: Algorithm, (): &(), _: &[u8], _: &[u8]) -> Result<bool, Self::Error> {
        Ok(false)
    }

    async fn sign(&self, (): &(), _: &[u8]) -> Result<Vec<u8>, Self::Error> {
        Ok(vec![0; 256])
    }
}

/// The value of a future that never waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// The exchange with these changes to the least settings.
#[must_use]
pub fn exchange(changes: &[(&str, &str)]) -> Exchange<Null> {
    let variable = |name: &str| {
        let changed = changes.iter().find(|(other, _)| *other == name);
        let value = changed.map(|(_, value)| *value).or(match name {
            "SUPABASE_URL" => Some("https://ref.supabase.co"),
            "SUPABASE_PUBLISHABLE_KEY" => Some("sb_publishable_1"),
            "JWT_SECRET" => Some(SECRET),
            "BEHEST_KEY" => Some("behest_sk_live_1"),
            "BEHEST_BASE_URL" => Some("https://amber-fox-042.behest.app"),
            _ => None,
        });
        Ok(value.map(str::to_owned))
    };
    let (settings, mode) = settings::read(&variable).settings.unwrap();
    now(Exchange::open(Null, settings, mode, &mut Vec::new())).unwrap()
}

/// The user's verified token.
pub fn candidate(exchange: &Exchange<Null>) -> Candidate {
    let base64 = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let exp = NOW + 3600;
    let input = format!(
        "{}.{}",
        base64(r#"{"alg":"HS256"}"#),
        base64(&format!(
            r#"{{"sub":"{SUB}","aud":"authenticated","exp":{exp}}}"#
        ))
    );
    let signature = Hs256.sign(&Hs256Key::new(SECRET), input.as_bytes());
    let signature = jwt_compact::AlgorithmSignature::as_bytes(&signature).into_owned();
    let token = format!("{input}.{}", Base64UrlUnpadded::encode_string(&signature));
    now(exchange.verify(&UntrustedToken::parse(&token).unwrap(), NOW)).unwrap()
}
