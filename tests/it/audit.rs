//! The audit trail of the real daemon: sent in order through every crash, forgotten in time, and answered by query.
//!
//! The records are put into its store by its own code while it is not running.

mod asking;
mod order;
mod sending;
mod writer;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::client;
use crate::usher::{CLIENTS, Setup, Usher};
use writer::Writer;

/// The API key of the client `auditor`.
const AUDITOR: &str = "auditor-key";

const DEADLINE: Duration = Duration::from_secs(30);

/// A daemon with a client that may read the trail.
fn setup() -> Setup {
    let lines = "scopes = [\"audit:read\"]\nrequests_per_second = 100000";
    Setup {
        clients: format!("{CLIENTS}{}", client("auditor", AUDITOR, lines)),
        ..Setup::default()
    }
}

/// Kills the daemon, writes into its store, and starts it again.
async fn written_meanwhile<T>(usher: &mut Usher, write: impl AsyncFnOnce(&Writer) -> T) -> T {
    usher.kill9();
    let writer = Writer::open(&usher.store_dir()).await;
    let written = write(&writer).await;
    drop(writer);
    usher.restart().await;
    written
}

/// The audit records among some events, by the id of their request.
fn requests<'a>(events: impl IntoIterator<Item = &'a Value>) -> Vec<&'a str> {
    let events = events.into_iter();
    let acts = events.filter(|event| {
        event["type"]
            .as_str()
            .unwrap_or_default()
            .starts_with("usher.audit.")
    });
    acts.map(|act| act["data"]["requestId"].as_str().expect("each has a request"))
        .collect()
}

/// Looks again and again until it is so.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !is_so().await {
        assert!(Instant::now() < until, "{what} did not happen");
        tokio::task::yield_now().await;
    }
}
