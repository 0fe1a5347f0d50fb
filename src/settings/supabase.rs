//! Settings of Supabase's side: which pages and sessions are served, and with which keys.

use super::reader::Reader;
use crate::claims::{ClaimRules, MetadataPath, OAuthClients};
use crate::json::Json;
use crate::jwk::{Jwks, Source};
use crate::origin::{Origin, allowed_origin, open_to_all};
use crate::pasted::{base64, contains, trimmed};
use crate::secret::{PUBLISHED, flaw, is_example};
use crate::session::SessionRules;
use jwt_compact::alg::Hs256Key;
use std::rc::Rc;

impl Reader<'_> {
    #[inline(never)]
    pub(super) fn origins(&mut self) -> Vec<String> {
        let list = self.get("CORS_ORIGIN").unwrap_or_default();
        let mut origins = Vec::new();
        for entry in list.split(|letter: char| letter == ',' || letter.is_whitespace()) {
            if entry.is_empty() {
                continue;
            }
            let Some(origin) = allowed_origin(entry) else {
                self.note("CORS_ORIGIN", &[why_not_allowed(entry)]);
                break;
            };
            if let Some(host) = open_to_all(&origin) {
                self.warn_of_shared(host);
            }
            origins.push(origin);
        }
        origins
    }

    #[inline(never)]
    fn warn_of_shared(&mut self, host: &str) {
        let what = [
            "anybody may publish under ",
            host,
            ", and every page there may ask: name your own project (docs/deploy.md, \"Origins of previews\")",
        ];
        self.warn("CORS_ORIGIN", &what.concat());
    }

    #[inline(never)]
    pub(super) fn session(&mut self, third_party: bool) -> SessionRules {
        let user_check = self.user_check(third_party);
        let denies_anonymous = self.is_second("BEHEST_ANONYMOUS", ["allow", "deny"]);
        let mut uid_claim = None;
        self.take(
            "BEHEST_UID_CLAIM",
            "must be sub or a path under app_metadata, such as app_metadata.customer_id",
            &mut |value| {
                if value != "sub" {
                    uid_claim = Some(MetadataPath::parse(value)?);
                }
                Some(())
            },
        );
        let mut clients = OAuthClients::Listed(Vec::new());
        self.take(
            "BEHEST_OAUTH_CLIENTS",
            "must be client ids, separated by commas, or * for every client",
            &mut |value| {
                clients = oauth_clients(value)?;
                Some(())
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
        SessionRules {
            claims: ClaimRules {
                audience,
                issuer,
                // PostgREST runs a query as this role; without one a third party's user is `anon`.
                role: third_party.then_some("authenticated"),
            },
            user_check,
            uid_claim,
            anonymous_allowed: !denies_anonymous,
            clients,
        }
    }

    #[inline(never)]
    pub(super) fn supabase_key(&mut self, needed: bool) -> Option<String> {
        let Some((name, key)) = self.found_key()? else {
            if needed {
                self.note(
                    "SUPABASE_PUBLISHABLE_KEY",
                    &["not set, nor SUPABASE_PUBLISHABLE_KEYS (entry default) or SUPABASE_ANON_KEY; the project's publishable key"],
                );
            }
            return None;
        };
        if key.starts_with("sb_secret_") {
            return self.fault(
                name,
                &["is a secret key, which passes row level security by; use the publishable key"],
            );
        }
        if contains(&key, ".") && is_service_role(&key) {
            return self.fault(
                name,
                &["is the service role key, which passes row level security by; use the publishable or anon key"],
            );
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return self.fault(name, &["has characters that no key has"]);
        }
        Some(key)
    }

    /// The first key that is set, with its variable; nothing at all where that is at fault.
    fn found_key(&mut self) -> Option<Option<(&'static str, String)>> {
        let name = "SUPABASE_PUBLISHABLE_KEYS";
        if let Some(value) = self.get(name) {
            let keys = Json::parse(value.as_bytes()).unwrap_or_default();
            if keys.object().is_none() {
                return self.fault(name, &["must be a JSON object of names and keys"]);
            }
            let key = trimmed(keys.get("default").text().unwrap_or_default());
            if !key.is_empty() {
                return Some(Some((name, key.to_owned())));
            }
        }
        Some(self.first(&["SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"]))
    }

    /// The project's own keys: those of its set, and the shared secret.
    #[inline(never)]
    pub(super) fn keys(
        &mut self,
        supabase_url: Option<&Origin>,
    ) -> (Option<Jwks>, Option<Rc<Hs256Key>>) {
        let jwks = self.jwks(supabase_url);
        let secret = self.secret(supabase_url, jwks.as_ref());
        (jwks, secret)
    }

    /// The shared secret, byte for byte.
    #[inline(never)]
    fn secret(
        &mut self,
        supabase_url: Option<&Origin>,
        jwks: Option<&Jwks>,
    ) -> Option<Rc<Hs256Key>> {
        let (name, secret) = ["JWT_SECRET", "SUPABASE_JWT_SECRET"]
            .into_iter()
            .filter_map(|name| Some((name, self.raw(name)?)))
            .find(|(_, secret)| !secret.is_empty())?;
        if let Some(why) = flaw(&secret) {
            return self.fault(name, &[why]);
        }
        if jwks.is_some_and(|jwks| jwks.publishes(secret.as_bytes())) {
            return self.fault(name, &[PUBLISHED]);
        }
        if is_example(secret.as_bytes()) {
            if is_hosted(supabase_url) {
                return self.fault(name, &[EXAMPLE]);
            }
            self.warn(name, EXAMPLE);
        }
        Some(Rc::new(Hs256Key::new(secret)))
    }

    #[inline(never)]
    fn jwks(&mut self, supabase_url: Option<&Origin>) -> Option<Jwks> {
        let name = "SUPABASE_JWKS";
        let text = self.get(name)?;
        let Some(jwks) = Jwks::parse(&text, Source::Inline) else {
            return self.fault(name, &["must be a JSON Web Key Set, {\"keys\":[…]}"]);
        };
        for secret in jwks.secrets() {
            if is_hosted(supabase_url) && is_example(secret) {
                return self.fault(name, &["an oct key ", EXAMPLE]);
            }
            if jwks.publishes(secret) {
                return self.fault(name, &["an oct key ", PUBLISHED]);
            }
        }
        Some(jwks)
    }

    /// Behind another address the issuer may be another, too (`supabase functions serve`), so that
    /// this is no fault.
    #[inline(never)]
    pub(super) fn warn_of_issuer(&mut self, rules: &ClaimRules, supabase_url: Option<&Origin>) {
        let (Some(issuer), Some(url)) = (&rules.issuer, supabase_url) else {
            return;
        };
        let rest = issuer.strip_prefix(url.as_str());
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            self.warn(
                "JWT_ISSUER",
                "is not under SUPABASE_URL: sessions of this project may all be refused",
            );
        }
    }
}

/// Why an entry of `CORS_ORIGIN` is none.
#[inline(never)]
fn why_not_allowed(entry: &str) -> &'static str {
    if entry == "*" {
        "* is refused, since credentials and a wildcard do not go together; list the exact origins"
    } else if entry.contains('*') {
        "a pattern has one * in its first label and two more labels after it, such as https://*.my.app or https://my-app-*-my-team.vercel.app"
    } else {
        "must be origins such as https://my.app or https://*.my.app, without path, separated by commas or white space"
    }
}

#[inline(never)]
fn oauth_clients(value: &str) -> Option<OAuthClients> {
    if value == "*" {
        return Some(OAuthClients::Any);
    }
    let ids = value.split(',').map(str::trim).filter(|id| !id.is_empty());
    let ids: Vec<_> = ids.map(str::to_owned).collect();
    let plain = |id: &String| id != "*" && id.bytes().all(|byte| byte.is_ascii_graphic());
    ids.iter().all(plain).then_some(OAuthClients::Listed(ids))
}

/// Why an example's secret is none.
const EXAMPLE: &str =
    "is the secret of Supabase's examples, which everybody knows; set one of your own";

/// Whether others than this machine's users can reach the project.
fn is_hosted(supabase_url: Option<&Origin>) -> bool {
    supabase_url.is_some_and(|url| url.as_str().starts_with("https://"))
}

/// Whether this is a legacy API key (a JWT) that passes row level security by.
#[inline(never)]
fn is_service_role(key: &str) -> bool {
    let payload = key.as_bytes().split(|byte| *byte == b'.').nth(1);
    let payload = payload.and_then(base64).unwrap_or_default();
    let claims = Json::parse(&payload).unwrap_or_default();
    claims.get("role").text() == Some("service_role")
}
