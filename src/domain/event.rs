//! What usher tells the world about a meeting: the vocabulary of events and its version.

use serde::{Deserialize, Serialize};

use super::{Figures, Status, Timestamp};
use crate::domain::observation::{OccupantId, Person};

/// One thing that happened to a meeting, in the order it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// 1, 2, 3 … within the meeting.
    pub sequence: u64,
    pub kind: EventKind,
    /// When it happened.
    pub at: Timestamp,
    /// When usher learned of it.
    pub observed_at: Timestamp,
    /// Whether usher concluded it rather than being told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthesised: bool,
    pub cause: Cause,
    /// The meeting as it was then.
    pub status: Status,
    pub people_now: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
    /// Whose coming or going it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<Participant>,
}

/// The kinds of events (`events.md` section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Scheduled,
    Rescheduled,
    Active,
    Completed,
    Cancelled,
    Missed,
    Amended,
    ParticipantJoined,
    ParticipantLeft,
    RecordingStarted,
    RecordingEnded,
}

/// Who or what made it happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// `prosody`, `event_sync`, `livekit`, `client`, `schedule` or `repair`.
    pub by: String,
    /// A stable word such as `last_left`.
    pub detail: String,
}

/// The stay that a joined, left or recording event is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Participant {
    pub occupant: OccupantId,
    pub person: Person,
    pub joined_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

// === impl EventKind ===

impl EventKind {
    /// The last tokens of the subject, which are also the middle of the CloudEvents type.
    pub fn subject(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Rescheduled => "rescheduled",
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Missed => "missed",
            Self::Amended => "amended",
            Self::ParticipantJoined => "participant.joined",
            Self::ParticipantLeft => "participant.left",
            Self::RecordingStarted => "recording.started",
            Self::RecordingEnded => "recording.ended",
        }
    }
}

// === impl Cause ===

impl Cause {
    pub fn new(by: &str, detail: &str) -> Self {
        Self {
            by: by.to_owned(),
            detail: detail.to_owned(),
        }
    }
}
