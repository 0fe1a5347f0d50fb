//! The verify-and-mint core of `behest-token`: from a Supabase session token to a Behest token.
//!
//! This page is the surface that JavaScript sees, and nothing else. Trust goes one way across it:
//! [`Token`] → [`Candidate`] → [`Session`] → [`Grant`]. Each is an opaque handle, each step uses up
//! the one before, and JavaScript can make none of them. What an upstream answered is the shim's
//! word; everything else is checked here.

pub mod algorithm;
pub mod answer;
mod base64url;
pub mod claims;
pub mod crypto;
mod curve;
mod der;
pub mod exchange;
pub mod fault;
pub mod grant;
mod handle;
pub mod issuer;
pub mod json;
pub mod jwk;
pub mod keyset;
#[cfg(target_arch = "wasm32")]
mod memory;
pub mod mint;
pub mod origin;
pub mod parameters;
mod pasted;
pub mod plan;
mod promise;
pub mod record;
mod secret;
pub mod session;
pub mod settings;
mod setup;
pub mod signer;
pub mod signing_key;
mod text;
mod time;
pub mod token;
mod user;
mod uuid;
pub mod webcrypto;

use crate::answer::Answer;
use crate::exchange::Exchange;
use crate::fault::{Code, Fault};
use crate::handle::{
    Candidate, Environment, Grant, JsAnswer, KeyState, Session, Token, given, thrown,
};
use crate::parameters::Parameters;
use crate::promise::drive;
use crate::webcrypto::WebCrypto;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("surface.d.ts");

/// Says in the log where a panic came from, before it becomes a trap.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// A refusal of the contract's error table; nothing for a code that is not there.
#[wasm_bindgen(unchecked_return_type = "Fault")]
#[must_use]
pub fn fault(#[wasm_bindgen(unchecked_param_type = "FaultCode")] code: &str) -> JsValue {
    let known = Code::ALL.iter().find(|known| known.name() == code);
    known.map_or(JsValue::UNDEFINED, |code| thrown(Fault::from(*code)))
}

/// The exchange, with its settings read and its keys imported.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core {
    exchange: Result<Rc<Exchange<WebCrypto>>, Fault>,
    origins: Vec<String>,
    warnings: Vec<String>,
}

#[wasm_bindgen]
impl Core {
    /// Reads the settings and imports the keys, once an isolate. Settings at fault are no error
    /// here: `setup` tells them, and `verify` refuses.
    #[wasm_bindgen(unchecked_return_type = "Core | Promise<Core>")]
    pub fn open(environment: Environment) -> Result<JsValue, JsValue> {
        let crypto = WebCrypto::new()?;
        drive(Box::pin(async move {
            let reading =
                settings::read(&|name| environment.get(name).map_err(|_| settings::Unreadable));
            let mut warnings = reading.warnings;
            let exchange = match reading.settings {
                Ok((settings, mode)) => Exchange::open(crypto, settings, mode, &mut warnings).await,
                Err(fault) => Err(fault),
            };
            Ok(JsValue::from(Self {
                exchange: exchange.map(Rc::new),
                origins: reading.origins,
                warnings,
            }))
        }))
    }

    /// What the shim must carry.
    #[wasm_bindgen(unchecked_return_type = "Setup")]
    pub fn setup(&self) -> Result<JsValue, JsValue> {
        let exchange = self.exchange.as_deref();
        given(&setup::of(exchange, &self.origins, &self.warnings))
    }

    /// Reads a request: the parameters out of its body, then the token out of its `Authorization`
    /// header. Throws `invalid_request` and 401s.
    pub fn read(&self, body: &[u8], authorization: Option<String>) -> Result<Token, JsValue> {
        let parameters = Parameters::read(body).map_err(thrown)?;
        let token = token::UntrustedToken::from_authorization(authorization.as_deref());
        let token = token.map_err(thrown)?;
        Ok(Token(token, parameters))
    }

    /// Where the token's key is.
    #[wasm_bindgen(js_name = keyState)]
    pub fn key_state(&self, token: &Token) -> Result<KeyState, JsValue> {
        Ok(self.exchange()?.key_state(&token.0).into())
    }

    /// Judges the claims of a token that nothing has verified yet, so that one that could never be
    /// accepted causes no fetch of keys. Throws as `verify` does.
    pub fn screen(&self, token: &Token, now: f64) -> Result<(), JsValue> {
        self.exchange()?
            .screen(&token.0, seconds(now))
            .map_err(thrown)
    }

    /// Lets go of a token that is not to be verified.
    pub fn discard(&self, token: Token) {
        drop(token);
    }

    /// Takes a fetched key set in place of the one before; gives how many of its keys cannot be
    /// used. Throws `supabase_rejected`, `auth_unavailable` or `auth_timeout`, and keeps the old one.
    #[wasm_bindgen(unchecked_return_type = "number | Promise<number>", js_name = acceptKeys)]
    pub fn accept_keys(&self, answer: &JsAnswer) -> Result<JsValue, JsValue> {
        let exchange = Rc::clone(self.exchange()?);
        let answer = Answer::from(answer);
        drive(Box::pin(async move {
            exchange
                .accept_keys(&answer)
                .await
                .map(JsValue::from)
                .map_err(thrown)
        }))
    }

    /// Verifies signature and claims. Throws 401s, `client_forbidden` and `misconfigured`.
    #[wasm_bindgen(unchecked_return_type = "Candidate | Promise<Candidate>")]
    pub fn verify(&self, token: Token, now: f64) -> Result<JsValue, JsValue> {
        let exchange = Rc::clone(self.exchange()?);
        drive(Box::pin(async move {
            let Token(token, parameters) = token;
            let candidate = exchange.verify(&token, seconds(now)).await;
            candidate
                .map(|candidate| Candidate(candidate, token, parameters).into())
                .map_err(thrown)
        }))
    }

    /// Makes a session of it, with the Auth server's answer where `setup.userUrl` is set. Throws
    /// `invalid_session`, `anonymous_forbidden`, `uid_missing`, `supabase_rejected`,
    /// `auth_unavailable`, `auth_timeout`.
    pub fn confirm(
        &self,
        candidate: Candidate,
        answer: Option<JsAnswer>,
        now: f64,
    ) -> Result<Session, JsValue> {
        let answer = answer.as_ref().map(Answer::from);
        let Candidate(candidate, _, parameters) = candidate;
        let exchange = self.exchange()?;
        let session = exchange.confirm(candidate, answer.as_ref(), seconds(now));
        let session = session.map_err(thrown)?;
        Ok(Session(session, parameters))
    }

    /// Grants the session's user a token, with PostgREST's answer where `setup.planUrl` is set.
    /// Throws `supabase_rejected`, `plan_unavailable`, `plan_timeout`, `model_forbidden`.
    pub fn grant(&self, session: Session, answer: Option<JsAnswer>) -> Result<Grant, JsValue> {
        let answer = answer.as_ref().map(Answer::from);
        let Session(session, parameters) = session;
        let exchange = self.exchange()?;
        let granted = exchange.grant(&session, answer.as_ref(), &parameters);
        let (grant, notice) = granted.map_err(thrown)?;
        Ok(Grant(grant, notice))
    }

    /// Signs the token here, where `setup.mode` is `local`. Gives the body of the 200.
    #[wasm_bindgen(unchecked_return_type = "string | Promise<string>")]
    pub fn sign(&self, grant: Grant, now: f64) -> Result<JsValue, JsValue> {
        let exchange = Rc::clone(self.exchange()?);
        drive(Box::pin(async move {
            let response = exchange.sign(&grant.0, seconds(now)).await;
            response
                .map(|response| response.to_json())
                .map(JsValue::from)
                .map_err(thrown)
        }))
    }

    /// The body that asks Behest for the token, where `setup.mode` is `api_key`.
    pub fn request(&self, grant: &Grant) -> Result<String, JsValue> {
        Ok(self.exchange()?.request(&grant.0))
    }

    /// Takes Behest's answer. Gives the body of the 200. Throws `quota_exceeded`, `rate_limited`,
    /// `behest_rejected`, `behest_unavailable`, `behest_timeout`.
    pub fn accept(&self, grant: Grant, answer: &JsAnswer, now: f64) -> Result<String, JsValue> {
        let answer = Answer::from(answer);
        let response = self.exchange()?.accept(&grant.0, &answer, seconds(now));
        response.map(|response| response.to_json()).map_err(thrown)
    }

    fn exchange(&self) -> Result<&Rc<Exchange<WebCrypto>>, JsValue> {
        self.exchange
            .as_ref()
            .map_err(|fault| thrown(fault.clone()))
    }
}

/// Unix seconds from JavaScript. What is no time is the end of time, when every token has expired.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a cast saturates"
)]
fn seconds(now: f64) -> u64 {
    if now >= 0.0 { now as u64 } else { u64::MAX }
}
