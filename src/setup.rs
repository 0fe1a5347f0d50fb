//! What the shim is told once: what to carry, and where to.

use crate::crypto::Crypto;
use crate::exchange::{Exchange, Minter};
use crate::fault::Fault;
use crate::plan::PlanSource;
use crate::record::{Part, Record};
use crate::session::UserCheck;

/// The setup of an exchange, or of the fault that kept it from opening. `surface.d.ts` says what each
/// part means.
pub fn of<'a, C: Crypto>(
    exchange: Result<&'a Exchange<C>, &'a Fault>,
    origins: &'a [String],
    warnings: &'a [String],
) -> Record<'a> {
    let mut setup = Record::default();
    setup.push("origins", Part::List(origins));
    setup.push("warnings", Part::List(warnings));
    match exchange {
        Ok(exchange) => describe(&mut setup, exchange),
        Err(fault) => setup.push("fault", Part::Record(fault.record())),
    }
    setup
}

fn describe<'a, C: Crypto>(setup: &mut Record<'a>, exchange: &'a Exchange<C>) {
    let settings = exchange.settings();
    let supabase = settings.supabase_url.as_str();
    let key = settings.supabase_key.as_deref();
    match exchange.minter() {
        Minter::Behest(behest_key) => {
            setup.text("mode", "api_key");
            setup.joined("mintUrl", &[&settings.mint.base_url, "/v1/auth/mint"]);
            setup.text("behestKey", &behest_key.0);
        }
        Minter::Local(_) => setup.text("mode", "local"),
    }
    if settings.session.user_check == UserCheck::Server {
        setup.joined("userUrl", &[supabase, "/auth/v1/user"]);
    }
    if let PlanSource::Table(table) = &settings.plan.source {
        setup.joined(
            "planUrl",
            &[
                supabase,
                "/rest/v1/",
                &table.name,
                "?select=",
                &table.column,
                "&",
                &table.user_column,
                "=eq.",
            ],
        );
    }
    setup.push("planOptional", Part::Flag(settings.plan.default_on_error));
    setup.joined("jwksUrl", &[&settings.issuer.keys_url(supabase)]);
    if !settings.issuer.is_third_party() {
        setup.optional_text("jwksKey", key);
    }
    setup.push("hasKeySet", Part::Flag(exchange.has_key_set()));
    setup.optional_text("supabaseKey", key);
}
