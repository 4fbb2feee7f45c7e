//! The one thread that writes: it takes all requests that wait, decides them in order, makes them durable with one
//! flush, and only then answers.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::super::{Flush, Revision, StoreError, Table};
use super::engine::{self, Before, Engine, Writes};
use super::layout::{self, COUNTER_KEY, Head, Place};

/// How many requests may wait; more wait in their callers.
const WAITING: usize = 1024;
/// What one batch holds at most, not counting the request that goes over it.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
const BATCH_REQUESTS: usize = 1024;
/// How long the end waits for reads under way; they need microseconds.
const LAST_READS: Duration = Duration::from_secs(5);
/// How many revisions are reserved at once.
const RESERVE: u64 = 1000;

pub type Answer = Result<Revision, StoreError>;

/// One caller's write and where its answer goes.
pub struct Request {
    pub table: Table,
    pub key: String,
    pub change: Change,
    pub answer: oneshot::Sender<Answer>,
}

/// What shall become of a record, and what it must be for that.
pub enum Change {
    Create(Bytes),
    Replace(Bytes, Revision),
    Remove(Revision),
}

/// The state of the thread.
struct Committer<F> {
    engine: Arc<Engine>,
    requests: mpsc::Receiver<Request>,
    /// The last revision given.
    last: u64,
    /// Up to where the counter on the disk allows to go.
    reserved: u64,
    observe: F,
}

/// A batch in the making.
struct Draft<'a> {
    engine: &'a Engine,
    last: u64,
    /// The heads of the records as this batch leaves them.
    after: HashMap<Place, Option<Head>>,
    before: Before,
    writes: Writes,
}

/// Starts the thread. It ends, and closes the engine, when every sender is gone and every request is answered.
pub fn start(
    engine: Arc<Engine>,
    last: u64,
    observe: impl Fn(Flush) + Send + 'static,
) -> io::Result<(mpsc::Sender<Request>, JoinHandle<()>)> {
    let (sender, requests) = mpsc::channel(WAITING);
    let committer = Committer {
        engine,
        requests,
        last,
        reserved: last,
        observe,
    };
    let thread = thread::Builder::new().name("store-committer".to_owned());
    let thread = thread.spawn(move || committer.run())?;
    Ok((sender, thread))
}

// === impl Committer ===

impl<F: Fn(Flush)> Committer<F> {
    fn run(mut self) {
        while let Some(requests) = self.next_batch() {
            let answers = self.commit(&requests);
            for (request, answer) in requests.into_iter().zip(answers) {
                // A caller that gave up waiting has dropped its end.
                let _ = request.answer.send(answer);
            }
        }
        if let Some(engine) = sole(self.engine) {
            engine.close(self.reserved + 1);
        }
    }

    /// Waits for a request and takes with it what else is waiting; nothing when the store has been dropped.
    fn next_batch(&mut self) -> Option<Vec<Request>> {
        let first = self.requests.blocking_recv()?;
        let mut bytes = first.change.bytes();
        let mut batch = vec![first];
        while bytes < BATCH_BYTES && batch.len() < BATCH_REQUESTS {
            let Ok(request) = self.requests.try_recv() else {
                break;
            };
            bytes += request.change.bytes();
            batch.push(request);
        }
        Some(batch)
    }

    /// The answers to a batch, each in its place. When this returns they are true, power cut or not.
    fn commit(&mut self, requests: &[Request]) -> Vec<Answer> {
        if self.engine.is_writable() {
            // Nothing of what a panic may leave half done is used again: the engine is marked broken.
            let committed = catch_unwind(AssertUnwindSafe(|| self.try_commit(requests)));
            match committed.unwrap_or_else(|_| Err(engine::panicked())) {
                Ok(answers) => return answers,
                Err(error) => {
                    self.engine.break_off();
                    tracing::error!(%error, "the store could not make a batch durable and takes no more writes");
                }
            }
        }
        requests.iter().map(|_| Err(StoreError::Broken)).collect()
    }

    fn try_commit(&mut self, requests: &[Request]) -> io::Result<Vec<Answer>> {
        let started = Instant::now();
        let mut draft = Draft::new(&self.engine, self.last);
        let answers: Vec<Answer> = requests.iter().map(|request| draft.decide(request)).collect();
        let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
        if accepted > 0 {
            let Draft {
                last,
                before,
                mut writes,
                ..
            } = draft;
            self.last = last;
            self.reserve(&mut writes);
            self.engine.persist(writes, before)?;
            (self.observe)(Flush {
                writes: accepted,
                took: started.elapsed(),
            });
        }
        Ok(answers)
    }

    /// Has the counter written well ahead, so that most batches need not write it and few revisions are skipped by a
    /// restart.
    fn reserve(&mut self, writes: &mut Writes) {
        if self.last > self.reserved {
            self.reserved = self.last + RESERVE;
            writes.insert(COUNTER_KEY.to_vec(), Some(layout::encode_counter(self.reserved)));
        }
    }
}

// === impl Draft ===

impl<'a> Draft<'a> {
    fn new(engine: &'a Engine, last: u64) -> Self {
        Self {
            engine,
            last,
            after: HashMap::new(),
            before: Before::new(),
            writes: Writes::new(),
        }
    }

    /// Takes a request into the batch, or says why not, given what the earlier ones of the batch do.
    fn decide(&mut self, request: &Request) -> Answer {
        let place = Place::new(request.table, &request.key);
        let present = self.present(&place).map_err(|source| StoreError::Unreadable {
            table: request.table,
            source,
        })?;
        let found = present.map(|head| head.revision);
        let value = match &request.change {
            Change::Create(value) if found.is_none() => Some(value),
            Change::Replace(value, expected) if found == Some(*expected) => Some(value),
            Change::Remove(expected) if found == Some(*expected) => None,
            _ => return Err(StoreError::Conflict),
        };
        self.last += 1;
        let revision = Revision(self.last);
        self.write(
            place,
            present,
            value.map(|value| (Head::new(revision, value), value)),
        );
        Ok(revision)
    }

    /// The record's head after the requests so far; remembers what is on the disk for those who read meanwhile.
    fn present(&mut self, place: &Place) -> io::Result<Option<Head>> {
        if let Some(head) = self.after.get(place) {
            return Ok(*head);
        }
        let durable = self.engine.load(place)?;
        let head = durable
            .as_ref()
            .map(|record| Head::new(record.revision, &record.value));
        self.before.insert(place.clone(), durable);
        self.after.insert(place.clone(), head);
        Ok(head)
    }

    /// Writes a record over the one that is present, or removes it, with all its pieces.
    fn write(&mut self, place: Place, present: Option<Head>, record: Option<(Head, &Bytes)>) {
        let pieces = record.map_or(0, |(head, value)| {
            self.writes
                .insert(place.as_bytes().to_vec(), Some(head.encode(value)));
            for (index, piece) in layout::pieces(value).take(head.pieces()).enumerate() {
                self.writes.insert(place.piece(index), Some(piece.to_vec()));
            }
            head.pieces()
        });
        for index in pieces..present.map_or(0, Head::pieces) {
            self.writes.insert(place.piece(index), None);
        }
        if record.is_none() {
            self.writes.insert(place.as_bytes().to_vec(), None);
        }
        self.after.insert(place, record.map(|(head, _)| head));
    }
}

// === impl Change ===

impl Change {
    fn bytes(&self) -> usize {
        match self {
            Self::Create(value) | Self::Replace(value, _) => value.len(),
            Self::Remove(_) => 0,
        }
    }
}

/// The engine, once the reads under way have let go of it. No new one can begin: the last handle is gone.
///
/// None when one of them hangs; it closes the engine by dropping it.
fn sole(mut engine: Arc<Engine>) -> Option<Engine> {
    let start = Instant::now();
    while start.elapsed() < LAST_READS {
        match Arc::try_unwrap(engine) {
            Ok(sole) => return Some(sole),
            Err(shared) => engine = shared,
        }
        thread::yield_now();
    }
    tracing::warn!("a read of the store does not end; the store is closed behind it");
    None
}
