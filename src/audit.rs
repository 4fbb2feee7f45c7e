//! The audit trail: one record for each act of signing in, letting in, removing and muting, in the store, on the bus, and by
//! query.
//!
//! The keys of the records sort as the records were made, so the trail is read, sent and cut short by walking along them.
//! Nothing is kept in memory but the ids of the writes under way.

mod label;
mod order;
mod publisher;
mod query;
mod retention;
mod sent;
mod stored;

use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::Ambient;
pub use crate::domain::{Act, ActId, Action, Outcome};
use crate::store::{Entry, Store, StoreError, Table};
use crate::telemetry::Metrics;
use order::Order;
pub use publisher::Publisher;
pub use query::{Filter, Listing};
use sent::Sent;

/// The trail; cheap to clone.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    store: Store,
    metrics: Arc<Metrics>,
    ambient: Ambient,
    order: Mutex<Order>,
    /// Wakes the publisher.
    recorded: Notify,
}

// === impl Audit ===

impl Audit {
    /// Opens the trail where it ended: behind its last record, and behind those that were sent and removed since.
    pub async fn open(store: Store, metrics: Arc<Metrics>, ambient: Ambient) -> Result<Self, StoreError> {
        let newest = store.scan_back(Table::Audit, None).next(1).await?;
        let newest = newest.first().map_or(Ok(ActId::FIRST), id_of)?;
        let last = newest.max(Sent::load(&store).await?.up_to());
        let inner = Inner {
            store,
            metrics,
            ambient,
            order: Mutex::new(Order::after(last)),
            recorded: Notify::new(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Writes an act down; durable when it returns. The write is seen through although the caller may go away: the
    /// publisher must know of every record what became of it.
    pub async fn record(&self, act: Act) -> Result<(), StoreError> {
        let audit = self.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "ends with the write, which its caller awaits"
        )]
        let written = tokio::spawn(async move { audit.write(&act).await });
        written.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn write(&self, act: &Act) -> Result<(), StoreError> {
        let id = self.order().begin(act.at, self.0.ambient.random());
        let written = self
            .0
            .store
            .create(Table::Audit, &id.to_string(), stored::bytes(act))
            .await;
        if written.is_ok() {
            self.0
                .metrics
                .audit_recorded(label::action(act.action), label::outcome(act.outcome));
        }
        // A write that failed with the disk is on it after the next start or never; either way no reader meets it now.
        self.order().end(id);
        self.0.recorded.notify_one();
        written.map(drop)
    }

    /// The next records after `after` between which no other can turn up any more, at most `limit`.
    async fn settled(&self, after: ActId, limit: usize) -> Result<Vec<(ActId, Entry)>, StoreError> {
        // Asked before reading: what is not on the disk by the time of the read lies beyond it.
        let settled = (Bound::Excluded(after), self.order().horizon());
        let mut scan = self.0.store.scan(Table::Audit, Some(&after.to_string()));
        let records = scan.next(limit).await?.into_iter();
        let records = records.map(|entry| Ok((id_of(&entry)?, entry)));
        let records: Vec<_> = records.collect::<Result<_, StoreError>>()?;
        Ok(records
            .into_iter()
            .take_while(|(id, _)| settled.contains(id))
            .collect())
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.0.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id_of(entry: &Entry) -> Result<ActId, StoreError> {
    entry.key.parse().map_err(|error| StoreError::Unreadable {
        table: Table::Audit,
        source: std::io::Error::other(error),
    })
}

#[cfg(test)]
mod tests;
