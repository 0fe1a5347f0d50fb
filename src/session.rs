//! From a token to a session: the signature, the claims, and the Auth server's word.

use crate::algorithm::Algorithm;
use crate::answer::{Answer, Outcome};
use crate::claims::{ClaimRules, Claims, MetadataPath, is_uid};
use crate::crypto::Crypto;
use crate::fault::{Code, Fault};
use crate::json::Json;
use crate::keyset::{KeySet, Material};
use crate::token::UntrustedToken;
use jwt_compact::alg::{Hs256, Hs256Signature};
use jwt_compact::{Algorithm as _, AlgorithmSignature as _};
use std::future::poll_fn;
use std::pin::pin;

/// Who vouches for a session besides the token itself (`BEHEST_USER_CHECK`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserCheck {
    /// The Auth server: a signed-out, deleted or banned user gets no token.
    Server,
    /// Nobody: the verified token is trusted until it expires.
    Claims,
}

/// What the settings ask of a session.
#[derive(Debug)]
pub struct SessionRules {
    /// The token's claims.
    pub claims: ClaimRules,
    /// Who vouches.
    pub user_check: UserCheck,
    /// Where the Behest uid stands, if it is not `sub`.
    pub uid_claim: Option<MetadataPath>,
    /// Whether anonymous users are served.
    pub anonymous_allowed: bool,
}

/// A token that has passed every check that can be made here. Not yet a session: the user check,
/// where one is set, is still to come.
#[derive(Debug)]
pub struct Candidate {
    claims: Claims,
    algorithm: Algorithm,
    /// False where no key at all is at hand: the Auth server decides alone.
    signature_verified: bool,
}

impl Candidate {
    /// Verifies signature and claims, at `now` (Unix seconds).
    ///
    /// # Errors
    /// The contract's 401s; `misconfigured` where no key at all is at hand and nobody else is to
    /// be asked; `internal` where the platform broke.
    pub async fn verify<C: Crypto>(
        crypto: &C,
        keys: &KeySet<C::VerifyingKey>,
        token: &UntrustedToken,
        rules: &SessionRules,
        now: u64,
    ) -> Result<Self, Fault> {
        let read_claims = || Claims::read(token.payload(), &rules.claims, now);
        let mut claims = None;
        let verified = match keys.find(token) {
            Some(Material::Secret(secret)) => Some(hmac_matches(token, secret)),
            Some(Material::Public(key)) => {
                let mut verifying = pin!(crypto.verify(
                    token.algorithm(),
                    key,
                    token.signature(),
                    token.signing_input(),
                ));
                // The platform verifies on a thread of its own. Meanwhile the claims are read here,
                // and believed in nothing before the signature is.
                let valid = poll_fn(|context| {
                    let polled = verifying.as_mut().poll(context);
                    claims.get_or_insert_with(read_claims);
                    polled
                });
                let valid = valid.await;
                Some(
                    valid
                        .map_err(|_| Fault::because(Code::Internal, "SubtleCrypto.verify broke"))?,
                )
            }
            None => None,
        };
        match (verified, rules.user_check) {
            (Some(true), _) => {}
            (Some(false), _) => {
                return Err(Fault::because(
                    Code::InvalidToken,
                    "signature does not match",
                ));
            }
            // A project that signs with a secret we were not given: the Auth server judges alone.
            (None, UserCheck::Server)
                if token.algorithm() == Algorithm::Hs256 && keys.is_empty() => {}
            (None, UserCheck::Claims) if keys.is_empty() => {
                return Err(no_key());
            }
            (None, _) => {
                return Err(Fault::because(
                    Code::InvalidToken,
                    "no key for its alg and kid",
                ));
            }
        }
        Ok(Self {
            claims: claims.unwrap_or_else(read_claims)?,
            algorithm: token.algorithm(),
            signature_verified: verified.is_some(),
        })
    }

    /// The Supabase user's id.
    #[must_use]
    pub fn sub(&self) -> &str {
        &self.claims.sub
    }

    /// The algorithm, for the log.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Makes it a session, with the Auth server's answer where the user check is on.
    ///
    /// # Errors
    /// `invalid_session`, `not_a_user`, `anonymous_forbidden`, `auth_unavailable`, `auth_timeout`;
    /// `internal` where the answer is missing.
    pub fn confirm(
        self,
        answer: Option<&Answer>,
        rules: &SessionRules,
        now: u64,
    ) -> Result<Session, Fault> {
        let (is_anonymous, app_metadata) = match (rules.user_check, answer) {
            (UserCheck::Server, Some(answer)) => {
                let user = User::read(answer, &self.claims.sub, now)?;
                (
                    user.is_anonymous.unwrap_or(self.claims.is_anonymous),
                    user.app_metadata,
                )
            }
            (UserCheck::Claims, None) if self.signature_verified => {
                (self.claims.is_anonymous, self.claims.app_metadata)
            }
            _ => {
                return Err(Fault::because(
                    Code::Internal,
                    "the user check was passed by",
                ));
            }
        };
        if is_anonymous && !rules.anonymous_allowed {
            return Err(Code::AnonymousForbidden.into());
        }
        let uid = match &rules.uid_claim {
            None => self.claims.sub,
            Some(path) => match path.find(&app_metadata) {
                Json::Text(uid) => uid.clone(),
                other => other.whole().map(|uid| uid.to_string()).unwrap_or_default(),
            },
        };
        if !is_uid(&uid) {
            return Err(Fault::because(
                Code::NotAUser,
                "BEHEST_UID_CLAIM is missing or out of range",
            ));
        }
        Ok(Session { uid, app_metadata })
    }
}

fn hmac_matches(token: &UntrustedToken, secret: &jwt_compact::alg::Hs256Key) -> bool {
    // The length was checked by the token's parser; a signature of another would not convert.
    token.signature().len() == 32
        && Hs256Signature::try_from_slice(token.signature()).is_ok_and(|signature| {
            Hs256.verify_signature(&signature, secret, token.signing_input())
        })
}

/// A user whose session is good. Only verification makes one, and only for one can be minted:
///
/// ```compile_fail,E0451
/// use behest_token::session::Session;
/// let forged = Session { uid: "somebody".into(), app_metadata: Default::default() };
/// ```
#[derive(Debug)]
pub struct Session {
    uid: String,
    app_metadata: Json,
}

impl Session {
    /// The Behest uid.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// What the project has written about the user: the Auth server's, where it was asked.
    #[must_use]
    pub const fn app_metadata(&self) -> &Json {
        &self.app_metadata
    }
}

/// The Auth server's `GET /user` (Supabase Auth, `internal/models/user.go`).
struct User {
    /// Nothing where an older Auth server does not say.
    is_anonymous: Option<bool>,
    app_metadata: Json,
}

impl User {
    fn read(answer: &Answer, sub: &str, now: u64) -> Result<Self, Fault> {
        let ended = |why| Fault::because(Code::InvalidSession, why);
        let body = match answer.outcome() {
            Outcome::Success(body) => body,
            Outcome::Refused(400..) => return Err(ended("the Auth server refuses it")),
            Outcome::TimedOut => return Err(answer.fault(Code::AuthTimeout)),
            Outcome::Refused(_) | Outcome::Unreadable | Outcome::TooMany | Outcome::Failed => {
                return Err(answer.fault(Code::AuthUnavailable));
            }
        };
        let user = Json::parse(body.as_bytes()).filter(|user| user.get("id").text().is_some());
        let user = user.ok_or_else(|| answer.fault(Code::AuthUnavailable))?;
        if user.get("id").text() != Some(sub) {
            return Err(ended("the Auth server names another user"));
        }
        if *user.get("deleted_at") != Json::Null {
            return Err(ended("the user is deleted"));
        }
        // The Auth server refuses a banned user's refresh, but not yet this request.
        let ban = user.get("banned_until");
        if *ban != Json::Null && ban.text().is_none_or(|until| is_ahead(until, now)) {
            return Err(ended("the user is banned"));
        }
        Ok(Self {
            is_anonymous: match user.get("is_anonymous") {
                Json::Bool(said) => Some(*said),
                _ => None,
            },
            app_metadata: user.get("app_metadata").clone(),
        })
    }
}

/// Whether an RFC 3339 time is still to come. One that cannot be read counts as such: a ban holds
/// rather than not.
fn is_ahead(time: &str, now: u64) -> bool {
    chrono::DateTime::parse_from_rfc3339(time)
        .map_or(true, |time| time.timestamp() > now.cast_signed())
}

/// No session token could ever be verified, and nobody else is to be asked.
pub(crate) fn no_key() -> Fault {
    Fault::misconfigured(&[(
        "JWT_SECRET",
        "needed with BEHEST_USER_CHECK=claims, since this project has no public signing key".into(),
    )])
}
