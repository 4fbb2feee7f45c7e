//! What a LiveKit token says, in values that LiveKit's server takes.
//!
//! Its limits count bytes (`livekit/pkg/config/config.go`): 256 for the names of rooms, identities and people.

use std::collections::{BTreeMap, HashMap};

use livekit_api::access_token::Claims;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::participant::identity_of;
use crate::domain::{RoomName, Timestamp, UserId};
use crate::tokens::PlainText;

/// What a token lets its holder do: enter one room, as one participant, until a moment.
///
/// What is absent is LiveKit's default: to publish, to subscribe, and to send data where publishing is allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    pub room: RoomName,
    pub identity: Identity,
    pub name: Option<DisplayName>,
    pub can_publish: Option<bool>,
    pub can_subscribe: Option<bool>,
    pub can_publish_data: Option<bool>,
    /// Not empty: nothing else may be published.
    pub can_publish_sources: Vec<TrackSource>,
    /// May mute and remove others in this room.
    pub room_admin: bool,
    /// Others do not see the holder.
    pub hidden: bool,
    /// Shown to everybody in the room.
    pub metadata: Option<String>,
    /// Shown to everybody in the room.
    pub attributes: Attributes,
    /// How the room is made if the holder is the first one in.
    pub room_config: Option<RoomConfig>,
    /// LiveKit refuses the token a minute later; a connection that stands by then goes on.
    pub expires_at: Timestamp,
}

/// Who somebody is in a room: 1 to 256 bytes without control characters and without `#`, behind which LiveKit puts the
/// name of a second connection. Whoever comes in with the same identity throws the first one out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(String);

/// A name for others to see: cleaned like every text in a token, at most 256 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(PlainText);

/// Facts about a participant by name: at most 64, each name 1 to 256 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes(BTreeMap<String, String>);

/// A room configuration that LiveKit understands (`RoomConfiguration` of its protocol, as JSON).
#[derive(Debug, Clone, PartialEq)]
pub struct RoomConfig(Value);

/// What somebody may publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackSource {
    Camera,
    Microphone,
    ScreenShare,
    ScreenShareAudio,
}

/// Why a value cannot go into a LiveKit token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("must not be empty")]
    Empty,
    #[error("must not be longer than {0} bytes")]
    TooLong(usize),
    #[error("must not contain control characters")]
    Control,
    #[error("must not contain '#', which LiveKit uses for further connections of the same person")]
    NumberSign,
    #[error("must not have more than {0} entries")]
    TooMany(usize),
    #[error("is no room configuration that LiveKit knows")]
    NotARoomConfig,
}

const MAX_NAME_BYTES: usize = 256;
const MAX_ATTRIBUTES: usize = 64;

// === impl Grant ===

impl Grant {
    /// Somebody who may take part, and nothing more.
    pub fn participant(room: RoomName, identity: Identity, expires_at: Timestamp) -> Self {
        Self {
            room,
            identity,
            name: None,
            can_publish: None,
            can_subscribe: None,
            can_publish_data: None,
            can_publish_sources: Vec::new(),
            room_admin: false,
            hidden: false,
            metadata: None,
            attributes: Attributes::default(),
            room_config: None,
            expires_at,
        }
    }
}

// === impl Identity ===

impl Identity {
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let text = text.trim();
        if text.contains('#') {
            return Err(GrantError::NumberSign);
        }
        bounded(text).map(|()| Self(text.to_owned()))
    }

    /// The identity of a user, as [`identity_of`] writes it.
    pub fn of_user(id: &UserId) -> Result<Self, GrantError> {
        let identity = identity_of(id);
        bounded(&identity).map(|()| Self(identity))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// === impl DisplayName ===

impl DisplayName {
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        let name = PlainText::parse(text).map_err(|error| match error {
            crate::tokens::TextError::Empty => GrantError::Empty,
            _ => GrantError::TooLong(MAX_NAME_BYTES),
        })?;
        bounded(name.as_str()).map(|()| Self(name))
    }

    /// As much of a name as fits; nothing of one that says nothing.
    pub fn shortened(text: &str) -> Option<Self> {
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let end = ends.take_while(|end| *end <= MAX_NAME_BYTES).last()?;
        Self::parse(&text[..end]).ok()
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

// === impl Attributes ===

impl Attributes {
    pub fn new(attributes: BTreeMap<String, String>) -> Result<Self, GrantError> {
        if attributes.len() > MAX_ATTRIBUTES {
            return Err(GrantError::TooMany(MAX_ATTRIBUTES));
        }
        attributes.keys().try_for_each(|name| bounded(name))?;
        Ok(Self(attributes))
    }

    pub(super) fn to_map(&self) -> HashMap<String, String> {
        self.0.clone().into_iter().collect()
    }
}

// === impl RoomConfig ===

impl RoomConfig {
    pub fn parse(value: Value) -> Result<Self, GrantError> {
        let claims = serde_json::json!({ "roomConfig": value });
        match serde_json::from_value::<Claims>(claims) {
            Ok(_) => Ok(Self(value)),
            Err(_) => Err(GrantError::NotARoomConfig),
        }
    }

    /// A room for at most so many people.
    pub fn of_at_most(people: u32) -> Self {
        Self(serde_json::json!({ "maxParticipants": people }))
    }

    pub(super) fn as_value(&self) -> &Value {
        &self.0
    }
}

// === impl TrackSource ===

impl TrackSource {
    /// As LiveKit's `canPublishSources` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::ScreenShare => "screen_share",
            Self::ScreenShareAudio => "screen_share_audio",
        }
    }
}

fn bounded(text: &str) -> Result<(), GrantError> {
    match text.len() {
        0 => Err(GrantError::Empty),
        1..=MAX_NAME_BYTES if text.chars().any(char::is_control) => Err(GrantError::Control),
        1..=MAX_NAME_BYTES => Ok(()),
        _ => Err(GrantError::TooLong(MAX_NAME_BYTES)),
    }
}
