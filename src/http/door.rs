//! The door of a room: what is booked behind it, and whether somebody may go in.

use super::Incoming;
use super::error::{ApiError, MeetingRefusal, SignInRefusal};
use super::join::Arrival;
use super::meetings::door::local;
use crate::config::Config;
use crate::domain::access::{Booked, Closed, Entry, EntryDenial, Visitor};
use crate::domain::{RoomKey, UserId};

// === impl Incoming ===

impl Incoming {
    /// Whether and how somebody may enter the room now.
    pub(super) async fn entry(&self, room: &RoomKey, visitor: Visitor<'_>) -> Result<Entry, ApiError> {
        let booked = self.booked(room).await?;
        let entry = self.config.rooms.access.entry(&room.name, visitor, &booked);
        let entry = entry.map_err(|denial| refusal(denial, &self.config))?;
        self.require_not_removed(room, visitor, &booked)?;
        self.require_admission(visitor, &booked)?;
        Ok(entry)
    }

    fn require_not_removed(
        &self,
        room: &RoomKey,
        visitor: Visitor<'_>,
        booked: &Booked,
    ) -> Result<(), MeetingRefusal> {
        match visitor {
            Visitor::User(user) if self.keeps_out(room, &user.id, booked) => Err(MeetingRefusal::Removed),
            _ => Ok(()),
        }
    }

    /// Whether somebody was removed from the meeting that is open in the room, or from the one that everybody has left and
    /// whose time the room still is.
    pub(super) fn keeps_out(&self, room: &RoomKey, user: &UserId, booked: &Booked) -> bool {
        let found = booked.meeting();
        found.is_some_and(|meeting| meeting.booking.is_removed(user))
            || self.api.meetings.is_removed(room, user)
    }

    /// Whoever is on the list of a meeting and has to wait for it waits at every door.
    fn require_admission(&self, visitor: Visitor<'_>, booked: &Booked) -> Result<(), MeetingRefusal> {
        let (Visitor::User(user), Booked::Now(meeting)) = (visitor, booked) else {
            return Ok(());
        };
        match Arrival::new(self, meeting, user) {
            Ok(arrival) if meeting.booking.names_people() && arrival.has_to_wait() => {
                Err(MeetingRefusal::Waiting)
            }
            Ok(arrival) => {
                arrival.note_moderator();
                Ok(())
            }
            Err(_) => Ok(()),
        }
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
            opens_at: local(opens_at, config.daemon.meetings.timezone),
        },
        Closed::Over => MeetingRefusal::Over,
        Closed::NotBooked => MeetingRefusal::NotBooked,
    }
}
