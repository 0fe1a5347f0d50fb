//! From a token to a session: the signature, the claims, and the Auth server's word.

use crate::algorithm::Algorithm;
use crate::answer::Answer;
use crate::claims::{
    AppMetadata, ClaimRules, Claims, MetadataPath, OAuthClients, is_plain, is_uid,
};
use crate::crypto::Crypto;
use crate::fault::{Code, Fault};
use crate::keyset::{KeySet, Material};
use crate::token::UntrustedToken;
use crate::user::User;
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
    /// Nobody either, and no key of the project's: it is a third party's user (`JWT_JWKS_URL`), whom
    /// the Auth server does not know.
    ThirdParty,
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
    /// Which OAuth clients are served.
    pub clients: OAuthClients,
}

/// A token that has passed every check that can be made here. Not yet a session: the user check,
/// where one is set, is still to come.
#[derive(Debug)]
pub struct Candidate {
    claims: Claims,
    algorithm: Algorithm,
    /// False where no key of its algorithm is at hand: the Auth server decides alone.
    verified: bool,
}

impl Candidate {
    /// Verifies signature and claims, at `now` (Unix seconds).
    ///
    /// # Errors
    /// The contract's 401s; `client_forbidden`; `misconfigured` where no key at all is at hand and
    /// nobody else is to be asked; `internal` where the platform broke.
    pub async fn verify<C: Crypto>(
        crypto: &C,
        keys: &KeySet<C::VerifyingKey>,
        token: &UntrustedToken,
        rules: &SessionRules,
        now: u64,
    ) -> Result<Self, Fault> {
        let read_claims = || Claims::read(token.payload(), &rules.claims, now);
        let hs256 = token.algorithm() == Algorithm::Hs256;
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
        let check = rules.user_check;
        let no_secret = hs256 && !keys.has_secret();
        match verified {
            Some(true) => {}
            // A project that signs with a secret we were not given: the Auth server judges alone.
            None if no_secret && check == UserCheck::Server => {}
            Some(false) => {
                return Err(Fault::because(
                    Code::InvalidToken,
                    "signature does not match",
                ));
            }
            None => return Err(no_key(keys.is_empty(), no_secret, check)),
        }
        let claims = claims.unwrap_or_else(read_claims)?;
        if let Some(client) = &claims.client
            && !rules.clients.allow(client)
        {
            return Err(Code::ClientForbidden.into());
        }
        Ok(Self {
            claims,
            algorithm: token.algorithm(),
            verified: verified.is_some(),
        })
    }

    /// The user's id, at Supabase or at a third party.
    #[must_use]
    pub fn sub(&self) -> &str {
        &self.claims.sub
    }

    /// Whether its signature was verified here; if not, nobody vouches for it yet.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.verified
    }

    /// The algorithm, for the log.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Makes it a session, with the Auth server's answer where the user check is on.
    ///
    /// # Errors
    /// `invalid_session`, `anonymous_forbidden`, `uid_missing`, `supabase_rejected`,
    /// `auth_unavailable`, `auth_timeout`; `internal` where the answer is missing.
    pub fn confirm(
        self,
        answer: Option<&Answer>,
        rules: &SessionRules,
        now: u64,
    ) -> Result<Session, Fault> {
        let user = match (rules.user_check, answer) {
            (UserCheck::Server, Some(answer)) => User::read(answer, &self.claims.sub, now)?,
            (UserCheck::Claims | UserCheck::ThirdParty, None) if self.verified => User::default(),
            _ => {
                return Err(Fault::because(
                    Code::Internal,
                    "the user check was passed by",
                ));
            }
        };
        let is_anonymous = user.is_anonymous.unwrap_or(self.claims.is_anonymous);
        if is_anonymous && !rules.anonymous_allowed {
            return Err(Code::AnonymousForbidden.into());
        }
        let app_metadata = AppMetadata {
            current: user.app_metadata,
            token: self.claims.app_metadata,
        };
        let uid = match &rules.uid_claim {
            None => self.claims.sub,
            Some(path) => uid_at(path, &app_metadata).ok_or(Code::UidMissing)?,
        };
        Ok(Session { uid, app_metadata })
    }
}

/// The uid that the project has written for this user, if it is one.
fn uid_at(path: &MetadataPath, app_metadata: &AppMetadata) -> Option<String> {
    let found = app_metadata.at(path);
    let text = found.text().map(str::to_owned);
    let uid = text.or_else(|| Some(found.whole()?.to_string()));
    uid.filter(|uid| is_uid(uid) && is_plain(uid))
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
    app_metadata: AppMetadata,
}

impl Session {
    /// The Behest uid.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// What the project has written about the user.
    #[must_use]
    pub const fn app_metadata(&self) -> &AppMetadata {
        &self.app_metadata
    }
}

/// What the operator of a project whose sessions are signed with its secret should know.
const NO_SECRET: &str = "a session was signed with the project's secret, which is not at hand: set JWT_SECRET, or let the Auth server decide (BEHEST_USER_CHECK=server)";

/// Why a token is refused for which there is no key: none of any kind, or no secret for its HS256.
#[cold]
fn no_key(none: bool, no_secret: bool, check: UserCheck) -> Fault {
    if check == UserCheck::Claims && none {
        // No session token could ever be verified, and nobody else is to be asked.
        return Fault::misconfigured(&[(
            "JWT_SECRET",
            "needed with BEHEST_USER_CHECK=claims, since this project has no public signing key"
                .into(),
        )]);
    }
    let fault = Fault::because(Code::InvalidToken, "no key for its alg and kid");
    fault.noting((no_secret && check == UserCheck::Claims).then_some(NO_SECRET))
}
