//! Sweeping up what crashes leave behind: keys that were written before a record that never came, or moved on.

use chrono::Duration;
use futures_util::{StreamExt, stream};

use super::{Meetings, MeetingsError};
use crate::domain::Timestamp;
use crate::store::{Entry, StoreError, Table};

/// How far the sweeps have come. They go round: a little each time, and from the beginning after the end.
#[derive(Debug, Default)]
pub struct Sweep {
    lists: Round,
    references: Round,
}

/// How far one has come.
#[derive(Debug, Default)]
struct Round {
    beyond: Option<String>,
}

/// What can lead nowhere.
#[derive(Debug, Clone, Copy)]
enum Swept {
    Lists,
    References,
}

/// How many keys are looked at in one go.
const LOOKED_AT: usize = 10_000;
const KEYS_AT_ONCE: usize = 200;
const MEETINGS_AT_ONCE: usize = 16;
/// A key as young as this may be waiting for its record.
const YOUNG: Duration = Duration::hours(1);

// === impl Meetings ===

impl Meetings {
    /// Removes the next of what leads nowhere.
    pub(super) async fn tidy(&self, sweep: &mut Sweep) {
        self.tidy_up(Swept::Lists, &mut sweep.lists).await;
        self.tidy_up(Swept::References, &mut sweep.references).await;
    }

    /// Whether something was written so long ago that its record is not still on its way.
    pub(super) fn is_no_longer_young(&self, written_at: Timestamp) -> bool {
        written_at <= self.now() - YOUNG
    }

    /// Whether that may come to be before a record is written that is about to be.
    pub(super) fn may_be_swept_soon(&self, written_at: Timestamp) -> bool {
        written_at <= self.now() - YOUNG / 2
    }

    async fn tidy_up(&self, swept: Swept, round: &mut Round) {
        match self.sweep_some(swept, round).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed {} that led nowhere", swept.plural()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "failed to sweep up {}", swept.plural());
            }
        }
    }

    /// Looks at the next keys; returns how many led nowhere and were removed.
    async fn sweep_some(&self, swept: Swept, round: &mut Round) -> Result<usize, MeetingsError> {
        let mut scan = self.0.store.scan(swept.table(), round.beyond.as_deref());
        let (mut looked_at, mut removed) = (0, 0);
        while looked_at < LOOKED_AT {
            let page = scan.next(KEYS_AT_ONCE).await?;
            let Some(last) = page.last() else {
                round.beyond = None;
                return Ok(removed);
            };
            round.beyond = Some(last.key.clone());
            looked_at += page.len();
            let looks = page.into_iter().map(|entry| self.sweep_one(swept, entry));
            let looks: Vec<_> = stream::iter(looks)
                .buffer_unordered(MEETINGS_AT_ONCE)
                .collect()
                .await;
            for was_removed in looks {
                removed += usize::from(was_removed?);
            }
        }
        Ok(removed)
    }

    async fn sweep_one(&self, swept: Swept, entry: Entry) -> Result<bool, MeetingsError> {
        let leads_nowhere = match swept {
            Swept::Lists => self.leads_off_every_list(&entry).await?,
            Swept::References => self.refers_to_nothing(&entry).await?,
        };
        if !leads_nowhere {
            return Ok(false);
        }
        let store = &self.0.store;
        match store.remove(swept.table(), &entry.key, entry.revision).await {
            Ok(()) => Ok(true),
            // It was renewed, or is gone already.
            Err(StoreError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

// === impl Swept ===

impl Swept {
    fn table(self) -> Table {
        match self {
            Self::Lists => Table::Agenda,
            Self::References => Table::Bookings,
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Self::Lists => "entries of lists",
            Self::References => "references",
        }
    }
}
