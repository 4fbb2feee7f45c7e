//! Rooms that usher itself begins and ends to be rid of them: what their server says of that is no meeting.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::Duration;

use super::Meetings;
use crate::domain::Timestamp;
use crate::domain::observation::{BackendId, Observation, Part, What};

/// What is being deleted; a server has long told of it after [`TOLD_WITHIN`].
#[derive(Debug, Default)]
pub(super) struct Deletions(Mutex<HashMap<(BackendId, Part), Deletion>>);

#[derive(Debug)]
struct Deletion {
    since: Timestamp,
    /// The sids of those who were listed in it before; they are not in.
    listed: Vec<String>,
}

/// LiveKit tries a webhook for 15 s, and drops it when it has waited for 30 s.
const TOLD_WITHIN: Duration = Duration::minutes(2);

// === impl Deletions ===

impl Deletions {
    fn begin(&self, backend: &BackendId, part: &Part, deletion: Deletion) {
        let mut begun = self.begun(deletion.since);
        begun.insert((backend.clone(), part.clone()), deletion);
    }

    /// What is being deleted at this time.
    fn begun(&self, now: Timestamp) -> MutexGuard<'_, HashMap<(BackendId, Part), Deletion>> {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|_, deletion| now - deletion.since < TOLD_WITHIN);
        begun
    }
}

// === impl Meetings ===

impl Meetings {
    /// That life of a room is begun only to be ended; these are listed in it before, by their sids.
    pub(super) fn begin_deletion(&self, backend: &BackendId, part: &Part, listed: Vec<String>) {
        let since = self.now();
        self.0.deletions.begin(backend, part, Deletion { since, listed });
    }

    /// It is not deleted after all: somebody came in.
    pub(super) fn give_up_deletion(&self, backend: &BackendId, part: &Part) {
        let mut begun = self.0.deletions.begun(self.now());
        begun.remove(&(backend.clone(), part.clone()));
    }

    /// Who was listed before its deletion began, where one has begun and is not over.
    pub(super) fn listed_before_deletion(&self, backend: &BackendId, part: &Part) -> Option<Vec<String>> {
        let begun = self.0.deletions.begun(self.now());
        let deletion = begun.get(&(backend.clone(), part.clone()));
        deletion.map(|deletion| deletion.listed.clone())
    }

    /// Whether a server tells only of what usher did to be rid of a room.
    pub(super) fn is_of_deletion(&self, seen: &Observation) -> bool {
        let is_of_room = matches!(seen.what, What::RoomOpened { .. } | What::RoomClosed { .. });
        let begun = self.0.deletions.begun(self.now());
        is_of_room && begun.contains_key(&(seen.room.backend.clone(), seen.what.part().clone()))
    }
}
