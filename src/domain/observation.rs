//! The one vocabulary in which meeting servers tell what they saw, each fact with the server's own time.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::{RoomName, Timestamp, UserId, hex};

/// One fact about one room.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    pub room: RoomKey,
    /// When it happened, by the server's clock.
    pub at: Timestamp,
    pub source: Source,
    pub what: What,
}

/// A room of a backend.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomKey {
    pub backend: BackendId,
    pub name: RoomName,
}

/// A configured meeting server, such as `jitsi:main`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BackendId {
    pub kind: BackendKind,
    pub name: String,
}

// === impl BackendId ===

impl BackendId {
    pub fn jitsi(name: impl Into<String>) -> Self {
        Self {
            kind: BackendKind::Jitsi,
            name: name.into(),
        }
    }

    pub fn livekit(name: impl Into<String>) -> Self {
        Self {
            kind: BackendKind::Livekit,
            name: name.into(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    Jitsi,
    Livekit,
}

/// Who told us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The event_sync module: whole seconds, no reasons, no rosters.
    EventSync,
    /// usher's own Prosody module: numbered, with reasons and rosters.
    Prosody,
    /// LiveKit's webhooks: with reasons; leaves in whole seconds; they may be lost.
    Livekit,
    /// What LiveKit lists when usher asks for its rooms and the people in them.
    Listing,
}

/// What happened in the room.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The server opened the room, or opened it again after it had lost it: who was in since before that is not any more.
    RoomOpened {
        part: Part,
        /// When this life of the room began; the observation's own time where the server tells nothing else.
        opened_at: Option<Timestamp>,
        /// Until when those who were in are known to have been.
        since: Timestamp,
    },
    Entered(Arrival),
    Left(Departure),
    /// A connection that never came about, or one that was lost on its way to another node. It ends a stay and begins none.
    Aborted(Departure),
    /// The server closed the room, one of its lives, or one of its breakout rooms.
    RoomClosed {
        part: Part,
        opened_at: Option<Timestamp>,
        /// People were inside and were put out.
        for_everyone: bool,
    },
    /// Everyone who is in that part of the room; whoever is missing left between `since` and now.
    Roster {
        part: Part,
        opened_at: Option<Timestamp>,
        present: Vec<Arrival>,
        since: Timestamp,
    },
    /// The server does not know the room any more; it ended between `since` and now.
    Vanished {
        part: Part,
        since: Timestamp,
    },
    /// The server does not know that connection any more; it ended between `since` and now.
    Gone {
        occupant: OccupantId,
        part: Part,
        entered_at: Timestamp,
        since: Timestamp,
    },
}

/// Somebody in the room, and since when.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    pub occupant: OccupantId,
    pub part: Part,
    /// None where the server cannot say, since they came before it was asked to tell.
    pub entered_at: Option<Timestamp>,
    pub role: Role,
    pub person: Person,
}

/// Somebody who went out.
#[derive(Debug, Clone, PartialEq)]
pub struct Departure {
    pub occupant: OccupantId,
    pub part: Part,
    /// Which of the occupant's stays ended; the latest when the server did not say.
    pub entered_at: Option<Timestamp>,
    pub role: Role,
    pub person: Person,
    pub reason: LeaveReason,
}

/// One connection of somebody to a room, as the server names it: Prosody's full JID, LiveKit's participant sid.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OccupantId(pub String);

/// Which part of the meeting: breakout rooms and every life of the room count as the main meeting.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    #[default]
    Main,
    Breakout(String),
    /// One life of the room, where the server names each: LiveKit's room sid. Two of one name can overlap.
    Opening(String),
}

/// Who counts as what. Service accounts (focus, bridges, gateways, transcribers) never get this far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Person,
    Recorder,
}

/// How a person is named in events: never by e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Person {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Why somebody went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    Left,
    Lost,
    Kicked,
    Banned,
    RoomClosed,
    /// On the way between the main room and a breakout room.
    Switching,
    /// The server does not say (event_sync).
    Unsaid,
    /// Nobody said it; usher concluded it.
    Missing,
    /// The same, since the server died that had the room.
    ServerLost,
}

// === impl Source ===

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EventSync => "event_sync",
            Self::Prosody => "prosody",
            Self::Livekit => "livekit",
            Self::Listing => "repair",
        }
    }

    /// Whether its facts reach us in the order in which they happened, and none is left out.
    pub fn is_ordered(self) -> bool {
        self == Self::Prosody
    }

    /// Whether it says again and again who is in, so that a silence means something is wrong.
    pub fn sends_rosters(self) -> bool {
        self != Self::EventSync
    }
}

// === impl Part ===

impl Part {
    /// Whether it is the only part that the server tells of.
    pub fn is_main(&self) -> bool {
        *self == Self::Main
    }

    /// Whether the server has a name for this life of the room.
    pub fn is_named(&self) -> bool {
        matches!(self, Self::Opening(_))
    }

    /// Whether it is the room itself, and no breakout room.
    pub fn is_room(&self) -> bool {
        !matches!(self, Self::Breakout(_))
    }
}

// === impl What ===

impl What {
    /// The room opened then, on a server that has one life of it at a time.
    pub fn opened(at: Timestamp) -> Self {
        Self::RoomOpened {
            part: Part::Main,
            opened_at: None,
            since: at,
        }
    }

    /// The part of the room that it is about.
    pub fn part(&self) -> &Part {
        match self {
            Self::Entered(arrival) => &arrival.part,
            Self::Left(departure) | Self::Aborted(departure) => &departure.part,
            Self::RoomOpened { part, .. }
            | Self::RoomClosed { part, .. }
            | Self::Roster { part, .. }
            | Self::Vanished { part, .. }
            | Self::Gone { part, .. } => part,
        }
    }

    /// Whether the server put everybody out, which ends a meeting without a grace time.
    pub fn ends_for_everyone(&self) -> bool {
        matches!(self, Self::RoomClosed { part, for_everyone: true, .. } if part.is_room())
    }
}

// === impl BackendKind ===

impl BackendKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jitsi => "jitsi",
            Self::Livekit => "livekit",
        }
    }
}

// === impl LeaveReason ===

impl LeaveReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Lost => "lost",
            Self::Kicked => "kicked",
            Self::Banned => "banned",
            Self::RoomClosed => "room_closed",
            Self::Switching => "switch_room",
            Self::Unsaid => "left",
            Self::Missing => "missing",
            Self::ServerLost => "server_lost",
        }
    }

    /// How long the person may still turn up in another part of the same meeting before the leave is announced.
    ///
    /// Moving to a breakout room is a leave and an entry on the wire, in either order; a client takes about a second.
    pub fn move_window(self) -> Duration {
        match self {
            Self::Switching => Duration::seconds(15),
            Self::Unsaid => Duration::seconds(3),
            _ => Duration::zero(),
        }
    }
}

// === impl Person ===

impl Person {
    /// Longest display name kept, in characters.
    const MAX_NAME: usize = 256;

    /// Cleans what a server reported: no control characters, bounded, and no e-mail address, since events name nobody so.
    pub fn reported(user: Option<&str>, name: Option<&str>) -> Self {
        let user = user
            .map(without_address_id)
            .and_then(|id| UserId::parse(&id).ok());
        let name = name.map(|name| {
            name.chars()
                .filter(|c| !c.is_control())
                .take(Self::MAX_NAME)
                .collect()
        });
        let name = name
            .map(|name: String| without_address(name.trim()))
            .filter(|name| !name.is_empty());
        Self { user, name }
    }
}

/// An id that is an e-mail address becomes a fingerprint of it: still one person, but no address in any event.
pub fn without_address_id(id: &str) -> String {
    if !id.contains('@') {
        return id.to_owned();
    }
    let hash = digest(&SHA256, id.to_lowercase().as_bytes());
    format!("sha256:{}", hex(&hash.as_ref()[..8]))
}

/// Cuts every word with an `@` in it down to what stands before; an address is never a name.
fn without_address(text: &str) -> String {
    let before = |word: &str| {
        word.trim_start_matches(['@', '<', '('])
            .split('@')
            .next()
            .unwrap_or("")
            .to_owned()
    };
    let word = |word: &str| {
        if word.contains('@') {
            before(word)
        } else {
            word.to_owned()
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_never_named_by_an_address() {
        let person = Person::reported(Some("ann@example.com"), Some("Ann\u{7} <ann@example.com>"));
        assert_eq!(
            person.user.map(String::from).as_deref(),
            Some("sha256:71d4f55f72fa128d")
        );
        assert_eq!(person.name.as_deref(), Some("Ann ann"));
        let named = |name| Person::reported(None, Some(name)).name;
        assert_eq!(named("@ann@example.com").as_deref(), Some("ann"));
        assert_eq!(named("Dr. Ann, a\u{a0}b"), Some("Dr. Ann, a\u{a0}b".into()));
        assert_eq!(Person::reported(Some(""), Some(" \n")), Person::default());
    }
}
