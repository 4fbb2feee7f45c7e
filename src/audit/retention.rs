//! Forgetting: records older than `keep_days` that have been sent for good.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::sent::Sent;
use super::{Audit, id_of};
use crate::config::Config;
use crate::domain::Timestamp;
use crate::store::{Entry, StoreError, Table};

/// How often the trail is looked through for old records.
const SWEEP: Duration = Duration::from_secs(3600);
/// How many records are removed at a time, so that they share flushes and leave room for others.
const AT_ONCE: usize = 64;

// === impl Audit ===

impl Audit {
    /// Removes old records now and then, until `stop`.
    pub async fn run_sweep(self, config: watch::Receiver<Arc<Config>>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(SWEEP);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let keep_days = config.borrow().daemon.audit.keep_days;
            let cutoff = self.0.ambient.now() - TimeDelta::days(i64::from(keep_days));
            match stop.run_until_cancelled(self.remove_before(cutoff)).await {
                None | Some(Ok(0)) => {}
                Some(Ok(removed)) => tracing::info!(removed, "removed audit records older than keep_days"),
                Some(Err(error)) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "failed to remove old audit records"
                ),
            }
        }
    }

    /// Removes what is older than `cutoff`, but nothing that may have to go out once more; returns how many records that
    /// were. Ids sort by age, so the walk ends early.
    pub(super) async fn remove_before(&self, cutoff: Timestamp) -> Result<usize, StoreError> {
        let sent = Sent::load(&self.0.store).await?.up_to();
        let mut scan = self.0.store.scan(Table::Audit, None);
        let mut removed = 0;
        loop {
            let page = scan.next(AT_ONCE).await?;
            let count = page.len();
            let is_old = |entry: &Entry| id_of(entry).is_ok_and(|id| id <= sent && id.made_at() < cutoff);
            let old: Vec<_> = page.into_iter().take_while(is_old).collect();
            let is_last = old.len() < count || count == 0;
            removed += self.remove(old).await?;
            if is_last {
                return Ok(removed);
            }
        }
    }

    async fn remove(&self, records: Vec<Entry>) -> Result<usize, StoreError> {
        let count = records.len();
        let removals = records.into_iter().map(|entry| async move {
            let store = &self.0.store;
            match store.remove(Table::Audit, &entry.key, entry.revision).await {
                Err(StoreError::Conflict) => Ok(()),
                done => done,
            }
        });
        let mut removals = stream::iter(removals).buffer_unordered(AT_ONCE);
        while let Some(removed) = removals.next().await {
            removed?;
        }
        Ok(count)
    }
}
