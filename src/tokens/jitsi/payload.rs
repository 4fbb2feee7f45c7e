//! The claims as they are written: absent ones left out, never null, and nothing but text about the user.
//!
//! A JSON null makes Prosody's plugins fail without an answer, and a number reaches others as `3.0`.

use serde::Serialize;
use uuid::Uuid;

use super::{Grant, JitsiTokens};
use crate::domain::{RoomName, UserId};
use crate::tokens::{AvatarUrl, Email, Features, Person, PlainText};

#[derive(Serialize)]
pub(super) struct Payload<'a> {
    iss: &'a str,
    /// One text: Prosody compares it as one, and a list matches nothing.
    aud: &'a str,
    sub: &'a str,
    room: &'a RoomName,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: Uuid,
    /// For programs; Prosody looks at `context.user.moderator`.
    moderator: bool,
    context: Context<'a>,
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
}

// === impl Payload ===

impl<'a> Payload<'a> {
    pub(super) fn new(server: &'a JitsiTokens, grant: &'a Grant, issued_at: i64, jti: Uuid) -> Self {
        Self {
            iss: &server.app_id,
            aud: &server.app_id,
            sub: &server.domain,
            room: &grant.room,
            exp: grant.expires_at.timestamp(),
            nbf: issued_at - JitsiTokens::NOT_BEFORE_SECS,
            iat: issued_at,
            jti,
            moderator: grant.moderator,
            context: Context {
                user: User::new(&grant.user, grant.moderator),
                group: grant.group.as_ref(),
                features: grant.features,
            },
        }
    }
}

impl<'a> User<'a> {
    fn new(person: &'a Person, moderator: bool) -> Self {
        Self {
            id: person.id.as_ref(),
            name: &person.name,
            email: person.email.as_ref(),
            avatar: person.avatar.as_ref(),
            moderator: moderator.then_some(true),
            affiliation: if moderator { "owner" } else { "member" },
        }
    }
}
