//! The one table of algorithms: what a key of each looks like, and who verifies.

/// A signature algorithm that a session token may use (RFC 7518 section 3.1, RFC 8037 section 3.1).
/// Whatever is not here is refused, `none` first of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256, verified here.
    Hs256,
    /// ECDSA on P-256 with SHA-256, verified by the platform.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, verified by the platform.
    Rs256,
    /// Ed25519, verified by the platform.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Hs256, Self::Es256, Self::Rs256, Self::EdDsa];

    /// The `alg` value in a JWS header. Case matters (RFC 7515 section 4.1.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of a JWS header's `alg`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The algorithm that a JWK's key type and curve stand for (RFC 7518 section 6.1, RFC 8037 section 2).
    #[must_use]
    pub fn of_key(kty: &str, crv: Option<&str>) -> Option<Self> {
        match (kty, crv) {
            ("oct", None) => Some(Self::Hs256),
            ("EC", Some("P-256")) => Some(Self::Es256),
            ("RSA", None) => Some(Self::Rs256),
            ("OKP", Some("Ed25519")) => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// Length of a signature in bytes; for RSA it is the key's own.
    #[must_use]
    pub const fn signature_length(self) -> Option<usize> {
        match self {
            Self::Hs256 => Some(32),
            Self::Es256 | Self::EdDsa => Some(64),
            Self::Rs256 => None,
        }
    }
}
