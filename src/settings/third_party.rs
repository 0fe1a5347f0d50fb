//! Settings of who signs the sessions: the project's Auth server, or a third party in its place.

use super::reader::Reader;
use crate::issuer::Issuer;
use crate::origin::is_private_url;
use crate::session::UserCheck;

impl Reader<'_> {
    /// Who signs sessions; and, where its URL is at fault, at least that it is a third party.
    pub(super) fn issuer(&mut self) -> Issuer {
        let Some(url) = self.get("JWT_JWKS_URL") else {
            return Issuer::AuthServer;
        };
        if !is_private_url(&url) {
            self.note(
                "JWT_JWKS_URL",
                &["must be the whole URL of a key set, https or on loopback, without credentials or fragment"],
            );
        }
        Issuer::ThirdParty(url)
    }

    /// Who vouches for a session. The Auth server knows none of a third party's users.
    pub(super) fn user_check(&mut self, third_party: bool) -> UserCheck {
        let name = "BEHEST_USER_CHECK";
        if !third_party {
            return match self.is_second(name, ["server", "claims"]) {
                true => UserCheck::Claims,
                false => UserCheck::Server,
            };
        }
        if self.get(name).is_some_and(|value| value != "claims") {
            self.note(
                name,
                &["must be claims with JWT_JWKS_URL, whose users the Auth server does not know"],
            );
        }
        UserCheck::ThirdParty
    }

    /// What `aud` must hold, if anything.
    pub(super) fn audience(&mut self, third_party: bool) -> Option<String> {
        let name = "JWT_AUDIENCE";
        let audience = self.get_or(name, "authenticated");
        if audience != "*" {
            return Some(audience);
        }
        if !third_party {
            self.note(name, &["must be what aud holds; * needs JWT_JWKS_URL"]);
        }
        None
    }
}
