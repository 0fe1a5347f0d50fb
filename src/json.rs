//! JSON (RFC 8259), read strictly: a name that stands twice in one object is an error (RFC 8259
//! section 4, RFC 7515 section 4, RFC 7519 section 4), so that no two readers of one text see two
//! things.

mod number;
mod read;
mod write;

use std::borrow::Cow;
use std::mem;

pub use write::{Value, object};

/// A JSON value. Its strings are parts of the text that it was read from, where they have no escapes.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Json<'a> {
    /// `null`, and whatever is not there.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number: exact up to 2^53, and the nearest double to a decimal of as much and at most 22 digits
    /// behind the point.
    Number(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Self>),
    /// An object, its entries in the order of their names.
    Object(Vec<(Cow<'a, str>, Self)>),
}

/// A text without its byte order mark, which nobody should send and some do (RFC 8259 section 8.1).
#[must_use]
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

impl<'a> Json<'a> {
    /// Reads a text. Nesting of 128 and more, and a number beyond what a double holds, are errors.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        read::whole(text)
    }

    /// What an object has under a name; `null` where it has nothing, and where this is no object.
    #[must_use]
    #[inline(never)]
    pub fn get(&self, name: &str) -> &Self {
        const NULL: &Json<'_> = &Json::Null;
        let entries = self.object().unwrap_or_default();
        let found = place(entries, name).ok().and_then(|at| entries.get(at));
        found.map_or(NULL, |(_, value)| value)
    }

    /// Takes out what an object has under a name; `null` where it has nothing.
    #[must_use]
    pub fn take(&mut self, name: &str) -> Self {
        let Self::Object(entries) = self else {
            return Self::Null;
        };
        let found = place(entries, name).ok().and_then(|at| entries.get_mut(at));
        found.map_or(Self::Null, |(_, value)| mem::take(value))
    }

    /// The same with strings of its own.
    #[must_use]
    pub fn into_owned(self) -> Json<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Json::Null,
            Self::Bool(flag) => Json::Bool(flag),
            Self::Number(number) => Json::Number(number),
            Self::Text(text) => Json::Text(owned(text)),
            Self::List(list) => Json::List(list.into_iter().map(Json::into_owned).collect()),
            Self::Object(entries) => {
                let entries = entries.into_iter();
                let owned = entries.map(|(name, value)| (owned(name), value.into_owned()));
                Json::Object(owned.collect())
            }
        }
    }

    /// Whether this is an object that has something under a name, be it `null`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        place(self.object().unwrap_or_default(), name).is_ok()
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
    pub fn object(&self) -> Option<&[(Cow<'a, str>, Self)]> {
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

/// Where a name is in an object's entries, or where it would be.
#[inline(never)]
fn place(entries: &[(Cow<'_, str>, Json<'_>)], name: &str) -> Result<usize, usize> {
    entries.binary_search_by(|(other, _)| (**other).cmp(name))
}

/// Something else stands where a string, or nothing, should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;
