//! Settings of Supabase's side: which pages and sessions are served, and with which keys.

use super::reader::Reader;
use crate::claims::{ClaimRules, MetadataPath};
use crate::json::Json;
use crate::jwk::{Jwks, MIN_SECRET_BYTES, Source};
use crate::origin::allowed_origin;
use crate::session::{SessionRules, UserCheck};
use jwt_compact::alg::Hs256Key;

impl Reader<'_> {
    pub(super) fn origins(&mut self) -> Vec<String> {
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

    pub(super) fn session(&mut self) -> Option<SessionRules> {
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

    pub(super) fn supabase_key(&mut self, needed: bool) -> Option<String> {
        let listed = match self.get("SUPABASE_PUBLISHABLE_KEYS") {
            Some(value) => {
                let keys = Json::parse(value.as_bytes()).filter(|keys| keys.object().is_some());
                let Some(keys) = keys else {
                    return self.fault(
                        "SUPABASE_PUBLISHABLE_KEYS",
                        "must be a JSON object of names and keys",
                    );
                };
                let key = keys.get("default").text().unwrap_or_default().trim();
                (!key.is_empty()).then(|| key.to_owned())
            }
            None => None,
        };
        let key = listed
            .map(|key| ("SUPABASE_PUBLISHABLE_KEYS", key))
            .or_else(|| self.first(&["SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"]));
        match key {
            Some((name, key)) if key.starts_with("sb_secret_") => self.fault(
                name,
                "is a secret key, which passes row level security by; use the publishable key",
            ),
            Some((_, key)) if key.bytes().all(|byte| byte.is_ascii_graphic()) => Some(key),
            Some((name, _)) => self.fault(name, "has characters that no key has"),
            None if needed => self.fault(
                "SUPABASE_PUBLISHABLE_KEY",
                "not set, nor SUPABASE_PUBLISHABLE_KEYS (entry default) or SUPABASE_ANON_KEY; the project's publishable key",
            ),
            None => None,
        }
    }

    pub(super) fn secret(&mut self) -> Option<Hs256Key> {
        // Not trimmed: every byte of a secret counts.
        let (name, secret) = ["JWT_SECRET", "SUPABASE_JWT_SECRET"]
            .into_iter()
            .filter_map(|name| Some((name, self.raw(name)?)))
            .find(|(_, secret)| !secret.is_empty())?;
        if is_public(&secret) {
            return self.fault(
                name,
                "is a key or a token, which others have too; copy the project's JWT secret",
            );
        }
        if secret.len() < MIN_SECRET_BYTES {
            return self.fault(
                name,
                "shorter than 32 bytes; copy the project's JWT secret whole",
            );
        }
        Some(Hs256Key::new(secret))
    }

    pub(super) fn jwks(&mut self) -> Option<Jwks> {
        let text = self.get("SUPABASE_JWKS")?;
        Jwks::parse(&text, Source::Inline).or_else(|| {
            self.fault(
                "SUPABASE_JWKS",
                "must be a JSON Web Key Set, {\"keys\":[…]}",
            )
        })
    }
}

/// Whether this is what people have at hand beside the secret: an API key of either kind, a JWK or
/// a PEM. Most of it is public, and whoever has it could sign sessions with it.
fn is_public(secret: &str) -> bool {
    let starts = |start| secret.starts_with(start);
    starts("sb_") || starts("{") || starts("-----BEGIN") || (starts("eyJ") && secret.contains('.'))
}
