//! Leave for one user to have one token, on one tier.

use crate::fault::Fault;
use crate::session::Session;
use crate::uuid;

/// Leave for one user to have one token. Only a `Session` becomes one.
#[derive(Debug)]
pub struct Grant {
    pub(crate) uid: String,
    pub(crate) tier: u32,
    pub(crate) session_id: String,
}

impl Grant {
    /// Grants a session's user a tier, in the Behest session to keep or a fresh one.
    ///
    /// # Errors
    /// `internal` where the platform has no randomness.
    pub fn new(session: &Session, tier: u32, session_id: Option<&str>) -> Result<Self, Fault> {
        Ok(Self {
            uid: session.uid().to_owned(),
            tier,
            session_id: match session_id {
                Some(kept) => kept.to_owned(),
                None => uuid::v4()?,
            },
        })
    }

    /// The tier.
    #[must_use]
    pub const fn tier(&self) -> u32 {
        self.tier
    }
}
