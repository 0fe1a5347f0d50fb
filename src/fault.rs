//! Every way to say no: one code, one status, one message each.
//!
//! A message tells the caller what to do next. It is written here or in `settings`, never taken
//! from a token, a key, a setting's value or an upstream's answer.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::borrow::Cow;

/// A reason for refusal. The contract's error table, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The body is no JSON object, or a field of it is out of range.
    InvalidRequest,
    /// No bearer token was sent.
    MissingToken,
    /// The session token is malformed, forged, not yet valid, or meant for somebody else.
    InvalidToken,
    /// The session token was good once.
    ExpiredToken,
    /// A token of the project that belongs to no user.
    NotAUser,
    /// The Auth server no longer knows the session or the user.
    InvalidSession,
    /// Behest: the quota is used up.
    QuotaExceeded,
    /// The page's origin is not on the list.
    OriginForbidden,
    /// Anonymous users are turned away here.
    AnonymousForbidden,
    /// The model policy refuses this plan that model.
    ModelForbidden,
    /// Neither `POST` nor `OPTIONS`.
    MethodNotAllowed,
    /// The body is over 16 KiB.
    RequestTooLarge,
    /// Behest: too many requests.
    RateLimited,
    /// Settings are missing or wrong.
    Misconfigured,
    /// A bug of ours.
    Internal,
    /// Behest refused our key, or answered with what is no token of this user.
    BehestRejected,
    /// The Auth server failed.
    AuthUnavailable,
    /// The database failed.
    PlanUnavailable,
    /// Behest failed.
    BehestUnavailable,
    /// The Auth server did not answer in time.
    AuthTimeout,
    /// The database did not answer in time.
    PlanTimeout,
    /// Behest did not answer in time.
    BehestTimeout,
}

impl Code {
    /// Every code there is, in the order of the contract's table.
    pub const ALL: [Self; 22] = [
        Self::InvalidRequest,
        Self::MissingToken,
        Self::InvalidToken,
        Self::ExpiredToken,
        Self::NotAUser,
        Self::InvalidSession,
        Self::QuotaExceeded,
        Self::OriginForbidden,
        Self::AnonymousForbidden,
        Self::ModelForbidden,
        Self::MethodNotAllowed,
        Self::RequestTooLarge,
        Self::RateLimited,
        Self::Misconfigured,
        Self::Internal,
        Self::BehestRejected,
        Self::AuthUnavailable,
        Self::PlanUnavailable,
        Self::BehestUnavailable,
        Self::AuthTimeout,
        Self::PlanTimeout,
        Self::BehestTimeout,
    ];

    /// Status, name on the wire, and what the caller should do.
    const fn row(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => (
                400,
                "invalid_request",
                "Send no body, or a JSON object with sessionId (1 to 128 of A-Z a-z 0-9 . _ : -) and model (1 to 128 characters), both optional.",
            ),
            Self::MissingToken => (
                401,
                "missing_token",
                "Send the Supabase session's access token as Authorization: Bearer <token>.",
            ),
            Self::InvalidToken => (
                401,
                "invalid_token",
                "This is no valid session token of this project. Sign in again.",
            ),
            Self::ExpiredToken => (
                401,
                "expired_token",
                "The session token has expired. Refresh the Supabase session and try again.",
            ),
            Self::NotAUser => (
                401,
                "not_a_user",
                "This token belongs to no user. Sign in and send the session's access token, not an API key.",
            ),
            Self::InvalidSession => (
                401,
                "invalid_session",
                "The session has ended. Sign in again.",
            ),
            Self::QuotaExceeded => (
                402,
                "quota_exceeded",
                "The Behest quota is used up. Raise the plan or wait for the next period.",
            ),
            Self::OriginForbidden => (
                403,
                "origin_forbidden",
                "This origin is not allowed. Add it to CORS_ORIGIN in the function's secrets.",
            ),
            Self::AnonymousForbidden => (
                403,
                "anonymous_forbidden",
                "Anonymous users get no token here. Sign in with an account.",
            ),
            Self::ModelForbidden => (
                403,
                "model_forbidden",
                "The user's plan does not include this model.",
            ),
            Self::MethodNotAllowed => (405, "method_not_allowed", "Use POST."),
            Self::RequestTooLarge => (413, "request_too_large", "Send at most 16 KiB."),
            Self::RateLimited => (
                429,
                "rate_limited",
                "Too many requests. Wait as long as Retry-After says.",
            ),
            Self::Misconfigured => (
                500,
                "misconfigured",
                "The function's settings are incomplete.",
            ),
            Self::Internal => (
                500,
                "internal",
                "Something broke on our side. Try again; the function's log says more.",
            ),
            Self::BehestRejected => (
                502,
                "behest_rejected",
                "Behest did not issue a token. The function's operator should check BEHEST_KEY and BEHEST_BASE_URL.",
            ),
            Self::AuthUnavailable => (
                503,
                "auth_unavailable",
                "The Supabase Auth server is not available. Try again shortly.",
            ),
            Self::PlanUnavailable => (
                503,
                "plan_unavailable",
                "The user's plan cannot be read. Try again shortly.",
            ),
            Self::BehestUnavailable => (
                503,
                "behest_unavailable",
                "Behest is not available. Try again shortly.",
            ),
            Self::AuthTimeout => (
                504,
                "auth_timeout",
                "The Supabase Auth server did not answer in time. Try again.",
            ),
            Self::PlanTimeout => (
                504,
                "plan_timeout",
                "The user's plan could not be read in time. Try again.",
            ),
            Self::BehestTimeout => (
                504,
                "behest_timeout",
                "Behest did not answer in time. Try again.",
            ),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().0
    }

    /// The name on the wire, stable for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().1
    }
}

/// A refusal, ready for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which one.
    pub code: Code,
    /// What to do next, in a sentence or two. Holds no secret.
    pub message: Cow<'static, str>,
    /// Seconds to wait before the next try, where that is known.
    pub retry_after: Option<u32>,
    /// Why, for the log alone. Holds no secret either.
    pub detail: Option<&'static str>,
}

impl Fault {
    /// The same refusal, with its reason for the log.
    #[must_use]
    pub fn because(code: Code, detail: &'static str) -> Self {
        Self {
            detail: Some(detail),
            ..Self::from(code)
        }
    }

    /// The settings at fault, each with its reason and none with its value.
    #[must_use]
    pub fn misconfigured(settings: &[(&str, Cow<'static, str>)]) -> Self {
        let mut message = String::from("These settings are missing or wrong:");
        for (index, (name, reason)) in settings.iter().enumerate() {
            message.push_str(if index == 0 { " " } else { "; " });
            message.push_str(name);
            message.push_str(": ");
            message.push_str(reason);
        }
        message.push('.');
        Self {
            message: message.into(),
            ..Self::from(Code::Misconfigured)
        }
    }
}

impl From<Code> for Fault {
    fn from(code: Code) -> Self {
        Self {
            code,
            message: Cow::Borrowed(code.row().2),
            retry_after: None,
            detail: None,
        }
    }
}

/// As the shim takes it: `{ code, status, message, retryAfter?, detail? }`.
impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fault = serializer.serialize_struct("Fault", 5)?;
        fault.serialize_field("code", self.code.name())?;
        fault.serialize_field("status", &self.code.status())?;
        fault.serialize_field("message", &self.message)?;
        fault.serialize_field("retryAfter", &self.retry_after)?;
        fault.serialize_field("detail", &self.detail)?;
        fault.end()
    }
}
