//! JSON, read strictly: a name that stands twice in one object is an error (RFC 8259 section 4,
//! RFC 7515 section 4, RFC 7519 section 4), so that no two readers of one text see two things.

use crate::fault::{Code, Fault};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json {
    /// `null`, and whatever is not there.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; exact up to 2^53.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object, its entries in the order of their names.
    Object(Vec<(String, Self)>),
}

/// A text without its byte order mark, which nobody should send and some do (RFC 8259 section 8.1).
#[must_use]
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

impl Json {
    /// Reads a text. Nesting deeper than 128, and a number beyond what a double holds, are errors.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// What an object has under a name; `null` where it has nothing, and where this is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> &Self {
        const NULL: &Json = &Json::Null;
        self.object()
            .and_then(|entries| {
                let index = entries.binary_search_by(|(other, _)| other.as_str().cmp(name));
                entries.get(index.ok()?)
            })
            .map_or(NULL, |(_, value)| value)
    }

    /// Whether this is an object that has something under a name, be it `null`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.object()
            .is_some_and(|entries| entries.iter().any(|(other, _)| other == name))
    }

    /// A string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number.
    #[must_use]
    pub const fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number below 2^53, where a double still tells each from the next, in whichever way it is written (2 and 2.0).
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked before"
    )]
    pub fn whole(&self) -> Option<u64> {
        let number = self.number()?;
        (number.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(&number))
            .then_some(number as u64)
    }

    /// An array.
    #[must_use]
    pub fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// An object.
    #[must_use]
    pub fn object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The string that may be missing: nothing for `null`, an error for anything but a string.
    ///
    /// # Errors
    /// Where something else stands there.
    pub fn optional_text(&self) -> Result<Option<&str>, WrongType> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            _ => Err(WrongType),
        }
    }
}

/// Something else stands where a string, or nothing, should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53, as documented"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53, as documented"
    )]
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Json, S::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Json, M::Error> {
        let mut entries: Vec<(String, Json)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            // Kept sorted, so that an object of thousands of names costs no thousands squared.
            match entries.binary_search_by(|(other, _)| other.cmp(&name)) {
                Ok(_) => return Err(M::Error::custom("a name stands twice")),
                Err(index) => {
                    let value = map.next_value()?;
                    entries.insert(index, (name, value));
                }
            }
        }
        Ok(Json::Object(entries))
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// `internal`; no type of ours gives it reason to.
pub fn write<T: Serialize>(value: &T) -> Result<String, Fault> {
    serde_json::to_string(value)
        .map_err(|_| Fault::because(Code::Internal, "JSON cannot be written"))
}
