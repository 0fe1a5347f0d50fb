//! Every way to say no: one code, one status, one message each.
//!
//! A message tells the caller what to do next. It is written here or in `settings`, never taken
//! from a token, a key, a setting's value or an upstream's answer.

use crate::record::{Part, Record};
use std::borrow::Cow;
use std::ops::Deref;

/// Makes `Code` and all that is known of each from one table, so that none can be forgotten.
macro_rules! codes {
    ($(#[doc = $doc:literal] $code:ident, $status:literal, $name:literal, $message:literal;)+) => {
        /// A reason for refusal. The contract's error table, row by row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $doc] $code,)+
        }

        impl Code {
            /// Every code there is, in the order of the contract's table.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$code => $status),+ }
            }

            /// The name on the wire, stable for programs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name),+ }
            }

            /// What the caller should do.
            const fn message(self) -> &'static str {
                match self { $(Self::$code => $message),+ }
            }
        }
    };
}

codes! {
    /// The body is no JSON object, or a field of it is out of range.
    InvalidRequest, 400, "invalid_request",
    "Send no body, or a JSON object with sessionId (1 to 128 of A-Z a-z 0-9 . _ : -) and model (1 to 128 characters), both optional.";
    /// No bearer token was sent.
    MissingToken, 401, "missing_token",
    "Send the session's access token as Authorization: Bearer <token>.";
    /// The session token is malformed, forged, not yet valid, or meant for somebody else.
    InvalidToken, 401, "invalid_token",
    "This is no valid session token of this project. Sign in again.";
    /// The session token was good once.
    ExpiredToken, 401, "expired_token",
    "The session token has expired. Refresh the session and try again.";
    /// A token of the project that belongs to no user.
    NotAUser, 401, "not_a_user",
    "This token belongs to no user. Sign in and send the session's access token, not an API key.";
    /// The Auth server no longer knows the session or the user.
    InvalidSession, 401, "invalid_session",
    "The session has ended. Sign in again.";
    /// Behest: the quota is used up.
    QuotaExceeded, 402, "quota_exceeded",
    "The Behest quota is used up. Raise the plan or wait for the next period.";
    /// The page's origin is not on the list.
    OriginForbidden, 403, "origin_forbidden",
    "This origin is not allowed. Add it to CORS_ORIGIN in the function's secrets.";
    /// Anonymous users are turned away here.
    AnonymousForbidden, 403, "anonymous_forbidden",
    "Anonymous users get no token here. Sign in with an account.";
    /// The session is an OAuth client's that is not on the list.
    ClientForbidden, 403, "client_forbidden",
    "This session belongs to another app that the user has let in. Sign in to this one, or add the client to BEHEST_OAUTH_CLIENTS.";
    /// `BEHEST_UID_CLAIM` names a place where this user has no usable uid.
    UidMissing, 403, "uid_missing",
    "This user has no Behest id yet. Write one where BEHEST_UID_CLAIM says, then ask again.";
    /// The model policy refuses this plan that model.
    ModelForbidden, 403, "model_forbidden",
    "The user's plan does not include this model.";
    /// Neither `POST` nor `OPTIONS`.
    MethodNotAllowed, 405, "method_not_allowed",
    "Use POST.";
    /// The body is over 16 KiB.
    RequestTooLarge, 413, "request_too_large",
    "Send at most 16 KiB.";
    /// Behest: too many requests.
    RateLimited, 429, "rate_limited",
    "Too many requests. Wait as long as Retry-After says.";
    /// Settings are missing or wrong.
    Misconfigured, 500, "misconfigured",
    "The function's settings are incomplete.";
    /// A bug of ours.
    Internal, 500, "internal",
    "Something broke on our side. Try again; the function's log says more.";
    /// Who said no stands before the Auth server or PostgREST.
    SupabaseRejected, 502, "supabase_rejected",
    "Something before Supabase refused the function's call; the session is not at fault. The function's operator should check SUPABASE_URL, the publishable key and every proxy in between.";
    /// Behest refused our key, or answered with what is no token of this user.
    BehestRejected, 502, "behest_rejected",
    "Behest did not issue a token. The function's operator should check BEHEST_KEY and BEHEST_BASE_URL.";
    /// The Auth server failed, or a third party with its keys.
    AuthUnavailable, 503, "auth_unavailable",
    "The auth server is not available. Try again shortly.";
    /// The database failed.
    PlanUnavailable, 503, "plan_unavailable",
    "The user's plan cannot be read. Try again shortly.";
    /// Behest failed.
    BehestUnavailable, 503, "behest_unavailable",
    "Behest is not available. Try again shortly.";
    /// The Auth server did not answer in time, nor a third party with its keys.
    AuthTimeout, 504, "auth_timeout",
    "The auth server did not answer in time. Try again.";
    /// The database did not answer in time.
    PlanTimeout, 504, "plan_timeout",
    "The user's plan could not be read in time. Try again.";
    /// Behest did not answer in time.
    BehestTimeout, 504, "behest_timeout",
    "Behest did not answer in time. Try again.";
}

/// A refusal, ready for the caller. In a box, since every result carries the room for one, and few
/// hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(Box<Refusal>);

/// What is known of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which one.
    pub code: Code,
    /// What to do next, in a sentence or two. Holds no secret.
    pub message: Cow<'static, str>,
    /// Seconds to wait before the next try, where that is known.
    pub retry_after: Option<u32>,
    /// Why, for the log alone. Holds no secret either.
    pub detail: Option<&'static str>,
    /// What the operator should know, told once.
    pub notice: Option<&'static str>,
}

impl Deref for Fault {
    type Target = Refusal;

    fn deref(&self) -> &Refusal {
        &self.0
    }
}

impl Fault {
    /// The same refusal, with its reason for the log.
    #[must_use]
    #[inline(never)]
    pub fn because(code: Code, detail: &'static str) -> Self {
        let mut fault = Self::from(code);
        fault.0.detail = Some(detail);
        fault
    }

    /// The same refusal, with what the operator should know.
    #[must_use]
    pub fn noting(mut self, notice: Option<&'static str>) -> Self {
        self.0.notice = notice;
        self
    }

    /// The same refusal, with the seconds to wait before the next try.
    #[must_use]
    pub fn after(mut self, seconds: Option<u32>) -> Self {
        self.0.retry_after = seconds;
        self
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
        let mut fault = Self::from(Code::Misconfigured);
        fault.0.message = message.into();
        fault
    }

    /// As the shim takes it: `{ code, status, message, retryAfter?, detail?, notice? }`.
    #[must_use]
    pub fn record(&self) -> Record<'_> {
        let mut fault = Record::default();
        fault.text("code", self.code.name());
        fault.push("status", Part::Number(self.code.status().into()));
        fault.text("message", &self.message);
        if let Some(seconds) = self.retry_after {
            fault.push("retryAfter", Part::Number(seconds));
        }
        fault.optional_text("detail", self.detail);
        fault.optional_text("notice", self.notice);
        fault
    }
}

impl From<Code> for Fault {
    // Out of line: no way to a token goes through here, and there are a hundred ways to it.
    #[inline(never)]
    fn from(code: Code) -> Self {
        Self(Box::new(Refusal {
            code,
            message: Cow::Borrowed(code.message()),
            retry_after: None,
            detail: None,
            notice: None,
        }))
    }
}
