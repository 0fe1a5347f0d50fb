//! The environment, read once: every setting, or every fault of it at once, by name and without
//! its value.

use crate::claims::{ClaimRules, MetadataPath};
use crate::fault::Fault;
use crate::grant::{LocalRules, MintRules};
use crate::json::Json;
use crate::keyset::{Jwks, MIN_SECRET_BYTES, Source};
use crate::origin::{Origin, allowed_origin};
use crate::plan::{PlanRules, PlanSource, Table};
use crate::session::{SessionRules, UserCheck};
use crate::signing_key::{ApiKey, BehestKey, Pkcs8};
use jwt_compact::alg::Hs256Key;
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Everything the function was told.
#[derive(Debug)]
pub struct Settings {
    /// `SUPABASE_URL`.
    pub supabase_url: Origin,
    /// What is sent to Supabase as `apikey`: public, but safe to put into a header.
    pub supabase_key: Option<String>,
    /// `JWT_SECRET`.
    pub secret: Option<Hs256Key>,
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
    pub settings: Result<(Settings, Mode), Fault>,
    /// `CORS_ORIGIN`, in the form that the shim compares with.
    pub origins: Vec<String>,
    /// What works but should be changed.
    pub warnings: Vec<String>,
}

/// Reads every setting. `lookup` gives a variable's value.
pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Reading {
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

struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<(&'static str, Cow<'static, str>)>,
    warnings: Vec<String>,
}

impl Reader<'_> {
    /// A variable; empty counts as unset.
    fn get(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Notes a fault; comes back empty-handed, so that reading goes on.
    fn fault<T>(&mut self, name: &'static str, why: impl Into<Cow<'static, str>>) -> Option<T> {
        self.faults.push((name, why.into()));
        None
    }

    fn required(&mut self, name: &'static str, why: &'static str) -> Option<String> {
        let value = self.get(name);
        value.or_else(|| self.fault(name, format!("not set; {why}")))
    }

    /// A variable through `parse`, or its default.
    fn parsed<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        default: T,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        match self.get(name) {
            None => Some(default),
            Some(value) => parse(&value).or_else(|| self.fault(name, expected)),
        }
    }

    fn number(
        &mut self,
        name: &'static str,
        expected: &'static str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        self.parsed(name, expected, default, |value| {
            value.parse().ok().filter(|number| range.contains(number))
        })
    }

    fn origins(&mut self) -> Vec<String> {
        let list = self.get("CORS_ORIGIN").unwrap_or_default();
        let entries = list
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let mut origins = Vec::new();
        for entry in entries {
            match allowed_origin(entry) {
                Some(origin) => origins.push(origin),
                None => {
                    let why = if entry == "*" {
                        "* is refused, since credentials and a wildcard do not go together; list the exact origins"
                    } else {
                        "must be a comma-separated list of origins such as https://my.app or https://*.my.app"
                    };
                    self.fault::<()>("CORS_ORIGIN", why);
                    break;
                }
            }
        }
        origins
    }

    /// All groups are read before any of them ends the reading: every fault is wanted.
    fn settings(&mut self) -> Option<(Settings, Mode)> {
        let key = self.behest_key();
        let mint = self.mint();
        let mode = key.and_then(|key| match key {
            BehestKey::Api(key) => Some(Mode::ApiKey(key)),
            BehestKey::Signing(key) => self.local().map(|rules| Mode::Local(key, rules)),
        });
        let supabase_url = self.origin(
            "SUPABASE_URL",
            "the project's URL, such as https://ref.supabase.co",
            Origin::parse_http,
        );
        let session = self.session();
        let plan = self.plan();
        let asks_supabase = session
            .as_ref()
            .is_none_or(|rules| rules.user_check == UserCheck::Server)
            || plan
                .as_ref()
                .is_none_or(|rules| matches!(rules.source, PlanSource::Table(_)));
        let supabase_key = self.supabase_key(asks_supabase);
        let secret = self.secret();
        let jwks = self.jwks();
        let settings = Settings {
            supabase_url: supabase_url?,
            supabase_key,
            secret,
            jwks,
            session: session?,
            plan: plan?,
            mint: mint?,
        };
        Some((settings, mode?))
    }

    fn origin(
        &mut self,
        name: &'static str,
        what: &'static str,
        parse: impl Fn(&str) -> Option<Origin>,
    ) -> Option<Origin> {
        let value = self.required(name, what)?;
        parse(&value)
            .or_else(|| self.fault(name, format!("must be {what}, without path or credentials")))
    }

    fn behest_key(&mut self) -> Option<BehestKey> {
        let old = self.get("BEHEST_API_KEY");
        let value = match (self.get("BEHEST_KEY"), old) {
            (Some(key), _) => key,
            (None, Some(old)) => {
                self.warnings
                    .push("BEHEST_API_KEY is an old name: set BEHEST_KEY instead".into());
                old
            }
            (None, None) => {
                return self.fault("BEHEST_KEY", "not set; an API key (behest_sk_live_…) or an RSA private key, from the Behest dashboard");
            }
        };
        BehestKey::parse(&value)
            .map_err(|why| self.fault::<()>("BEHEST_KEY", why))
            .ok()
    }

    fn mint(&mut self) -> Option<MintRules> {
        let base_url = self.origin(
            "BEHEST_BASE_URL",
            "the project's Behest URL, such as https://amber-fox-042.behest.app (http on loopback alone)",
            |value| Origin::parse_http(value).filter(Origin::is_private),
        );
        let ttl = self.number(
            "BEHEST_TTL",
            "must be whole seconds from 60 to 86400",
            900,
            60..=86_400,
        );
        Some(MintRules {
            base_url: base_url?.as_str().to_owned(),
            ttl: ttl?,
        })
    }

    fn local(&mut self) -> Option<LocalRules> {
        let why = "needed with a signing key; see the key in the Behest dashboard";
        let kid = self.required("BEHEST_KID", why);
        let tid = self.required("BEHEST_TENANT_ID", why);
        let pid = self.required("BEHEST_PROJECT_ID", why);
        let or = |value: Option<String>, default: &str| value.unwrap_or_else(|| default.to_owned());
        Some(LocalRules {
            kid: kid?,
            tid: tid?,
            pid: pid?,
            iss: or(self.get("BEHEST_ISSUER"), "https://api.behest.ai"),
            aud: or(self.get("BEHEST_AUDIENCE"), "behest"),
        })
    }

    fn session(&mut self) -> Option<SessionRules> {
        let user_check = self.parsed(
            "BEHEST_USER_CHECK",
            "must be server or claims",
            UserCheck::Server,
            |value| match value {
                "server" => Some(UserCheck::Server),
                "claims" => Some(UserCheck::Claims),
                _ => None,
            },
        );
        let anonymous_allowed = self.parsed(
            "BEHEST_ANONYMOUS",
            "must be allow or deny",
            true,
            |value| match value {
                "allow" => Some(true),
                "deny" => Some(false),
                _ => None,
            },
        );
        let uid_claim = self.parsed(
            "BEHEST_UID_CLAIM",
            "must be sub or a path under app_metadata, such as app_metadata.customer_id",
            None,
            |value| match value {
                "sub" => Some(None),
                path => MetadataPath::parse(path).map(Some),
            },
        );
        Some(SessionRules {
            claims: ClaimRules {
                audience: self
                    .get("JWT_AUDIENCE")
                    .unwrap_or_else(|| "authenticated".to_owned()),
                issuer: self.get("JWT_ISSUER"),
            },
            user_check: user_check?,
            uid_claim: uid_claim?,
            anonymous_allowed: anonymous_allowed?,
        })
    }

    fn plan(&mut self) -> Option<PlanRules> {
        let claim = self.parsed(
            "BEHEST_PLAN_CLAIM",
            "must be a path under app_metadata, such as app_metadata.plan; users write user_metadata themselves",
            None,
            |value| MetadataPath::parse(value).map(Some),
        );
        let name = self.identifier("BEHEST_PLAN_TABLE", "profiles");
        let column = self.identifier("BEHEST_PLAN_COLUMN", "plan");
        let user_column = self.identifier("BEHEST_PLAN_USER_COLUMN", "id");
        let tiers = self.parsed(
            "BEHEST_PLAN_TIERS",
            "must be a JSON object of plan names and whole numbers, such as {\"free\":1,\"pro\":2}",
            vec![
                ("free".to_owned(), 1),
                ("pro".to_owned(), 2),
                ("max".to_owned(), 3),
            ],
            |value| {
                entries(value, |tier| {
                    tier.whole().and_then(|tier| u32::try_from(tier).ok())
                })
            },
        );
        let default_tier = self.number("BEHEST_TIER", "must be a whole number", 1, 0..=u32::MAX);
        let default_on_error = self.parsed(
            "BEHEST_PLAN_ON_ERROR",
            "must be fail or default",
            false,
            |value| match value {
                "fail" => Some(false),
                "default" => Some(true),
                _ => None,
            },
        );
        let policy = self.parsed(
            "BEHEST_MODEL_POLICY",
            "must be a JSON object of models and lists of plan names, such as {\"claude-3-opus\":[\"pro\"]}",
            Vec::new(),
            |value| {
                entries(value, |plans| {
                    plans.list()?.iter().map(|plan| plan.text().map(str::to_owned)).collect()
                })
            },
        );
        Some(PlanRules {
            source: match claim? {
                Some(path) => PlanSource::Claim(path),
                None => PlanSource::Table(Table {
                    name: name?,
                    column: column?,
                    user_column: user_column?,
                }),
            },
            tiers: tiers?,
            default_tier: default_tier?,
            default_on_error: default_on_error?,
            policy: policy?,
        })
    }

    /// A plain SQL identifier: what else PostgREST would read into a name, it cannot hold.
    fn identifier(&mut self, name: &'static str, default: &str) -> Option<String> {
        self.parsed(
            name,
            "must be a name of letters, digits and _",
            default.to_owned(),
            |value| {
                value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                    .then(|| value.to_owned())
            },
        )
    }

    fn supabase_key(&mut self, needed: bool) -> Option<String> {
        let listed = self.get("SUPABASE_PUBLISHABLE_KEYS").and_then(|value| {
            match Json::parse(value.as_bytes()).filter(|keys| keys.object().is_some()) {
                Some(keys) => keys.get("default").text().map(str::to_owned),
                None => self.fault(
                    "SUPABASE_PUBLISHABLE_KEYS",
                    "must be a JSON object of names and keys",
                ),
            }
        });
        let key = listed
            .or_else(|| self.get("SUPABASE_PUBLISHABLE_KEY"))
            .or_else(|| self.get("SUPABASE_ANON_KEY"));
        match key {
            Some(key) if key.bytes().all(|byte| byte.is_ascii_graphic()) => Some(key),
            Some(_) => self.fault("SUPABASE_PUBLISHABLE_KEY", "has characters that no key has"),
            None if needed => self.fault(
                "SUPABASE_PUBLISHABLE_KEY",
                "not set, nor SUPABASE_PUBLISHABLE_KEYS (entry default) or SUPABASE_ANON_KEY; the project's publishable key",
            ),
            None => None,
        }
    }

    fn secret(&mut self) -> Option<Hs256Key> {
        // Not trimmed: every byte of a secret counts.
        let secret = ["JWT_SECRET", "SUPABASE_JWT_SECRET"]
            .into_iter()
            .filter_map(self.lookup)
            .find(|secret| !secret.is_empty())?;
        if secret.len() < MIN_SECRET_BYTES {
            return self.fault(
                "JWT_SECRET",
                "shorter than 32 bytes; copy the project's JWT secret whole",
            );
        }
        Some(Hs256Key::new(secret))
    }

    fn jwks(&mut self) -> Option<Jwks> {
        let text = self.get("SUPABASE_JWKS")?;
        Jwks::parse(&text, Source::Inline).or_else(|| {
            self.fault(
                "SUPABASE_JWKS",
                "must be a JSON Web Key Set, {\"keys\":[…]}",
            )
        })
    }
}

/// The entries of a JSON object, each value through `parse`.
fn entries<T>(text: &str, parse: impl Fn(&Json) -> Option<T>) -> Option<Vec<(String, T)>> {
    let object = Json::parse(text.as_bytes())?;
    let entries = object.object()?.iter();
    entries
        .map(|(name, value)| Some((name.clone(), parse(value)?)))
        .collect()
}
