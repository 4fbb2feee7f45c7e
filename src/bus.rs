//! The bus: events leave here and nowhere else, and each publish ends with an acknowledgement or an error.
//!
//! [`NatsBus`] publishes on NATS JetStream, [`LogBus`] appends to a file where no NATS is configured. On both, a message
//! whose publish failed may be there all the same: the caller sends it again with the same id, and it counts once.

mod connection;
pub mod envelope;
pub mod log;
pub mod nats;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

pub use connection::{Connection, Pause, until};
pub use log::LogBus;
pub use nats::{NatsBus, NatsState};

/// Where events go.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one bus, and it is never moved about"
)]
pub enum Bus {
    Nats(NatsBus),
    Log(LogBus),
}

/// One event, ready to go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The same for every attempt to publish the same event; what is stored twice is recognised by it.
    pub id: String,
    /// The subject without the configured prefix and its dot: `meetings.acme.0199….completed`.
    pub subject_tail: String,
    /// A CloudEvent in structured JSON mode, with `id` as its `id`.
    pub payload: Bytes,
}

/// Why a message is not known to be stored. No variant carries a credential.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    #[error("the address of the NATS server is not valid: {0}")]
    Address(String),
    #[error("the NATS credentials are not in the form of a credentials file")]
    Credentials,
    #[error("NATS refuses our user, token or credentials")]
    Unauthorised,
    #[error("NATS cannot be reached")]
    Unreachable(#[source] nats::ConnectError),
    #[error("not connected to NATS")]
    Disconnected,
    #[error("the connection to NATS was lost before the acknowledgement")]
    Interrupted,
    #[error("no acknowledgement from NATS within {0:?}")]
    Unacknowledged(Duration),
    #[error("no stream takes the subject {0}")]
    NoStream(String),
    #[error("the stream cannot be prepared")]
    Stream(#[from] nats::StreamError),
    /// Sending it again will not help.
    #[error("message {0} is larger than the NATS server accepts")]
    TooLarge(String),
    #[error("NATS refused the message")]
    Refused(#[source] nats::PublishError),
    #[error("the event log {path} cannot be written")]
    Log {
        path: PathBuf,
        #[source]
        source: Arc<io::Error>,
    },
}

/// How far a series of messages got before it failed.
#[derive(Debug, thiserror::Error)]
#[error("{acknowledged} acknowledged, then: {error}")]
pub struct SeriesError {
    /// So many from the front are stored; the one after them is unknown, the rest was not sent.
    pub acknowledged: usize,
    #[source]
    pub error: BusError,
}

/// NATS syncs its files every two minutes (`sync_interval`), and a dead server is noticed within half a minute.
const LOST_WITH_NATS: Duration = Duration::from_secs(180);

// === impl Bus ===

impl Bus {
    /// Publishes one message and waits until it is stored.
    ///
    /// Call it as often at a time as you like, but not for two messages of one meeting: the order of concurrent
    /// publishes is not defined. On an error send the same message again.
    pub async fn publish(&self, message: &Message) -> Result<(), BusError> {
        match self {
            Self::Nats(nats) => nats.publish(message).await,
            Self::Log(log) => log.publish(message).await,
        }
    }

    /// Publishes the messages of one meeting so that a later one is never stored before an earlier one.
    ///
    /// On NATS each waits for the acknowledgement of the one before: messages in flight together can overtake each other
    /// when the connection breaks or a cluster elects a new leader. Run many series at a time to fill the connection.
    pub async fn publish_in_order(&self, messages: &[Message]) -> Result<(), SeriesError> {
        match self {
            Self::Nats(nats) => nats.publish_in_order(messages).await,
            Self::Log(log) => log.publish_in_order(messages).await,
        }
    }

    /// Looks after the far end for as long as it is polled; spawn it once. Publishing works without it too.
    pub async fn maintain(&self) {
        match self {
            Self::Nats(nats) => nats.maintain().await,
            Self::Log(_) => std::future::pending().await,
        }
    }

    /// The connection as it comes and goes; `None` for the log, which is always there.
    pub fn state(&self) -> Option<watch::Receiver<NatsState>> {
        match self {
            Self::Nats(nats) => Some(nats.state()),
            Self::Log(_) => None,
        }
    }

    /// How long after its acknowledgement a message can still be lost, by a power cut at the far end.
    pub fn may_lose_for(&self) -> Duration {
        match self {
            Self::Nats(_) => LOST_WITH_NATS,
            Self::Log(_) => Duration::ZERO,
        }
    }
}

// === impl BusError ===

impl BusError {
    /// Whether the same message can succeed later without anybody changing anything about it.
    pub fn is_temporary(&self) -> bool {
        !matches!(self, Self::Address(_) | Self::Credentials | Self::TooLarge(_))
    }
}

/// The error with its causes, for one log line. A cause that its error has told already is not told again.
pub(crate) struct Chain<'a>(pub &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                said = format!("{said}: {text}");
            }
            cause = error.source();
        }
        f.write_str(&said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_logged_with_its_causes_once_each() {
        let error = BusError::Log {
            path: PathBuf::from("events.jsonl"),
            source: Arc::new(io::Error::other("disk full")),
        };
        let told = "the event log events.jsonl cannot be written: disk full";
        assert_eq!(Chain(&error).to_string(), told);
        let series = SeriesError {
            acknowledged: 3,
            error,
        };
        let told = "3 acknowledged, then: the event log events.jsonl cannot be written: disk full";
        assert_eq!(Chain(&series).to_string(), told);
    }

    /// The compiler is the judge: all of this runs on tasks of a multi-threaded runtime.
    #[tokio::test]
    async fn everything_can_move_between_threads() {
        fn sendable<T: Send>(value: T) -> T {
            value
        }
        let folder = tempfile::TempDir::new().unwrap();
        let bus = Bus::Log(LogBus::open(folder.path(), log::LogLimits::keeping_days(1)).unwrap());
        drop(sendable(bus.maintain()));
        let published = sendable(bus.publish_in_order(&[])).await;
        assert!(published.is_ok() && bus.state().is_none());
    }
}
