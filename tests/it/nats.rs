//! The bus against a real nats-server that is killed, cut off and reconfigured.

mod following;
mod maintaining;
mod proxy;
mod publishing;
mod reading;
mod server;

use std::time::Duration;

use bytes::Bytes;
use usher::bus::{Message, NatsBus, NatsState};
use usher::config::daemon::Nats;

pub use proxy::CutProxy;
pub use reading::{Reader, Stored};
pub use server::{NatsServer, Version};

/// What any event of these tests may take on a busy machine; only a failure waits so long.
const DEADLINE: Duration = Duration::from_secs(30);

/// The `[nats]` section for a server at this address.
pub fn nats_at(url: impl Into<String>) -> Nats {
    Nats {
        url: url.into(),
        credentials: None,
        prefix: "usher".to_owned(),
        stream_max_age_days: 30,
        duplicate_window_secs: 86_400,
    }
}

/// The event number `n` of a meeting, with the payload that shows both.
pub fn message(meeting: &str, n: usize) -> Message {
    Message {
        id: format!("{meeting}-{n}"),
        subject_tail: format!("meetings.acme.{meeting}.active"),
        payload: Bytes::from(format!(r#"{{"id":"{meeting}-{n}"}}"#)),
    }
}

/// Waits for what must come, or says what did not.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen within {DEADLINE:?}"),
    }
}

/// Waits until the bus is connected for the `epoch`th time or later.
pub async fn connected(bus: &NatsBus, epoch: u64) -> NatsState {
    let mut state = bus.state();
    let reached = state.wait_for(|s| s.connected && s.epoch >= epoch);
    *soon("a connection", reached)
        .await
        .expect("the bus holds the sender")
}

/// Waits until the bus has noticed that the connection is gone.
pub async fn disconnected(bus: &NatsBus) {
    let mut state = bus.state();
    soon("a disconnection", state.wait_for(|s| !s.connected))
        .await
        .expect("the bus holds the sender");
}
