//! The audit trail of the real daemon: sent in order through every crash, forgotten in time, and answered by query.
//!
//! The records are put into its store by its own code while it is not running.

mod asking;
mod forgetting;
mod living;
mod order;
mod sending;
mod writer;

use serde_json::Value;

use crate::api::client;
use crate::usher::{CLIENTS, Setup, Usher};
use writer::Writer;

/// The API key of the client `auditor`.
const AUDITOR: &str = "auditor-key";

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
