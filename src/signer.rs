//! Signing Behest tokens here, with the tenant's own key.

use crate::base64url;
use crate::crypto::Crypto;
use crate::fault::{Code, Fault};
use crate::grant::Grant;
use crate::json::{self, Value};
use crate::uuid;

/// What a locally signed token says of its issuer, and with which key.
#[derive(Debug)]
pub struct LocalRules {
    /// Behest's id of the signing key.
    pub kid: String,
    /// Tenant id.
    pub tid: String,
    /// Project id.
    pub pid: String,
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
}

/// A local signer: the imported key, and the part of the token that never changes.
#[derive(Debug)]
pub struct Signer<K> {
    key: K,
    rules: LocalRules,
    /// The JWS header in base64url, with its dot.
    header: String,
}

impl<K> Signer<K> {
    /// Prepares the header: `alg`, `typ`, `kid`.
    #[must_use]
    pub fn new(key: K, rules: LocalRules) -> Self {
        let header = json::object(&[
            ("alg", Value::Text("RS256")),
            ("typ", Value::Text("JWT")),
            ("kid", Value::Text(&rules.kid)),
        ]);
        let mut header = base64url::encode(header.as_bytes());
        header.push('.');
        Self { key, rules, header }
    }

    /// Signs a grant's token, good from `now` to `exp` (Unix seconds). The claims and their order
    /// are the official SDK's.
    ///
    /// # Errors
    /// `internal` where the platform broke.
    pub async fn sign<C: Crypto<SigningKey = K>>(
        &self,
        crypto: &C,
        grant: &Grant,
        now: u64,
        exp: u64,
    ) -> Result<String, Fault> {
        let claims = json::object(&[
            ("tid", Value::Text(&self.rules.tid)),
            ("pid", Value::Text(&self.rules.pid)),
            ("uid", Value::Text(&grant.uid)),
            ("role", Value::Text("user")),
            ("scp", Value::EmptyList),
            ("iss", Value::Text(&self.rules.iss)),
            ("aud", Value::Text(&self.rules.aud)),
            ("iat", Value::Number(now)),
            ("nbf", Value::Number(now)),
            ("exp", Value::Number(exp)),
            ("jti", Value::Text(&uuid::v4()?)),
            ("sid", Value::Text(&grant.session_id)),
            ("tier", Value::Number(grant.tier.into())),
        ]);
        let mut token = self.header.clone();
        token.push_str(&base64url::encode(claims.as_bytes()));
        let signature = crypto
            .sign(&self.key, token.as_bytes())
            .await
            .map_err(|_| Fault::because(Code::Internal, "SubtleCrypto.sign broke"))?;
        token.push('.');
        token.push_str(&base64url::encode(&signature));
        Ok(token)
    }
}
