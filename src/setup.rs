//! What the shim is told once: what to carry, and where to.

use crate::crypto::Crypto;
use crate::exchange::{Exchange, Minter};
use crate::fault::{Fault, Part};
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
    jwks_key: Option<&'a str>,
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
        let supabase_key = settings.supabase_key.as_deref();
        let (mode, behest_key) = match exchange.minter() {
            Minter::Behest(key) => ("api_key", Some(&*key.0)),
            Minter::Local(_) => ("local", None),
        };
        Self {
            mode: Some(mode),
            user_url: asks_user.then(|| [supabase, "/auth/v1/user"].concat()),
            plan_url: match &settings.plan.source {
                PlanSource::Table(table) => Some(
                    [
                        supabase,
                        "/rest/v1/",
                        &table.name,
                        "?select=",
                        &table.column,
                        "&",
                        &table.user_column,
                        "=eq.",
                    ]
                    .concat(),
                ),
                PlanSource::Claim(_) => None,
            },
            plan_optional: settings.plan.default_on_error,
            jwks_url: Some(settings.issuer.keys_url(supabase)),
            jwks_key: supabase_key.filter(|_| !settings.issuer.is_third_party()),
            has_key_set: exchange.has_key_set(),
            mint_url: behest_key.map(|_| [&settings.mint.base_url, "/v1/auth/mint"].concat()),
            supabase_key,
            behest_key,
            ..common
        }
    }
}

/// A map, as `Fault` is one.
impl Serialize for Setup<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut setup = serializer.serialize_map(None)?;
        let text = |text| Option::map(text, Part::Text);
        for (name, part) in [
            ("origins", Some(Part::List(self.origins))),
            ("warnings", Some(Part::List(self.warnings))),
            ("fault", self.fault.map(Part::Fault)),
            ("mode", text(self.mode)),
            ("userUrl", text(self.user_url.as_deref())),
            ("planUrl", text(self.plan_url.as_deref())),
            ("jwksUrl", text(self.jwks_url.as_deref())),
            ("jwksKey", text(self.jwks_key)),
            ("mintUrl", text(self.mint_url.as_deref())),
            ("supabaseKey", text(self.supabase_key)),
            ("behestKey", text(self.behest_key)),
            ("planOptional", Some(Part::Flag(self.plan_optional))),
            ("hasKeySet", Some(Part::Flag(self.has_key_set))),
        ] {
            if let Some(part) = part {
                setup.serialize_entry(name, &part)?;
            }
        }
        setup.end()
    }
}
