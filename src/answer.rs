//! What an upstream answered, as the shim reports it, and whether it was the upstream that said no.
//! What an answer means is said where it is used.

use crate::fault::{Code, Fault};
use crate::json::Json;

/// Seconds after which a failed upstream is worth another try, where it does not say itself.
const RETRY_AFTER_SECONDS: u32 = 5;

/// The end of an upstream call, after its retries.
#[derive(Debug, Default)]
pub struct Answer {
    /// The HTTP status; none where no answer came.
    pub status: Option<u16>,
    /// The body; none where it was too long, broke off, or is no UTF-8.
    pub body: Option<String>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u32>,
    /// No answer came because the time was up.
    pub timed_out: bool,
    /// A refusal's `x-sb-error-code`.
    pub error_code: Option<String>,
    /// A refusal's `Proxy-Status` (RFC 9209).
    pub proxy_status: Option<String>,
}

/// An answer, sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// 2xx, with its body.
    Success(&'a str),
    /// 2xx with a body that cannot be read.
    Unreadable,
    /// 3xx and 4xx other than 429.
    Refused(u16),
    /// The same, but not from the server that was asked: a gateway, a proxy or a firewall before it.
    Intercepted,
    /// 429.
    TooMany,
    /// 5xx, or the network.
    Failed,
    /// Nothing in time.
    TimedOut,
}

/// Whose refusals have to be told from those of whoever stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Supabase Auth.
    Auth,
    /// PostgREST.
    Rest,
}

/// Says whether an answer with this body bears a server's mark.
type Mark = fn(&Answer, &Json<'_>) -> bool;

/// Who answered: the marks that each server's own refusals bear, any one of which is enough. What
/// Supabase's gateway adds (`sb-error-code`, `sb-request-id`) stands on passed-on answers too, and
/// is none.
const MARKS: [(Server, Mark); 5] = [
    (Server::Auth, |answer, _| answer.error_code.is_some()),
    // {"code":403,"error_code":"session_not_found","msg":"…"}; older ones have code and msg alone.
    (Server::Auth, |answer, body| {
        let status = answer.status.map(u64::from);
        let alone = body.object().is_some_and(|members| members.len() == 2);
        body.get("code").whole() == status
            && body.get("msg").text().is_some()
            && (body.get("error_code").text().is_some() || alone)
    }),
    // {"code":"session_not_found","message":"…"}, the form of API version 2024-01-01.
    (Server::Auth, |_, body| {
        let code = body.get("code").text();
        code.is_some_and(|code| AUTH_CODES.contains(&code)) && body.get("message").text().is_some()
    }),
    (Server::Rest, |answer, _| {
        let proxies = answer.proxy_status.as_deref().unwrap_or_default();
        let mut proxies = proxies.split(',').map(str::trim);
        proxies.any(|proxy| proxy.split(';').next().map(str::trim) == Some("PostgREST"))
    }),
    // {"code":"PGRST301","details":…,"hint":…,"message":"…"}
    (Server::Rest, |_, body| {
        body.get("code").text().is_some_and(is_postgrest_code)
            && body.get("message").text().is_some()
            && body.has("details")
            && body.has("hint")
    }),
];

/// What the Auth server says to `GET /user` when it refuses (Supabase Auth, "Error codes").
const AUTH_CODES: [&str; 5] = [
    "bad_jwt",
    "session_expired",
    "session_not_found",
    "user_banned",
    "user_not_found",
];

/// The Auth server has seen no token, although one is always sent: somebody before it took it away,
/// and has as good as refused.
const NO_AUTHORIZATION: &str = "no_authorization";

/// The same, of an Auth server that has no error codes yet.
const NO_BEARER: &str = "This endpoint requires a Bearer token";

/// PostgREST's own (`PGRST301`), or the database's: the five characters of an SQLSTATE.
fn is_postgrest_code(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    (code.len() == 5 || code.starts_with("PGRST")) && code.bytes().all(plain)
}

impl Answer {
    /// Sorts the answer, whoever it is from.
    #[must_use]
    pub fn outcome(&self) -> Outcome<'_> {
        match (self.status, self.body.as_deref()) {
            _ if self.timed_out => Outcome::TimedOut,
            (Some(200..=299), Some(body)) => Outcome::Success(body),
            (Some(200..=299), None) => Outcome::Unreadable,
            (Some(429), _) => Outcome::TooMany,
            (Some(status @ 300..=499), _) => Outcome::Refused(status),
            _ => Outcome::Failed,
        }
    }

    /// Sorts the answer to a question for this server: only its own refusal counts as one.
    #[must_use]
    pub fn outcome_of(&self, server: Server) -> Outcome<'_> {
        match self.outcome() {
            // Neither server redirects.
            Outcome::Refused(..400) => Outcome::Intercepted,
            Outcome::Refused(_) if !self.is_from(server) => Outcome::Intercepted,
            outcome => outcome,
        }
    }

    #[cold]
    fn is_from(&self, server: Server) -> bool {
        let body = self.body.as_deref().unwrap_or_default();
        let body = Json::parse(body.as_bytes()).unwrap_or_default();
        let said = |name| body.get(name).text() == Some(NO_AUTHORIZATION);
        let bare = self.error_code.as_deref() == Some(NO_AUTHORIZATION)
            || said("error_code")
            || said("code")
            || body.get("msg").text() == Some(NO_BEARER);
        let mut marks = MARKS.iter().filter(|(marked, _)| *marked == server);
        !bare && marks.any(|(_, mark)| mark(self, &body))
    }

    /// A refusal; a 429 and a 503 pass the upstream's `Retry-After` on, a 503 without one a fixed one.
    #[must_use]
    #[inline(never)]
    pub fn fault(&self, code: Code) -> Fault {
        let seconds = match code.status() {
            429 => self.retry_after,
            503 => self.retry_after.or(Some(RETRY_AFTER_SECONDS)),
            _ => None,
        };
        Fault::from(code).after(seconds)
    }
}
