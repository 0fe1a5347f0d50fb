//! The Auth server's answer → `Session`: only of the very user whom the token names, and of nobody
//! who is deleted or banned.

use super::input;
use super::scene::{NOW, Null, SUB, candidate, exchange};
use behest_token::exchange::Exchange;
use behest_token::fault::Code;
use serde_json::Value;

thread_local! {
    static EXCHANGE: Exchange<Null> = exchange(&[("BEHEST_ANONYMOUS", "deny")]);
}

/// Checks one answer.
pub fn holds(data: &[u8]) {
    let Some(answer) = input::answer(data) else {
        return;
    };
    let confirmed =
        EXCHANGE.with(|exchange| exchange.confirm(candidate(exchange), Some(&answer), NOW));
    let session = match confirmed {
        Ok(session) => session,
        Err(fault) => {
            let codes = [
                Code::InvalidSession,
                Code::AnonymousForbidden,
                Code::SupabaseRejected,
                Code::AuthUnavailable,
                Code::AuthTimeout,
            ];
            assert!(codes.contains(&fault.code), "{fault:?}");
            // A 4xx signs nobody out that bears no mark of the Auth server's.
            let body = answer.body.as_deref().unwrap_or_default();
            if matches!(answer.status, Some(300..=499))
                && answer.error_code.is_none()
                && !body.contains("code")
            {
                assert_ne!(fault.code, Code::InvalidSession, "{answer:?}");
            }
            return;
        }
    };
    assert!(matches!(answer.status, Some(200..=299)) && !answer.timed_out);
    let user: Value = serde_json::from_str(&answer.body.unwrap()).unwrap();
    assert_eq!((session.uid(), user["id"].as_str()), (SUB, Some(SUB)));
    assert!(user["deleted_at"].is_null() && user["is_anonymous"] != true);
    // A ban that is over: in the one form of RFC 3339 that sorts as it counts, it begins before now.
    if let Some(until) = user["banned_until"].as_str()
        && until.ends_with(['Z', 'z'])
    {
        assert!(until < "2026-01-01T00:00:01", "{until}");
    } else {
        assert!(!user["banned_until"].is_number() && !user["banned_until"].is_boolean());
    }
}
