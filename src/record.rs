//! What goes to JavaScript as a plain object. A map to `serde_wasm_bindgen`: for structs it keeps a
//! cache of names, which weighs more than it saves.

use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// An object's parts by their names, in their order.
#[derive(Debug, Default)]
pub struct Record<'a>(Vec<(&'static str, Part<'a>)>);

/// One of them: each type of a map's values would weigh as much as the map.
#[derive(Debug)]
pub enum Part<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// A number.
    Number(u32),
    /// Yes or no.
    Flag(bool),
    /// Several words.
    List(&'a [String]),
    /// An object in the object.
    Record(Record<'a>),
}

impl<'a> Record<'a> {
    /// Adds a part.
    #[inline(never)]
    pub fn push(&mut self, name: &'static str, part: Part<'a>) {
        self.0.push((name, part));
    }

    /// Adds words that are somebody else's.
    pub fn text(&mut self, name: &'static str, text: &'a str) {
        self.push(name, Part::Text(Cow::Borrowed(text)));
    }

    /// Adds words that may be missing.
    #[inline(never)]
    pub fn optional_text(&mut self, name: &'static str, text: Option<&'a str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// Adds words that are put together.
    #[inline(never)]
    pub fn joined(&mut self, name: &'static str, words: &[&str]) {
        self.push(name, Part::Text(Cow::Owned(words.concat())));
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, part)| (name, part)))
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
            Self::Flag(flag) => flag.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            Self::Record(record) => record.serialize(serializer),
        }
    }
}
