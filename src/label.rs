//! Words that go over the border as numbers, and are words again on its other side.

use crate::{algorithm, exchange};
use wasm_bindgen::prelude::*;

/// Where the key of a token is: needs no fetch, is in the fetched key set, or may be in a newer one.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
pub enum KeyState {
    /// No fetched key set has to do with it.
    Settled = "settled",
    /// In the fetched key set at hand.
    Held = "held",
    /// Perhaps in a key set yet to be fetched.
    Missing = "missing",
}

impl From<exchange::KeyState> for KeyState {
    fn from(state: exchange::KeyState) -> Self {
        match state {
            exchange::KeyState::Settled => Self::Settled,
            exchange::KeyState::Held => Self::Held,
            exchange::KeyState::Missing => Self::Missing,
        }
    }
}

/// The algorithm of a session token.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256 = "HS256",
    /// ECDSA on P-256 with SHA-256.
    Es256 = "ES256",
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256 = "RS256",
    /// Ed25519.
    EdDsa = "EdDSA",
}

impl From<algorithm::Algorithm> for Algorithm {
    fn from(algorithm: algorithm::Algorithm) -> Self {
        match algorithm {
            algorithm::Algorithm::Hs256 => Self::Hs256,
            algorithm::Algorithm::Es256 => Self::Es256,
            algorithm::Algorithm::Rs256 => Self::Rs256,
            algorithm::Algorithm::EdDsa => Self::EdDsa,
        }
    }
}
