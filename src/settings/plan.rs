//! Settings of plans and tiers.

use super::reader::Reader;
use crate::claims::MetadataPath;
use crate::json::Json;
use crate::plan::{PlanRules, PlanSource, Table, same};

impl Reader<'_> {
    pub(super) fn plan(&mut self) -> Option<PlanRules> {
        let claim = self.parsed(
            "BEHEST_PLAN_CLAIM",
            "must be a path under app_metadata, such as app_metadata.plan; users write user_metadata themselves",
            None,
            |value| MetadataPath::parse(value).map(Some),
        );
        let name = self.identifier("BEHEST_PLAN_TABLE", "profiles");
        let column = self.identifier("BEHEST_PLAN_COLUMN", "plan");
        let user_column = self.identifier("BEHEST_PLAN_USER_COLUMN", "id");
        let tiers = self.parsed(
            "BEHEST_PLAN_TIERS",
            "must be a JSON object of plan names, each once, and whole numbers, such as {\"free\":1,\"pro\":2}",
            vec![
                ("free".to_owned(), 1),
                ("pro".to_owned(), 2),
                ("max".to_owned(), 3),
            ],
            |value| {
                let tiers = entries(value, |tier| u32::try_from(tier.whole()?).ok())?;
                // Two names that differ in case alone are one plan with two tiers.
                let is_once = |name: &str| tiers.iter().filter(|(other, _)| same(name, other)).count() == 1;
                tiers.iter().all(|(name, _)| is_once(name)).then_some(tiers)
            },
        );
        let default_tier = self.number("BEHEST_TIER", "must be a whole number", 1, 0..=u32::MAX);
        let default_on_error = self.is_second("BEHEST_PLAN_ON_ERROR", ["fail", "default"]);
        let policy = self.parsed(
            "BEHEST_MODEL_POLICY",
            "must be a JSON object of models and lists of plan names, such as {\"claude-3-opus\":[\"pro\"]}",
            Vec::new(),
            |value| {
                entries(value, |plans| {
                    plans.list()?.iter().map(|plan| plan.text().map(str::to_owned)).collect()
                })
            },
        );
        Some(PlanRules {
            source: match claim? {
                Some(path) => PlanSource::Claim(path),
                None => PlanSource::Table(Table {
                    name: name?,
                    column: column?,
                    user_column: user_column?,
                }),
            },
            tiers: tiers?,
            default_tier: default_tier?,
            default_on_error: default_on_error?,
            policy: policy?,
        })
    }

    /// A plain SQL identifier: what else PostgREST would read into a name, it cannot hold.
    fn identifier(&mut self, name: &'static str, default: &str) -> Option<String> {
        self.parsed(
            name,
            "must be a name of letters, digits and _",
            default.to_owned(),
            |value| {
                value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                    .then(|| value.to_owned())
            },
        )
    }
}

/// The entries of a JSON object, each value through `parse`.
fn entries<T>(text: &str, parse: impl Fn(&Json) -> Option<T>) -> Option<Vec<(String, T)>> {
    let object = Json::parse(text.as_bytes())?;
    let entries = object.object()?.iter();
    entries
        .map(|(name, value)| Some((name.clone(), parse(value)?)))
        .collect()
}
