//! The door of a room: what is booked behind it, and whether somebody may go in.

use super::Incoming;
use super::error::{ApiError, MeetingRefusal, SignInRefusal};
use super::field::in_zone;
use crate::config::Config;
use crate::domain::RoomKey;
use crate::domain::access::{Booked, Closed, Entry, EntryDenial, Visitor};

// === impl Incoming ===

impl Incoming {
    /// Whether and how somebody may enter the room now.
    pub(super) async fn entry(&self, room: &RoomKey, visitor: Visitor<'_>) -> Result<Entry, ApiError> {
        let booked = self.booked(room).await?;
        let entry = self.config.rooms.access.entry(&room.name, visitor, &booked);
        entry.map_err(|denial| refusal(denial, &self.config))
    }

    /// What is booked in the room now.
    pub(super) async fn booked(&self, room: &RoomKey) -> Result<Booked, ApiError> {
        let now = self.context.received_at;
        Ok(self.api.meetings.booked(room, now).await?)
    }
}

/// Why somebody may not enter, as they are told it.
pub(super) fn refusal(denial: EntryDenial, config: &Config) -> ApiError {
    match denial {
        EntryDenial::GuestsNotAllowed => SignInRefusal::GuestsNotAllowed.into(),
        EntryDenial::NotAMember => SignInRefusal::NotAMember.into(),
        EntryDenial::Closed(closed) => shut(closed, config).into(),
    }
}

/// Why nobody may enter now; times are those of the configured zone.
pub(super) fn shut(closed: Closed, config: &Config) -> MeetingRefusal {
    match closed {
        Closed::TooEarly { opens_at } => MeetingRefusal::TooEarly {
            opens_at: in_zone(opens_at, config.daemon.meetings.timezone),
        },
        Closed::Over => MeetingRefusal::Over,
        Closed::NotBooked => MeetingRefusal::NotBooked,
    }
}
