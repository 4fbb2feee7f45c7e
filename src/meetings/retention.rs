//! Forgetting: meetings that ended more than `keep_days` ago, and the references that lead to them.

use chrono::Duration;
use futures_util::{StreamExt, stream};

use super::record::glance;
use super::{Meetings, MeetingsError, Record, agenda, booking};
use crate::domain::MeetingId;
use crate::store::{Entry, Store, StoreError, Table};

/// How many meetings are removed at a time, so that they share flushes.
const AT_ONCE: usize = 64;

// === impl Meetings ===

impl Meetings {
    /// Removes what is too old; returns how many meetings that were. Ids sort by age, so the walk ends early.
    pub(super) async fn remove_old(&self) -> Result<usize, MeetingsError> {
        let keep = self.0.config.borrow().daemon.meetings.keep_days;
        let cutoff = self.now() - Duration::days(i64::from(keep));
        let mut scan = self.0.store.scan(Table::Meetings, None);
        let mut removed = 0;
        loop {
            let page = scan.next(200).await?;
            let young = |entry: &Entry| entry.key.parse().is_ok_and(|id: MeetingId| id.made_at() > cutoff);
            let done = page.is_empty() || page.iter().any(young);
            let old = page
                .into_iter()
                .filter(|entry| glance(&entry.value).is_some_and(|glance| glance.is_over_since(cutoff)));
            let removals = old.map(|entry| self.clone().remove(entry));
            let gone: Vec<_> = stream::iter(removals).buffer_unordered(AT_ONCE).collect().await;
            for gone in gone {
                removed += usize::from(gone?);
            }
            if done {
                return Ok(removed);
            }
        }
    }

    async fn remove(self, entry: Entry) -> Result<bool, MeetingsError> {
        let record = Record::read(&entry.value).map_err(MeetingsError::Unreadable)?;
        for key in booking::keys(&record.meeting.booking) {
            remove_if_present(&self.0.store, Table::Bookings, &key).await?;
        }
        match self
            .0
            .store
            .remove(Table::Meetings, &entry.key, entry.revision)
            .await
        {
            Ok(()) => {
                self.unlist(&agenda::keys(&record.meeting)).await;
                Ok(true)
            }
            Err(StoreError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

async fn remove_if_present(store: &Store, table: Table, key: &str) -> Result<(), MeetingsError> {
    if let Some((_, revision)) = store.get(table, key).await? {
        match store.remove(table, key, revision).await {
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
