//! Settings of plans and tiers.

use super::reader::Reader;
use crate::claims::MetadataPath;
use crate::json::Json;
use crate::plan::{PlanRules, PlanSource, Table, same};

impl Reader<'_> {
    #[inline(never)]
    pub(super) fn plan(&mut self) -> PlanRules {
        let mut claim = None;
        self.take(
            "BEHEST_PLAN_CLAIM",
            "must be a path under app_metadata, such as app_metadata.plan; users write user_metadata themselves",
            &mut |value| {
                claim = Some(MetadataPath::parse(value)?);
                Some(())
            },
        );
        let table = Table {
            name: self.identifier("BEHEST_PLAN_TABLE", "profiles"),
            column: self.identifier("BEHEST_PLAN_COLUMN", "plan"),
            user_column: self.identifier("BEHEST_PLAN_USER_COLUMN", "id"),
        };
        let mut tiers = None;
        self.take(
            "BEHEST_PLAN_TIERS",
            "must be a JSON object of plan names, each once, and whole numbers, such as {\"free\":1,\"pro\":2}",
            &mut |value| {
                tiers = Some(tiers_of(value)?);
                Some(())
            },
        );
        let default_tier = self.number("BEHEST_TIER", "must be a whole number", 1, 0..=u32::MAX);
        let default_on_error = self.is_second("BEHEST_PLAN_ON_ERROR", ["fail", "default"]);
        let mut policy = Vec::new();
        self.take(
            "BEHEST_MODEL_POLICY",
            "must be a JSON object of models and lists of plan names, such as {\"claude-3-opus\":[\"pro\"]}",
            &mut |value| {
                policy = policy_of(value)?;
                Some(())
            },
        );
        let tiers = tiers.unwrap_or_else(default_tiers);
        PlanRules {
            source: match claim {
                Some(path) => PlanSource::Claim(path),
                None => PlanSource::Table(table),
            },
            tiers,
            default_tier,
            default_on_error,
            policy,
        }
    }

    /// A plain SQL identifier: what else PostgREST would read into a name, it cannot hold.
    #[inline(never)]
    fn identifier(&mut self, name: &'static str, default: &str) -> String {
        let value = self.get_or(name, default);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !value.bytes().all(is_plain) {
            self.note(name, &["must be a name of letters, digits and _"]);
        }
        value
    }
}

#[inline(never)]
fn default_tiers() -> Vec<(String, u32)> {
    let tiers = [("free", 1), ("pro", 2), ("max", 3)];
    tiers
        .iter()
        .map(|(name, tier)| ((*name).to_owned(), *tier))
        .collect()
}

#[inline(never)]
fn tiers_of(text: &str) -> Option<Vec<(String, u32)>> {
    let tiers = entries(text, |tier| u32::try_from(tier.whole()?).ok())?;
    // Two names that differ in case alone are one plan with two tiers.
    let is_once = |name: &str| tiers.iter().filter(|(other, _)| same(name, other)).count() == 1;
    tiers.iter().all(|(name, _)| is_once(name)).then_some(tiers)
}

#[inline(never)]
fn policy_of(text: &str) -> Option<Vec<(String, Vec<String>)>> {
    entries(text, |plans| {
        let plans = plans.list()?.iter();
        plans.map(|plan| plan.text().map(str::to_owned)).collect()
    })
}

/// The entries of a JSON object, each value through `parse`.
fn entries<T>(text: &str, parse: impl Fn(&Json<'_>) -> Option<T>) -> Option<Vec<(String, T)>> {
    let object = Json::parse(text.as_bytes())?;
    let entries = object.object()?.iter();
    entries
        .map(|(name, value)| Some((name.clone().into_owned(), parse(value)?)))
        .collect()
}
