//! The claims of a session token and their rules (RFC 7519 section 4.1; Supabase, "JWT Claims Reference").

use crate::fault::{Code, Fault};
use crate::json::Json;
use crate::pasted::{is_unseen, trimmed};
use crate::text::characters;

/// How far our clock and the issuer's may be apart, in seconds.
pub const LEEWAY_SECONDS: f64 = 5.0;

/// Ids that Behest keeps for itself.
const RESERVED_UIDS: [&str; 3] = ["admin", "system", "dashboard-service"];

/// What the settings ask of a session token's claims; a rule that is not set asks nothing.
#[derive(Debug)]
pub struct ClaimRules {
    /// `aud` must hold this.
    pub audience: Option<String>,
    /// `iss` must be this.
    pub issuer: Option<String>,
    /// `role` must be this.
    pub role: Option<&'static str>,
}

/// Claims that have passed the rules. Who signed them is not said here.
#[derive(Debug)]
pub struct Claims {
    /// The user's id, at Supabase or at a third party.
    pub sub: String,
    /// Whether the user signed in anonymously.
    pub is_anonymous: bool,
    /// The app that holds the session, where it is not the project's own.
    pub client: Option<OAuthClient>,
    /// What only the project can write about the user.
    pub app_metadata: Json<'static>,
}

impl Claims {
    /// Reads a payload and applies every rule, at `now` (Unix seconds).
    ///
    /// # Errors
    /// `expired_token`, `not_a_user`, or `invalid_token` with the reason for the log.
    pub fn read(payload: &[u8], rules: &ClaimRules, now: u64) -> Result<Self, Fault> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact for the next 285 million years"
        )]
        let now = now as f64;
        let invalid = |why| Fault::because(Code::InvalidToken, why);
        let mut claims = Json::parse(payload)
            .filter(|claims| claims.object().is_some())
            .ok_or_else(|| invalid("payload holds no claims, or one twice"))?;
        let text = |name| {
            let claim = claims.get(name).optional_text();
            claim.map_err(|_| invalid("iss, sub or role is no string"))
        };
        let (iss, sub, role) = (text("iss")?, text("sub")?, text("role")?);
        let exp = claims.get("exp").number();
        let exp = exp.ok_or_else(|| invalid("exp is missing or no number"))?;
        // RFC 7519 section 4.1.4: "on or after" is too late.
        if now >= exp + LEEWAY_SECONDS {
            return Err(Code::ExpiredToken.into());
        }
        match claims.get("nbf") {
            Json::Null => {}
            Json::Number(nbf) if now >= nbf - LEEWAY_SECONDS => {}
            _ => return Err(invalid("nbf is in the future or no number")),
        }
        // Before `aud`: Supabase's API keys have no `aud`, and "not a user" says more.
        if matches!(role, Some("anon" | "service_role")) {
            return Err(Fault::because(Code::NotAUser, "role is an API key's"));
        }
        let sub = sub
            .filter(|sub| is_uid(sub))
            .ok_or_else(|| Fault::because(Code::NotAUser, "sub is missing or out of range"))?;
        let audience = rules.audience.as_deref();
        if audience.is_some_and(|audience| !holds(claims.get("aud"), audience)) {
            return Err(invalid("aud is another"));
        }
        if rules.issuer.is_some() && rules.issuer.as_deref() != iss {
            return Err(invalid("iss is another"));
        }
        if rules.role.is_some() && rules.role != role {
            return Err(invalid("role is not authenticated"));
        }
        // Firebase's mark of an anonymous user, which no custom claim can overwrite.
        let signed_in_by = claims.get("firebase").get("sign_in_provider").text();
        Ok(Self {
            sub: sub.to_owned(),
            is_anonymous: matches!(claims.get("is_anonymous"), Json::Bool(true))
                || signed_in_by == Some("anonymous"),
            client: match claims.get("client_id") {
                Json::Null => None,
                id => Some(OAuthClient(id.text().map(str::to_owned))),
            },
            app_metadata: claims.take("app_metadata").into_owned(),
        })
    }
}

/// `aud` is one string or a list of them (RFC 7519 section 4.1.3).
fn holds(aud: &Json<'_>, wanted: &str) -> bool {
    aud.text() == Some(wanted)
        || aud
            .list()
            .is_some_and(|list| list.iter().any(|one| one.text() == Some(wanted)))
}

/// Whether Behest takes this as a user id: 1 to 255 characters, and none of its own, with white
/// space around it or not.
#[must_use]
pub fn is_uid(id: &str) -> bool {
    (1..=255).contains(&characters(id))
        && !RESERVED_UIDS
            .iter()
            .any(|reserved| reserved.eq_ignore_ascii_case(trimmed(id)))
}

/// Whether this can be read off without a doubt: no control character, and nothing at an end that is
/// white space or not seen. Within, some languages need the latter.
#[must_use]
pub fn is_plain(id: &str) -> bool {
    let ends = [id.chars().next(), id.chars().next_back()];
    id.trim() == id && !ends.into_iter().flatten().any(is_unseen) && !id.contains(char::is_control)
}

/// An app that a user has let in (Supabase Auth, OAuth server), by the `client_id` of its tokens;
/// nothing where that is no string.
#[derive(Debug)]
pub struct OAuthClient(Option<String>);

/// Which of them are served (`BEHEST_OAUTH_CLIENTS`).
#[derive(Debug)]
pub enum OAuthClients {
    /// Whichever it is.
    Any,
    /// Those with these ids.
    Listed(Vec<String>),
}

impl OAuthClients {
    /// Whether this one is served.
    #[must_use]
    pub fn allow(&self, OAuthClient(id): &OAuthClient) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(ids) => id.as_ref().is_some_and(|id| ids.contains(id)),
        }
    }
}

/// What only the project can write about a user. The Auth server's answer has what stands in the
/// database now; what an access token hook adds stands in the token alone.
#[derive(Debug, Default)]
pub struct AppMetadata {
    /// The Auth server's, where it was asked.
    pub current: Json<'static>,
    /// The session token's.
    pub token: Json<'static>,
}

impl AppMetadata {
    /// What stands at a path, `null` where nothing does: the current one where there is one.
    #[must_use]
    pub fn at(&self, path: &MetadataPath) -> &Json<'static> {
        match path.find(&self.current) {
            Json::Null => path.find(&self.token),
            found => found,
        }
    }
}

/// A path under `app_metadata`, such as `app_metadata.billing.plan`. `user_metadata` cannot be
/// named: users write it themselves.
#[derive(Debug)]
pub struct MetadataPath(Vec<String>);

impl MetadataPath {
    /// Reads a dotted path.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let steps: Vec<_> = path
            .strip_prefix("app_metadata.")?
            .split('.')
            .map(str::to_owned)
            .collect();
        steps
            .iter()
            .all(|step| !step.is_empty())
            .then_some(Self(steps))
    }

    fn find<'a>(&self, app_metadata: &'a Json<'static>) -> &'a Json<'static> {
        self.0
            .iter()
            .fold(app_metadata, |value, step| value.get(step))
    }
}
