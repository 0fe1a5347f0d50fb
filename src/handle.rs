//! What goes over the border: opaque handles on their way out, plain shapes on their way in.

use crate::answer::Answer;
use crate::fault::Fault;
use crate::json::without_mark;
use crate::parameters::Parameters;
use crate::record::Record;
use crate::{algorithm, exchange, grant, session, token};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Where the settings are: `Deno.env`, or what a test puts in its place.
    #[wasm_bindgen(typescript_type = "Environment")]
    #[derive(Debug)]
    pub type Environment;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn get(this: &Environment, name: &str) -> Result<Option<String>, JsValue>;

    /// The end of an upstream call; see `surface.d.ts`.
    #[wasm_bindgen(typescript_type = "Answer")]
    #[derive(Debug)]
    pub type JsAnswer;

    #[wasm_bindgen(method, getter)]
    fn status(this: &JsAnswer) -> Option<u16>;

    #[wasm_bindgen(method, getter)]
    fn body(this: &JsAnswer) -> Option<Vec<u8>>;

    #[wasm_bindgen(method, getter, js_name = retryAfter)]
    fn retry_after(this: &JsAnswer) -> Option<u32>;

    #[wasm_bindgen(method, getter, js_name = timedOut)]
    fn timed_out(this: &JsAnswer) -> Option<bool>;

    #[wasm_bindgen(method, getter, js_name = errorCode)]
    fn error_code(this: &JsAnswer) -> Option<String>;

    #[wasm_bindgen(method, getter, js_name = proxyStatus)]
    fn proxy_status(this: &JsAnswer) -> Option<String>;
}

impl From<&JsAnswer> for Answer {
    fn from(answer: &JsAnswer) -> Self {
        let mut read = Self {
            status: answer.status(),
            body: answer.body().and_then(text),
            ..Self::default()
        };
        if !matches!(read.status, Some(200..=299)) {
            read_failure(&mut read, answer);
        }
        read
    }
}

/// What counts where an upstream gave nothing: each look over the border costs as much as the rest.
#[cold]
#[inline(never)]
fn read_failure(read: &mut Answer, answer: &JsAnswer) {
    read.retry_after = answer.retry_after();
    read.timed_out = answer.timed_out() == Some(true);
    if let Some(300..=499) = read.status {
        read.error_code = answer.error_code();
        read.proxy_status = answer.proxy_status();
    }
}

/// Bytes as text, without a mark; nothing where they are no UTF-8.
fn text(bytes: Vec<u8>) -> Option<String> {
    match without_mark(&bytes) {
        marked if marked.len() < bytes.len() => str::from_utf8(marked).ok().map(str::to_owned),
        _ => String::from_utf8(bytes).ok(),
    }
}

// Words that go over the border as numbers, and are words again on its other side.

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

/// A session token as it came, and what was asked beside it.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Token(pub(crate) token::UntrustedToken, pub(crate) Parameters);

/// A token that has passed every check but the Auth server's.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Candidate(
    pub(crate) session::Candidate,
    pub(crate) token::UntrustedToken,
    pub(crate) Parameters,
);

/// A user whose session is good.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Session(pub(crate) session::Session, pub(crate) Parameters);

/// Leave for one user to have one token.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Grant(pub(crate) grant::Grant, pub(crate) Option<String>);

#[wasm_bindgen]
impl Candidate {
    /// The Supabase user's id.
    #[wasm_bindgen(getter)]
    pub fn sub(&self) -> String {
        self.0.sub().to_owned()
    }

    /// The very token that was judged, as Supabase takes it.
    #[wasm_bindgen(getter)]
    pub fn authorization(&self) -> String {
        ["Bearer ", self.1.text()].concat()
    }

    /// Whether its signature was verified here. Where it was not, the Auth server decides alone, and
    /// nobody else may be asked before it has.
    #[wasm_bindgen(getter)]
    pub fn verified(&self) -> bool {
        self.0.is_verified()
    }

    /// The algorithm of the session token, for the log.
    #[wasm_bindgen(getter)]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm().into()
    }
}

#[wasm_bindgen]
impl Session {
    /// The Behest uid, for the log.
    #[wasm_bindgen(getter)]
    pub fn uid(&self) -> String {
        self.0.uid().to_owned()
    }
}

#[wasm_bindgen]
impl Grant {
    /// The tier, for the log.
    #[wasm_bindgen(getter)]
    pub fn tier(&self) -> u32 {
        self.0.tier()
    }

    /// What the operator should know of this user's plan, for the log.
    #[wasm_bindgen(getter)]
    pub fn notice(&self) -> Option<String> {
        self.1.clone()
    }
}

/// A refusal as JavaScript throws it.
pub(crate) fn thrown(fault: Fault) -> JsValue {
    given(&fault.record()).unwrap_or_else(|error| error)
}

/// A plain object for JavaScript.
pub(crate) fn given(record: &Record<'_>) -> Result<JsValue, JsValue> {
    let serializer = Serializer::new().serialize_maps_as_objects(true);
    Ok(record.serialize(&serializer)?)
}
