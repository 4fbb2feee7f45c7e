//! Sweeping the lists: keys of meetings that were never made, are gone, or have moved, as crashes leave them behind.

use futures_util::{StreamExt, stream};

use super::keep::written_at;
use super::key::{Spot, owners};
use crate::meetings::{Meetings, MeetingsError};
use crate::store::{Entry, StoreError, Table};

/// How far a sweep has come. It goes round: a little each time, and from the beginning after the end.
#[derive(Debug, Default)]
pub struct Sweep {
    beyond: Option<String>,
}

/// How many keys are looked at in one go.
const LOOKED_AT: usize = 10_000;
const KEYS_AT_ONCE: usize = 200;
const MEETINGS_AT_ONCE: usize = 16;
/// A key as young as this may be waiting for its record, in milliseconds.
const YOUNG_MILLIS: i64 = 3_600_000;

// === impl Meetings ===

impl Meetings {
    /// Looks at the next keys; returns how many led nowhere and were removed.
    pub(in crate::meetings) async fn sweep_lists(&self, sweep: &mut Sweep) -> Result<usize, MeetingsError> {
        let mut scan = self.0.store.scan(Table::Agenda, sweep.beyond.as_deref());
        let (mut looked_at, mut removed) = (0, 0);
        while looked_at < LOOKED_AT {
            let page = scan.next(KEYS_AT_ONCE).await?;
            let Some(last) = page.last() else {
                sweep.beyond = None;
                return Ok(removed);
            };
            sweep.beyond = Some(last.key.clone());
            looked_at += page.len();
            let swept = page.into_iter().map(|entry| self.sweep_key(entry));
            let swept: Vec<_> = stream::iter(swept)
                .buffer_unordered(MEETINGS_AT_ONCE)
                .collect()
                .await;
            for swept in swept {
                removed += usize::from(swept?);
            }
        }
        Ok(removed)
    }

    async fn sweep_key(&self, entry: Entry) -> Result<bool, MeetingsError> {
        let oldest_young = self.now().timestamp_millis() - YOUNG_MILLIS;
        if written_at(&entry).is_none_or(|at| at > oldest_young) || self.leads_somewhere(&entry.key).await? {
            return Ok(false);
        }
        let removed = self
            .0
            .store
            .remove(Table::Agenda, &entry.key, entry.revision)
            .await;
        match removed {
            Ok(()) => Ok(true),
            // It was renewed, or is gone already.
            Err(StoreError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
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
