//! Rooms that usher itself begins and ends to be rid of them: what their server says of that is no meeting.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::Duration;

use super::Meetings;
use crate::domain::Timestamp;
use crate::domain::observation::{BackendId, Observation, Part, What};

/// What is being deleted, and since when; a server has long told of it after [`TOLD_WITHIN`].
#[derive(Debug, Default)]
pub(super) struct Deletions(Mutex<HashMap<(BackendId, Part), Timestamp>>);

/// LiveKit tries a webhook for 15 s, and drops it when it has waited for 30 s.
const TOLD_WITHIN: Duration = Duration::minutes(2);

// === impl Deletions ===

impl Deletions {
    fn begin(&self, backend: &BackendId, part: &Part, now: Timestamp) {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|_, since| now - *since < TOLD_WITHIN);
        begun.insert((backend.clone(), part.clone()), now);
    }

    fn give_up(&self, backend: &BackendId, part: &Part) {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.remove(&(backend.clone(), part.clone()));
    }

    fn includes(&self, backend: &BackendId, part: &Part, now: Timestamp) -> bool {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = begun.get(&(backend.clone(), part.clone()));
        since.is_some_and(|since| now - *since < TOLD_WITHIN)
    }
}

// === impl Meetings ===

impl Meetings {
    /// That life of a room is begun only to be ended.
    pub(super) fn begin_deletion(&self, backend: &BackendId, part: &Part) {
        self.0.deletions.begin(backend, part, self.now());
    }

    /// It is not deleted after all: somebody came in.
    pub(super) fn give_up_deletion(&self, backend: &BackendId, part: &Part) {
        self.0.deletions.give_up(backend, part);
    }

    pub(super) fn is_being_deleted(&self, backend: &BackendId, part: &Part) -> bool {
        self.0.deletions.includes(backend, part, self.now())
    }

    /// Whether a server tells only of what usher did to be rid of a room.
    pub(super) fn is_of_deletion(&self, seen: &Observation) -> bool {
        let is_of_room = matches!(seen.what, What::RoomOpened { .. } | What::RoomClosed { .. });
        is_of_room && self.is_being_deleted(&seen.room.backend, seen.what.part())
    }
}
