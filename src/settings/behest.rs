//! Settings of Behest's side: the key, its mode, and the token.

use super::Mode;
use super::reader::Reader;
use crate::mint::MintRules;
use crate::origin::Origin;
use crate::pasted::contains;
use crate::signer::LocalRules;
use crate::signing_key::BehestKey;

impl Reader<'_> {
    /// Who makes the token. A signing key alone needs its ids.
    #[inline(never)]
    pub(super) fn mode(&mut self) -> Option<Mode> {
        let Some((name, value)) = self.first(&["BEHEST_KEY", "BEHEST_API_KEY"]) else {
            return self.fault(
                "BEHEST_KEY",
                &["not set; an API key (behest_sk_live_…) or an RSA private key, from the Behest dashboard"],
            );
        };
        if name == "BEHEST_API_KEY" {
            self.warnings
                .push("BEHEST_API_KEY is an old name: set BEHEST_KEY instead".into());
        }
        if contains(&value, r"\\n") {
            self.warn(
                name,
                "its line ends are escaped twice: set it with \\n for each",
            );
        }
        match BehestKey::parse(&value) {
            Ok(BehestKey::Api(key)) => Some(Mode::ApiKey(key)),
            Ok(BehestKey::Signing(key)) => Some(Mode::Local(key, self.local())),
            Err(why) => self.fault(name, &[why]),
        }
    }

    #[inline(never)]
    fn local(&mut self) -> LocalRules {
        let mut id = |name| {
            let why = "needed with a signing key; see the key in the Behest dashboard";
            self.required(name, why).unwrap_or_default()
        };
        LocalRules {
            kid: id("BEHEST_KID"),
            tid: id("BEHEST_TENANT_ID"),
            pid: id("BEHEST_PROJECT_ID"),
            iss: self.get_or("BEHEST_ISSUER", "https://api.behest.ai"),
            aud: self.get_or("BEHEST_AUDIENCE", "behest"),
        }
    }

    #[inline(never)]
    pub(super) fn mint(&mut self) -> Option<MintRules> {
        let base_url = self.base_url();
        let ttl = self.number(
            "BEHEST_TTL",
            "must be whole seconds from 60 to 86400",
            900,
            60..=86_400,
        );
        Some(MintRules {
            base_url: base_url?.into_string(),
            ttl,
        })
    }

    fn base_url(&mut self) -> Option<Origin> {
        let name = "BEHEST_BASE_URL";
        let what = "the project's Behest URL, such as https://amber-fox-042.behest.app (http on loopback alone)";
        let url = self.origin(name, what)?;
        if url.is_private() {
            return Some(url);
        }
        self.fault(name, &["must be ", what])
    }
}
