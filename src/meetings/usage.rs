//! Adding up what was used: along the lists, a part at a time.

use std::ops::Range;

use chrono::NaiveDate;

use super::agenda::{Owner, Wanted};
use super::{Meetings, MeetingsError};
use crate::domain::usage::Usage;

/// How many reports are made at a time; others wait. Each reads as many records as there were meetings.
pub(super) const REPORTS_AT_ONCE: usize = 2;
const MEETINGS_AT_ONCE: usize = 200;

// === impl Meetings ===

impl Meetings {
    /// What was used in the meetings on that list, on the days from the first of `days` up to its end.
    pub async fn usage(&self, owner: &Owner, days: Range<NaiveDate>) -> Result<Usage, MeetingsError> {
        // Never closed, so there is always a turn; without one the report would only be slower for others.
        let _turn = self.0.reports.acquire().await.ok();
        let mut usage = Usage::new(days);
        let listed = usage.listed();
        let wanted = Wanted {
            from: Some(listed.start),
            to: Some(listed.end),
            ..Wanted::default()
        };
        let (mut cursor, now) = (None, self.now());
        loop {
            let part = self
                .list(owner, &wanted, cursor.as_deref(), MEETINGS_AT_ONCE)
                .await?;
            part.meetings.iter().for_each(|meeting| usage.add(meeting, now));
            cursor = part.next;
            if cursor.is_none() {
                return Ok(usage);
            }
        }
    }
}
