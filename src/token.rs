//! A compact JWS, taken apart and trusted in nothing (RFC 7515 section 7.1).

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::fault::{Code, Fault};
use crate::json::Json;
use crate::pasted::split_once;
use crate::text::without_spaces;

/// Longest token that is looked at, in bytes. A GoTrue token is about 1 KiB; HTTP servers in front
/// of us cut headers off at 8 to 64 KiB.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A session token as it came: its form is right, and nothing else is known.
#[derive(Debug)]
pub struct UntrustedToken {
    text: String,
    /// Where the second dot is: the signing input is everything before it.
    signed: usize,
    header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl UntrustedToken {
    /// Reads the token out of an `Authorization` header (RFC 6750 section 2.1; the scheme's case
    /// does not matter, RFC 9110 section 11.1).
    ///
    /// # Errors
    /// `missing_token` without a bearer token; `not_a_user` for one of Supabase's opaque API keys;
    /// `invalid_token` for everything that is no compact JWS with an allowed algorithm.
    pub fn from_authorization(header: Option<&str>) -> Result<Self, Fault> {
        let missing = || Fault::from(Code::MissingToken);
        let (scheme, token) = header
            .and_then(|value| split_once(value, " "))
            .ok_or_else(missing)?;
        let token = without_spaces(token);
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
            return Err(missing());
        }
        // What supabase-js sends for a visitor who has not signed in.
        if token.starts_with("sb_publishable_") || token.starts_with("sb_secret_") {
            return Err(Code::NotAUser.into());
        }
        Self::parse(token)
    }

    /// Takes a compact JWS apart: three parts, each strict base64url without padding.
    ///
    /// # Errors
    /// `invalid_token`, with the reason for the log.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let malformed = |why| Fault::because(Code::InvalidToken, why);
        if text.len() > MAX_TOKEN_BYTES {
            return Err(malformed("longer than 16 KiB"));
        }
        let mut parts = text.as_bytes().split(|byte| *byte == b'.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("not three parts"));
        };
        let signed = text.len().saturating_sub(signature.len());
        let decode =
            |part: &[u8]| base64url::decode(part).ok_or_else(|| malformed("not base64url"));
        let header = Header::read(&decode(header)?).map_err(malformed)?;
        let payload = decode(payload)?;
        let signature = decode(signature)?;
        if header
            .algorithm
            .signature_length()
            .is_some_and(|length| length != signature.len())
        {
            return Err(malformed("signature has the wrong length"));
        }
        Ok(Self {
            // Without the dot between them.
            signed: signed.saturating_sub(1),
            text: text.to_owned(),
            header,
            payload,
            signature,
        })
    }

    /// The algorithm that the token claims; only a key can confirm it.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.header.algorithm
    }

    /// The key id that the token claims (RFC 7515 section 4.1.4).
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.header.key_id.as_deref()
    }

    /// As it came.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes that were signed: header and payload as they came (RFC 7515 section 5.2).
    pub(crate) fn signing_input(&self) -> &[u8] {
        self.text.as_bytes().get(..self.signed).unwrap_or_default()
    }

    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The payload's bytes, for `claims` to read.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// The part of a JOSE header that decides. `jku`, `jwk`, `x5u` and `x5c` are passed over: a token
/// never brings its own key.
#[derive(Debug)]
struct Header {
    algorithm: Algorithm,
    key_id: Option<String>,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let header = Json::parse(bytes).ok_or("header is no JSON, or has a name twice")?;
        let names = header.object().ok_or("header is no JSON object")?;
        // An extension that must be understood (RFC 7515 section 4.1.11), and its one registered
        // user (RFC 7797): we understand none.
        if names
            .iter()
            .any(|(name, _)| name == "crit" || name == "b64")
        {
            return Err("header has an extension");
        }
        let algorithm = header.get("alg").text().and_then(Algorithm::from_name);
        let key_id = header.get("kid").optional_text();
        Ok(Self {
            algorithm: algorithm.ok_or("alg is not allowed")?,
            key_id: key_id.map_err(|_| "kid is no string")?.map(str::to_owned),
        })
    }
}
