//! The claims as they are read, and what each must be.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Refusal, Verified, VerifiedUser};
use crate::domain::{ClientId, RoomKey, RoomName, SessionId, Timestamp};
use crate::tokens::jitsi::{JitsiTokens, LINK};
use crate::tokens::keys::TokenType;

#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) kid: Option<String>,
    /// Extensions that a reader must understand (RFC 7515 section 4.1.11); we understand none.
    #[serde(default, deserialize_with = "present")]
    crit: Option<Value>,
}

/// Claims whose absence has a code of its own are read as whatever they are.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: Option<Value>,
    aud: Option<Value>,
    sub: Option<Value>,
    room: Option<Value>,
    exp: f64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
    iat: Option<Value>,
    jti: Option<Value>,
    sid: Option<Value>,
    #[serde(rename = "use")]
    purpose: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    context: Option<Object<Context>>,
}

/// What is looked at in an ID token that comes back.
#[derive(Deserialize)]
pub(super) struct IdClaims {
    iss: Option<Value>,
    aud: Option<Value>,
    sid: Option<Value>,
}

#[derive(Deserialize)]
struct Context {
    #[serde(default, deserialize_with = "present")]
    user: Option<Object<User>>,
    #[serde(default, deserialize_with = "present")]
    group: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[expect(
        dead_code,
        reason = "must be text if it is there, and is not looked at otherwise"
    )]
    tenant: Option<String>,
    #[serde(default, deserialize_with = "present")]
    room: Option<Object<RoomContext>>,
}

#[derive(Deserialize, Default)]
struct User {
    id: Option<Value>,
    name: Option<Value>,
    email: Option<Value>,
    avatar: Option<Value>,
    moderator: Option<Value>,
    affiliation: Option<Value>,
}

#[derive(Deserialize)]
struct RoomContext {
    regex: Option<Value>,
}

/// A JSON object and nothing else: by itself serde would read the fields of a structure from a list as well.
pub(super) struct Object<T>(pub(super) T);

// === impl Header ===

impl Header {
    /// What the token is for; nothing where the header asks for more than is understood here.
    pub(super) fn kind(&self) -> Option<TokenType> {
        TokenType::of(self.typ.as_deref()).filter(|_| self.crit.is_none())
    }
}

// === impl Claims ===

impl Claims {
    /// Prosody counts whole seconds and refuses from the second of `exp` on.
    pub(super) fn check_time(&self, now: Timestamp) -> Result<Timestamp, Refusal> {
        let second = now.timestamp() as f64;
        if second >= self.exp {
            return Err(Refusal::Expired);
        }
        if self.nbf.is_some_and(|nbf| second < nbf) {
            return Err(Refusal::NotYetValid);
        }
        Timestamp::from_timestamp_millis((self.exp * 1000.0) as i64).ok_or(Refusal::Malformed)
    }

    pub(super) fn check_parties(&self, server: &JitsiTokens) -> Result<(), Refusal> {
        if text(&self.iss) != Some(server.app_id()) {
            return Err(Refusal::WrongIssuer);
        }
        if text(&self.aud) != Some(server.app_id()) {
            return Err(Refusal::WrongAudience);
        }
        Ok(())
    }

    /// What `verify_room` of Jitsi's `token/util.lib.lua` does with domain verification on.
    pub(super) fn check_place(&self, domain: &str, room: Option<&RoomName>) -> Result<(), Refusal> {
        let (tenant, room) = match room.map(RoomName::split) {
            Some((tenant, room)) => (tenant, Some(room)),
            None => (None, None),
        };
        let sub = text(&self.sub).ok_or(Refusal::WrongSubject)?;
        if sub != "*" && sub.to_lowercase() != tenant.unwrap_or(domain).to_lowercase() {
            return Err(Refusal::WrongSubject);
        }
        let claim = text(&self.room).ok_or(Refusal::WrongRoom)?;
        match room {
            Some(room) if claim != "*" && (self.is_pattern() || claim.to_lowercase() != room) => {
                Err(Refusal::WrongRoom)
            }
            _ => Ok(()),
        }
    }

    /// A token that only says who somebody is comes from a sign-in, belongs here and names no room; it opens none.
    pub(super) fn check_no_place(&self, domain: &str, room: Option<&RoomName>) -> Result<(), Refusal> {
        if self.room.is_some() || self.session().is_none() {
            return Err(Refusal::Malformed);
        }
        if text(&self.sub) != Some(domain) {
            return Err(Refusal::WrongSubject);
        }
        room.map_or(Ok(()), |_| Err(Refusal::WrongRoom))
    }

    /// A `sid` that is no id of ours is a matter of whoever wrote it.
    fn session(&self) -> Option<SessionId> {
        text(&self.sid)?.parse().ok()
    }

    fn issued_at(&self) -> Option<Timestamp> {
        let second = self.iat.as_ref()?.as_f64()?;
        Timestamp::from_timestamp_millis((second * 1000.0) as i64)
    }

    /// The room with its tenant; none where the token opens no room, or many.
    fn opens(&self, server: &JitsiTokens) -> Option<RoomKey> {
        let (tenant, room) = (text(&self.sub)?, text(&self.room)?);
        if tenant == "*" || room == "*" || self.is_pattern() {
            return None;
        }
        let name = if tenant.eq_ignore_ascii_case(server.domain()) {
            RoomName::parse(room)
        } else {
            RoomName::parse(&format!("{tenant}/{room}"))
        };
        Some(RoomKey {
            backend: server.backend(),
            name: name.ok()?,
        })
    }

    pub(super) fn into_verified(self, server: &JitsiTokens, expires_at: Timestamp) -> Verified {
        let (session, issued_at, opens) = (self.session(), self.issued_at(), self.opens(server));
        let is_ticket = text(&self.purpose) == Some(LINK);
        let (user, group) = match self.context {
            Some(Object(context)) => (context.user.map(|Object(user)| user), context.group),
            None => (None, None),
        };
        let user = user.unwrap_or_default();
        Verified {
            room: owned(self.room),
            moderator: user.is_moderator(),
            user: VerifiedUser {
                id: owned(user.id),
                name: owned(user.name),
                email: owned(user.email),
                avatar: owned(user.avatar),
            },
            group,
            issued_at,
            expires_at,
            jti: owned(self.jti),
            session,
            opens,
            is_ticket,
        }
    }

    /// Whether the room claim is a Lua pattern, which only Prosody can match.
    fn is_pattern(&self) -> bool {
        let room = self
            .context
            .as_ref()
            .and_then(|Object(context)| context.room.as_ref());
        room.is_some_and(|Object(room)| says_true(&room.regex))
    }
}

// === impl IdClaims ===

impl IdClaims {
    /// The session and the program that it was told to, if it was issued here.
    pub(super) fn parties(&self, server: &JitsiTokens) -> Option<(SessionId, ClientId)> {
        let issuer = text(&self.iss).filter(|issuer| *issuer == server.app_id());
        issuer?;
        Some((
            text(&self.sid)?.parse().ok()?,
            ClientId::parse(text(&self.aud)?).ok()?,
        ))
    }
}

// === impl User ===

impl User {
    /// `mod_token_affiliation`: the boolean or the text `true`, or one of three affiliations.
    fn is_moderator(&self) -> bool {
        says_true(&self.moderator)
            || matches!(text(&self.affiliation), Some("owner" | "moderator" | "teacher"))
    }
}

// === impl Object ===

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

fn says_true(value: &Option<Value>) -> bool {
    matches!(value, Some(Value::Bool(true))) || text(value) == Some("true")
}

fn text(value: &Option<Value>) -> Option<&str> {
    value.as_ref().and_then(Value::as_str)
}

fn owned(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// A claim that may be absent but not null: Prosody's plugins fail on null without an answer.
pub(in crate::tokens) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
