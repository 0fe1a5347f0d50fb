//! From a plan to a tier, and which models a plan may use.

use crate::answer::{Answer, Outcome, Server};
use crate::claims::MetadataPath;
use crate::fault::{Code, Fault};
use crate::json::Json;
use crate::pasted::{trimmed, whole_number};
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
        match (&self.source, answer) {
            (PlanSource::Claim(path), None) => Ok(self.of_plan(session.app_metadata().at(path))),
            (PlanSource::Table(table), Some(answer)) => self.of_answer(table, answer),
            _ => Err(Fault::because(Code::Internal, "the plan was passed by")),
        }
    }

    /// The entitlement by PostgREST's answer.
    fn of_answer(&self, table: &Table, answer: &Answer) -> Result<Entitlement, Fault> {
        let outcome = answer.outcome_of(Server::Rest);
        let rows = match outcome {
            Outcome::Success(body) => Json::parse(body.as_bytes()),
            _ => None,
        };
        match rows.as_ref().and_then(Json::list) {
            Some([row]) if row.has(&table.column) => Ok(self.of_plan(row.get(&table.column))),
            Some([]) => Ok(self.without_plan(None)),
            // Which one was meant, nothing says; the order is not fixed either.
            Some([_, _, ..]) => Ok(self.without_plan(Some(
                "a user has more than one plan row: BEHEST_TIER is used".into(),
            ))),
            Some([_]) | None => self.unread(outcome, answer),
        }
    }

    /// The entitlement where PostgREST gave no row that could be read.
    #[cold]
    fn unread(&self, outcome: Outcome, answer: &Answer) -> Result<Entitlement, Fault> {
        let fault = match outcome {
            Outcome::Refused(400 | 403 | 404) => {
                return Ok(self.without_plan(Some(
                    "plan table or column is missing, of another type, or not readable by users: BEHEST_TIER is used".into(),
                )));
            }
            Outcome::Intercepted => Fault::because(
                Code::SupabaseRejected,
                "the plan: refused by somebody before PostgREST",
            ),
            Outcome::TimedOut => answer.fault(Code::PlanTimeout),
            // Its 401 too: the session is good, so its clock or its keys are the matter.
            Outcome::Success(_)
            | Outcome::Refused(_)
            | Outcome::Unreadable
            | Outcome::TooMany
            | Outcome::Failed => answer.fault(Code::PlanUnavailable),
        };
        if self.default_on_error {
            return Ok(self.without_plan(Some("plan cannot be read: BEHEST_TIER is used".into())));
        }
        Err(fault)
    }

    fn of_plan(&self, plan: &Json<'_>) -> Entitlement {
        let number;
        let name = match plan {
            Json::Null => return self.without_plan(None),
            Json::Text(name) => Some(&**name),
            Json::Bool(true) => Some("true"),
            Json::Bool(false) => Some("false"),
            other => {
                number = other.whole().map(|tier| tier.to_string());
                number.as_deref()
            }
        };
        // A name comes first, also one that is a number or a flag.
        let known = |name: &str| self.tiers.iter().find(|(known, _)| same(known, name));
        if let Some((name, tier)) = name.and_then(known) {
            return Entitlement {
                tier: *tier,
                names: vec![name.clone()],
                notice: None,
            };
        }
        let name = name.unwrap_or_default();
        match tier_in(name) {
            Some(tier) => Entitlement {
                tier,
                names: self.names_of(tier),
                notice: None,
            },
            None => self.of_stranger(trimmed(name)),
        }
    }

    /// The entitlement of a plan that no setting names.
    #[cold]
    fn of_stranger(&self, name: &str) -> Entitlement {
        // A short word alone is repeated: whatever else stands in the column may be nobody's to
        // read, and no key or token is that short.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let shown = if (1..=16).contains(&name.len()) && name.bytes().all(plain) {
            name
        } else {
            "…"
        };
        let notice = [
            "plan \"",
            shown,
            "\" is not in BEHEST_PLAN_TIERS: BEHEST_TIER is used",
        ];
        let mut entitlement = self.without_plan(Some(notice.concat()));
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

/// A tier as it stands: decimal digits without a zero that leads.
fn tier_in(text: &str) -> Option<u32> {
    let plain = text == "0" || !text.starts_with('0');
    whole_number(text).filter(|_| plain)
}

/// Plan names are the same in any case of their ASCII letters.
pub(crate) fn same(one: &str, other: &str) -> bool {
    trimmed(one).eq_ignore_ascii_case(trimmed(other))
}
