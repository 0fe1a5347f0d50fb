//! What the native tests share: cryptography in place of SubtleCrypto, keys, tokens, settings.

#![allow(
    dead_code,
    missing_docs,
    reason = "each test file uses its part, and nobody else"
)]

use base64ct::{Base64UrlUnpadded, Encoding};
use behest_token::algorithm::Algorithm;
use behest_token::answer::Answer;
use behest_token::crypto::Crypto;
use behest_token::exchange::Exchange;
use behest_token::fault::Fault;
use behest_token::jwk::PublicKey;
use behest_token::settings;
use behest_token::token::UntrustedToken;
use ring::rand::SystemRandom;
use ring::signature::{self, KeyPair, UnparsedPublicKey};
use ring::{hmac, rsa};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// 2026-01-01T00:00:00Z.
pub const NOW: u64 = 1_767_225_600;
/// The user of every token here.
pub const SUB: &str = "6f1c1e0e-3f4b-4b59-9d6d-0c6a4f3f2b10";
/// The project's HS256 secret.
pub const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes";
/// An RSA key as the Behest dashboard gives it.
pub const RSA_PKCS8: &str = include_str!("../keys/rsa2048.pkcs8.pem");

/// `ring` in place of SubtleCrypto. It never waits.
#[derive(Debug)]
pub struct Ring;

impl Crypto for Ring {
    type VerifyingKey = Vec<u8>;
    type SigningKey = rsa::KeyPair;
    type Error = ring::error::Unspecified;

    async fn import_verifying(&self, key: &PublicKey) -> Option<Vec<u8>> {
        Some(match key {
            PublicKey::P256 { x, y } => [&[4], &x[..], &y[..]].concat(),
            PublicKey::Ed25519(x) => x.clone(),
            PublicKey::Rsa { n, e } => sequence(&[integer(n), integer(e)].concat()),
        })
    }

    async fn import_signing(&self, pkcs8: &[u8]) -> Option<rsa::KeyPair> {
        rsa::KeyPair::from_pkcs8(pkcs8).ok()
    }

    async fn verify(
        &self,
        algorithm: Algorithm,
        key: &Vec<u8>,
        signature: &[u8],
        message: &[u8],
    ) -> Result<bool, Self::Error> {
        let kind: &dyn signature::VerificationAlgorithm = match algorithm {
            Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::EdDsa => &signature::ED25519,
            Algorithm::Hs256 => return Ok(false),
        };
        let key = UnparsedPublicKey::new(kind, key);
        Ok(key.verify(message, signature).is_ok())
    }

    async fn sign(&self, key: &rsa::KeyPair, message: &[u8]) -> Result<Vec<u8>, Self::Error> {
        let mut signature = vec![0; key.public().modulus_len()];
        let random = SystemRandom::new();
        key.sign(
            &signature::RSA_PKCS1_SHA256,
            &random,
            message,
            &mut signature,
        )?;
        Ok(signature)
    }
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let padded = [&[0], bytes].concat();
    let content = if bytes[0] & 0x80 == 0 { bytes } else { &padded };
    tagged(2, content)
}

fn sequence(content: &[u8]) -> Vec<u8> {
    tagged(0x30, content)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = match content.len() {
        0..=0x7f => vec![tag, length[1]],
        0x80..=0xff => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [header, content.to_vec()].concat()
}

/// The value of a future that never waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// Base64url without padding.
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

/// The text in a part of a token.
pub fn decoded(part: &str) -> String {
    let bytes = Base64UrlUnpadded::decode_vec(part).unwrap();
    // A signature is no text, and nobody asks for its.
    String::from_utf8(bytes).unwrap_or_default()
}

/// From a message to its signature.
type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// Something that signs tokens, and its public key as a JWK.
pub struct Signer {
    pub algorithm: Algorithm,
    sign: Sign,
    /// The JWK without braces, `kid` and all; nothing for the shared secret.
    pub jwk: String,
}

impl Signer {
    pub fn hs256(secret: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Self {
            algorithm: Algorithm::Hs256,
            sign: Box::new(move |message| hmac::sign(&key, message).as_ref().to_vec()),
            jwk: String::new(),
        }
    }

    pub fn es256(kid: &str) -> Self {
        let random = SystemRandom::new();
        let kind = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = signature::EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let key = signature::EcdsaKeyPair::from_pkcs8(kind, pkcs8.as_ref(), &random).unwrap();
        let point = key.public_key().as_ref().to_vec();
        Self {
            algorithm: Algorithm::Es256,
            sign: Box::new(move |message| {
                key.sign(&SystemRandom::new(), message)
                    .unwrap()
                    .as_ref()
                    .to_vec()
            }),
            jwk: format!(
                r#""kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"{kid}","x":"{}","y":"{}""#,
                base64(&point[1..33]),
                base64(&point[33..])
            ),
        }
    }

    pub fn eddsa(kid: &str) -> Self {
        let pkcs8 = signature::Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = signature::Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = base64(key.public_key());
        Self {
            algorithm: Algorithm::EdDsa,
            sign: Box::new(move |message| key.sign(message).as_ref().to_vec()),
            jwk: format!(r#""kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"{kid}","x":"{x}""#),
        }
    }

    pub fn rs256(kid: &str) -> Self {
        let key = rsa::KeyPair::from_pkcs8(&der(RSA_PKCS8)).unwrap();
        let public = rsa::PublicKeyComponents::<Vec<u8>>::from(key.public());
        Self {
            algorithm: Algorithm::Rs256,
            sign: Box::new(move |message| now(Ring.sign(&key, message)).unwrap()),
            jwk: format!(
                r#""kty":"RSA","alg":"RS256","kid":"{kid}","n":"{}","e":"{}""#,
                base64(public.n),
                base64(public.e)
            ),
        }
    }

    /// A token of exactly this header and payload.
    pub fn token(&self, header: &str, payload: &str) -> String {
        let input = format!("{}.{}", base64(header), base64(payload));
        let signature = (self.sign)(input.as_bytes());
        format!("{input}.{}", base64(signature))
    }

    /// A session token of `SUB`, good for an hour, as GoTrue lays it out.
    pub fn session(&self, kid: Option<&str>) -> String {
        self.token(&self.header(kid), &payload(""))
    }

    pub fn header(&self, kid: Option<&str>) -> String {
        let kid = kid
            .map(|kid| format!(r#","kid":"{kid}""#))
            .unwrap_or_default();
        format!(r#"{{"alg":"{}","typ":"JWT"{kid}}}"#, self.algorithm.name())
    }
}

/// A good payload; `more` goes in behind `sub` and before what it may not repeat.
pub fn payload(more: &str) -> String {
    format!(
        r#"{{"sub":"{SUB}","aud":"authenticated","role":"authenticated","exp":{},"iat":{NOW}{more}}}"#,
        NOW + 3600
    )
}

/// The bytes inside a PEM text.
pub fn der(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    base64ct::Base64::decode_vec(&body).unwrap()
}

/// Settings that work: API-key mode, user check on, plan table.
pub fn environment() -> Vec<(&'static str, String)> {
    vec![
        ("SUPABASE_URL", "https://ref.supabase.co".into()),
        ("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_1".into()),
        ("JWT_SECRET", SECRET.into()),
        ("BEHEST_KEY", "behest_sk_live_1".into()),
        ("BEHEST_BASE_URL", "https://amber-fox-042.behest.app".into()),
    ]
}

/// `environment` with some variables set otherwise; an empty one is as good as unset.
pub fn with(changes: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let mut variables = environment();
    variables.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    variables.extend(
        changes
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    variables
}

/// Reads settings from a list.
pub fn read(variables: &[(&'static str, String)]) -> settings::Reading {
    settings::read(&|name| {
        let found = variables.iter().find(|(other, _)| *other == name);
        Ok(found.map(|(_, value)| value.clone()))
    })
}

/// An exchange with these changes to the settings.
pub fn exchange(changes: &[(&'static str, &str)]) -> Result<Exchange<Ring>, Fault> {
    let (settings, mode) = read(&with(changes)).settings?;
    now(Exchange::open(Ring, settings, mode, &mut Vec::new()))
}

/// A token, parsed.
pub fn parsed(token: &str) -> UntrustedToken {
    UntrustedToken::parse(token).unwrap()
}

/// A 200.
pub fn success(body: &str) -> Answer {
    Answer {
        status: Some(200),
        body: Some(body.to_owned()),
        ..Answer::default()
    }
}
