//! The parameters of a request, from its body. Everything else in it is ignored: the uid, tier, role
//! and ttl never come from the caller.

use crate::fault::{Code, Fault};
use crate::json::{Json, without_mark};
use crate::text::characters;

/// Longest `sessionId` and `model`, in characters.
const MAX_CHARACTERS: usize = 128;

/// The checked body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    session_id: Option<String>,
    model: Option<String>,
}

impl Parameters {
    /// Reads a body: nothing, or a JSON object in UTF-8.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn read(body: &[u8]) -> Result<Self, Fault> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        Self::parse(without_mark(body)).ok_or_else(|| Code::InvalidRequest.into())
    }

    #[inline(never)]
    fn parse(body: &[u8]) -> Option<Self> {
        if body.trim_ascii().is_empty() {
            return Some(Self::default());
        }
        let body = Json::parse(body).filter(|body| body.object().is_some())?;
        let session_id = body.get("sessionId").optional_text().ok()?;
        let model = body.get("model").optional_text().ok()?;
        let good = session_id.is_none_or(is_session_id) && model.is_none_or(in_range);
        good.then(|| Self {
            session_id: session_id.map(str::to_owned),
            model: model.map(str::to_owned),
        })
    }

    /// The Behest session to keep over a re-mint.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// The model to ask the policy about.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}

fn in_range(text: &str) -> bool {
    (1..=MAX_CHARACTERS).contains(&characters(text))
}

/// Whether this may name a Behest session: what a caller may send, and all that it is ever given.
#[must_use]
pub fn is_session_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    in_range(text) && text.bytes().all(plain)
}
