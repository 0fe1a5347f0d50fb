//! Who signs sessions: where its keys are, and what came of asking for them.

use crate::answer::{Answer, Outcome, Server};
use crate::fault::{Code, Fault};
use crate::jwk::{Jwks, Source};

/// Who signs sessions.
#[derive(Debug)]
pub enum Issuer {
    /// The project's Auth server.
    AuthServer,
    /// Somebody else, whose key set is at this URL (`JWT_JWKS_URL`).
    ThirdParty(String),
}

impl Issuer {
    /// Whether it is none of the project's.
    #[must_use]
    pub const fn is_third_party(&self) -> bool {
        matches!(self, Self::ThirdParty(_))
    }

    /// Where its key set is; `supabase` is the project's URL.
    #[must_use]
    pub fn keys_url(&self, supabase: &str) -> String {
        match self {
            Self::AuthServer => [supabase, "/auth/v1/.well-known/jwks.json"].concat(),
            Self::ThirdParty(url) => url.clone(),
        }
    }

    /// The key set in what came from there.
    ///
    /// # Errors
    /// `auth_unavailable`, `auth_timeout`; of the Auth server alone `supabase_rejected`, since a third
    /// party's refusals bear no mark: whoever refuses, its keys cannot be had.
    #[inline(always)]
    pub fn key_set(&self, answer: &Answer) -> Result<Jwks, Fault> {
        let jwks = match answer.outcome_of(Server::Auth) {
            Outcome::Success(body) => Jwks::parse(body, Source::Fetched),
            Outcome::TimedOut => return Err(answer.fault(Code::AuthTimeout)),
            Outcome::Intercepted if !self.is_third_party() => {
                return Err(Fault::because(
                    Code::SupabaseRejected,
                    "the key set: refused by somebody before the Auth server",
                ));
            }
            _ => None,
        };
        jwks.ok_or_else(|| self.unavailable(answer))
    }

    /// What came is of no use.
    #[inline(never)]
    pub fn unavailable(&self, answer: &Answer) -> Fault {
        let notice = self.is_third_party().then_some(NO_KEYS);
        answer.fault(Code::AuthUnavailable).noting(notice)
    }
}

/// What the operator should know: perhaps the address is wrong.
const NO_KEYS: &str = "JWT_JWKS_URL gave no usable key set";
