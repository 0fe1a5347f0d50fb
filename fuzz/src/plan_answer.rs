//! PostgREST's answer → a tier: never one that no row and no setting names, and nothing of the
//! answer in the log but a short word.

use super::input;
use super::scene::{NOW, Null, candidate, exchange};
use behest_token::exchange::Exchange;
use behest_token::fault::Code;
use behest_token::parameters::Parameters;
use behest_token::session::Session;
use serde_json::Value;

thread_local! {
    static EXCHANGE: Exchange<Null> =
        exchange(&[("BEHEST_USER_CHECK", "claims"), ("BEHEST_TIER", "7")]);
    static SESSION: Session =
        EXCHANGE.with(|exchange| exchange.confirm(candidate(exchange), None, NOW).unwrap());
}

/// Checks one answer.
pub fn holds(data: &[u8]) {
    let Some(answer) = input::answer(data) else {
        return;
    };
    let granted = EXCHANGE.with(|exchange| {
        SESSION.with(|session| exchange.grant(session, Some(&answer), &Parameters::default()))
    });
    let (grant, notice) = match granted {
        Ok(granted) => granted,
        Err(fault) => {
            let codes = [
                Code::SupabaseRejected,
                Code::PlanUnavailable,
                Code::PlanTimeout,
            ];
            return assert!(codes.contains(&fault.code), "{fault:?}");
        }
    };
    let rows: Value = serde_json::from_str(answer.body.as_deref().unwrap_or_default())
        .ok()
        .filter(|_| matches!(answer.status, Some(200..=299)))
        .unwrap_or_default();
    let plan = match rows.as_array().map(Vec::as_slice) {
        Some([row]) => row["plan"].clone(),
        _ => Value::Null,
    };
    let named = match plan.as_str().map(|name| name.trim().to_ascii_lowercase()) {
        Some(name) => match name.as_str() {
            "free" => 1,
            "pro" => 2,
            "max" => 3,
            number if number.starts_with(['+', '0']) && number != "0" => 7,
            number => number.parse().unwrap_or(7),
        },
        None => plan.as_f64().map_or(7, |tier| tier as u32),
    };
    assert!(grant.tier() == named || grant.tier() == 7, "{plan}");
    assert!(notice.is_none_or(|notice| notice.len() < 100));
}
