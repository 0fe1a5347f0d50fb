//! Reads variables and collects what is wrong with them.
//!
//! A variable at fault counts as unset once its fault is noted: nobody gets settings with a fault, but
//! every other fault is wanted, too. What runs at every start calls little, and none of it is generic:
//! the start takes as long as it takes to compile what it calls.

use super::Unreadable;
use crate::origin::{Origin, surplus};
use crate::pasted::{trimmed, unquoted, whole_number};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// A variable at fault, and why; never its value.
pub(super) type VariableFault = (&'static str, Cow<'static, str>);

/// The environment, with what was found wrong in it so far.
pub(super) struct Reader<'a> {
    /// Gives a variable's value.
    pub(super) lookup: &'a dyn Fn(&str) -> Result<Option<String>, Unreadable>,
    pub(super) faults: Vec<VariableFault>,
    pub(super) warnings: Vec<String>,
}

impl Reader<'_> {
    /// A variable, byte for byte. One that cannot be read is a fault: taken for unset, a rule that
    /// somebody has set would be dropped in silence.
    #[inline(never)]
    pub(super) fn raw(&mut self, name: &'static str) -> Option<String> {
        match (self.lookup)(name) {
            Ok(value) => value,
            Err(Unreadable) => self.fault(name, &["cannot be read; let the function read it"]),
        }
    }

    /// A variable; empty counts as unset. Quotes around it came along when it was pasted.
    #[inline(never)]
    pub(super) fn get(&mut self, name: &'static str) -> Option<String> {
        let value = self.raw(name)?;
        let mut value = trimmed(&value);
        if let Some(bare) = unquoted(value) {
            value = trimmed(bare);
            self.warn(
                name,
                "stands in quotes, which are left out: set it without them",
            );
        }
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A variable, or its default.
    #[inline(never)]
    pub(super) fn get_or(&mut self, name: &'static str, default: &str) -> String {
        self.get(name).unwrap_or_else(|| default.to_owned())
    }

    /// The first of some variables that is set, with its name.
    #[inline(never)]
    pub(super) fn first(&mut self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    /// A variable that must be set, and why.
    #[inline(never)]
    pub(super) fn required(&mut self, name: &'static str, why: &str) -> Option<String> {
        let value = self.get(name);
        value.or_else(|| self.fault(name, &["not set; ", why]))
    }

    /// Hands a variable to `take` where it is set, which keeps it or finds it is not as expected.
    #[inline(never)]
    pub(super) fn take(
        &mut self,
        name: &'static str,
        expected: &str,
        take: &mut dyn FnMut(&str) -> Option<()>,
    ) {
        if let Some(value) = self.get(name)
            && take(&value).is_none()
        {
            self.note(name, &[expected]);
        }
    }

    /// Which of two words a variable holds: false for the first, its default.
    #[inline(never)]
    pub(super) fn is_second(&mut self, name: &'static str, words: [&str; 2]) -> bool {
        let [first, second] = words;
        let value = self.get(name);
        let is_second = value.as_deref() == Some(second);
        if !is_second && value.is_some_and(|value| value != first) {
            self.note(name, &["must be ", first, " or ", second]);
        }
        is_second
    }

    /// A whole number.
    #[inline(never)]
    pub(super) fn number(
        &mut self,
        name: &'static str,
        expected: &str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> u32 {
        let mut number = default;
        self.take(name, expected, &mut |value| {
            number = whole_number(value).filter(|number| range.contains(number))?;
            Some(())
        });
        number
    }

    /// An origin that must be set.
    #[inline(never)]
    pub(super) fn origin(&mut self, name: &'static str, what: &str) -> Option<Origin> {
        let value = self.required(name, what)?;
        Origin::parse_http(&value).or_else(|| self.no_origin(name, what, &value))
    }

    #[inline(never)]
    pub(super) fn no_origin(
        &mut self,
        name: &'static str,
        what: &str,
        value: &str,
    ) -> Option<Origin> {
        match surplus(value) {
            Some(part) => self.fault(name, &["must be ", what, "; leave out ", part]),
            None => self.fault(name, &["must be ", what]),
        }
    }

    /// Notes a variable's fault, and comes back empty-handed.
    pub(super) fn fault<T>(&mut self, name: &'static str, why: &[&str]) -> Option<T> {
        self.note(name, why);
        None
    }

    /// Notes a variable's first fault.
    #[cold]
    #[inline(never)]
    pub(super) fn note(&mut self, name: &'static str, why: &[&str]) {
        if self.faults.iter().all(|(known, _)| *known != name) {
            self.faults.push((name, why.concat().into()));
        }
    }

    /// Notes what works but should be changed.
    #[cold]
    #[inline(never)]
    pub(super) fn warn(&mut self, name: &'static str, what: &str) {
        self.warnings.push([name, ": ", what].concat());
    }
}
