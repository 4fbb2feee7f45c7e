//! Writes audit records into a store.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use usher::audit::{Act, Action, Audit, Filter, Outcome};
use usher::config::daemon::{self, StoreKind};
use usher::domain::{ClientId, Timestamp};
use usher::store::Store;
use usher::telemetry::Metrics;
use usher::telemetry::metrics::Build;

/// The trail of one store.
pub struct Writer {
    pub audit: Audit,
    pub now: Timestamp,
}

// === impl Writer ===

impl Writer {
    pub async fn open(folder: &Path) -> Self {
        let config = daemon::Store {
            kind: StoreKind::Sled,
            path: folder.to_owned(),
        };
        let store = Store::open(&config, |_| ()).await.expect("nobody else has it");
        let ambient = usher::app::ambient();
        let metrics = Metrics::new(Build::CURRENT, ambient.now()).expect("the names differ");
        let audit = Audit::open(store, Arc::new(metrics), ambient).await;
        Self {
            audit: audit.expect("the store is whole"),
            now: ambient.now(),
        }
    }

    /// Writes the acts numbered `from` and following, all at once; returns the requests of the whole trail in its order.
    pub async fn write(&self, from: usize, count: usize) -> Vec<String> {
        let acts = (from..from + count).map(|n| self.act(n));
        self.write_all(acts).await;
        self.requests().await
    }

    pub async fn write_all(&self, acts: impl IntoIterator<Item = Act>) {
        let writes = acts.into_iter().map(|act| self.audit.record(act));
        for written in join_all(writes).await {
            written.expect("the disk is there");
        }
    }

    /// The requests of the trail in its order.
    pub async fn requests(&self) -> Vec<String> {
        let (mut requests, mut before) = (Vec::new(), None);
        loop {
            let listing = self.audit.list(&Filter::default(), 1000, before).await;
            let listing = listing.expect("the trail can be read");
            requests.extend(listing.records.into_iter().map(|(_, act)| act.request_id));
            before = listing.next;
            if before.is_none() {
                requests.reverse();
                return requests;
            }
        }
    }

    /// The act number `n`, of one of three clients or of nobody known.
    pub fn act(&self, n: usize) -> Act {
        let client = ["ataraxia", "b", "c"].get(n % 4);
        Act {
            at: self.now,
            action: Action::ALL[n % Action::ALL.len()],
            outcome: Outcome::Success,
            reason: None,
            client: client.and_then(|id| ClientId::parse(id).ok()),
            user: None,
            person: None,
            room: None,
            address: "192.0.2.1".into(),
            request_id: format!("r-{n}"),
        }
    }
}
