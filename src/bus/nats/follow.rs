//! Reading the events back in order, through restarts of the server, without leaving anything behind on it.

use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::{Ordered, OrderedConfig};
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::{self, stream::Stream};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::watch;

use super::link::{Link, NatsState};
use super::stream::STREAM;
use crate::bus::{BusError, Chain};
use crate::config::daemon::Nats;
use crate::domain::Timestamp;

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the next event.
    Now,
    /// With the oldest event that the stream still has.
    Oldest,
    /// With what the stream received from this moment on.
    At(Timestamp),
}

/// One event as the stream has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    pub subject: String,
    pub payload: Bytes,
}

/// Why the events cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Connect(#[from] BusError),
    #[error("NATS has no stream {STREAM} yet; usher makes it when it starts")]
    NoStream,
    #[error("the stream {STREAM} cannot be read")]
    Read(#[source] async_nats::Error),
}

/// A reader of the stream with a place of its own.
pub struct Follower {
    context: jetstream::Context,
    state: watch::Receiver<NatsState>,
    filter: String,
    place: Place,
    messages: Option<Ordered>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Oldest,
    At(Timestamp),
    After(u64),
}

/// How long JetStream may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait when it refuses, as it does for a moment after its start.
const PAUSE: Duration = Duration::from_millis(500);

// === impl Follower ===

impl Follower {
    /// Connects and takes its place; `filter` is a subject without the prefix and may have wildcards.
    pub async fn open(nats: &Nats, filter: &str, start: Start) -> Result<Self, FollowError> {
        let Link { client, state } = Link::open_now(nats).await?;
        let context = ContextBuilder::new().timeout(TIMEOUT).build(client);
        let last = stream(&context).await?.cached_info().state.last_sequence;
        Ok(Self {
            context,
            state,
            filter: format!("{}.{filter}", nats.prefix),
            place: match start {
                Start::Now => Place::After(last),
                Start::Oldest => Place::Oldest,
                Start::At(time) => Place::At(time),
            },
            messages: None,
        })
    }

    /// The next event; waits for it through any time without a connection. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Delivered {
        loop {
            let Some(messages) = &mut self.messages else {
                self.resume().await;
                continue;
            };
            let message = tokio::select! {
                Ok(()) = self.state.changed() => None,
                message = messages.next() => message.and_then(Result::ok),
            };
            match message {
                Some(message) => {
                    if let Some(delivered) = self.take(&message) {
                        return delivered;
                    }
                }
                // The server forgets the reader when it restarts; a new one at our place is quicker than its heartbeat.
                None => self.messages = None,
            }
        }
    }

    /// Takes our place again. A connection that breaks meanwhile takes the answer with it, so nobody waits for that.
    async fn resume(&mut self) {
        if self.state.wait_for(|s| s.connected).await.is_err() {
            return std::future::pending().await;
        }
        let mut state = self.state.clone();
        let subscribed = tokio::select! {
            subscribed = self.subscribe() => subscribed,
            _ = state.changed() => return,
        };
        match subscribed {
            Ok(messages) => self.messages = Some(messages),
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "cannot read events yet; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn subscribe(&mut self) -> Result<Ordered, FollowError> {
        let stream = stream(&self.context).await?;
        // A stream that was deleted and made again counts from one.
        if matches!(self.place, Place::After(n) if n > stream.cached_info().state.last_sequence) {
            self.place = Place::Oldest;
        }
        let config = OrderedConfig {
            filter_subject: self.filter.clone(),
            deliver_policy: match self.place {
                Place::Oldest => DeliverPolicy::All,
                Place::At(start_time) => DeliverPolicy::ByStartTime { start_time },
                Place::After(n) => DeliverPolicy::ByStartSequence {
                    start_sequence: n + 1,
                },
            },
            ..OrderedConfig::default()
        };
        let consumer = stream
            .create_consumer(config)
            .await
            .map_err(|e| FollowError::Read(e.into()))?;
        consumer.messages().await.map_err(|e| FollowError::Read(e.into()))
    }

    /// Moves on to the message, unless it lies before our place: the client begins with the oldest when it has to
    /// replace a reader that has not delivered anything yet.
    fn take(&mut self, message: &jetstream::Message) -> Option<Delivered> {
        let info = message.info().ok()?;
        let before = match self.place {
            Place::Oldest => false,
            Place::At(time) => info.published < time,
            Place::After(n) => info.stream_sequence <= n,
        };
        if before {
            return None;
        }
        self.place = Place::After(info.stream_sequence);
        Some(Delivered {
            subject: message.subject.to_string(),
            payload: message.payload.clone(),
        })
    }
}

async fn stream(context: &jetstream::Context) -> Result<Stream, FollowError> {
    use jetstream::context::GetStreamErrorKind::JetStream;
    context
        .get_stream(STREAM)
        .await
        .map_err(|error| match error.kind() {
            JetStream(e) if e.error_code() == jetstream::ErrorCode::STREAM_NOT_FOUND => FollowError::NoStream,
            _ => FollowError::Read(error.into()),
        })
}
