//! Tokens for Jitsi rooms: a grant becomes the payload that Jitsi's Prosody plugins accept, signed by the right key.

mod payload;

use chrono::Duration;
use jsonwebtoken::jwk::Jwk;
use serde::Serialize;
use uuid::Uuid;

use self::payload::{ControlPayload, IdPayload, Payload};
use super::keys::{KeyError, Keys, SigningFailed, TokenType};
use super::verify::{self, Refusal, Verified};
use super::{Features, Person, PlainText};
use crate::config::daemon::Jitsi;
use crate::domain::observation::BackendId;
use crate::domain::{ClientId, RoomName, SessionId, Timestamp};

/// What a token lets its holder do: enter one room, as one person, until a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    pub room: RoomName,
    pub user: Person,
    /// Owner of the room where Prosody loads `mod_token_affiliation`.
    pub moderator: bool,
    pub group: Option<PlainText>,
    /// Absent: a moderator may everything. Present: what it does not allow is refused, to moderators too.
    pub features: Option<Features>,
    /// Walks past the lobby where the room has one.
    pub lobby_bypass: bool,
    /// The sign-in that it comes from; it is revoked together with that.
    pub session: Option<SessionId>,
    /// The first second in which Prosody refuses the token; parts of a second are cut off.
    pub expires_at: Timestamp,
}

/// What a token says that opens no room: who somebody is, because they have signed in.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentityGrant<'a> {
    pub user: &'a Person,
    pub session: SessionId,
    pub expires_at: Timestamp,
}

/// What an ID token of the code flow says (OpenID Connect Core section 2).
#[derive(Debug, Clone, PartialEq)]
pub struct IdGrant<'a> {
    pub client: &'a ClientId,
    pub user: &'a Person,
    pub session: SessionId,
    /// Repeated as the program gave it.
    pub nonce: Option<&'a str>,
    pub expires_at: Timestamp,
}

/// A signed token. It opens a room to whoever holds it, so it is never printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    pub token: String,
    /// A whole second.
    pub expires_at: Timestamp,
}

/// Why a grant did not become a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token would have expired already")]
    Expired,
    #[error("the token would be too long for an address")]
    TooLarge,
    #[error("no signing key has started yet")]
    NoKeyYet,
    #[error(transparent)]
    Signing(#[from] SigningFailed),
}

/// What the claim `use` says of a token that was made for a link. It stands beside `context`, where Prosody looks for nothing.
pub(super) const LINK: &str = "link";

/// Issues and checks the tokens of one Jitsi deployment; its keys are parsed once, here.
#[derive(Debug)]
pub struct JitsiTokens {
    name: String,
    domain: String,
    app_id: String,
    keys: Keys,
}

// === impl JitsiTokens ===

impl JitsiTokens {
    /// How far back `nbf` lies, in seconds: Prosody allows no difference between its clock and ours.
    const NOT_BEFORE_SECS: i64 = 10;
    /// How long a token that acts on rooms is good for, in seconds: one call.
    const CONTROL_SECS: i64 = 60;

    /// Parses and checks the keys of a `[[jitsi]]` section.
    pub fn new(section: &Jitsi) -> Result<Self, KeyError> {
        Ok(Self {
            name: section.name.clone(),
            domain: section.domain.clone(),
            app_id: section.app_id.clone(),
            keys: Keys::new(section)?,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The deployment as meetings know it.
    pub fn backend(&self) -> BackendId {
        BackendId::jitsi(&self.name)
    }

    /// The XMPP domain, which is also the host of the links.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// `iss` and `aud` of every token.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// `HS256` or `RS256`: the one algorithm of this deployment.
    pub fn algorithm(&self) -> &'static str {
        self.keys.algorithm()
    }

    /// Signs a token for a grant. An RSA signature takes most of a millisecond of the calling thread.
    pub fn issue(&self, grant: &Grant, now: Timestamp, jti: Uuid) -> Result<Issued, TokenError> {
        let payload = Payload::of_grant(self, grant, now, jti);
        self.sign(TokenType::Room, &payload, grant.expires_at, now)
    }

    /// The same, for a link to the room of one meeting: it opens nothing before `opens_at`, since Prosody refuses it until
    /// then, and it says that it is for a link. Links are forwarded, and stand in histories and logs, so whoever holds this
    /// token must not pass for the person elsewhere.
    pub fn issue_ticket(
        &self,
        grant: &Grant,
        now: Timestamp,
        opens_at: Timestamp,
        jti: Uuid,
    ) -> Result<Issued, TokenError> {
        let payload = Payload::of_grant(self, grant, now, jti).ticket(opens_at);
        self.sign(TokenType::Room, &payload, grant.expires_at, now)
    }

    /// Signs a token that says who somebody is and opens no room.
    ///
    /// It has no `room` claim, and its header says `at+jwt`. Prosody asks for the one by default and takes no token with
    /// the other, whatever its configuration says.
    pub fn issue_identity(
        &self,
        grant: &IdentityGrant<'_>,
        now: Timestamp,
        jti: Uuid,
    ) -> Result<Issued, TokenError> {
        let payload = Payload::of_identity(self, grant, now, jti);
        self.sign(TokenType::Identity, &payload, grant.expires_at, now)
    }

    /// Signs an ID token, whose audience is the program and which no room takes: it has neither a `room` claim nor the
    /// header that Prosody asks for.
    pub fn issue_id_token(&self, grant: &IdGrant<'_>, now: Timestamp) -> Result<Issued, TokenError> {
        let payload = IdPayload::new(self, grant, now);
        self.sign(TokenType::Id, &payload, grant.expires_at, now)
    }

    /// Signs a token with which usher acts on any room through the modules that Jitsi ships (`mod_muc_end_meeting`,
    /// `mod_system_chat_message`, `mod_muc_kick_participant`). It opens no room: its key is published apart.
    ///
    /// Fails where a shared secret signs; those modules take RS256 alone.
    pub fn issue_control(&self, now: Timestamp, jti: Uuid) -> Result<Issued, TokenError> {
        if self.keys.rsa().is_empty() {
            return Err(TokenError::NoKeyYet);
        }
        let until = now + Duration::seconds(Self::CONTROL_SECS);
        let payload = ControlPayload::new(self, (now, until), jti);
        self.sign(TokenType::Control, &payload, until, now)
    }

    /// The session and the client of an ID token that was signed here, however old: the hint of a log-out (OpenID
    /// Connect RP-Initiated Logout section 4 asks to take one that has expired). A token of another kind is none.
    pub fn session_of_id_token(&self, token: &str) -> Option<(SessionId, ClientId)> {
        verify::id_token(self, token)
    }

    /// Judges a token as the Prosody of this deployment does, without leeway; with a room, also whether it opens it.
    ///
    /// It is stricter in what Prosody leaves open: `exp` must be there, and the audience must be the application. It is
    /// wider in one point: a token of [`Self::issue_identity`], which Prosody refuses, is good as long as no room is asked
    /// for.
    pub fn verify(&self, token: &str, room: Option<&RoomName>, now: Timestamp) -> Result<Verified, Refusal> {
        verify::verify(self, token, room, now)
    }

    /// Where people open the room; no token inside.
    pub fn join_url(&self, room: &RoomName) -> String {
        match room.split() {
            (Some(tenant), room) => format!("https://{}/{tenant}/{room}", self.domain),
            (None, room) => format!("https://{}/{room}", self.domain),
        }
    }

    /// Where the holder of the token opens the room. Every version of Jitsi's web client reads the query.
    pub fn join_url_with(&self, room: &RoomName, token: &str) -> String {
        format!("{}?jwt={token}", self.join_url(room))
    }

    /// The public key (PEM, SPKI) whose kid has this SHA-256, in lower-case hex.
    pub fn public_key_pem(&self, sha256_hex_of_kid: &str) -> Option<&str> {
        self.keys.public_key_pem(sha256_hex_of_kid)
    }

    /// The public key (PEM, SPKI) with which tokens of [`Self::issue_control`] are checked, by the SHA-256 of their kid.
    pub fn control_key_pem(&self, sha256_hex_of_kid: &str) -> Option<&str> {
        self.keys.control_key_pem(sha256_hex_of_kid)
    }

    /// The public keys as JSON Web Keys; none where a shared secret signs.
    pub fn jwks(&self) -> impl Iterator<Item = Jwk> {
        self.keys.jwks()
    }

    pub(super) fn keys(&self) -> &Keys {
        &self.keys
    }

    fn sign(
        &self,
        kind: TokenType,
        payload: &impl Serialize,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Issued, TokenError> {
        if until.timestamp() <= now.timestamp() {
            return Err(TokenError::Expired);
        }
        let signer = self.keys.signer(now).ok_or(TokenError::NoKeyYet)?;
        let bytes = serde_json::to_vec(payload).map_err(|_| SigningFailed)?;
        Ok(Issued {
            token: signer.sign(kind, &bytes)?,
            expires_at: Timestamp::from_timestamp(until.timestamp(), 0).unwrap_or(until),
        })
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
