//! Publishing on NATS JetStream.
//!
//! Nothing is sent while the connection is down, so the client's buffer holds at most what was in flight when it broke.
//! Those copies go out first when it is back; the stream recognises them by their id.

mod follow;
mod link;
mod stream;

use std::time::Duration;

pub use async_nats::ConnectError;
pub use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::context::{ContextBuilder, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::{Client, jetstream};
use tokio::sync::{Mutex, watch};

pub use follow::{Delivered, FollowError, Follower, Start};
pub use link::NatsState;
pub use stream::{STREAM, StreamError};

use super::{BusError, Chain, Message, SeriesError};
use crate::config::daemon::Nats;
use link::Link;
use stream::{Outcome, StreamSettings};

/// A connection to NATS and the stream that keeps the events.
#[derive(Debug)]
pub struct NatsBus {
    context: jetstream::Context,
    state: watch::Receiver<NatsState>,
    prefix: String,
    settings: StreamSettings,
    /// Held while the stream is made, so that many failed publishes make it once.
    preparing: Mutex<()>,
}

/// What a NATS server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    pub version: String,
    /// Whether it is 2.10 or newer.
    pub is_supported: bool,
    pub has_stream: bool,
}

/// How long a publish waits for its acknowledgement.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to leave a server alone that does not let us prepare the stream.
const PREPARE_AGAIN_AFTER: Duration = Duration::from_secs(5);

// === impl NatsBus ===

impl NatsBus {
    /// Starts to connect and returns at once, whether a server is there or not; it goes on trying for ever.
    ///
    /// Fails only where no later moment can help: an address or credentials that cannot be read.
    pub async fn connect(nats: &Nats) -> Result<Self, BusError> {
        let link = Link::open(nats).await?;
        let context = ContextBuilder::new()
            .timeout(ACK_TIMEOUT)
            .ack_timeout(ACK_TIMEOUT)
            .build(link.client);
        Ok(Self {
            context,
            state: link.state,
            prefix: nats.prefix.clone(),
            settings: StreamSettings::new(nats),
            preparing: Mutex::new(()),
        })
    }

    /// The connection as it comes and goes.
    pub fn state(&self) -> watch::Receiver<NatsState> {
        self.state.clone()
    }

    /// See [`super::Bus::publish`]. A stream that is missing is made on the way.
    pub async fn publish(&self, message: &Message) -> Result<(), BusError> {
        match self.send(message).await {
            Err(BusError::NoStream(_)) => {
                self.prepare().await?;
                self.send(message).await
            }
            answer => answer,
        }
    }

    /// See [`super::Bus::publish_in_order`].
    pub async fn publish_in_order(&self, messages: &[Message]) -> Result<(), SeriesError> {
        for (acknowledged, message) in messages.iter().enumerate() {
            self.publish(message)
                .await
                .map_err(|error| SeriesError { acknowledged, error })?;
        }
        Ok(())
    }

    /// Prepares the stream after every connect, for as long as it is polled.
    pub async fn maintain(&self) {
        let mut state = self.state.clone();
        let mut prepared = 0;
        loop {
            let fresh = state.wait_for(|s| s.connected && s.epoch != prepared).await;
            let Ok(epoch) = fresh.map(|s| s.epoch) else { return };
            match self.prepare().await {
                Ok(()) => prepared = epoch,
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "the stream {STREAM} is not as configured");
                    tokio::time::sleep(PREPARE_AGAIN_AFTER).await;
                }
            }
        }
    }

    async fn prepare(&self) -> Result<(), StreamError> {
        let _alone = self.preparing.lock().await;
        match self.settings.ensure(&self.context).await? {
            Outcome::Unchanged => tracing::debug!("the stream {STREAM} is as configured"),
            Outcome::Made => tracing::info!("made the stream {STREAM}"),
            Outcome::Adjusted => tracing::info!("adjusted the stream {STREAM} to the configuration"),
        }
        let client = self.context.client();
        if !is_supported(&client) {
            let version = client.server_info().version;
            tracing::error!(version, "the NATS server is older than 2.10, which usher needs");
        }
        Ok(())
    }

    async fn send(&self, message: &Message) -> Result<(), BusError> {
        let mut state = self.state.clone();
        let NatsState { connected, epoch } = *state.borrow_and_update();
        if !connected {
            return Err(BusError::Disconnected);
        }
        let subject = format!("{}.{}", self.prefix, message.subject_tail);
        let acknowledged = async {
            let sent = self
                .context
                .send_publish(subject.clone(), outgoing(message))
                .await?;
            sent.await
        };
        tokio::select! {
            biased;
            answer = acknowledged => answer.map(drop).map_err(|error| publish_error(error, subject, message)),
            _ = state.wait_for(|s| !s.connected || s.epoch != epoch) => Err(BusError::Interrupted),
        }
    }
}

/// Connects, asks JetStream for the stream and goes away again; changes nothing.
pub async fn probe(nats: &Nats) -> Result<Probe, BusError> {
    let client = Link::open_now(nats).await?.client;
    let context = ContextBuilder::new().timeout(ACK_TIMEOUT).build(client.clone());
    let has_stream = stream::exists(&context).await?;
    Ok(Probe {
        version: client.server_info().version,
        is_supported: is_supported(&client),
        has_stream,
    })
}

fn is_supported(client: &Client) -> bool {
    client.is_server_compatible(2, 10, 0)
}

/// The header names are case-sensitive in NATS (ADR-4): `nats-msg-id` would be ignored.
fn outgoing(message: &Message) -> PublishMessage {
    PublishMessage::build()
        .message_id(&message.id)
        .header("Content-Type", "application/cloudevents+json")
        .payload(message.payload.clone())
}

fn publish_error(error: PublishError, subject: String, message: &Message) -> BusError {
    match error.kind() {
        PublishErrorKind::StreamNotFound => BusError::NoStream(subject),
        PublishErrorKind::TimedOut => BusError::Unacknowledged(ACK_TIMEOUT),
        PublishErrorKind::BrokenPipe => BusError::Interrupted,
        PublishErrorKind::MaxPayloadExceeded => BusError::TooLarge(message.id.clone()),
        _ => BusError::Refused(error),
    }
}
