//! The claims as they are read, and what each must be.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Refusal, Verified, VerifiedUser};
use crate::domain::{RoomName, Timestamp};
use crate::tokens::jitsi::JitsiTokens;

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
    jti: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    context: Option<Object<Context>>,
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
    pub(super) fn is_jwt(&self) -> bool {
        self.typ.as_deref() == Some("JWT") && self.crit.is_none()
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
        let (tenant, room) = match room.map(RoomName::as_str) {
            Some(node) => match node.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((tenant, room)) => (Some(tenant), Some(room)),
                None => (None, Some(node)),
            },
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

    pub(super) fn into_verified(self, expires_at: Timestamp) -> Verified {
        let (user, group) = match self.context {
            Some(Object(context)) => (context.user.map(|Object(user)| user), context.group),
            None => (None, None),
        };
        let user = user.unwrap_or_default();
        Verified {
            room: owned(self.room).unwrap_or_default(),
            moderator: user.is_moderator(),
            user: VerifiedUser {
                id: owned(user.id),
                name: owned(user.name),
                email: owned(user.email),
                avatar: owned(user.avatar),
            },
            group,
            expires_at,
            jti: owned(self.jti),
            session: None,
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
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
