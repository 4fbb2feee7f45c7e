//! What a meeting server has to be told: kept with the meeting, so that it is done although the server or usher is away now.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// Something to be done in the room on the meeting server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Tell the people in the room that the booked end is near. Pointless after it.
    Warn { ends_at: Timestamp },
    /// Put everybody out and close the room.
    Close { since: Timestamp, why: CloseReason },
}

/// Why a room is closed; the people in it are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    Cancelled,
    /// An authorised caller ended it for everyone.
    Ended,
    /// The booked end has come.
    TimeIsUp,
}
