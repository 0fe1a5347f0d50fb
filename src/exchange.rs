//! The whole exchange with its settings and keys: token in, token out (in the manner of RFC 8693).
//! Everything here runs natively too; `lib` only carries it over to JavaScript.

use crate::algorithm::Algorithm;
use crate::answer::Answer;
use crate::claims::Claims;
use crate::crypto::Crypto;
use crate::fault::{Code, Fault};
use crate::grant::Grant;
use crate::jwk::Source;
use crate::keyset::{KeySet, Material};
use crate::mint::TokenResponse;
use crate::parameters::Parameters;
use crate::secret::PUBLISHED;
use crate::session::{Candidate, Session, UserCheck};
use crate::settings::{Mode, Settings};
use crate::signer::Signer;
use crate::signing_key::ApiKey;
use crate::token::UntrustedToken;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Settings read, keys imported: ready for requests.
#[derive(Debug)]
pub struct Exchange<C: Crypto> {
    crypto: C,
    settings: Box<Settings>,
    keys: RefCell<Rc<KeySet<C::VerifyingKey>>>,
    /// Set once a fetched key set has shown that a shared secret stands in it.
    exposed: Cell<bool>,
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
        mut settings: Box<Settings>,
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
                Minter::Local(Signer::new(key, rules))
            }
        };
        let mut keys = KeySet::without_set(settings.secret.take());
        if let Some(jwks) = settings.jwks.take() {
            let skipped;
            (keys, skipped) = keys.import(&crypto, jwks, Source::Inline).await;
            if skipped > 0 {
                let count = skipped.to_string();
                warnings.push(["SUPABASE_JWKS: ", &count, " of its keys cannot be used"].concat());
            }
        }
        Ok(Self {
            crypto,
            settings,
            keys: RefCell::new(Rc::new(keys)),
            exposed: Cell::new(false),
            minter,
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who makes the token.
    pub const fn minter(&self) -> &Minter<C::SigningKey> {
        &self.minter
    }

    /// Where the key of a token is.
    pub fn key_state(&self, token: &UntrustedToken) -> KeyState {
        let keys = self.keys.borrow();
        let user_check = self.settings.session.user_check;
        match keys.find(token) {
            Some(Material::Public(_)) if keys.source() == Some(Source::Fetched) => KeyState::Held,
            Some(_) => KeyState::Settled,
            // A secret is never fetched. Where nobody else is to be asked, whether there is any set
            // tells a wrong token from a missing setting; a third party's token has none to miss.
            None if token.algorithm() == Algorithm::Hs256
                && (user_check != UserCheck::Claims || keys.source().is_some()) =>
            {
                KeyState::Settled
            }
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

    /// Whether there has been a key set, inline or fetched.
    pub fn has_key_set(&self) -> bool {
        self.keys.borrow().source().is_some()
    }

    /// Takes a fetched key set's public keys in place of those before, and gives the number of keys
    /// that cannot be used. The old ones stay where the answer is no key set, or one without a
    /// usable key.
    ///
    /// # Errors
    /// `supabase_rejected`, `auth_unavailable`, `auth_timeout`.
    pub async fn accept_keys(&self, answer: &Answer) -> Result<usize, Fault> {
        let issuer = &self.settings.issuer;
        let jwks = issuer.key_set(answer)?;
        let before = Rc::clone(&self.keys.borrow());
        if before
            .secrets()
            .any(|secret| jwks.publishes(secret.as_ref()))
        {
            self.exposed.set(true);
        }
        let (keys, skipped) = before.import(&self.crypto, jwks, Source::Fetched).await;
        // A project that still signs with its secret may publish none. A third party signs with one.
        if (issuer.is_third_party() || before.has_public()) && !keys.has_public() {
            return Err(issuer.unavailable(answer));
        }
        self.keys.replace(Rc::new(keys));
        Ok(skipped)
    }

    /// Verifies signature and claims.
    ///
    /// # Errors
    /// The contract's 401s; `misconfigured`; `internal`.
    pub async fn verify(&self, token: &UntrustedToken, now: u64) -> Result<Candidate, Fault> {
        if self.exposed.get() {
            let which = "JWT_SECRET (or an oct key of SUPABASE_JWKS)";
            return Err(Fault::misconfigured(&[(which, PUBLISHED.into())]));
        }
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
    /// `supabase_rejected`, `plan_unavailable`, `plan_timeout`, `model_forbidden`.
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
    #[must_use]
    pub fn request(&self, grant: &Grant) -> String {
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
