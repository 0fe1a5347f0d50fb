//! Origins: where upstreams are, and which pages may ask (RFC 6454, WHATWG URL).

use crate::pasted::{split_once, whole_number};

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
    #[inline(never)]
    pub fn parse(text: &str) -> Option<Self> {
        Self::of_lowercase(&text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase())
    }

    fn of_lowercase(text: &str) -> Option<Self> {
        let (scheme, rest) = split_once(text, "://")?;
        let (host, port) = if let Some(port) = rest.strip_prefix(LOOPBACK_V6) {
            (LOOPBACK_V6, port)
        } else {
            let end = rest.bytes().position(|byte| byte == b':');
            rest.split_at_checked(end.unwrap_or(rest.len()))?
        };
        let is_web = matches!(scheme, "http" | "https");
        let is_sound = match host {
            LOOPBACK_V6 => true,
            _ if is_web => is_host(host),
            // Of a scheme of its own, an app's host is a mere name to browsers.
            _ => is_name(host),
        };
        if !is_sound || !(is_web || is_scheme(scheme)) {
            return None;
        }
        let port = if port.is_empty() {
            String::new()
        } else {
            canonical_port(scheme, port)?
        };
        Some(Self {
            text: [scheme, "://", host, &port].concat(),
            host: host.to_owned(),
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

    /// The same.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }
}

/// A port with its colon, in the form browsers send: without leading zeros, and nothing for a scheme's
/// own.
#[inline(never)]
fn canonical_port(scheme: &str, port: &str) -> Option<String> {
    let digits = port.strip_prefix(':')?;
    let number = whole_number(digits).filter(|number| *number <= 65_535)?;
    Some(match (scheme, number) {
        ("https", 443) | ("http", 80) => String::new(),
        (_, 0) => ":0".to_owned(),
        _ => [":", digits.trim_start_matches('0')].concat(),
    })
}

/// A scheme (RFC 3986 section 3.1).
#[must_use]
#[inline(never)]
pub fn is_scheme(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|letter: char| letter.is_ascii_alphabetic()) && text.bytes().all(plain)
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
    let (_, rest) = split_once(url, "://")?;
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
    match split_once(text, "*") {
        Some((before, after)) => pattern(before, after),
        None => Origin::parse(text).map(Origin::into_string),
    }
}

/// What stands around the `*` of a pattern, made one again.
#[inline(never)]
fn pattern(before: &str, after: &str) -> Option<String> {
    let (_, label) = split_once(before, "://")?;
    // Any letter will do for the open part of the label; a second * is no letter of a host.
    let sample = Origin::parse(&[before, "x", after].concat())?;
    let is_first = !label.contains('.');
    let is_wide = labels(&sample.host).count() > 2;
    let canonical = sample.text.get(before.len()..)?.strip_prefix('x')?;
    let before = sample.text.get(..before.len())?;
    (is_first && is_wide).then(|| [before, "*", canonical].concat())
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
    let (_, parent) = split_once(allowed, "://*.")?;
    let host = split_once(parent, ":").map_or(parent, |(host, _)| host);
    SHARED_HOSTS.into_iter().find(|shared| *shared == host)
}

/// The one IPv6 address that is taken, in the form that browsers send. Whatever else there is has a
/// name, and an address has too many forms to tell which of them are the same.
const LOOPBACK_V6: &str = "[::1]";

/// A host's name or IPv4 address. A name that ends in a number is an address to every browser and
/// to `fetch` (WHATWG URL, "ends in a number"), which would read `127.0.0.010` as 127.0.0.8 and
/// `1.1` as 1.0.0.1; only the plain form, which all read alike, is one here.
fn is_host(host: &str) -> bool {
    let last = labels(host).next_back().unwrap_or_default();
    let is_number = match last.strip_prefix(b"0x") {
        Some(digits) => digits.iter().all(u8::is_ascii_hexdigit),
        None => last.iter().all(u8::is_ascii_digit),
    };
    is_name(host) && (!is_number || is_ipv4(host))
}

#[inline(never)]
fn is_name(host: &str) -> bool {
    labels(host).all(is_label)
}

/// Whether a name is an IPv4 address as RFC 3986 section 3.2.2 has it: four decimal numbers, none
/// with a leading zero.
#[inline(never)]
fn is_ipv4(name: &str) -> bool {
    let is_octet = |label: &[u8]| match label {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => {
            rest.iter().all(u8::is_ascii_digit)
                && (rest.len() < 2 || rest.len() == 2 && label <= b"255")
        }
        _ => false,
    };
    labels(name).count() == 4 && labels(name).all(is_octet)
}

/// A label of a host name (RFC 1123 section 2.1), with the underscore that people use.
fn is_label(label: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    !label.is_empty() && label.iter().all(plain)
}

fn labels(host: &str) -> impl DoubleEndedIterator<Item = &[u8]> {
    host.as_bytes().split(|byte| *byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::{Origin, is_ipv4};

    #[test]
    fn a_port_has_the_form_that_browsers_send() {
        let ports = [
            ("https://a.b:443", "https://a.b"),
            ("https://a.b:0443/", "https://a.b"),
            ("https://a.b:80", "https://a.b:80"),
            ("http://a.b:80", "http://a.b"),
            ("http://a.b:00080", "http://a.b"),
            ("http://a.b:443", "http://a.b:443"),
            ("http://a.b:08080", "http://a.b:8080"),
            ("http://a.b:0", "http://a.b:0"),
            ("http://a.b:000", "http://a.b:0"),
            ("http://[::1]:65535", "http://[::1]:65535"),
            ("app://a:443", "app://a:443"),
        ];
        for (text, origin) in ports {
            let parsed = Origin::parse(text).map(Origin::into_string);
            assert_eq!(parsed.as_deref(), Some(origin), "{text}");
        }
        for port in [
            ":",
            ":65536",
            ":-1",
            ":+1",
            ":1a",
            ":1:1",
            ": 1",
            ":4294967376",
            "1",
        ] {
            for host in ["http://a.b", "http://[::1]"] {
                let text = [host, port].concat();
                let is_name = host == "http://a.b" && port == "1";
                assert_eq!(Origin::parse(&text).is_some(), is_name, "{text}");
            }
        }
    }

    #[test]
    fn a_scheme_begins_with_a_letter_whatever_the_host() {
        for host in ["a", "[::1]"] {
            for scheme in ["1a", "+", "", "a b", "é", "a/b"] {
                let text = [scheme, "://", host].concat();
                assert_eq!(Origin::parse(&text), None, "{text}");
            }
            assert!(Origin::parse(&["a1+-.", "://", host].concat()).is_some());
        }
    }

    #[test]
    fn an_ipv4_address_is_what_the_standard_library_takes() {
        let octets = [
            "0", "1", "9", "10", "99", "100", "199", "255", "256", "300", "00", "01", "1000", "",
            "a", "+1",
        ];
        for octet in octets {
            for text in [
                format!("{octet}.0.0.1"),
                format!("127.0.0.{octet}"),
                format!("1.{octet}.1"),
                format!("1.1.{octet}.1.1"),
            ] {
                let is_address = text.parse::<std::net::Ipv4Addr>().is_ok();
                assert_eq!(is_ipv4(&text), is_address, "{text}");
            }
        }
    }
}
