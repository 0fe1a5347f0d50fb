//! What an upstream answered, as the shim reports it. What it means is said where it is used.

use crate::fault::{Code, Fault};

/// Seconds after which a failed upstream is worth another try, where it does not say itself.
const RETRY_AFTER_SECONDS: u32 = 5;

/// The end of an upstream call, after its retries.
#[derive(Debug, Default)]
pub struct Answer {
    /// The HTTP status; none where no answer came.
    pub status: Option<u16>,
    /// The body; none where it was over 64 KiB, broke off, or is no UTF-8.
    pub body: Option<String>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u32>,
    /// No answer came because the time was up.
    pub timed_out: bool,
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
    /// 429.
    TooMany,
    /// 5xx, or the network.
    Failed,
    /// Nothing in time.
    TimedOut,
}

impl Answer {
    /// Sorts the answer.
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

    /// A refusal; a 429 and a 503 pass the upstream's `Retry-After` on, a 503 without one a fixed one.
    #[must_use]
    pub fn fault(&self, code: Code) -> Fault {
        Fault {
            retry_after: match code.status() {
                429 => self.retry_after,
                503 => self.retry_after.or(Some(RETRY_AFTER_SECONDS)),
                _ => None,
            },
            ..Fault::from(code)
        }
    }
}
