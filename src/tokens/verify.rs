//! Judging a token that somebody presents: the same order and the same strictness as Jitsi's Prosody.

mod claims;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

pub(super) use self::claims::present;
use self::claims::{Claims, Header, IdClaims, Object};
use super::jitsi::JitsiTokens;
use super::keys::{Keys, TokenType};
use crate::domain::{ClientId, RoomKey, RoomName, SessionId, Timestamp};

/// Longest token that is looked at, in bytes; browsers and proxies give up far earlier.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// What a good token says.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// As the claim has it; `*` opens every room. None: it says who somebody is and opens no room.
    pub room: Option<String>,
    pub user: VerifiedUser,
    pub group: Option<String>,
    /// Whether Prosody's `mod_token_affiliation` makes the holder an owner.
    pub moderator: bool,
    /// None where the token does not say: nobody knows how old it is.
    pub issued_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    pub jti: Option<String>,
    /// The sign-in that the token comes from: whoever judges it must see whether that still lives.
    pub session: Option<SessionId>,
    /// The one room that it opens, with its server.
    pub opens: Option<RoomKey>,
    /// It was made for a link into one room, and says nothing to the API.
    pub is_ticket: bool,
}

/// Who holds it, as far as the token says so in text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct VerifiedUser {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    #[error("this is not a token that Jitsi can read")]
    Malformed,
    #[error("the signature does not fit the token")]
    BadSignature,
    #[error("the token names no key that is known here")]
    UnknownKey,
    #[error("the token is signed with another algorithm than this deployment uses")]
    WrongAlgorithm,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYetValid,
    #[error("the token was issued by another application")]
    WrongIssuer,
    #[error("the token is meant for another application")]
    WrongAudience,
    #[error("the token is for another domain or tenant")]
    WrongSubject,
    #[error("the token is for another room")]
    WrongRoom,
    #[error("the token has been revoked")]
    Revoked,
}

// === impl Refusal ===

impl Refusal {
    pub const ALL: [Self; 11] = [
        Self::Malformed,
        Self::BadSignature,
        Self::UnknownKey,
        Self::WrongAlgorithm,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongIssuer,
        Self::WrongAudience,
        Self::WrongSubject,
        Self::WrongRoom,
        Self::Revoked,
    ];

    /// The stable name of the reason, for programs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::BadSignature => "bad_signature",
            Self::UnknownKey => "unknown_key",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::WrongSubject => "wrong_subject",
            Self::WrongRoom => "wrong_room",
            Self::Revoked => "revoked",
        }
    }
}

/// Nothing of the payload is believed, or even parsed, before the signature is known to be good.
pub(super) fn verify(
    server: &JitsiTokens,
    token: &str,
    room: Option<&RoomName>,
    now: Timestamp,
) -> Result<Verified, Refusal> {
    let (kind, payload) = signed_here(server, token)?;
    if kind == TokenType::Id {
        return Err(Refusal::Malformed);
    }
    let claims: Claims = parse(payload)?;
    let expires_at = claims.check_time(now)?;
    claims.check_parties(server)?;
    match kind {
        TokenType::Room => claims.check_place(server.domain(), room)?,
        TokenType::Identity | TokenType::Id | TokenType::Control => {
            claims.check_no_place(server.domain(), room)?
        }
    }
    Ok(claims.into_verified(server, expires_at))
}

/// The session and the client of an ID token that was signed here, however old.
pub(super) fn id_token(server: &JitsiTokens, token: &str) -> Option<(SessionId, ClientId)> {
    let (kind, payload) = signed_here(server, token).ok()?;
    let claims: IdClaims = parse(payload).ok().filter(|_| kind == TokenType::Id)?;
    claims.parties(server)
}

/// The kind and the payload, still encoded, of a token whose signature is good.
fn signed_here<'a>(server: &JitsiTokens, token: &'a str) -> Result<(TokenType, &'a str), Refusal> {
    let (message, header, payload, signature) = split(token).ok_or(Refusal::Malformed)?;
    let header: Header = parse(header)?;
    let kind = header.kind().ok_or(Refusal::Malformed)?;
    let signature = decoded(signature)?;
    check_signature(server.keys(), &header, message, &signature)?;
    Ok((kind, payload))
}

/// The signed part and the three parts of a compact serialisation.
pub(super) fn split(token: &str) -> Option<(&str, &str, &str, &str)> {
    if token.len() > MAX_BYTES {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    (!payload.contains('.')).then_some((message, header, payload, signature))
}

pub(super) fn decoded(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)
}

/// A claim that is there twice is a fault: readers differ in which of the two they believe.
pub(super) fn parse<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, Refusal> {
    let Object(value) = serde_json::from_slice(&decoded(part)?).map_err(|_| Refusal::Malformed)?;
    Ok(value)
}

/// The kind of key decides the algorithm, never the token: a public key cannot serve as a shared secret.
fn check_signature(keys: &Keys, header: &Header, message: &str, signature: &[u8]) -> Result<(), Refusal> {
    if header.alg != keys.algorithm() {
        return Err(Refusal::WrongAlgorithm);
    }
    let good = match keys {
        Keys::Shared(key) => key.verifies(message, signature),
        Keys::Rsa(keys) => {
            let named = keys.iter().find(|key| header.kid.as_ref() == Some(&key.kid));
            named.ok_or(Refusal::UnknownKey)?.verifies(message, signature)
        }
    };
    if good { Ok(()) } else { Err(Refusal::BadSignature) }
}
