//! The whole exchange with its settings and keys: token in, token out (in the manner of RFC 8693).
//! Everything here runs natively too; `lib` only carries it over to JavaScript.

use crate::answer::{Answer, Outcome};
use crate::claims::Claims;
use crate::crypto::Crypto;
use crate::fault::{Code, Fault};
use crate::grant::Grant;
use crate::jwk::{Jwks, Source};
use crate::keyset::{KeySet, Material};
use crate::mint::TokenResponse;
use crate::parameters::Parameters;
use crate::session::{Candidate, Session, UserCheck, no_key};
use crate::settings::{Mode, Settings};
use crate::signer::Signer;
use crate::signing_key::ApiKey;
use crate::token::UntrustedToken;
use std::cell::RefCell;
use std::rc::Rc;

/// Settings read, keys imported: ready for requests.
#[derive(Debug)]
pub struct Exchange<C: Crypto> {
    crypto: C,
    settings: Settings,
    keys: RefCell<Rc<KeySet<C::VerifyingKey>>>,
    /// Whether a key set is fetched, since none was set inline.
    fetches_keys: bool,
    minter: Minter<C::SigningKey>,
}

/// Who makes the token.
#[derive(Debug)]
pub enum Minter<K> {
    /// Behest, asked with this key.
    Behest(ApiKey),
    /// We, with this one.
    Local(Signer<K>),
}

/// Where the key of a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// No fetched key set has to do with it.
    Settled,
    /// In the fetched key set at hand.
    Held,
    /// Perhaps in a key set yet to be fetched.
    Missing,
}

impl<C: Crypto> Exchange<C> {
    /// Imports the keys. What works but should be changed goes to `warnings`.
    ///
    /// # Errors
    /// `misconfigured` where a key cannot be used.
    pub async fn open(
        crypto: C,
        mut settings: Settings,
        mode: Mode,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Fault> {
        let minter = match mode {
            Mode::ApiKey(key) => Minter::Behest(key),
            Mode::Local(key, rules) => {
                let key = crypto.import_signing(&key.0).await.ok_or_else(|| {
                    Fault::misconfigured(&[(
                        "BEHEST_KEY",
                        "no RSA private key that can sign".into(),
                    )])
                })?;
                Minter::Local(Signer::new(key, rules)?)
            }
        };
        let inline = settings.jwks.take();
        let fetches_keys = inline.is_none();
        let secret = settings.secret.clone();
        let (keys, skipped) = KeySet::import(&crypto, inline.unwrap_or_default(), secret).await;
        if skipped > 0 {
            warnings.push(format!(
                "SUPABASE_JWKS: {skipped} of its keys cannot be used"
            ));
        }
        if keys.is_empty() && !fetches_keys && settings.session.user_check == UserCheck::Claims {
            return Err(no_key());
        }
        Ok(Self {
            crypto,
            settings,
            keys: RefCell::new(Rc::new(keys)),
            fetches_keys,
            minter,
        })
    }

    /// The settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who makes the token.
    pub const fn minter(&self) -> &Minter<C::SigningKey> {
        &self.minter
    }

    /// Whether a key set is to be fetched.
    pub const fn fetches_keys(&self) -> bool {
        self.fetches_keys
    }

    /// Where the key of a token is.
    pub fn key_state(&self, token: &UntrustedToken) -> KeyState {
        match self.keys.borrow().find(token) {
            Some(Material::Secret(_)) => KeyState::Settled,
            _ if !self.fetches_keys => KeyState::Settled,
            Some(Material::Public(_)) => KeyState::Held,
            // Of an HS256 token too: its key is never fetched, but only a project without any public
            // key is one that signs with a secret it did not give us.
            None => KeyState::Missing,
        }
    }

    /// Judges the claims of a token that nothing has verified yet, so that one that could never be
    /// accepted causes no fetch of keys.
    ///
    /// # Errors
    /// As `verify`.
    pub fn screen(&self, token: &UntrustedToken, now: u64) -> Result<(), Fault> {
        Claims::read(token.payload(), &self.settings.session.claims, now).map(drop)
    }

    /// Takes a fetched key set in place of the one before, and gives the number of keys that
    /// cannot be used. The old one stays where the answer is no key set.
    ///
    /// # Errors
    /// `auth_unavailable`, `auth_timeout`.
    pub async fn accept_keys(&self, answer: &Answer) -> Result<usize, Fault> {
        let jwks = match answer.outcome() {
            Outcome::Success(body) => Jwks::parse(body, Source::Fetched),
            Outcome::TimedOut => return Err(answer.fault(Code::AuthTimeout)),
            _ => None,
        };
        let jwks = jwks.ok_or_else(|| answer.fault(Code::AuthUnavailable))?;
        let secret = self.settings.secret.clone();
        let (keys, skipped) = KeySet::import(&self.crypto, jwks, secret).await;
        self.keys.replace(Rc::new(keys));
        Ok(skipped)
    }

    /// Verifies signature and claims.
    ///
    /// # Errors
    /// The contract's 401s; `misconfigured`; `internal`.
    pub async fn verify(&self, token: &UntrustedToken, now: u64) -> Result<Candidate, Fault> {
        let keys = Rc::clone(&self.keys.borrow());
        Candidate::verify(&self.crypto, &keys, token, &self.settings.session, now).await
    }

    /// Makes a session of it, with the Auth server's answer where the user check is on.
    ///
    /// # Errors
    /// See [`Candidate::confirm`].
    pub fn confirm(
        &self,
        candidate: Candidate,
        answer: Option<&Answer>,
        now: u64,
    ) -> Result<Session, Fault> {
        candidate.confirm(answer, &self.settings.session, now)
    }

    /// Grants the session's user a token, with PostgREST's answer where a plan table is set. Gives
    /// what the operator should know, too.
    ///
    /// # Errors
    /// `invalid_token`, `plan_unavailable`, `plan_timeout`, `model_forbidden`.
    pub fn grant(
        &self,
        session: &Session,
        answer: Option<&Answer>,
        parameters: &Parameters,
    ) -> Result<(Grant, Option<String>), Fault> {
        let entitlement = self.settings.plan.entitlement(session, answer)?;
        self.settings.plan.allow(&entitlement, parameters.model())?;
        let grant = Grant::new(session, entitlement.tier, parameters.session_id())?;
        Ok((grant, entitlement.notice))
    }

    /// Signs the token here.
    ///
    /// # Errors
    /// `internal`, also where Behest is the one to mint.
    pub async fn sign(&self, grant: &Grant, now: u64) -> Result<TokenResponse, Fault> {
        match &self.minter {
            Minter::Local(signer) => {
                self.settings
                    .mint
                    .sign(grant, &self.crypto, signer, now)
                    .await
            }
            Minter::Behest(_) => Err(Fault::because(Code::Internal, "no key to sign with")),
        }
    }

    /// The body that asks Behest for the token.
    ///
    /// # Errors
    /// `internal` where JSON cannot be written.
    pub fn request(&self, grant: &Grant) -> Result<String, Fault> {
        self.settings.mint.request(grant)
    }

    /// Takes Behest's answer.
    ///
    /// # Errors
    /// See [`crate::mint::MintRules::accept`].
    pub fn accept(&self, grant: &Grant, answer: &Answer, now: u64) -> Result<TokenResponse, Fault> {
        self.settings.mint.accept(grant, answer, now)
    }
}
