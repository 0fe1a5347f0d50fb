//! What the Auth server says of a session's user.

use crate::answer::{Answer, Outcome, Server};
use crate::fault::{Code, Fault};
use crate::json::Json;
use crate::time::unix_seconds;

/// The Auth server's `GET /user` (Supabase Auth, `internal/models/user.go`).
#[derive(Debug, Default)]
pub struct User {
    /// Nothing where an older Auth server does not say.
    pub is_anonymous: Option<bool>,
    /// What only the project can write about the user.
    pub app_metadata: Json<'static>,
}

impl User {
    /// Reads the answer to the question about the user `sub`.
    ///
    /// # Errors
    /// `invalid_session`, `supabase_rejected`, `auth_unavailable`, `auth_timeout`.
    pub fn read(answer: &Answer, sub: &str, now: u64) -> Result<Self, Fault> {
        let ended = |why| Fault::because(Code::InvalidSession, why);
        let body = match answer.outcome_of(Server::Auth) {
            Outcome::Success(body) => body,
            Outcome::Refused(_) => return Err(ended("the Auth server refuses it")),
            Outcome::Intercepted => {
                return Err(Fault::because(
                    Code::SupabaseRejected,
                    "the user: refused by somebody before the Auth server",
                ));
            }
            Outcome::TimedOut => return Err(answer.fault(Code::AuthTimeout)),
            Outcome::Unreadable | Outcome::TooMany | Outcome::Failed => {
                return Err(answer.fault(Code::AuthUnavailable));
            }
        };
        let user = Json::parse(body.as_bytes()).filter(|user| user.get("id").text().is_some());
        let mut user = user.ok_or_else(|| answer.fault(Code::AuthUnavailable))?;
        if user.get("id").text() != Some(sub) {
            return Err(ended("the Auth server names another user"));
        }
        if !matches!(user.get("deleted_at"), Json::Null) {
            return Err(ended("the user is deleted"));
        }
        // The Auth server refuses a banned user's refresh, but not yet this request.
        let ban = user.get("banned_until");
        if !matches!(ban, Json::Null) && ban.text().is_none_or(|until| is_ahead(until, now)) {
            return Err(ended("the user is banned"));
        }
        Ok(Self {
            is_anonymous: match user.get("is_anonymous") {
                Json::Bool(said) => Some(*said),
                _ => None,
            },
            app_metadata: user.take("app_metadata").into_owned(),
        })
    }
}

/// Whether an RFC 3339 time is still to come. One that cannot be read counts as such: a ban holds
/// rather than not.
fn is_ahead(time: &str, now: u64) -> bool {
    unix_seconds(time).is_none_or(|seconds| seconds > now.cast_signed())
}
