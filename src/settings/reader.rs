//! Reads variables and collects what is wrong with them.

use super::Unreadable;
use crate::origin::{Origin, surplus};
use crate::pasted::unquoted;
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
            Err(Unreadable) => self.fault(name, "cannot be read; let the function read it"),
        }
    }

    /// A variable; empty counts as unset. Quotes around it came along when it was pasted.
    #[inline(never)]
    pub(super) fn get(&mut self, name: &'static str) -> Option<String> {
        let value = self.raw(name)?;
        let mut value = value.trim();
        if let Some(bare) = unquoted(value) {
            value = bare.trim();
            self.warn(
                name,
                "stands in quotes, which are left out: set it without them",
            );
        }
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// The first of some variables that is set, with its name.
    pub(super) fn first(&mut self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    /// Notes a variable's first fault; comes back empty-handed, so that reading goes on.
    pub(super) fn fault<T>(
        &mut self,
        name: &'static str,
        why: impl Into<Cow<'static, str>>,
    ) -> Option<T> {
        self.note(name, why.into());
        None
    }

    #[inline(never)]
    fn note(&mut self, name: &'static str, why: Cow<'static, str>) {
        if self.faults.iter().all(|(known, _)| *known != name) {
            self.faults.push((name, why));
        }
    }

    /// Notes what works but should be changed.
    #[inline(never)]
    pub(super) fn warn(&mut self, name: &'static str, what: &str) {
        self.warnings.push([name, ": ", what].concat());
    }

    #[inline(never)]
    pub(super) fn required(&mut self, name: &'static str, why: &'static str) -> Option<String> {
        let value = self.get(name);
        value.or_else(|| self.fault(name, ["not set; ", why].concat()))
    }

    /// A variable through `parse`, or its default.
    pub(super) fn parsed<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        default: T,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        match self.get(name) {
            None => Some(default),
            Some(value) => parse(&value).or_else(|| self.fault(name, expected)),
        }
    }

    /// Which of two words a variable holds: false for the first, its default.
    #[inline(never)]
    pub(super) fn is_second(&mut self, name: &'static str, words: [&str; 2]) -> Option<bool> {
        let [first, second] = words;
        match self.get(name) {
            Some(value) if value == second => Some(true),
            Some(value) if value != first => {
                self.fault(name, ["must be ", first, " or ", second].concat())
            }
            _ => Some(false),
        }
    }

    #[inline(never)]
    pub(super) fn number(
        &mut self,
        name: &'static str,
        expected: &'static str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        self.parsed(name, expected, default, |value| {
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            let number = value.parse().ok().filter(|number| range.contains(number));
            number.filter(|_| digits)
        })
    }

    pub(super) fn origin(
        &mut self,
        name: &'static str,
        what: &'static str,
        parse: impl Fn(&str) -> Option<Origin>,
    ) -> Option<Origin> {
        let value = self.required(name, what)?;
        parse(&value).or_else(|| {
            self.fault(
                name,
                match surplus(&value) {
                    Some(part) => format!("must be {what}; leave out {part}"),
                    None => format!("must be {what}"),
                },
            )
        })
    }
}
