//! `Json` beside `serde_json`: the same tree, or none where a name stands twice.

use behest_token::json::Json;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Checks one text.
pub fn holds(data: &[u8]) {
    let ours = Json::parse(data);
    let theirs: Option<Value> = serde_json::from_slice(data).ok();
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => same(&ours, &theirs),
        (None, Some(theirs)) => {
            let Entries(written) = serde_json::from_slice(data).unwrap();
            assert!(written > entries(&theirs), "refused without reason");
        }
        (None, None) => {}
        (Some(ours), None) => panic!("nobody else reads it: {ours:?}"),
    }
}

fn same(ours: &Json, theirs: &Value) {
    match (ours, theirs) {
        (Json::Null, Value::Null) => {}
        (Json::Bool(ours), Value::Bool(theirs)) => assert_eq!(ours, theirs),
        (Json::Number(number), Value::Number(theirs)) => {
            // The last digits may differ where more than 53 bits, or a power beyond 22, are rounded.
            let theirs = theirs.as_f64().unwrap();
            let near = (theirs.abs() * 1e-14).max(f64::MIN_POSITIVE * 1e-14);
            assert!((number - theirs).abs() <= near, "{number} is not {theirs}");
            assert!(ours.whole().is_none_or(|whole| whole as f64 == *number));
        }
        (Json::Text(ours), Value::String(theirs)) => assert_eq!(ours, theirs),
        (Json::List(ours), Value::Array(theirs)) => {
            assert_eq!(ours.len(), theirs.len());
            ours.iter()
                .zip(theirs)
                .for_each(|(ours, theirs)| same(ours, theirs));
        }
        (Json::Object(entries), Value::Object(theirs)) => {
            assert_eq!(entries.len(), theirs.len());
            for (name, theirs) in theirs {
                assert!(ours.has(name));
                same(ours.get(name), theirs);
            }
        }
        _ => panic!("{ours:?} is not {theirs}"),
    }
}

/// The entries of all objects in a tree.
fn entries(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(entries).sum(),
        Value::Object(object) => object.len() + object.values().map(entries).sum::<usize>(),
        _ => 0,
    }
}

/// The entries of all objects in a text, one that stands twice counted twice.
struct Entries(usize);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Counter)
    }
}

struct Counter;

impl<'de> Visitor<'de> for Counter {
    type Value = Entries;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Entries, E> {
        Ok(Entries(0))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Entries, E> {
        Ok(Entries(0))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Entries, E> {
        Ok(Entries(0))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Entries, E> {
        Ok(Entries(0))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Entries, E> {
        Ok(Entries(0))
    }

    fn visit_str<E>(self, _: &str) -> Result<Entries, E> {
        Ok(Entries(0))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Entries, S::Error> {
        let mut sum = 0;
        while let Some(Entries(count)) = items.next_element()? {
            sum += count;
        }
        Ok(Entries(sum))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entries, M::Error> {
        let mut sum = 0;
        while let Some((IgnoredAny, Entries(count))) = map.next_entry()? {
            sum += count + 1;
        }
        Ok(Entries(sum))
    }
}
