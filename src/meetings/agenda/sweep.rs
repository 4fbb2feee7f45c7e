//! Which keys of the lists are of meetings that were never made, are gone, or have moved.

use super::keep::written_at;
use super::key::{Spot, owners};
use crate::meetings::{Meetings, MeetingsError};
use crate::store::Entry;

// === impl Meetings ===

impl Meetings {
    /// Whether an entry has been there for long and leads to no meeting that is listed there.
    pub(in crate::meetings) async fn leads_off_every_list(
        &self,
        entry: &Entry,
    ) -> Result<bool, MeetingsError> {
        let is_old = written_at(entry).is_some_and(|at| self.is_no_longer_young(at));
        Ok(is_old && !self.leads_somewhere(&entry.key).await?)
    }

    /// Whether a meeting is listed there, as far as can be told.
    async fn leads_somewhere(&self, key: &str) -> Result<bool, MeetingsError> {
        let Some((owner, spot)) = Spot::split(key) else {
            return Ok(true);
        };
        match self.get(spot.meeting).await {
            Ok(Some(meeting)) => Ok(Spot::of(&meeting) == spot && owners(&meeting).contains(owner)),
            Ok(None) => Ok(false),
            Err(error) if error.concerns_one_meeting() => Ok(true),
            Err(error) => Err(error),
        }
    }
}
