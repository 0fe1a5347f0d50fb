//! Settings of Behest's side: the key, its mode, and the token.

use super::Mode;
use super::reader::Reader;
use crate::mint::MintRules;
use crate::origin::Origin;
use crate::signer::LocalRules;
use crate::signing_key::BehestKey;

impl Reader<'_> {
    /// Who makes the token. A signing key alone needs its ids.
    pub(super) fn mode(&mut self) -> Option<Mode> {
        match self.behest_key()? {
            BehestKey::Api(key) => Some(Mode::ApiKey(key)),
            BehestKey::Signing(key) => Some(Mode::Local(key, self.local()?)),
        }
    }

    fn behest_key(&mut self) -> Option<BehestKey> {
        let Some((name, value)) = self.first(&["BEHEST_KEY", "BEHEST_API_KEY"]) else {
            return self.fault(
                "BEHEST_KEY",
                "not set; an API key (behest_sk_live_…) or an RSA private key, from the Behest dashboard",
            );
        };
        if name == "BEHEST_API_KEY" {
            self.warnings
                .push("BEHEST_API_KEY is an old name: set BEHEST_KEY instead".into());
        }
        if value.contains(r"\\n") {
            self.warn(
                name,
                "its line ends are escaped twice: set it with \\n for each",
            );
        }
        BehestKey::parse(&value)
            .map_err(|why| self.fault::<()>(name, why))
            .ok()
    }

    fn local(&mut self) -> Option<LocalRules> {
        let why = "needed with a signing key; see the key in the Behest dashboard";
        let kid = self.required("BEHEST_KID", why);
        let tid = self.required("BEHEST_TENANT_ID", why);
        let pid = self.required("BEHEST_PROJECT_ID", why);
        let or = |value: Option<String>, default: &str| value.unwrap_or_else(|| default.to_owned());
        Some(LocalRules {
            kid: kid?,
            tid: tid?,
            pid: pid?,
            iss: or(self.get("BEHEST_ISSUER"), "https://api.behest.ai"),
            aud: or(self.get("BEHEST_AUDIENCE"), "behest"),
        })
    }

    pub(super) fn mint(&mut self) -> Option<MintRules> {
        let base_url = self.origin(
            "BEHEST_BASE_URL",
            "the project's Behest URL, such as https://amber-fox-042.behest.app (http on loopback alone)",
            |value| Origin::parse_http(value).filter(Origin::is_private),
        );
        let ttl = self.number(
            "BEHEST_TTL",
            "must be whole seconds from 60 to 86400",
            900,
            60..=86_400,
        );
        Some(MintRules {
            base_url: base_url?.as_str().to_owned(),
            ttl: ttl?,
        })
    }
}
