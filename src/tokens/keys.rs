//! The keys of one Jitsi deployment: parsed and checked once, then only used.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, Jwk, KeyAlgorithm, PublicKeyUse, RSAKeyParameters, RSAKeyType,
};
use jsonwebtoken::{Algorithm, Header};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;

use super::sha256_hex;
use crate::config::daemon::{Jitsi, Signing, SigningKey};
use crate::domain::Timestamp;

/// What a token is for, as its header tells every reader (`typ`; RFC 7515 section 4.1.9).
///
/// Jitsi's Prosody takes `JWT` to the letter and nothing else (`luajwtjitsi.lib.lua`). So the two kinds that only say who
/// somebody is are kept out by their header alone, even where `asap_require_room_claim` is off and a token without a room
/// would open every room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenType {
    /// `JWT`: opens a room.
    Room,
    /// `at+jwt`, an access token for usher itself (RFC 9068 section 2.1).
    Identity,
    /// No `typ` at all, as ID tokens commonly have it; it is optional (RFC 7519 section 5.1).
    Id,
    /// `JWT` with a `kid` of its own: lets usher act on rooms through Jitsi's Prosody modules.
    Control,
}

/// How the tokens of one deployment are signed and checked.
#[derive(Debug)]
pub(super) enum Keys {
    Shared(Box<SharedKey>),
    Rsa(Vec<RsaKey>),
}

/// A secret that Prosody knows too (HS256).
pub(super) struct SharedKey {
    key: hmac::Key,
    headers: Headers,
}

/// A key pair of which Prosody fetches the public half (RS256).
pub(super) struct RsaKey {
    pub(super) kid: String,
    from: Timestamp,
    pair: RsaKeyPair,
    public: ParsedPublicKey,
    headers: Headers,
    /// SHA-256 of the kid, which is the name Prosody asks a key server for.
    digest: String,
    /// The same of the `kid` of tokens that act on rooms.
    control_digest: String,
    pem: String,
}

/// The first part of every token that a key signs, ready-made.
struct Headers {
    room: String,
    identity: String,
    id: String,
    control: String,
}

/// The one key that signs at a moment.
pub(super) enum Signer<'a> {
    Shared(&'a SharedKey),
    Rsa(&'a RsaKey),
}

/// Why a key cannot be used. Names the key, never its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("jitsi {server:?}: the secret is empty")]
    EmptySecret { server: String },
    #[error("livekit {server:?}: there is no API key")]
    NoApiKey { server: String },
    #[error("jitsi {server:?}: there is no signing key")]
    NoKey { server: String },
    #[error("jitsi {server:?}: signing key {kid:?} is not a private key in PEM form (PKCS#8 or PKCS#1)")]
    NotPem { server: String, kid: String },
    #[error("jitsi {server:?}: signing key {kid:?} is not an RSA key; Prosody takes no other kind")]
    NotRsa { server: String, kid: String },
    #[error("jitsi {server:?}: signing key {kid:?} must have at least 2048 and at most 8192 bits")]
    Size { server: String, kid: String },
}

/// The signing backend failed; with keys that were checked this means the machine is out of memory or randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token could not be signed")]
pub struct SigningFailed;

// === impl KeyError ===

impl KeyError {
    /// The section of `usher.toml` that it is about.
    pub fn section(&self) -> &'static str {
        match self {
            Self::NoApiKey { .. } => "livekit",
            Self::EmptySecret { .. }
            | Self::NoKey { .. }
            | Self::NotPem { .. }
            | Self::NotRsa { .. }
            | Self::Size { .. } => "jitsi",
        }
    }
}

// === impl TokenType ===

impl TokenType {
    fn typ(self) -> Option<&'static str> {
        match self {
            Self::Room | Self::Control => Some("JWT"),
            Self::Identity => Some("at+jwt"),
            Self::Id => None,
        }
    }

    /// What a header says; nothing for a kind that is not made here.
    pub(super) fn of(typ: Option<&str>) -> Option<Self> {
        [Self::Room, Self::Identity, Self::Id]
            .into_iter()
            .find(|kind| kind.typ() == typ)
    }
}

// === impl Headers ===

impl Headers {
    fn new(algorithm: Algorithm, kid: Option<&str>) -> Self {
        let encoded = |kind| encoded_header(algorithm, kid, kind);
        let control = kid.map(control_kid);
        Self {
            room: encoded(TokenType::Room),
            identity: encoded(TokenType::Identity),
            id: encoded(TokenType::Id),
            control: encoded_header(algorithm, control.as_deref(), TokenType::Control),
        }
    }

    fn of(&self, kind: TokenType) -> &str {
        match kind {
            TokenType::Room => &self.room,
            TokenType::Identity => &self.identity,
            TokenType::Id => &self.id,
            TokenType::Control => &self.control,
        }
    }
}

// === impl Keys ===

impl Keys {
    pub(super) fn new(section: &Jitsi) -> Result<Self, KeyError> {
        let server = || section.name.clone();
        match &section.signing {
            Signing::Shared(secret) if secret.expose().is_empty() => {
                Err(KeyError::EmptySecret { server: server() })
            }
            Signing::Shared(secret) => Ok(Self::Shared(Box::new(SharedKey::new(secret.expose())))),
            Signing::Rsa(keys) if keys.is_empty() => Err(KeyError::NoKey { server: server() }),
            Signing::Rsa(keys) => {
                let parsed = keys.iter().map(|key| RsaKey::new(&section.name, key));
                parsed.collect::<Result<_, _>>().map(Self::Rsa)
            }
        }
    }

    /// The one algorithm that tokens of this deployment have; Prosody is configured for one as well.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Shared(_) => "HS256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// The key that signs at `now`: of those that have started, the one that started last.
    pub(super) fn signer(&self, now: Timestamp) -> Option<Signer<'_>> {
        match self {
            Self::Shared(key) => Some(Signer::Shared(key)),
            Self::Rsa(keys) => {
                let started = keys.iter().filter(|key| key.from <= now);
                started.max_by_key(|key| key.from).map(Signer::Rsa)
            }
        }
    }

    /// All RSA keys, whether they sign already, still, or no more.
    pub(super) fn rsa(&self) -> &[RsaKey] {
        match self {
            Self::Shared(_) => &[],
            Self::Rsa(keys) => keys,
        }
    }

    pub(super) fn public_key_pem(&self, digest: &str) -> Option<&str> {
        let found = self.rsa().iter().find(|key| key.digest == digest);
        found.map(|key| key.pem.as_str())
    }

    pub(super) fn control_key_pem(&self, digest: &str) -> Option<&str> {
        let found = self.rsa().iter().find(|key| key.control_digest == digest);
        found.map(|key| key.pem.as_str())
    }

    pub(super) fn jwks(&self) -> impl Iterator<Item = Jwk> {
        self.rsa().iter().map(RsaKey::jwk)
    }
}

// === impl SharedKey ===

impl SharedKey {
    pub(super) fn new(secret: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Self {
            key,
            headers: Headers::new(Algorithm::HS256, None),
        }
    }

    /// In constant time.
    pub(super) fn verifies(&self, message: &str, signature: &[u8]) -> bool {
        hmac::verify(&self.key, message.as_bytes(), signature).is_ok()
    }
}

impl std::fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedKey(…)")
    }
}

// === impl RsaKey ===

impl RsaKey {
    fn new(server: &str, key: &SigningKey) -> Result<Self, KeyError> {
        let pair = key_pair(server, key)?;
        let not_rsa = || KeyError::NotRsa {
            server: server.to_owned(),
            kid: key.kid.clone(),
        };
        let der = AsDer::<PublicKeyX509Der>::as_der(pair.public_key()).map_err(|_| not_rsa())?;
        let public =
            ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_ref()).map_err(|_| not_rsa())?;
        Ok(Self {
            kid: key.kid.clone(),
            from: key.from,
            public,
            headers: Headers::new(Algorithm::RS256, Some(&key.kid)),
            digest: sha256_hex(&key.kid),
            control_digest: sha256_hex(&control_kid(&key.kid)),
            pem: pem("PUBLIC KEY", der.as_ref()),
            pair,
        })
    }

    pub(super) fn verifies(&self, message: &str, signature: &[u8]) -> bool {
        self.public.verify_sig(message.as_bytes(), signature).is_ok()
    }

    /// The public half as PEM, SPKI.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    fn jwk(&self) -> Jwk {
        let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(self.pair.public_key());
        Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(KeyAlgorithm::RS256),
                key_id: Some(self.kid.clone()),
                ..CommonParameters::default()
            },
            algorithm: AlgorithmParameters::RSA(RSAKeyParameters {
                key_type: RSAKeyType::RSA,
                n: URL_SAFE_NO_PAD.encode(n),
                e: URL_SAFE_NO_PAD.encode(e),
            }),
        }
    }
}

impl std::fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RsaKey")
            .field("kid", &self.kid)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

// === impl Signer ===

impl Signer<'_> {
    /// The token for a payload, as JWS compact serialisation (RFC 7515 section 7.1).
    pub(super) fn sign(&self, kind: TokenType, payload: &[u8]) -> Result<String, SigningFailed> {
        let headers = match self {
            Self::Shared(key) => &key.headers,
            Self::Rsa(key) => &key.headers,
        };
        let header = headers.of(kind);
        let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 512);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        match self {
            Self::Shared(key) => Ok(hmac::sign(&key.key, message).as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.pair.public_modulus_len()];
                key.pair
                    .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SigningFailed)?;
                Ok(signature)
            }
        }
    }
}

/// Bytes as PEM (RFC 7468), 64 characters a line.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for (at, c) in STANDARD.encode(der).chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text + &format!("\n-----END {label}-----\n")
}

fn key_pair(server: &str, key: &SigningKey) -> Result<RsaKeyPair, KeyError> {
    let (server, kid) = (server.to_owned(), key.kid.clone());
    let parsed = match PrivateKeyDer::from_pem_slice(key.pem.expose().as_bytes()) {
        Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
        Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
        Ok(_) => return Err(KeyError::NotRsa { server, kid }),
        Err(_) => return Err(KeyError::NotPem { server, kid }),
    };
    parsed.map_err(|rejected| match rejected.to_string().as_str() {
        "TooSmall" | "TooLarge" => KeyError::Size { server, kid },
        _ => KeyError::NotRsa { server, kid },
    })
}

/// The name under which a key signs what acts on rooms. It is published apart, so that Prosody finds no key for the token of
/// a participant where it asks for those, nor the other way round.
fn control_kid(kid: &str) -> String {
    format!("control:{kid}")
}

fn encoded_header(algorithm: Algorithm, kid: Option<&str>, kind: TokenType) -> String {
    let header = Header {
        typ: kind.typ().map(str::to_owned),
        kid: kid.map(str::to_owned),
        ..Header::new(algorithm)
    };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap_or_default())
}
