//! From a grant to the Behest token: what is signed, what is asked for, and what is accepted as an
//! answer.

use crate::answer::{Answer, Outcome};
use crate::base64url;
use crate::crypto::Crypto;
use crate::fault::{Code, Fault};
use crate::grant::Grant;
use crate::json::{self, Json, Value};
use crate::parameters::is_session_id;
use crate::signer::Signer;

/// What the settings say of minting.
#[derive(Debug)]
pub struct MintRules {
    /// Where the app talks to Behest; told to the client.
    pub base_url: String,
    /// Lifetime of a token in seconds.
    pub ttl: u32,
}

impl MintRules {
    /// Has a grant's token signed here.
    ///
    /// # Errors
    /// `internal` where the platform broke, or `now` is no time.
    pub async fn sign<C: Crypto>(
        &self,
        grant: &Grant,
        crypto: &C,
        signer: &Signer<C::SigningKey>,
        now: u64,
    ) -> Result<TokenResponse, Fault> {
        let exp = now
            .checked_add(u64::from(self.ttl))
            .ok_or_else(|| Fault::because(Code::Internal, "the clock tells no time"))?;
        Ok(TokenResponse {
            token: signer.sign(crypto, grant, now, exp).await?,
            session_id: grant.session_id.clone(),
            ttl: self.ttl,
            expires_at: exp,
            base_url: self.base_url.clone(),
            tier: grant.tier,
        })
    }

    /// The body that asks Behest for the token (`POST /v1/auth/mint`).
    #[must_use]
    pub fn request(&self, grant: &Grant) -> String {
        json::object(&[
            ("user_id", Value::Text(&grant.uid)),
            ("role", Value::Text("user")),
            ("ttl", Value::Number(self.ttl.into())),
            ("session_id", Value::Text(&grant.session_id)),
            ("tier", Value::Number(grant.tier.into())),
        ])
    }

    /// Takes Behest's answer. Only a token of this very user, and one still good, is passed on.
    ///
    /// # Errors
    /// `quota_exceeded`, `rate_limited`, `behest_rejected`, `behest_unavailable`, `behest_timeout`.
    pub fn accept(&self, grant: &Grant, answer: &Answer, now: u64) -> Result<TokenResponse, Fault> {
        let code = match answer.outcome() {
            Outcome::Success(body) => {
                return self.read(grant, body, now).ok_or_else(|| {
                    Fault::because(Code::BehestRejected, "no token of this user came back")
                });
            }
            Outcome::Refused(402) => Code::QuotaExceeded,
            Outcome::Unreadable | Outcome::Refused(_) | Outcome::Intercepted => {
                Code::BehestRejected
            }
            Outcome::TooMany => Code::RateLimited,
            Outcome::Failed => Code::BehestUnavailable,
            Outcome::TimedOut => Code::BehestTimeout,
        };
        Err(answer.fault(code))
    }

    fn read(&self, grant: &Grant, body: &str, now: u64) -> Option<TokenResponse> {
        let minted = Json::parse(body.as_bytes())?;
        // Two generations of the answer: jwt and ttl, access_token and expires_in.
        let either = |new, old| match minted.get(new) {
            Json::Null => minted.get(old),
            found => found,
        };
        let token = either("jwt", "access_token").text()?;
        let parts = token.as_bytes().split(|byte| *byte == b'.');
        let mut parts = parts.map(base64url::decode);
        let (header, payload, signature) = (parts.next()??, parts.next()??, parts.next()??);
        let claims = Json::parse(&payload)?;
        let is_rs256 = Json::parse(&header)?.get("alg").text() == Some("RS256");
        if parts.next().is_some() || !is_rs256 || signature.is_empty() {
            return None;
        }
        let exp = claims.get("exp").whole()?;
        if claims.get("uid").text()? != grant.uid || exp <= now {
            return None;
        }
        let ttl = either("ttl", "expires_in").whole();
        let ttl = ttl.and_then(|ttl| u32::try_from(ttl).ok());
        Some(TokenResponse {
            token: token.to_owned(),
            session_id: match minted.get("session_id") {
                Json::Null => grant.session_id.clone(),
                kept => kept.text().filter(|id| is_session_id(id))?.to_owned(),
            },
            ttl: ttl.unwrap_or(self.ttl),
            expires_at: exp,
            base_url: self.base_url.clone(),
            tier: grant.tier,
        })
    }
}

/// The body of a 200.
pub struct TokenResponse {
    token: String,
    session_id: String,
    /// Seconds.
    ttl: u32,
    /// Unix seconds; the token's own `exp`.
    expires_at: u64,
    base_url: String,
    tier: u32,
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenResponse(_)")
    }
}

impl TokenResponse {
    /// The answer's text.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::object(&[
            ("token", Value::Text(&self.token)),
            ("sessionId", Value::Text(&self.session_id)),
            ("ttl", Value::Number(self.ttl.into())),
            ("expiresAt", Value::Number(self.expires_at)),
            ("baseUrl", Value::Text(&self.base_url)),
            ("tier", Value::Number(self.tier.into())),
        ])
    }
}
