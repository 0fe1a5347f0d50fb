//! Sets of keys (RFC 7517 section 5).

use super::{Jwk, JwkMaterial, Source, bytes_of};
use crate::json::Json;
use crate::pasted::{base64, position};
use crate::secret::{MIN_SECRET_BYTES, readings};
use std::fmt;

/// A key set, read but not yet imported.
#[derive(Default)]
pub struct Jwks {
    /// Those of use.
    pub keys: Vec<Jwk>,
    /// How many keys of the set are of no use to us.
    pub skipped: usize,
    /// The set as it came, for `publishes`.
    set: Json<'static>,
}

impl fmt::Debug for Jwks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the set as it came, in which a secret may stand.
        let mut jwks = formatter.debug_struct("Jwks");
        jwks.field("keys", &self.keys)
            .field("skipped", &self.skipped);
        jwks.finish_non_exhaustive()
    }
}

impl Jwks {
    /// Reads `{"keys":[…]}` or a bare array. A key that cannot be used is skipped and counted.
    /// Nothing comes back where the text is no key set at all.
    #[must_use]
    #[inline(never)]
    pub fn parse(text: &str, source: Source) -> Option<Self> {
        let set = Json::parse(text.as_bytes())?.into_owned();
        let listed = listed(&set)?;
        let mut keys = Vec::new();
        for key in listed {
            if let Some(key) = Jwk::read(key, source) {
                keys.push(key);
            }
        }
        let mut skipped = listed.len().saturating_sub(keys.len());
        if keys.len() > 1 {
            skipped = skipped.saturating_add(leave_unambiguous(&mut keys));
        }
        Some(Self { keys, skipped, set })
    }

    /// Whether anybody can read this secret in the set, as a coordinate or as the name of a key, in
    /// whichever way it is written.
    #[must_use]
    pub fn publishes(&self, secret: &[u8]) -> bool {
        let readings = readings(secret);
        // Shorter ones are no secrets.
        let is_in = |text: &[u8]| {
            let mut readings = readings.iter();
            text.len() >= MIN_SECRET_BYTES
                && readings.any(|reading| position(reading, text).is_some())
        };
        let publishes = |key: &Json<'_>| {
            let mut members = key.object().unwrap_or_default().iter();
            let is_secret = key.get("kty").text() == Some("oct");
            !is_secret
                && members.any(|(_, member)| {
                    let text = member.text().unwrap_or_default().as_bytes();
                    is_in(text) || base64(text).is_some_and(|bytes| is_in(&bytes))
                })
        };
        // The texts of every key but shared secrets, those that cannot be used included.
        listed(&self.set).unwrap_or_default().iter().any(publishes)
    }

    /// The shared secrets of the set.
    pub fn secrets(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter().filter_map(|key| match &key.material {
            JwkMaterial::Secret(secret) => Some(bytes_of(secret)),
            JwkMaterial::Public(_) => None,
        })
    }
}

/// The keys of `{"keys":[…]}` or of a bare array.
fn listed<'a>(set: &'a Json<'static>) -> Option<&'a [Json<'static>]> {
    set.list().or_else(|| set.get("keys").list())
}

/// Takes out keys of which nothing says which is meant; gives the number of those.
#[inline(never)]
fn leave_unambiguous(keys: &mut Vec<Jwk>) -> usize {
    let mut once: Vec<Jwk> = Vec::new();
    for key in keys.drain(..) {
        // The same key twice is one key.
        if !once.contains(&key) {
            once.push(key);
        }
    }
    // Two keys for one name: neither is used.
    let same =
        |one: &Jwk, other: &Jwk| one.algorithm == other.algorithm && one.key_id == other.key_id;
    let alone = |one| once.iter().filter(|other| same(one, other)).count() == 1;
    let alone: Vec<_> = once.iter().map(alone).collect();
    let known = once.len();
    let named = alone.into_iter().zip(once);
    keys.extend(named.filter_map(|(alone, key)| alone.then_some(key)));
    known.saturating_sub(keys.len())
}
