//! The verify-and-mint core of `behest-token`: from a Supabase session token to a Behest token.
//!
//! This page is the surface that JavaScript sees, and nothing else. Trust goes one way across it:
//! [`Token`] → [`Candidate`] → [`Session`] → [`Grant`]. Each is an opaque handle, each step uses up
//! the one before, and JavaScript can make none of them: there is no way to a token of Behest's
//! that does not begin with a verified token of Supabase's.

pub mod algorithm;
pub mod answer;
pub mod claims;
mod curve;
pub mod exchange;
pub mod fault;
pub mod grant;
pub mod handle;
pub mod json;
pub mod keyset;
pub mod origin;
pub mod plan;
mod promise;
pub mod session;
pub mod settings;
pub mod signer;
pub mod signing_key;
pub mod token;
mod uuid;
pub mod webcrypto;
pub mod wishes;

use crate::answer::Answer;
use crate::exchange::{Exchange, KeyState, Minter};
use crate::fault::{Code, Fault};
use crate::handle::{Candidate, Environment, Grant, JsAnswer, Session, Token};
use crate::plan::PlanSource;
use crate::promise::drive;
use crate::session::UserCheck;
use crate::webcrypto::WebCrypto;
use crate::wishes::Wishes;
use serde::Serialize;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("surface.d.ts");

/// Says in the log where a panic came from, before it becomes a trap.
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Every refusal of the contract's error table, by its code.
///
/// # Errors
/// Where the platform broke.
#[wasm_bindgen(unchecked_return_type = "Record<FaultCode, Fault>")]
pub fn faults() -> Result<JsValue, JsValue> {
    let table = js_sys::Object::new();
    for &code in Code::ALL {
        js_sys::Reflect::set(&table, &code.name().into(), &given(&Fault::from(code))?)?;
    }
    Ok(table.into())
}

/// What the shim must carry, and where to. See `surface.d.ts`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Setup<'a> {
    origins: &'a [String],
    warnings: &'a [String],
    fault: Option<&'a Fault>,
    mode: Option<&'static str>,
    user_url: Option<String>,
    plan_url: Option<String>,
    plan_optional: bool,
    jwks_url: Option<String>,
    mint_url: Option<String>,
    supabase_key: Option<&'a str>,
    behest_key: Option<&'a str>,
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
            let reading = settings::read(&|name| environment.get(name).ok().flatten());
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
        let mut setup = Setup {
            origins: &self.origins,
            warnings: &self.warnings,
            ..Setup::default()
        };
        let exchange = match &self.exchange {
            Ok(exchange) => exchange,
            Err(fault) => {
                setup.fault = Some(fault);
                return given(&setup);
            }
        };
        let settings = exchange.settings();
        let supabase = settings.supabase_url.as_str();
        setup.supabase_key = settings.supabase_key.as_deref();
        if settings.session.user_check == UserCheck::Server {
            setup.user_url = Some(format!("{supabase}/auth/v1/user"));
        }
        setup.plan_optional = settings.plan.default_on_error;
        if exchange.fetches_keys() {
            setup.jwks_url = Some(format!("{supabase}/auth/v1/.well-known/jwks.json"));
        }
        if let PlanSource::Table(table) = &settings.plan.source {
            setup.plan_url = Some(format!(
                "{supabase}/rest/v1/{}?select={}&{}=eq.",
                table.name, table.column, table.user_column
            ));
        }
        match exchange.minter() {
            Minter::Behest(key) => {
                setup.mode = Some("api_key");
                setup.behest_key = Some(&key.0);
                setup.mint_url = Some(format!("{}/v1/auth/mint", settings.mint.base_url));
            }
            Minter::Local(_) => setup.mode = Some("local"),
        }
        given(&setup)
    }

    /// Checks a request's body. Throws `invalid_request`.
    pub fn check(&self, body: &str) -> Result<(), JsValue> {
        Wishes::read(body).map(drop).map_err(thrown)
    }

    /// Reads the token out of an `Authorization` header. Throws `missing_token`, `not_a_user` or
    /// `invalid_token`.
    pub fn read(&self, authorization: Option<String>) -> Result<Token, JsValue> {
        token::UntrustedToken::from_authorization(authorization.as_deref())
            .map(Token)
            .map_err(thrown)
    }

    /// Where the token's key is.
    #[wasm_bindgen(unchecked_return_type = "KeyState", js_name = keyState)]
    pub fn key_state(&self, token: &Token) -> Result<JsValue, JsValue> {
        let state = match self.exchange()?.key_state(&token.0) {
            KeyState::Settled => "settled",
            KeyState::Held => "held",
            KeyState::Missing => "missing",
        };
        Ok(state.into())
    }

    /// Judges the claims of a token that nothing has verified yet, so that one that could never be
    /// accepted causes no fetch of keys. Throws as `verify` does.
    pub fn screen(&self, token: &Token, now: f64) -> Result<(), JsValue> {
        self.exchange()?
            .screen(&token.0, seconds(now))
            .map_err(thrown)
    }

    /// Takes a fetched key set in place of the one before; gives how many of its keys cannot be
    /// used. Throws `auth_unavailable` or `auth_timeout`, and keeps the old one, where the answer
    /// is no key set.
    #[wasm_bindgen(unchecked_return_type = "number | Promise<number>", js_name = acceptKeys)]
    pub fn accept_keys(&self, answer: &JsAnswer) -> Result<JsValue, JsValue> {
        let exchange = self.exchange()?;
        let answer = Answer::from(answer);
        drive(Box::pin(async move {
            exchange
                .accept_keys(&answer)
                .await
                .map(JsValue::from)
                .map_err(thrown)
        }))
    }

    /// Verifies signature and claims. Throws the contract's 401s and `misconfigured`.
    #[wasm_bindgen(unchecked_return_type = "Candidate | Promise<Candidate>")]
    pub fn verify(&self, token: Token, now: f64) -> Result<JsValue, JsValue> {
        let exchange = self.exchange()?;
        drive(Box::pin(async move {
            let candidate = exchange.verify(&token.0, seconds(now)).await;
            candidate
                .map(|candidate| Candidate(candidate).into())
                .map_err(thrown)
        }))
    }

    /// Makes a session of it, with the Auth server's answer where `setup.userUrl` is set. Throws
    /// `invalid_session`, `not_a_user`, `anonymous_forbidden`, `auth_unavailable`, `auth_timeout`.
    pub fn confirm(
        &self,
        candidate: Candidate,
        answer: Option<JsAnswer>,
        now: f64,
    ) -> Result<Session, JsValue> {
        let answer = answer.as_ref().map(Answer::from);
        let session = self
            .exchange()?
            .confirm(candidate.0, answer.as_ref(), seconds(now));
        session.map(Session).map_err(thrown)
    }

    /// Grants the session's user a token, with PostgREST's answer where `setup.planUrl` is set.
    /// Throws `invalid_token`, `plan_unavailable`, `plan_timeout`, `model_forbidden`.
    pub fn grant(
        &self,
        session: Session,
        answer: Option<JsAnswer>,
        body: &str,
    ) -> Result<Grant, JsValue> {
        let answer = answer.as_ref().map(Answer::from);
        let wishes = Wishes::read(body).map_err(thrown)?;
        let granted = self.exchange()?.grant(&session.0, answer.as_ref(), &wishes);
        granted
            .map(|(grant, notice)| Grant(grant, notice))
            .map_err(thrown)
    }

    /// Signs the token here, where `setup.mode` is `local`. Gives the body of the 200.
    #[wasm_bindgen(unchecked_return_type = "string | Promise<string>")]
    pub fn sign(&self, grant: Grant, now: f64) -> Result<JsValue, JsValue> {
        let exchange = self.exchange()?;
        drive(Box::pin(async move {
            let bundle = exchange.sign(&grant.0, seconds(now)).await;
            bundle
                .and_then(|bundle| bundle.to_json())
                .map(JsValue::from)
                .map_err(thrown)
        }))
    }

    /// The body that asks Behest for the token, where `setup.mode` is `api_key`.
    pub fn request(&self, grant: &Grant) -> Result<String, JsValue> {
        grant
            .0
            .request(&self.exchange()?.settings().mint)
            .map_err(thrown)
    }

    /// Takes Behest's answer. Gives the body of the 200. Throws `quota_exceeded`, `rate_limited`,
    /// `behest_rejected`, `behest_unavailable`, `behest_timeout`.
    pub fn accept(&self, grant: Grant, answer: &JsAnswer, now: f64) -> Result<String, JsValue> {
        let answer = Answer::from(answer);
        let exchange = self.exchange()?;
        let mint = &exchange.settings().mint;
        let bundle = grant.0.accept(&answer, mint, seconds(now));
        bundle.and_then(|bundle| bundle.to_json()).map_err(thrown)
    }

    fn exchange(&self) -> Result<Rc<Exchange<WebCrypto>>, JsValue> {
        self.exchange.clone().map_err(thrown)
    }
}

/// Unix seconds from JavaScript. What is no time is the end of all time, when every token has expired.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a cast saturates"
)]
fn seconds(now: f64) -> u64 {
    if now >= 0.0 { now as u64 } else { u64::MAX }
}

/// A refusal as JavaScript throws it.
fn thrown(fault: Fault) -> JsValue {
    given(&fault).unwrap_or_else(|error| error)
}

/// A plain value for JavaScript.
fn given<T: Serialize>(value: &T) -> Result<JsValue, JsValue> {
    Ok(serde_wasm_bindgen::to_value(value)?)
}
