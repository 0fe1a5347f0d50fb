//! Settings of Supabase's side: which pages and sessions are served, and with which keys.

use super::reader::Reader;
use crate::claims::{ClaimRules, MetadataPath, OAuthClients};
use crate::json::Json;
use crate::jwk::{Jwks, Source};
use crate::origin::{Origin, allowed_origin, open_to_all};
use crate::pasted::base64;
use crate::secret::{PUBLISHED, flaw, is_example};
use crate::session::SessionRules;
use jwt_compact::alg::Hs256Key;

impl Reader<'_> {
    pub(super) fn origins(&mut self) -> Vec<String> {
        let list = self.get("CORS_ORIGIN").unwrap_or_default();
        let entries = list
            .split(|letter: char| letter == ',' || letter.is_whitespace())
            .filter(|entry| !entry.is_empty());
        let mut origins = Vec::new();
        for entry in entries {
            let Some(origin) = allowed_origin(entry) else {
                self.fault::<()>("CORS_ORIGIN", if entry == "*" {
                    "* is refused, since credentials and a wildcard do not go together; list the exact origins"
                } else if entry.contains('*') {
                    "a pattern has one * in its first label and two more labels after it, such as https://*.my.app or https://my-app-*-my-team.vercel.app"
                } else {
                    "must be origins such as https://my.app or https://*.my.app, without path, separated by commas or white space"
                });
                break;
            };
            if let Some(host) = open_to_all(&origin) {
                self.warn("CORS_ORIGIN", &[
                    "anybody may publish under ", host, ", and every page there may ask: name your own project (docs/deploy.md, \"Origins of previews\")",
                ].concat());
            }
            origins.push(origin);
        }
        origins
    }

    pub(super) fn session(&mut self, third_party: bool) -> Option<SessionRules> {
        let user_check = self.user_check(third_party);
        let denies_anonymous = self.is_second("BEHEST_ANONYMOUS", ["allow", "deny"]);
        let uid_claim = self.parsed(
            "BEHEST_UID_CLAIM",
            "must be sub or a path under app_metadata, such as app_metadata.customer_id",
            None,
            |value| match value {
                "sub" => Some(None),
                path => MetadataPath::parse(path).map(Some),
            },
        );
        let clients = self.parsed(
            "BEHEST_OAUTH_CLIENTS",
            "must be client ids, separated by commas, or * for every client",
            OAuthClients::Listed(Vec::new()),
            |value| {
                if value == "*" {
                    return Some(OAuthClients::Any);
                }
                let ids = value.split(',').map(str::trim).filter(|id| !id.is_empty());
                let ids: Vec<_> = ids.map(str::to_owned).collect();
                let plain =
                    |id: &String| id != "*" && id.bytes().all(|byte| byte.is_ascii_graphic());
                ids.iter().all(plain).then_some(OAuthClients::Listed(ids))
            },
        );
        let audience = self.audience(third_party);
        let issuer = if third_party {
            self.required(
                "JWT_ISSUER",
                "needed with JWT_JWKS_URL; what iss is, letter by letter",
            )
        } else {
            self.get("JWT_ISSUER")
        };
        Some(SessionRules {
            claims: ClaimRules {
                audience,
                issuer,
                // PostgREST runs a query as this role; without one a third party's user is `anon`.
                role: third_party.then_some("authenticated"),
            },
            user_check,
            uid_claim: uid_claim?,
            anonymous_allowed: !denies_anonymous?,
            clients: clients?,
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
            Some((name, key)) if is_service_role(&key) => self.fault(
                name,
                "is the service role key, which passes row level security by; use the publishable or anon key",
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

    /// The shared secret, byte for byte.
    pub(super) fn secret(
        &mut self,
        supabase_url: Option<&Origin>,
        jwks: Option<&Jwks>,
    ) -> Option<Hs256Key> {
        let (name, secret) = ["JWT_SECRET", "SUPABASE_JWT_SECRET"]
            .into_iter()
            .filter_map(|name| Some((name, self.raw(name)?)))
            .find(|(_, secret)| !secret.is_empty())?;
        if let Some(why) = flaw(&secret) {
            return self.fault(name, why);
        }
        if jwks.is_some_and(|jwks| jwks.publishes(secret.as_bytes())) {
            return self.fault(name, PUBLISHED);
        }
        if is_example(secret.as_bytes()) {
            if is_hosted(supabase_url) {
                return self.fault(name, EXAMPLE);
            }
            self.warn(name, EXAMPLE);
        }
        Some(Hs256Key::new(secret))
    }

    pub(super) fn jwks(&mut self, supabase_url: Option<&Origin>) -> Option<Jwks> {
        let name = "SUPABASE_JWKS";
        let text = self.get(name)?;
        let Some(jwks) = Jwks::parse(&text, Source::Inline) else {
            return self.fault(name, "must be a JSON Web Key Set, {\"keys\":[…]}");
        };
        for secret in jwks.secrets() {
            if is_hosted(supabase_url) && is_example(secret) {
                return self.fault(name, ["an oct key ", EXAMPLE].concat());
            }
            if jwks.publishes(secret) {
                return self.fault(name, ["an oct key ", PUBLISHED].concat());
            }
        }
        Some(jwks)
    }

    /// Behind another address the issuer may be another, too (`supabase functions serve`), so that
    /// this is no fault.
    pub(super) fn warn_of_issuer(&mut self, rules: &ClaimRules, supabase_url: &Origin) {
        let under = |issuer: &str| {
            let rest = issuer.strip_prefix(supabase_url.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if rules.issuer.as_deref().is_some_and(|issuer| !under(issuer)) {
            self.warn(
                "JWT_ISSUER",
                "is not under SUPABASE_URL: sessions of this project may all be refused",
            );
        }
    }
}

/// Why an example's secret is none.
const EXAMPLE: &str =
    "is the secret of Supabase's examples, which everybody knows; set one of your own";

/// Whether others than this machine's users can reach the project.
fn is_hosted(supabase_url: Option<&Origin>) -> bool {
    supabase_url.is_some_and(|url| url.as_str().starts_with("https://"))
}

/// Whether this is a legacy API key (a JWT) that passes row level security by.
fn is_service_role(key: &str) -> bool {
    let payload = key
        .split('.')
        .nth(1)
        .map(str::as_bytes)
        .and_then(base64)
        .unwrap_or_default();
    let claims = Json::parse(&payload).unwrap_or_default();
    claims.get("role").text() == Some("service_role")
}
