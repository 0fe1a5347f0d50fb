//! From a session and a tier to the Behest token: what is signed, what is asked for, and what is
//! accepted as an answer.

use crate::answer::{Answer, Outcome};
use crate::fault::{Code, Fault};
use crate::json::{self, Json};
use crate::session::Session;
use crate::signer::Signer;
use crate::uuid;
use crate::webcrypto::Crypto;
use crate::wishes::is_session_id;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;

/// What the settings say of minting.
#[derive(Debug)]
pub struct MintRules {
    /// Where the app talks to Behest; told to the client.
    pub base_url: String,
    /// Lifetime of a token in seconds.
    pub ttl: u32,
}

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

    /// Has the token signed here.
    ///
    /// # Errors
    /// `internal` where the platform broke, or `now` is no time.
    pub async fn sign<C: Crypto>(
        &self,
        crypto: &C,
        signer: &Signer<C::SigningKey>,
        rules: &MintRules,
        now: u64,
    ) -> Result<Bundle, Fault> {
        let exp = now
            .checked_add(u64::from(rules.ttl))
            .ok_or_else(|| Fault::because(Code::Internal, "the clock tells no time"))?;
        Ok(Bundle {
            token: signer.sign(crypto, self, now, exp).await?,
            session_id: self.session_id.clone(),
            ttl: rules.ttl,
            expires_at: exp,
            base_url: rules.base_url.clone(),
            tier: self.tier,
        })
    }

    /// The body that asks Behest for the token (`POST /v1/auth/mint`).
    ///
    /// # Errors
    /// `internal` where JSON cannot be written.
    pub fn request(&self, rules: &MintRules) -> Result<String, Fault> {
        #[derive(Serialize)]
        struct Request<'a> {
            user_id: &'a str,
            role: &'static str,
            ttl: u32,
            session_id: &'a str,
            tier: u32,
        }
        json::write(&Request {
            user_id: &self.uid,
            role: "user",
            ttl: rules.ttl,
            session_id: &self.session_id,
            tier: self.tier,
        })
    }

    /// Takes Behest's answer. Only a token of this very user, and one still good, is passed on.
    ///
    /// # Errors
    /// `quota_exceeded`, `rate_limited`, `behest_rejected`, `behest_unavailable`, `behest_timeout`.
    pub fn accept(&self, answer: &Answer, rules: &MintRules, now: u64) -> Result<Bundle, Fault> {
        let code = match answer.outcome() {
            Outcome::Success(body) => {
                return self.read(body, rules, now).ok_or_else(|| {
                    Fault::because(Code::BehestRejected, "no token of this user came back")
                });
            }
            Outcome::Unreadable => Code::BehestRejected,
            Outcome::Refused(402) => Code::QuotaExceeded,
            Outcome::Refused(_) => Code::BehestRejected,
            Outcome::TooMany => Code::RateLimited,
            Outcome::Failed => Code::BehestUnavailable,
            Outcome::TimedOut => Code::BehestTimeout,
        };
        Err(answer.fault(code))
    }

    fn read(&self, body: &str, rules: &MintRules, now: u64) -> Option<Bundle> {
        let minted = Json::parse(body.as_bytes())?;
        // Two generations of the answer: jwt and ttl, access_token and expires_in.
        let either = |new, old| match minted.get(new) {
            Json::Null => minted.get(old),
            found => found,
        };
        let token = either("jwt", "access_token").text()?;
        let mut parts = token
            .split('.')
            .map(|part| Base64UrlUnpadded::decode_vec(part).ok());
        let (header, payload, signature) = (parts.next()??, parts.next()??, parts.next()??);
        let claims = Json::parse(&payload)?;
        let is_rs256 = Json::parse(&header)?.get("alg").text() == Some("RS256");
        if parts.next().is_some() || !is_rs256 || signature.is_empty() {
            return None;
        }
        let exp = claims.get("exp").whole()?;
        if claims.get("uid").text()? != self.uid || exp <= now {
            return None;
        }
        let ttl = either("ttl", "expires_in").whole();
        let ttl = ttl.and_then(|ttl| u32::try_from(ttl).ok());
        Some(Bundle {
            token: token.to_owned(),
            session_id: match minted.get("session_id") {
                Json::Null => self.session_id.clone(),
                kept => kept.text().filter(|id| is_session_id(id))?.to_owned(),
            },
            ttl: ttl.unwrap_or(rules.ttl),
            expires_at: exp,
            base_url: rules.base_url.clone(),
            tier: self.tier,
        })
    }
}

/// The body of a 200.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    token: String,
    session_id: String,
    /// Seconds.
    ttl: u32,
    /// Unix seconds; the token's own `exp`.
    expires_at: u64,
    base_url: String,
    tier: u32,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Bundle(_)")
    }
}

impl Bundle {
    /// The answer's text.
    ///
    /// # Errors
    /// `internal` where JSON cannot be written.
    pub fn to_json(&self) -> Result<String, Fault> {
        json::write(self)
    }
}
