//! What LiveKit lists → what is believed: differences are closed with facts that say so.
//!
//! LiveKit forgets a webhook after seconds, so what it lists is half of the truth. Each configured server is looked at by
//! itself: at once after a start, every half minute from then on, and with growing pauses while it is away. A look that failed
//! says nothing of anybody.

mod ghosts;
mod look;
mod server;
mod write;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Meetings;
use crate::backend::Backends;
use crate::domain::Timestamp;
use crate::domain::observation::BackendId;
use server::Server;

/// Compares for as long as it runs.
#[derive(Clone)]
pub struct Repair {
    meetings: Meetings,
    backends: Backends,
    shown: Shown,
}

/// A server that is being looked at.
struct Watched {
    stop: CancellationToken,
    wake: Arc<Notify>,
}

/// What is known of every server, for the metrics.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<HashMap<BackendId, Found>>>);

/// What the last good look at a server found.
#[derive(Debug, Clone, Copy)]
struct Found {
    at: Timestamp,
    rooms: usize,
    ghosts: usize,
}

/// How often a server is looked at.
const EVERY: Duration = Duration::from_secs(30);

// === impl Repair ===

impl Repair {
    pub fn new(meetings: Meetings, backends: Backends) -> Self {
        Self {
            meetings,
            backends,
            shown: Shown::default(),
        }
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut config = self.meetings.0.config.clone();
        let mut watched = HashMap::new();
        let mut looking = FuturesUnordered::new();
        while !stop.is_cancelled() {
            self.dismiss(&mut watched);
            for backend in self.configured() {
                watched.entry(backend.clone()).or_insert_with(|| {
                    let (token, wake) = (stop.child_token(), Arc::new(Notify::new()));
                    let server = Server::new(&self, backend, (token.clone(), Arc::clone(&wake)));
                    looking.push(server.follow());
                    Watched { stop: token, wake }
                });
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(()) = looking.next() => {}
                // An address or a key may have been set right.
                Ok(()) = config.changed() => watched.values().for_each(|server| server.wake.notify_one()),
            }
        }
        while looking.next().await.is_some() {}
    }

    /// Stops looking at servers that are not configured any more.
    fn dismiss(&self, watched: &mut HashMap<BackendId, Watched>) {
        let configured = self.configured();
        watched.retain(|backend, server| {
            let stays = configured.contains(backend);
            if !stays {
                server.stop.cancel();
                self.show(backend, None);
            }
            stays
        });
    }

    fn configured(&self) -> Vec<BackendId> {
        let config = self.meetings.0.config.borrow();
        let servers = config.daemon.livekit.iter();
        servers.map(|server| BackendId::livekit(&server.name)).collect()
    }

    /// Shows what the last look at a server found, with the others.
    fn show(&self, backend: &BackendId, found: Option<Found>) {
        let mut shown = self.shown.0.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some(found) => shown.insert(backend.clone(), found),
            None => shown.remove(backend),
        };
        let metrics = &self.meetings.0.metrics.listings;
        metrics.set_rooms(shown.values().map(|found| found.rooms).sum());
        metrics.set_ghosts(shown.values().map(|found| found.ghosts).sum());
        metrics.set_last(shown.values().map(|found| found.at).min());
    }
}
