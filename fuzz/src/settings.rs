//! `NAME=value` lines → `Settings`: what is accepted is safe to use, and what is refused is never
//! repeated.

use super::input;
use behest_token::issuer::Issuer;
use behest_token::origin::allowed_origin;
use behest_token::plan::PlanSource;
use behest_token::session::UserCheck;
use behest_token::settings::{Reading, read};
use std::net::Ipv4Addr;

/// No value of anybody's, and no word of ours in either case.
const CANARY: &str = "q7zk-9w3x";
/// What no `Debug` may show.
const SECRET: [&str; 4] = [
    "BEHEST_KEY",
    "BEHEST_API_KEY",
    "JWT_SECRET",
    "SUPABASE_JWT_SECRET",
];

/// Checks one environment.
pub fn holds(data: &[u8]) {
    let Some(text) = input::text(data) else {
        return;
    };
    let variables: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    sound(&reading(&variables));
    // The same with a mark in the values, at their ends and in their midst.
    for at in [0, 1, 2] {
        let marked: Vec<_> = variables
            .iter()
            .map(|(name, value)| {
                let mut place = value.len() * at / 2;
                while !value.is_char_boundary(place) {
                    place -= 1;
                }
                let (before, after) = value.split_at(place);
                (*name, format!("{before}{CANARY}{after}"))
            })
            .collect();
        let borrowed: Vec<_> = marked
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let marked = reading(&borrowed);
        if let Err(fault) = &marked.settings {
            let told = format!("{fault:?} {:?}", marked.warnings).to_lowercase();
            assert!(!told.contains(CANARY), "{told}");
        }
        let secrets: Vec<_> = borrowed
            .iter()
            .zip(&variables)
            .map(|(marked, plain)| {
                if SECRET.contains(&marked.0) {
                    *marked
                } else {
                    *plain
                }
            })
            .collect();
        let shown = format!("{:?}", reading(&secrets)).to_lowercase();
        assert!(
            text.to_lowercase().contains(CANARY) || !shown.contains(CANARY),
            "{shown}"
        );
    }
}

fn reading(variables: &[(&str, &str)]) -> Reading {
    read(&|name| {
        let found = variables.iter().find(|(other, _)| *other == name);
        Ok(found.map(|(_, value)| (*value).to_owned()))
    })
}

fn sound(reading: &Reading) {
    for origin in &reading.origins {
        assert_eq!(allowed_origin(origin).as_ref(), Some(origin));
        assert_ne!(origin, "*");
    }
    let (settings, _) = match &reading.settings {
        Ok(settings) => settings,
        Err(fault) => {
            assert!(
                fault
                    .message
                    .starts_with("These settings are missing or wrong: ")
            );
            return assert_eq!(fault.code.status(), 500);
        }
    };
    assert!((60..=86_400).contains(&settings.mint.ttl));
    let url = &settings.mint.base_url;
    if let Some(host) = url.strip_prefix("http://") {
        let host = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let here = host
            .parse()
            .is_ok_and(|address: Ipv4Addr| address.is_loopback());
        assert!(here || ["localhost", "[::1]"].contains(&host), "{url}");
    } else {
        assert!(url.starts_with("https://"), "{url}");
    }
    if let Issuer::ThirdParty(url) = &settings.issuer {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        let host = host.to_ascii_lowercase();
        let name = host.split(':').next().unwrap();
        let here = name
            .parse()
            .is_ok_and(|address: Ipv4Addr| address.is_loopback());
        let here = here || name == "localhost" || host.starts_with("[::1]");
        assert!(scheme.eq_ignore_ascii_case("https") || here, "{url}");
        assert!(!host.contains(['@', '?', '#', '\\', '%']), "{url}");
        assert!(!path.is_empty() && !path.contains('#'), "{url}");
        assert!(settings.session.claims.issuer.is_some());
        assert_eq!(settings.session.claims.role, Some("authenticated"));
        assert!(settings.secret.is_none() && settings.jwks.is_none());
        assert_eq!(settings.session.user_check, UserCheck::ThirdParty);
    } else {
        assert!(settings.session.claims.audience.is_some());
        assert_ne!(settings.session.user_check, UserCheck::ThirdParty);
    }
    for url in [url, settings.supabase_url.as_str()] {
        let (_, host) = url.split_once("://").unwrap();
        assert!(
            !host.contains(['/', '@', '?', '#', '\\', ' ', '%']),
            "{url}"
        );
    }
    if let PlanSource::Table(table) = &settings.plan.source {
        for name in [&table.name, &table.column, &table.user_column] {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            assert!(!name.is_empty() && name.bytes().all(plain), "{name}");
        }
    }
    let header = settings.supabase_key.as_deref().unwrap_or("x");
    assert!(header.bytes().all(|byte| byte.is_ascii_graphic()));
}
