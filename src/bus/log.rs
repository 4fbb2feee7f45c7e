//! The event log: the same events as on NATS, as JSON lines in a file, where no NATS is configured.
//!
//! Callers that come while a write is under way share the next one: one of them leads, appends what all of them brought,
//! reaches the disk once and answers everybody.

mod file;
mod ids;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, oneshot};

use super::{BusError, Message, SeriesError};
use file::LogFile;

/// Appends events to `events.jsonl`.
#[derive(Debug)]
pub struct LogBus {
    path: PathBuf,
    file: Arc<tokio::sync::Mutex<LogFile>>,
    queue: Arc<Queue>,
}

/// How much the log keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// A file of at least so many bytes is put aside as `events-<UTC time>.jsonl`, and a new one begun.
    pub rotate_bytes: u64,
    /// A file that was put aside is deleted when its last event is older than this; zero keeps all.
    pub keep: Duration,
}

/// What waits for the next write.
#[derive(Debug, Default)]
struct Queue(Mutex<VecDeque<Waiting>>);

#[derive(Debug)]
struct Waiting {
    messages: Vec<Message>,
    answer: oneshot::Sender<Answer>,
}

type Answer = Result<(), Arc<io::Error>>;

/// What one write takes at most, unless one series alone is larger. A good deal less than [`file::TAIL_BYTES`], so that
/// everything a power cut can have damaged lies in the tail.
const WRITE_BYTES: usize = 256 * 1024;

// === impl LogBus ===

impl LogBus {
    /// Opens the log in `folder`, which is made if it is missing, and repairs what a crash left unfinished.
    ///
    /// The file belongs to this value alone; a second one on the same folder would cut it short.
    pub fn open(folder: &Path, limits: LogLimits) -> Result<Self, BusError> {
        let path = folder.join(file::NAME);
        let file = LogFile::open(folder, limits).map_err(|source| BusError::Log {
            path: path.clone(),
            source: Arc::new(source),
        })?;
        Ok(Self {
            path,
            file: Arc::new(tokio::sync::Mutex::new(file)),
            queue: Arc::default(),
        })
    }

    /// See [`super::Bus::publish`].
    pub async fn publish(&self, message: &Message) -> Result<(), BusError> {
        self.append(vec![message.clone()]).await
    }

    /// See [`super::Bus::publish_in_order`]; here all of them are stored or none.
    pub async fn publish_in_order(&self, messages: &[Message]) -> Result<(), SeriesError> {
        let stored = self.append(messages.to_vec()).await;
        stored.map_err(|error| SeriesError {
            acknowledged: 0,
            error,
        })
    }

    async fn append(&self, messages: Vec<Message>) -> Result<(), BusError> {
        let (answer, mut answered) = oneshot::channel();
        self.queue.push(Waiting { messages, answer });
        loop {
            tokio::select! {
                biased;
                answer = &mut answered => {
                    let answer = answer.unwrap_or_else(|_| Err(Arc::new(io::Error::other("the write was given up"))));
                    return answer.map_err(|source| BusError::Log { path: self.path.clone(), source });
                }
                file = Arc::clone(&self.file).lock_owned() => self.lead(file).await,
            }
        }
    }

    /// Writes for everybody who waits. The blocking part holds the file and gives the answers itself, so a leader who
    /// is cancelled takes nobody along.
    async fn lead(&self, mut file: OwnedMutexGuard<LogFile>) {
        let queue = Arc::clone(&self.queue);
        let written = tokio::task::spawn_blocking(move || {
            let batch = queue.take();
            let stored = file.append(batch.iter().flat_map(|waiting| &waiting.messages));
            let stored = stored.map_err(Arc::new);
            for waiting in batch {
                // Who is not there any more needs no answer.
                let _ = waiting.answer.send(stored.clone());
            }
        });
        if let Err(error) = written.await {
            tracing::error!(%error, "a write of the event log was given up");
        }
    }
}

// === impl LogLimits ===

impl LogLimits {
    /// Files of 64 MiB, kept for so many days.
    pub fn keeping_days(days: u32) -> Self {
        Self {
            rotate_bytes: 64 * 1024 * 1024,
            keep: Duration::from_secs(u64::from(days) * 86_400),
        }
    }
}

// === impl Queue ===

impl Queue {
    fn push(&self, waiting: Waiting) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(waiting);
    }

    /// Those who came first, as many as one write takes.
    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = 0;
        let mut batch = Vec::new();
        while bytes < WRITE_BYTES {
            let Some(waiting) = queue.pop_front() else { break };
            bytes += waiting.messages.iter().map(|m| m.payload.len()).sum::<usize>();
            batch.push(waiting);
        }
        batch
    }
}

#[cfg(test)]
mod tests;
