//! What the stream really holds, seen by a client that has nothing to do with usher.

use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::{self, stream};
use async_nats::{Client, ConnectOptions};
use futures_util::{StreamExt, stream as futures};
use usher::bus::nats::STREAM;

use crate::patience::DEADLINE;

/// One stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub subject: String,
    pub id: String,
    pub content_type: String,
    pub payload: String,
}

/// So that a long stream is not read one message after the other.
const READS_AT_ONCE: usize = 32;

/// A client of its own.
#[derive(Debug)]
pub struct Reader(pub jetstream::Context);

impl Reader {
    pub async fn connect(url: &str) -> Self {
        Self(ContextBuilder::new().timeout(DEADLINE).build(client(url).await))
    }

    /// The configuration of the stream as the server sees it.
    pub async fn config(&self) -> stream::Config {
        let stream = self.0.get_stream(STREAM).await.expect("the stream exists");
        stream.cached_info().config.clone()
    }

    /// Everything in the stream, in its order.
    pub async fn stored(&self) -> Vec<Stored> {
        let stream = self.0.get_stream(STREAM).await.expect("the stream exists");
        let last = stream.cached_info().state.last_sequence;
        let read = async |sequence| {
            stream
                .get_raw_message(sequence)
                .await
                .expect("nothing was deleted")
        };
        let messages = futures::iter(1..=last).map(read).buffered(READS_AT_ONCE);
        messages.map(Stored::from).collect().await
    }

    /// How many messages are in the stream; none before there is one.
    pub async fn messages(&self) -> u64 {
        let stream = self.0.get_stream(STREAM).await;
        stream.map_or(0, |stream| stream.cached_info().state.messages)
    }

    /// How many messages of a subject, which may have wildcards, are in the stream.
    pub async fn count(&self, subject: &str) -> usize {
        let stream = self.0.get_stream(STREAM).await.expect("the stream exists");
        let info = stream
            .info_with_subjects(subject)
            .await
            .expect("the server tells subjects");
        let counts = info.map(|count| count.expect("the server goes on").1);
        counts.collect::<Vec<_>>().await.iter().sum()
    }

    /// The ids of everything in the stream, in its order.
    pub async fn ids(&self) -> Vec<String> {
        self.stored().await.into_iter().map(|stored| stored.id).collect()
    }
}

// === impl Stored ===

impl From<StreamMessage> for Stored {
    fn from(message: StreamMessage) -> Self {
        let header = |name: &str| {
            message
                .headers
                .get(name)
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        Self {
            id: header("Nats-Msg-Id"),
            content_type: header("Content-Type"),
            payload: String::from_utf8_lossy(&message.payload).into_owned(),
            subject: message.subject.to_string(),
        }
    }
}

/// Connects as any program may.
pub async fn client(url: &str) -> Client {
    let patient = ConnectOptions::new().connection_timeout(DEADLINE);
    patient.connect(url).await.expect("the server is ready")
}
