//! What is known of rooms without a look at the store.

use super::Meetings;
use crate::domain::meeting::{MeetingType, as_reported};
use crate::domain::observation::{BackendId, Part};
use crate::domain::{RoomKey, Timestamp, UserId};

// === impl Meetings ===

impl Meetings {
    /// Whether people meet there by video or audio; video where nobody booked it.
    pub fn type_of_room(&self, room: &RoomKey) -> MeetingType {
        self.index(|index| index.type_of_room(room))
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
        let (now, longest) = (self.now(), self.0.config.borrow().longest_token());
        self.index(|index| index.forget_old(now, longest));
    }

    /// The rooms of a backend in whose main part, or breakout parts, people are believed to be.
    pub(super) fn occupied(&self, backend: &BackendId, of_breakouts: bool) -> Vec<(RoomKey, Part)> {
        self.index(|index| index.occupied(backend, of_breakouts))
    }
}
