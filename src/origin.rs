//! Origins: where upstreams are, and which pages may ask (RFC 6454, WHATWG URL).

/// `scheme://host[:port]` in the form browsers send, and nothing else: no credentials, path,
/// query or fragment, so that what is appended cannot be bent elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    host: String,
}

impl Origin {
    /// Reads an origin in ASCII; a trailing slash is forgiven, a default port dropped.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://")?;
        let (host, port) = match rest.strip_prefix(LOOPBACK_V6) {
            Some(tail) => (LOOPBACK_V6.to_owned(), tail),
            None => {
                let end = rest.find(':').unwrap_or(rest.len());
                let (host, tail) = rest.split_at(end);
                let is_host = match scheme {
                    "http" | "https" => is_host(host),
                    // Of a scheme of its own, an app's host is a mere name to browsers.
                    _ => is_name(host),
                };
                is_host.then(|| (host.to_owned(), tail))?
            }
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse::<u16>().ok()?)
            }
            Some(_) => return None,
            None => port.is_empty().then_some(None)?,
        };
        let port = match (scheme, port) {
            ("https", Some(443)) | ("http", Some(80)) | (_, None) => String::new(),
            (_, Some(port)) => format!(":{port}"),
        };
        let is_scheme = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        is_scheme.then(|| Self {
            text: format!("{scheme}://{host}{port}"),
            host,
        })
    }

    /// A place of ours to call: https, or http.
    #[must_use]
    pub fn parse_http(text: &str) -> Option<Self> {
        Self::parse(text).filter(|origin| {
            origin.text.starts_with("https://") || origin.text.starts_with("http://")
        })
    }

    /// Whether what is sent there cannot be read on the way: https, or this machine.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let loopback =
            self.host == "localhost" || self.host == LOOPBACK_V6 || is_loopback(&self.host);
        self.text.starts_with("https://") || loopback
    }

    /// As it is written, without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether this is the whole URL of something that is fetched, and nobody on the way can change what
/// comes: https, or this machine; a path, and perhaps a query. A `@` belongs to the path if it comes
/// that late: Google's key set has one.
#[must_use]
pub fn is_private_url(url: &str) -> bool {
    // No scheme of ours ends later than the eighth letter, and no host is empty.
    let path = url.bytes().skip(8).position(|byte| byte == b'/');
    let end = path.map(|start| start.saturating_add(8));
    let Some((origin, path)) = end.and_then(|end| url.split_at_checked(end)) else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    path.len() > 1
        && path.bytes().all(plain)
        && Origin::parse_http(origin).is_some_and(|origin| origin.is_private())
}

/// 127.0.0.0/8 (RFC 1122 section 3.2.1.3), and no name that begins like it.
fn is_loopback(host: &str) -> bool {
    host.starts_with("127.") && is_ipv4(host)
}

/// What an origin has no place for, of a URL that has it.
#[must_use]
pub fn surplus(url: &str) -> Option<&'static str> {
    let (_, rest) = url.split_once("://")?;
    for (index, byte) in rest.bytes().enumerate() {
        match byte {
            b'@' => return Some("the credentials"),
            b'?' => return Some("the query"),
            b'#' => return Some("the fragment"),
            b'/' if index.saturating_add(1) < rest.len() => return Some("the path"),
            _ => {}
        }
    }
    None
}

/// One entry of `CORS_ORIGIN` in the form that the shim compares with: an exact origin, or one with
/// a `*` in its first label, before a name of at least two more.
#[must_use]
pub fn allowed_origin(text: &str) -> Option<String> {
    let Some((before, after)) = text.split_once('*') else {
        return Origin::parse(text).map(|origin| origin.text);
    };
    let (_, label) = before.split_once("://")?;
    // Any letter will do for the open part of the label; a second * is no letter of a host.
    let sample = Origin::parse(&format!("{before}x{after}"))?;
    let is_first = !label.contains('.');
    let is_wide = sample.host.split('.').count() > 2;
    let canonical = sample.text.get(before.len()..)?.strip_prefix('x')?;
    let before = sample.text.get(..before.len())?;
    (is_first && is_wide).then(|| format!("{before}*{canonical}"))
}

/// Hosts under which anybody may publish, each customer under a name of their own choice.
const SHARED_HOSTS: [&str; 24] = [
    "amplifyapp.com",
    "azurestaticapps.net",
    "bolt.host",
    "deno.dev",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "lovable.app",
    "lovableproject.com",
    "netlify.app",
    "ngrok-free.app",
    "ngrok.app",
    "onrender.com",
    "pages.dev",
    "replit.app",
    "stackblitz.io",
    "surge.sh",
    "up.railway.app",
    "vercel.app",
    "web.app",
    "webcontainer.io",
    "workers.dev",
];

/// The host under which anybody may publish, where an entry of `CORS_ORIGIN` leaves the whole label
/// before it open.
#[must_use]
pub fn open_to_all(allowed: &str) -> Option<&'static str> {
    let (_, parent) = allowed.split_once("://*.")?;
    let host = parent.split(':').next();
    SHARED_HOSTS
        .into_iter()
        .find(|shared| Some(*shared) == host)
}

/// The one IPv6 address that is taken, in the form that browsers send. Whatever else there is has a
/// name, and an address has too many forms to tell which of them are the same.
const LOOPBACK_V6: &str = "[::1]";

/// A host's name or IPv4 address. A name that ends in a number is an address to every browser and
/// to `fetch` (WHATWG URL, "ends in a number"), which would read `127.0.0.010` as 127.0.0.8 and
/// `1.1` as 1.0.0.1; only the plain form, which all read alike, is one here.
fn is_host(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    let is_number = match last.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => last.bytes().all(|byte| byte.is_ascii_digit()),
    };
    is_name(host) && (!is_number || is_ipv4(host))
}

fn is_name(host: &str) -> bool {
    host.split('.').all(is_label)
}

/// Whether a name is an IPv4 address as RFC 3986 section 3.2.2 has it: four decimal numbers, none
/// with a leading zero.
fn is_ipv4(name: &str) -> bool {
    let is_octet =
        |part: &str| part.parse::<u8>().is_ok() && (part.len() == 1 || !part.starts_with('0'));
    name.split('.').count() == 4 && name.split('.').all(is_octet)
}

/// A label of a host name (RFC 1123 section 2.1), with the underscore that people use.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
