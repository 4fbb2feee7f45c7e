//! The bus against a real nats-server that is killed, cut off and reconfigured.

mod following;
mod maintaining;
mod proxy;
mod publishing;
mod reading;
mod server;

use bytes::Bytes;
use usher::bus::{Message, NatsBus, NatsState};
use usher::config::daemon::Nats;

pub use proxy::CutProxy;
pub use reading::{Reader, Stored, client};
pub use server::{NatsServer, Version};

use crate::patience::soon;

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

/// Does what an outbox does: the same message again until it is stored.
pub async fn insist(bus: &NatsBus, message: &Message) {
    let stored = async {
        let mut state = bus.state();
        while let Err(error) = bus.publish(message).await {
            assert!(error.is_temporary(), "{error}");
            let connected = state.wait_for(|s| s.connected).await;
            connected.expect("the bus holds the sender");
        }
    };
    soon("the publish", stored).await;
}

/// The same with several messages, one after the other.
pub async fn insist_in_order(bus: &NatsBus, messages: &[Message]) {
    let mut rest = messages;
    while let Err(error) = bus.publish_in_order(rest).await {
        rest = &rest[error.acknowledged..];
        insist(bus, &rest[0]).await;
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
