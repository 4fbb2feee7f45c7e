//! The claims as they are written: absent ones left out, never null, and nothing but text about the user.
//!
//! A JSON null makes Prosody's plugins fail without an answer, and a number reaches others as `3.0`.

use serde::Serialize;
use uuid::Uuid;

use super::{Grant, IdGrant, IdentityGrant, JitsiTokens, LINK};
use crate::domain::{ClientId, SessionId, Timestamp, UserId};
use crate::tokens::{AvatarUrl, Email, Features, Person, PlainText};

/// A token for a room, or one that only says who somebody is.
#[derive(Serialize)]
pub(super) struct Payload<'a> {
    iss: &'a str,
    /// One text: Prosody compares it as one, and a list matches nothing.
    aud: &'a str,
    /// The tenant of the room, or the XMPP domain where it has none.
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    /// `link`: it opens its room and is good for nothing else.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    purpose: Option<&'static str>,
    /// For programs; Prosody looks at `context.user.moderator`.
    moderator: bool,
    context: Context<'a>,
}

/// A token that acts on rooms: every claim that Prosody's library asks for, and nobody's name.
#[derive(Serialize)]
pub(super) struct ControlPayload<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    room: &'static str,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: Uuid,
}

/// An ID token: who signed in, told to one program (OpenID Connect Core section 2). No e-mail address: such a token
/// travels in addresses when somebody signs out.
#[derive(Serialize)]
pub(super) struct IdPayload<'a> {
    iss: &'a str,
    aud: &'a ClientId,
    sub: String,
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    sid: SessionId,
    name: &'a PlainText,
}

#[derive(Serialize)]
struct Context<'a> {
    user: User<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    features: Option<Features>,
}

#[derive(Serialize)]
struct User<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a UserId>,
    name: &'a PlainText,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a Email>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<&'a AvatarUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderator: Option<bool>,
    /// What installations older than May 2026 read, from the contributed module of the same name.
    affiliation: &'static str,
    /// What the contributed `token_lobby_bypass` asks for: `true`, the boolean. Stock Prosody modules pass it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    lobby_bypass: Option<bool>,
}

// === impl Payload ===

impl<'a> Payload<'a> {
    pub(super) fn of_grant(server: &'a JitsiTokens, grant: &'a Grant, now: Timestamp, jti: Uuid) -> Self {
        let (tenant, room) = grant.room.split();
        let user = User {
            lobby_bypass: grant.lobby_bypass.then_some(true),
            ..User::new(&grant.user, grant.moderator)
        };
        let mut payload = Self::of_user(server, user, (now, grant.expires_at), jti);
        payload.sub = tenant.unwrap_or(&server.domain);
        payload.room = Some(room);
        payload.sid = grant.session;
        payload.moderator = grant.moderator;
        payload.context.group = grant.group.as_ref();
        payload.context.features = grant.features;
        payload
    }

    /// For a link that is good from that moment on, if it is still to come.
    pub(super) fn ticket(self, at: Timestamp) -> Self {
        let nbf = self.nbf.max(at.timestamp() - JitsiTokens::NOT_BEFORE_SECS);
        Self {
            nbf,
            purpose: Some(LINK),
            ..self
        }
    }

    pub(super) fn of_identity(
        server: &'a JitsiTokens,
        grant: &IdentityGrant<'a>,
        now: Timestamp,
        jti: Uuid,
    ) -> Self {
        let user = User::new(grant.user, false);
        let mut payload = Self::of_user(server, user, (now, grant.expires_at), jti);
        payload.sid = Some(grant.session);
        payload
    }

    fn of_user(
        server: &'a JitsiTokens,
        user: User<'a>,
        (now, until): (Timestamp, Timestamp),
        jti: Uuid,
    ) -> Self {
        let issued_at = now.timestamp();
        Self {
            iss: &server.app_id,
            aud: &server.app_id,
            sub: &server.domain,
            room: None,
            exp: until.timestamp(),
            nbf: issued_at - JitsiTokens::NOT_BEFORE_SECS,
            iat: issued_at,
            jti,
            sid: None,
            purpose: None,
            moderator: false,
            context: Context {
                user,
                group: None,
                features: None,
            },
        }
    }
}

// === impl ControlPayload ===

impl<'a> ControlPayload<'a> {
    pub(super) fn new(server: &'a JitsiTokens, (now, until): (Timestamp, Timestamp), jti: Uuid) -> Self {
        let issued_at = now.timestamp();
        Self {
            iss: &server.app_id,
            aud: &server.app_id,
            sub: &server.domain,
            room: "*",
            exp: until.timestamp(),
            nbf: issued_at - JitsiTokens::NOT_BEFORE_SECS,
            iat: issued_at,
            jti,
        }
    }
}

// === impl IdPayload ===

impl<'a> IdPayload<'a> {
    pub(super) fn new(server: &'a JitsiTokens, grant: &IdGrant<'a>, now: Timestamp) -> Self {
        let id = grant.user.id.as_ref();
        Self {
            iss: &server.app_id,
            aud: grant.client,
            // It must be there; somebody without an id is known by the sign-in alone.
            sub: id.map_or_else(|| grant.session.to_string(), UserId::to_string),
            exp: grant.expires_at.timestamp(),
            iat: now.timestamp(),
            nonce: grant.nonce,
            sid: grant.session,
            name: &grant.user.name,
        }
    }
}

// === impl User ===

impl<'a> User<'a> {
    fn new(person: &'a Person, moderator: bool) -> Self {
        Self {
            id: person.id.as_ref(),
            name: &person.name,
            email: person.email.as_ref(),
            avatar: person.avatar.as_ref(),
            moderator: moderator.then_some(true),
            affiliation: if moderator { "owner" } else { "member" },
            lobby_bypass: None,
        }
    }
}
