//! The environment, read once: every setting, or every fault of it at once, by name and without
//! its value.

mod behest;
mod plan;
mod reader;
mod supabase;
mod third_party;

use crate::fault::Fault;
use crate::issuer::Issuer;
use crate::jwk::Jwks;
use crate::mint::MintRules;
use crate::origin::Origin;
use crate::plan::{PlanRules, PlanSource};
use crate::session::{SessionRules, UserCheck};
use crate::signer::LocalRules;
use crate::signing_key::{ApiKey, Pkcs8};
use jwt_compact::alg::Hs256Key;
use reader::Reader;
use std::rc::Rc;

/// Everything the function was told.
#[derive(Debug)]
pub struct Settings {
    /// `SUPABASE_URL`.
    pub supabase_url: Origin,
    /// What is sent to Supabase as `apikey`: public, but safe to put into a header.
    pub supabase_key: Option<String>,
    /// Who signs sessions.
    pub issuer: Issuer,
    /// `JWT_SECRET`.
    pub secret: Option<Rc<Hs256Key>>,
    /// `SUPABASE_JWKS`.
    pub jwks: Option<Jwks>,
    /// What makes a session.
    pub session: SessionRules,
    /// What makes a tier.
    pub plan: PlanRules,
    /// What makes a token.
    pub mint: MintRules,
}

/// The mint mode.
#[derive(Debug)]
pub enum Mode {
    /// Behest mints.
    ApiKey(ApiKey),
    /// We sign.
    Local(Pkcs8, LocalRules),
}

/// What came of reading. The allowed origins and the warnings are there even where settings are at
/// fault, so that a browser can read which.
#[derive(Debug)]
pub struct Reading {
    /// The settings, or all their faults.
    pub settings: Result<(Box<Settings>, Mode), Fault>,
    /// `CORS_ORIGIN`, in the form that the shim compares with.
    pub origins: Vec<String>,
    /// What works but should be changed.
    pub warnings: Vec<String>,
}

/// The platform keeps a variable from us; whether it is set, nobody knows.
#[derive(Clone, Copy, Debug)]
pub struct Unreadable;

/// Reads every setting. `lookup` gives a variable's value.
pub fn read(lookup: &dyn Fn(&str) -> Result<Option<String>, Unreadable>) -> Reading {
    let mut reader = Reader {
        lookup,
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    let origins = reader.origins();
    let settings = reader.settings();
    Reading {
        settings: match settings {
            Some(settings) if reader.faults.is_empty() => Ok(settings),
            _ => Err(Fault::misconfigured(&reader.faults)),
        },
        origins,
        warnings: reader.warnings,
    }
}

impl Reader<'_> {
    /// All groups are read before any of them ends the reading: every fault is wanted.
    fn settings(&mut self) -> Option<(Box<Settings>, Mode)> {
        let mode = self.mode();
        let mint = self.mint();
        let supabase_url = self.origin(
            "SUPABASE_URL",
            "the project's URL, such as https://ref.supabase.co",
        );
        let issuer = self.issuer();
        let third_party = issuer.is_third_party();
        let session = self.session(third_party);
        let plan = self.plan();
        let asks_supabase =
            session.user_check == UserCheck::Server || matches!(plan.source, PlanSource::Table(_));
        let supabase_key = self.supabase_key(asks_supabase);
        // With a third party the secret and SUPABASE_JWKS, which Supabase gives every function, are not
        // so much as read: `iss` would be all that kept the project's own tokens apart, and whoever has
        // the secret writes any `iss`.
        let (jwks, secret) = if third_party {
            (None, None)
        } else {
            self.warn_of_issuer(&session.claims, supabase_url.as_ref());
            self.keys(supabase_url.as_ref())
        };
        // One `else` for all: each `?` would be its own way of dropping the rest.
        let (Some(mode), Some(mint), Some(supabase_url)) = (mode, mint, supabase_url) else {
            return None;
        };
        let settings = Box::new(Settings {
            supabase_url,
            supabase_key,
            issuer,
            secret,
            jwks,
            session,
            plan,
            mint,
        });
        Some((settings, mode))
    }
}
