//! From a plan to a tier, and which models a plan may use.

use crate::answer::{Answer, Outcome, Server};
use crate::claims::MetadataPath;
use crate::fault::{Code, Fault};
use crate::json::Json;
use crate::session::Session;

/// Where a user's plan stands.
#[derive(Debug)]
pub enum PlanSource {
    /// A table that PostgREST serves.
    Table(Table),
    /// `app_metadata`; no call.
    Claim(MetadataPath),
}

/// A table of plans, each name a plain SQL identifier.
#[derive(Debug)]
pub struct Table {
    /// The table.
    pub name: String,
    /// The column with the plan.
    pub column: String,
    /// The column with the Supabase user's id.
    pub user_column: String,
}

/// What the settings say of plans.
#[derive(Debug)]
pub struct PlanRules {
    /// Where the plan stands.
    pub source: PlanSource,
    /// Plan name to tier.
    pub tiers: Vec<(String, u32)>,
    /// The tier without a plan.
    pub default_tier: u32,
    /// Whether to mint with the default tier when the plan cannot be read.
    pub default_on_error: bool,
    /// Model to the plans that may use it.
    pub policy: Vec<(String, Vec<String>)>,
}

/// What a user may have.
#[derive(Debug, PartialEq, Eq)]
pub struct Entitlement {
    /// The Behest tier.
    pub tier: u32,
    /// The plan names that count as the user's, for the model policy.
    names: Vec<String>,
    /// What the operator should know, for the log.
    pub notice: Option<String>,
}

impl Entitlement {
    fn is_called(&self, plan: &str) -> bool {
        self.names.iter().any(|name| same(name, plan))
    }
}

impl PlanRules {
    /// The entitlement of a session's user, with PostgREST's answer where a table is set.
    ///
    /// # Errors
    /// `supabase_rejected`, `plan_unavailable`, `plan_timeout`; `internal` where the answer is missing.
    pub fn entitlement(
        &self,
        session: &Session,
        answer: Option<&Answer>,
    ) -> Result<Entitlement, Fault> {
        let plan = match (&self.source, answer) {
            (PlanSource::Claim(path), None) => session.app_metadata().at(path).clone(),
            (PlanSource::Table(table), Some(answer)) => match Self::row(table, answer) {
                Ok(plan) => plan,
                Err(Unread::Notice(notice)) => return Ok(self.without_plan(Some(notice.into()))),
                Err(Unread::Fault(_)) if self.default_on_error => {
                    return Ok(
                        self.without_plan(Some("plan cannot be read: BEHEST_TIER is used".into()))
                    );
                }
                Err(Unread::Fault(fault)) => return Err(fault),
            },
            _ => return Err(Fault::because(Code::Internal, "the plan was passed by")),
        };
        Ok(self.of_plan(&plan))
    }

    /// The plan in PostgREST's answer, `null` where the user has no row.
    fn row(table: &Table, answer: &Answer) -> Result<Json, Unread> {
        let code = match answer.outcome_of(Server::Rest) {
            Outcome::Success(body) => {
                match Json::parse(body.as_bytes()).as_ref().and_then(Json::list) {
                    Some([]) => return Ok(Json::Null),
                    Some([row]) if row.has(&table.column) => {
                        return Ok(row.get(&table.column).clone());
                    }
                    // Which one was meant, nothing says; the order is not fixed either.
                    Some([_, _, ..]) => {
                        return Err(Unread::Notice(
                            "a user has more than one plan row: BEHEST_TIER is used",
                        ));
                    }
                    Some([_]) | None => Code::PlanUnavailable,
                }
            }
            Outcome::Refused(400 | 403 | 404) => {
                return Err(Unread::Notice(
                    "plan table or column is missing, of another type, or not readable by users: BEHEST_TIER is used",
                ));
            }
            Outcome::Intercepted => {
                return Err(Unread::Fault(Fault::because(
                    Code::SupabaseRejected,
                    "the plan: refused by somebody before PostgREST",
                )));
            }
            Outcome::TimedOut => Code::PlanTimeout,
            // Its 401 too: the session is good, so its clock or its keys are the matter.
            Outcome::Refused(_) | Outcome::Unreadable | Outcome::TooMany | Outcome::Failed => {
                Code::PlanUnavailable
            }
        };
        Err(Unread::Fault(answer.fault(code)))
    }

    fn of_plan(&self, plan: &Json) -> Entitlement {
        if *plan == Json::Null {
            return self.without_plan(None);
        }
        let name = match plan {
            Json::Text(name) => Some(name.clone()),
            Json::Bool(flag) => Some(flag.to_string()),
            other => other.whole().map(|tier| tier.to_string()),
        };
        // A name comes first, also one that is a number or a flag.
        let known = |name: &str| self.tiers.iter().find(|(known, _)| same(known, name));
        if let Some((name, tier)) = name.as_deref().and_then(known) {
            return Entitlement {
                tier: *tier,
                names: vec![name.clone()],
                notice: None,
            };
        }
        let name = name.unwrap_or_default();
        if let Some(tier) = tier_in(&name) {
            return Entitlement {
                tier,
                names: self.names_of(tier),
                notice: None,
            };
        }
        let name = name.trim();
        // A short word alone is repeated: whatever else stands in the column may be nobody's to
        // read, and no key or token is that short.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let shown = if (1..=16).contains(&name.len()) && name.bytes().all(plain) {
            name
        } else {
            "…"
        };
        let mut entitlement = self.without_plan(Some(format!(
            "plan \"{shown}\" is not in BEHEST_PLAN_TIERS: BEHEST_TIER is used"
        )));
        entitlement.names.push(name.to_owned());
        entitlement
    }

    fn without_plan(&self, notice: Option<String>) -> Entitlement {
        Entitlement {
            tier: self.default_tier,
            names: self.names_of(self.default_tier),
            notice,
        }
    }

    fn names_of(&self, tier: u32) -> Vec<String> {
        let same = self.tiers.iter().filter(|(_, other)| *other == tier);
        same.map(|(name, _)| name.clone()).collect()
    }

    /// Asks the model policy. A model that it does not name is free to all.
    ///
    /// # Errors
    /// `model_forbidden`.
    pub fn allow(&self, entitlement: &Entitlement, model: Option<&str>) -> Result<(), Fault> {
        let named = self
            .policy
            .iter()
            .find(|(name, _)| Some(name.as_str()) == model);
        match named {
            Some((_, plans)) if !plans.iter().any(|plan| entitlement.is_called(plan)) => {
                Err(Code::ModelForbidden.into())
            }
            _ => Ok(()),
        }
    }
}

/// Why no plan came out of an answer.
enum Unread {
    /// There is none to be had, and the operator should know.
    Notice(&'static str),
    /// It could not be read.
    Fault(Fault),
}

/// A tier as it stands: decimal digits, and nothing that only `parse` takes for them.
fn tier_in(text: &str) -> Option<u32> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

/// Plan names are the same in any case of their ASCII letters.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}
