//! What the stream really holds, seen by a client that has nothing to do with usher.

use async_nats::jetstream::{self, stream};
use usher::bus::nats::STREAM;

/// One stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub subject: String,
    pub id: String,
    pub content_type: String,
    pub payload: String,
}

/// A client of its own.
#[derive(Debug)]
pub struct Reader(pub jetstream::Context);

impl Reader {
    pub async fn connect(url: &str) -> Self {
        let client = async_nats::connect(url).await.expect("the server is ready");
        Self(jetstream::new(client))
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
        let mut stored = Vec::new();
        for sequence in 1..=last {
            let message = stream
                .get_raw_message(sequence)
                .await
                .expect("nothing was deleted");
            let header = |name: &str| {
                message
                    .headers
                    .get(name)
                    .map(ToString::to_string)
                    .unwrap_or_default()
            };
            stored.push(Stored {
                subject: message.subject.to_string(),
                id: header("Nats-Msg-Id"),
                content_type: header("Content-Type"),
                payload: String::from_utf8_lossy(&message.payload).into_owned(),
            });
        }
        stored
    }

    /// The ids of everything in the stream, in its order.
    pub async fn ids(&self) -> Vec<String> {
        self.stored().await.into_iter().map(|stored| stored.id).collect()
    }
}
