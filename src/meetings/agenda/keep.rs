//! Keeping the lists: keys go in with the record that belongs there, and out when it does not any more.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::keys;
use crate::domain::{Meeting, Timestamp};
use crate::meetings::{Meetings, MeetingsError};
use crate::store::{Begun, Entry, StoreError, Table};

/// Keys whose writes have begun. They are durable no later than whatever is begun after them.
#[must_use = "a key that was there already has to be renewed"]
pub(in crate::meetings) struct Listed(Vec<(String, Begun)>);

/// Where it is written that every meeting is on its lists. No key of a list looks like this.
const COMPLETE: &str = "complete";

// === impl Meetings ===

impl Meetings {
    /// Begins to put keys on their lists. The record that belongs there is written next.
    pub(in crate::meetings) async fn begin_to_list(
        &self,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<Listed, MeetingsError> {
        let mut begun = Vec::new();
        for key in keys {
            let write = self
                .0
                .store
                .begin_create(Table::Agenda, &key, self.written_now())
                .await?;
            begun.push((key, write));
        }
        Ok(Listed(begun))
    }

    /// Sees through what was begun. A key that was there already is renewed: it may be one that a sweep has just found to
    /// lead nowhere.
    pub(in crate::meetings) async fn finish_listing(&self, listed: Listed) -> Result<(), MeetingsError> {
        for (key, write) in listed.0 {
            match write.done().await {
                Ok(_) => {}
                Err(StoreError::Conflict) => self.renew(&key).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn renew(&self, key: &str) -> Result<(), MeetingsError> {
        let store = &self.0.store;
        loop {
            let renewed = match store.get(Table::Agenda, key).await? {
                Some((_, revision)) => {
                    store
                        .replace(Table::Agenda, key, self.written_now(), revision)
                        .await
                }
                None => store.create(Table::Agenda, key, self.written_now()).await,
            };
            match renewed {
                Err(StoreError::Conflict) => {}
                renewed => return Ok(renewed.map(|_| ())?),
            }
        }
    }

    /// Takes a meeting off lists. What is left of it in a fault is swept up later.
    pub(in crate::meetings) async fn unlist(&self, keys: impl IntoIterator<Item = &String>) {
        let mut begun = Vec::new();
        for key in keys {
            match self.begin_to_unlist(key).await {
                Ok(write) => begun.extend(write),
                Err(error) => tracing::warn!(%error, "failed to take a meeting off a list"),
            }
        }
        for write in begun {
            match write.done().await {
                Ok(_) | Err(StoreError::Conflict) => {}
                Err(error) => tracing::warn!(%error, "failed to take a meeting off a list"),
            }
        }
    }

    async fn begin_to_unlist(&self, key: &str) -> Result<Option<Begun>, StoreError> {
        let Some((_, revision)) = self.0.store.get(Table::Agenda, key).await? else {
            return Ok(None);
        };
        let begun = self.0.store.begin_remove(Table::Agenda, key, revision).await;
        begun.map(Some)
    }

    /// Whether the store is older than its lists.
    pub(in crate::meetings) async fn is_unlisted(&self) -> Result<bool, MeetingsError> {
        Ok(self.0.store.get(Table::Agenda, COMPLETE).await?.is_none())
    }

    /// Puts stored meetings on their lists, many with one flush.
    pub(in crate::meetings) async fn list_stored(
        &self,
        meetings: impl Iterator<Item = Meeting>,
    ) -> Result<(), MeetingsError> {
        let keys: BTreeSet<_> = meetings.flat_map(|meeting| keys(&meeting)).collect();
        let listed = self.begin_to_list(keys).await?;
        self.finish_listing(listed).await
    }

    /// Takes down that every stored meeting is on its lists.
    pub(in crate::meetings) async fn all_are_listed(&self) -> Result<(), MeetingsError> {
        let written = self.written_now();
        self.0.store.create(Table::Agenda, COMPLETE, written).await?;
        tracing::info!("every stored meeting is on its lists");
        Ok(())
    }

    /// What is stored with a key: since when it is there, so that no sweep takes one whose record is still to come.
    fn written_now(&self) -> Bytes {
        self.now().timestamp_millis().to_string().into()
    }
}

/// When the key was written; none where that cannot be read.
pub(super) fn written_at(entry: &Entry) -> Option<Timestamp> {
    let millis = std::str::from_utf8(&entry.value).ok()?.parse().ok()?;
    Timestamp::from_timestamp_millis(millis)
}
