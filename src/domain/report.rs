//! Reports that are more than one observation: numbered batches, lists of rooms, and what became of each fact.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Timestamp;
use super::observation::{BackendId, Observation, Part, RoomKey};

/// What became of one reported fact; also the label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It changed a meeting and is on disk.
    Stored,
    /// It was known already.
    Repeated,
    /// It is not about a person or a meeting: focus, gateways, health checks, roles.
    Ignored,
    /// It concerns a meeting that usher no longer follows.
    Stale,
    /// It is about a room of another program on the same server.
    Foreign,
    /// It makes no sense.
    Rejected,
}

/// Consecutive events of one component of one meeting server.
#[derive(Debug)]
pub struct Batch {
    pub backend: BackendId,
    /// The component, which numbers its events by itself.
    pub host: String,
    /// Drawn anew each time the server's module is loaded; numbers start again with it.
    pub instance: String,
    /// How many events the module had to drop since it was loaded.
    pub dropped: u64,
    pub events: Vec<Numbered>,
}

/// One event and its number.
#[derive(Debug)]
pub struct Numbered {
    /// Below 2^53.
    pub number: u64,
    pub fact: Fact,
}

/// What one event says.
#[derive(Debug)]
pub enum Fact {
    Observed(Observation),
    Rooms(RoomList),
    /// Not about people or meetings.
    Ignored,
    /// Not understood; the reason is for the log.
    Rejected(String),
}

/// One webhook of LiveKit.
#[derive(Debug, Clone, PartialEq)]
pub struct Notification {
    pub backend: BackendId,
    /// The same for every repetition and for every address that it is sent to; 1 to 255 bytes without control characters. None
    /// where the server gave it none.
    pub id: Option<String>,
    /// When LiveKit put it down, in whole seconds; it may be sent much later.
    pub created_at: Timestamp,
    pub about: Subject,
    /// What it says about people or the meeting in that room, if anything.
    pub seen: Option<Observation>,
}

/// What a webhook is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// No room, as far as it is understood.
    Nothing,
    /// A room whose name usher would never give.
    Foreign,
    /// One life of a room.
    Life(RoomKey, Part),
}

/// Every room that exists on one component; the others are gone.
#[derive(Debug)]
pub struct RoomList {
    pub backend: BackendId,
    pub at: Timestamp,
    pub rooms: BTreeSet<(RoomKey, Part)>,
    /// Whether it speaks for breakout rooms or for main rooms.
    pub of_breakouts: bool,
}

/// The answer to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Receipt {
    /// The highest number that is stored; the module forgets up to it.
    pub stored: u64,
    /// Numbers are missing: send everyone who is in.
    pub roster: bool,
}

// === impl Verdict ===

impl Verdict {
    pub const ALL: [Self; 6] = [
        Self::Stored,
        Self::Repeated,
        Self::Ignored,
        Self::Stale,
        Self::Foreign,
        Self::Rejected,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Repeated => "repeated",
            Self::Ignored => "ignored",
            Self::Stale => "stale",
            Self::Foreign => "foreign",
            Self::Rejected => "rejected",
        }
    }
}
