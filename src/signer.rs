//! Signing Behest tokens here, with the tenant's own key.

use crate::crypto::Crypto;
use crate::fault::{Code, Fault};
use crate::grant::Grant;
use crate::json;
use crate::uuid;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;

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
    ///
    /// # Errors
    /// `internal` where JSON cannot be written.
    pub fn new(key: K, rules: LocalRules) -> Result<Self, Fault> {
        #[derive(Serialize)]
        struct Header<'a> {
            alg: &'static str,
            typ: &'static str,
            kid: &'a str,
        }
        let header = json::write(&Header {
            alg: "RS256",
            typ: "JWT",
            kid: &rules.kid,
        })?;
        let mut header = Base64UrlUnpadded::encode_string(header.as_bytes());
        header.push('.');
        Ok(Self { key, rules, header })
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
        #[derive(Serialize)]
        struct Claims<'a> {
            tid: &'a str,
            pid: &'a str,
            uid: &'a str,
            role: &'static str,
            scp: [&'static str; 0],
            iss: &'a str,
            aud: &'a str,
            iat: u64,
            nbf: u64,
            exp: u64,
            jti: String,
            sid: &'a str,
            tier: u32,
        }
        let claims = json::write(&Claims {
            tid: &self.rules.tid,
            pid: &self.rules.pid,
            uid: &grant.uid,
            role: "user",
            scp: [],
            iss: &self.rules.iss,
            aud: &self.rules.aud,
            iat: now,
            nbf: now,
            exp,
            jti: uuid::v4()?,
            sid: &grant.session_id,
            tier: grant.tier,
        })?;
        let mut token = self.header.clone();
        token.push_str(&Base64UrlUnpadded::encode_string(claims.as_bytes()));
        let signature = crypto
            .sign(&self.key, token.as_bytes())
            .await
            .map_err(|_| Fault::because(Code::Internal, "SubtleCrypto.sign broke"))?;
        token.push('.');
        token.push_str(&Base64UrlUnpadded::encode_string(&signature));
        Ok(token)
    }
}
