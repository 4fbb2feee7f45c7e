//! What is known of rooms without a look at the store.

use chrono::Duration;

use super::{Meetings, index};
use crate::domain::meeting::{MeetingType, Slot, as_reported};
use crate::domain::observation::{BackendId, Part};
use crate::domain::{MeetingId, RoomKey, Timestamp, UserId};

// === impl Meetings ===

impl Meetings {
    /// Whether people meet there by video or audio; video where nobody booked it.
    pub fn type_of_room(&self, room: &RoomKey) -> MeetingType {
        self.index(|index| index.type_of_room(room))
    }

    /// The meeting that somebody who comes into the room at `at` comes to: the one that is going on, else the booked one
    /// that was last to begin by then, else the one that is booked next, however far ahead.
    pub fn open_in(&self, room: &RoomKey, at: Timestamp) -> Option<MeetingId> {
        self.index(|index| index.open_in(room, at))
    }

    /// The first booked time in the room that begins after `at`, of a meeting that has not begun.
    pub fn next_booked_in(&self, room: &RoomKey, at: Timestamp) -> Option<Slot> {
        self.index(|index| index.next_booked_in(room, at))
    }

    /// Whether a token issued at `issued_at` for that room leads nowhere: the last meeting there was ended or called off
    /// by a caller since then, and no other is open or booked. A token issued in the same second is one from before.
    pub fn is_called_off(&self, room: &RoomKey, issued_at: Timestamp) -> bool {
        self.index(|index| index.is_called_off(room, issued_at))
    }

    /// Whether somebody was removed from the meeting that they would come to now in that room.
    pub fn is_removed(&self, room: &RoomKey, user: &UserId) -> bool {
        let (user, now) = (as_reported(user), self.now());
        self.index(|index| index.is_removed(room, &user, now))
    }

    /// Drops from memory what can be neither corrected nor continued, nor speaks against a token.
    pub(super) fn forget_past(&self) {
        let (now, longest) = (self.now(), self.longest_token());
        self.index(|index| index.forget_old(now, longest));
    }

    /// How long the token that lives longest lives; what was called off, and would have been over, before that is of no
    /// interest.
    pub(super) fn longest_token(&self) -> Duration {
        let config = self.0.config.borrow();
        let ceilings = config.clients.values().map(|client| client.max_token_secs);
        let longest = ceilings.max().unwrap_or_default();
        Duration::seconds(i64::try_from(longest).unwrap_or(i64::MAX / 1000)).max(index::RECENT)
    }

    /// The rooms of a backend in whose main part, or breakout parts, people are believed to be.
    pub(super) fn occupied(&self, backend: &BackendId, of_breakouts: bool) -> Vec<(RoomKey, Part)> {
        self.index(|index| index.occupied(backend, of_breakouts))
    }
}
