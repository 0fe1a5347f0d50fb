//! What the shim is told once: what to carry, and where to.

use crate::crypto::Crypto;
use crate::exchange::{Exchange, Minter};
use crate::fault::Fault;
use crate::plan::PlanSource;
use crate::session::UserCheck;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// See `surface.d.ts`, which says what each part means.
#[derive(Debug, Default)]
pub struct Setup<'a> {
    origins: &'a [String],
    warnings: &'a [String],
    fault: Option<&'a Fault>,
    mode: Option<&'static str>,
    user_url: Option<String>,
    plan_url: Option<String>,
    plan_optional: bool,
    jwks_url: Option<String>,
    has_key_set: bool,
    mint_url: Option<String>,
    supabase_key: Option<&'a str>,
    behest_key: Option<&'a str>,
}

impl<'a> Setup<'a> {
    /// The setup of an exchange, or of the fault that kept it from opening.
    pub fn of<C: Crypto>(
        exchange: Result<&'a Exchange<C>, &'a Fault>,
        origins: &'a [String],
        warnings: &'a [String],
    ) -> Self {
        let common = Self {
            origins,
            warnings,
            ..Self::default()
        };
        let exchange = match exchange {
            Ok(exchange) => exchange,
            Err(fault) => {
                return Self {
                    fault: Some(fault),
                    ..common
                };
            }
        };
        let settings = exchange.settings();
        let supabase = settings.supabase_url.as_str();
        let asks_user = settings.session.user_check == UserCheck::Server;
        let (mode, behest_key) = match exchange.minter() {
            Minter::Behest(key) => ("api_key", Some(&*key.0)),
            Minter::Local(_) => ("local", None),
        };
        Self {
            mode: Some(mode),
            user_url: asks_user.then(|| format!("{supabase}/auth/v1/user")),
            plan_url: match &settings.plan.source {
                PlanSource::Table(table) => Some(format!(
                    "{supabase}/rest/v1/{}?select={}&{}=eq.",
                    table.name, table.column, table.user_column
                )),
                PlanSource::Claim(_) => None,
            },
            plan_optional: settings.plan.default_on_error,
            jwks_url: Some(format!("{supabase}/auth/v1/.well-known/jwks.json")),
            has_key_set: exchange.has_key_set(),
            mint_url: behest_key.map(|_| format!("{}/v1/auth/mint", settings.mint.base_url)),
            supabase_key: settings.supabase_key.as_deref(),
            behest_key,
            ..common
        }
    }
}

/// A map, as `Fault` is one.
impl Serialize for Setup<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut setup = serializer.serialize_map(None)?;
        setup.serialize_entry("origins", self.origins)?;
        setup.serialize_entry("warnings", self.warnings)?;
        if let Some(fault) = self.fault {
            setup.serialize_entry("fault", fault)?;
        }
        for (name, text) in [
            ("mode", self.mode),
            ("userUrl", self.user_url.as_deref()),
            ("planUrl", self.plan_url.as_deref()),
            ("jwksUrl", self.jwks_url.as_deref()),
            ("mintUrl", self.mint_url.as_deref()),
            ("supabaseKey", self.supabase_key),
            ("behestKey", self.behest_key),
        ] {
            if let Some(text) = text {
                setup.serialize_entry(name, text)?;
            }
        }
        setup.serialize_entry("planOptional", &self.plan_optional)?;
        setup.serialize_entry("hasKeySet", &self.has_key_set)?;
        setup.end()
    }
}
