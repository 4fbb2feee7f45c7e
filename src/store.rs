//! The store's contract: `(table, key) -> (bytes, revision)` with compare-and-set, and nothing more.
//!
//! A write that has been answered survives a power cut, many callers share one flush, and nobody reads what could still
//! be lost. The one engine of a single node is [`sled`]; its types stay below that file.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::config::daemon;

pub mod sled;

use self::sled::SledStore;

/// Longest key, in bytes. Room for a room, a client and a separator; the engines' page sizes build on it.
pub const MAX_KEY_BYTES: usize = 360;

/// Largest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 16 * 1024 * 1024;

/// A handle to the records; cheap to clone.
///
/// When the last clone is dropped, the drop waits for the writes under way and gives the data up to the next opener.
#[derive(Clone)]
pub enum Store {
    Sled(SledStore),
}

/// The kinds of records, each with keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// Meetings together with their unsent events.
    Meetings,
    /// Bookings by the caller's own reference.
    Bookings,
    /// Whose meeting is when: `owner/time/meeting`, without a value of interest.
    Agenda,
    /// How far each source of observations has been read.
    Ingest,
    /// Reports that were taken, by the id that their sender gave them.
    Seen,
    /// People who are signed in.
    Sessions,
    /// Refresh tokens: one family for each sign-in of one program.
    Families,
    /// Authorization codes, for a minute each.
    Codes,
    /// What usher made up for itself and must know again after a restart, such as the key of its cookies.
    Secrets,
    /// Audit records, in the order of their ids.
    Audit,
    /// How far records that are sent in the order of their keys have been sent.
    Sent,
}

/// A write that has its place in the order of all writes, and waits for the disk.
#[derive(Debug)]
#[must_use = "whether it was done is known only at its end"]
pub struct Begun(oneshot::Receiver<Result<Revision, StoreError>>);

/// The state of one record. It never comes back: not after a removal, not after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision(u64);

/// One record as a scan finds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub value: Bytes,
    pub revision: Revision,
}

/// A walk through one table in the order of the keys' bytes, or against it; see [`Store::scan`].
pub struct Scan {
    store: Store,
    table: Table,
    direction: Direction,
    position: Position,
}

/// Which way a scan goes through the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// How far a scan has come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Position {
    Start,
    /// Beyond this key, seen in the direction of the scan.
    Beyond(String),
    End,
}

/// A page of a scan. It may be empty although more follow.
struct Page {
    entries: Vec<Entry>,
    rest: Position,
}

/// What one flush did, for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flush {
    /// How many writes it made durable.
    pub writes: usize,
    /// From the first byte handed to the engine until the disk confirmed the last.
    pub took: Duration,
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Created although present, or replaced or removed at a revision that is no longer the record's.
    #[error("the record is not in the expected state")]
    Conflict,
    #[error("a key must have 1 to {MAX_KEY_BYTES} bytes and no control characters")]
    BadKey,
    #[error("a value must not be larger than {MAX_VALUE_BYTES} bytes")]
    TooLarge,
    /// The disk failed under a write. Whether that write will be there after a restart is unknown; every later one is
    /// refused with this error.
    #[error("the store could not reach the disk and takes no more writes until it is opened again")]
    Broken,
    #[error("a record in table {table} cannot be read")]
    Unreadable { table: Table, source: io::Error },
    #[error("the store is closed")]
    Closed,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the store in {} is in use by another process", path.display())]
    InUse { path: PathBuf },
    #[error("cannot use the folder {} for the store", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("the store in {} is damaged or of another version", path.display())]
    Damaged { path: PathBuf, source: io::Error },
    #[error("cannot start the store's writer")]
    Thread(#[source] io::Error),
    #[error("this build has no store of kind \"jetstream\"")]
    NoJetStream,
}

// === impl Store ===

impl Store {
    /// Opens the configured store, creating what is missing.
    ///
    /// `observe` is told of every flush, on the thread that writes, so it must be quick.
    pub async fn open(
        config: &daemon::Store,
        observe: impl Fn(Flush) + Send + Sync + 'static,
    ) -> Result<Self, OpenError> {
        match config.kind {
            daemon::StoreKind::Sled => SledStore::open(&config.path, observe).await.map(Self::Sled),
            daemon::StoreKind::Jetstream => Err(OpenError::NoJetStream),
        }
    }

    /// The record as it was last made durable.
    ///
    /// A write is visible from before its caller is answered, and never before it is safe on the disk.
    pub async fn get(&self, table: Table, key: &str) -> Result<Option<(Bytes, Revision)>, StoreError> {
        check_key(key)?;
        match self {
            Self::Sled(sled) => sled.get(table, key).await,
        }
    }

    /// Writes a record that must not be there yet; [`StoreError::Conflict`] if it is.
    ///
    /// Like every write it may or may not happen when the call is dropped before its answer.
    pub async fn create(&self, table: Table, key: &str, value: Bytes) -> Result<Revision, StoreError> {
        check_key(key)?;
        check_value(&value)?;
        match self {
            Self::Sled(sled) => sled.create(table, key, value).await,
        }
    }

    /// Writes a record that must still be at `revision`; [`StoreError::Conflict`] if it is not.
    pub async fn replace(
        &self,
        table: Table,
        key: &str,
        value: Bytes,
        revision: Revision,
    ) -> Result<Revision, StoreError> {
        check_key(key)?;
        check_value(&value)?;
        match self {
            Self::Sled(sled) => sled.replace(table, key, value, revision).await,
        }
    }

    /// Removes a record that must still be at `revision`; [`StoreError::Conflict`] if it is not.
    pub async fn remove(&self, table: Table, key: &str, revision: Revision) -> Result<(), StoreError> {
        check_key(key)?;
        match self {
            Self::Sled(sled) => sled.remove(table, key, revision).await,
        }
    }

    /// Begins to write a record as [`create`](Self::create) does. When this returns, the write has its place: no write that
    /// is begun afterwards is ever durable without it.
    pub async fn begin_create(&self, table: Table, key: &str, value: Bytes) -> Result<Begun, StoreError> {
        check_key(key)?;
        check_value(&value)?;
        match self {
            Self::Sled(sled) => sled.begin_create(table, key, value).await.map(Begun),
        }
    }

    /// Begins to remove a record as [`remove`](Self::remove) does, in the same order.
    pub async fn begin_remove(
        &self,
        table: Table,
        key: &str,
        revision: Revision,
    ) -> Result<Begun, StoreError> {
        check_key(key)?;
        match self {
            Self::Sled(sled) => sled.begin_remove(table, key, revision).await.map(Begun),
        }
    }

    /// Walks through the records of a table whose keys sort after `after`, or through all of them.
    ///
    /// Each record is seen whole and durable, but pages are read one after the other: what changes in between may be
    /// seen before or after its change.
    pub fn scan(&self, table: Table, after: Option<&str>) -> Scan {
        self.walk(table, Direction::Up, after)
    }

    /// The same from the last record down to the first, or from those whose keys sort before `before`.
    pub fn scan_back(&self, table: Table, before: Option<&str>) -> Scan {
        self.walk(table, Direction::Down, before)
    }

    fn walk(&self, table: Table, direction: Direction, beyond: Option<&str>) -> Scan {
        Scan {
            store: self.clone(),
            table,
            direction,
            position: beyond.map_or(Position::Start, |key| Position::Beyond(key.to_owned())),
        }
    }

    /// Whether writes are still taken; once false it stays so. See [`StoreError::Broken`].
    pub fn is_writable(&self) -> bool {
        match self {
            Self::Sled(sled) => sled.is_writable(),
        }
    }
}

// === impl Begun ===

impl Begun {
    /// What came of it. It is done, or not, whether anybody waits for it or not.
    pub async fn done(self) -> Result<Revision, StoreError> {
        self.0.await.map_err(|_| StoreError::Closed)?
    }
}

// === impl Table ===

impl Table {
    /// The name in the stored data; it must never change.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meetings => "meetings",
            Self::Bookings => "bookings",
            Self::Agenda => "agenda",
            Self::Ingest => "ingest",
            Self::Seen => "seen",
            Self::Sessions => "sessions",
            Self::Families => "families",
            Self::Codes => "codes",
            Self::Secrets => "secrets",
            Self::Audit => "audit",
            Self::Sent => "sent",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl Entry ===

impl fmt::Debug for Entry {
    /// Without the value: records hold what people said and who they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key)
            .field("bytes", &self.value.len())
            .field("revision", &self.revision)
            .finish()
    }
}

// === impl Scan ===

impl Scan {
    /// The next records, at most `limit` (at least one) of them and about 1 MiB; none when the walk is over.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Entry>, StoreError> {
        while self.position != Position::End {
            let from = self.position.clone();
            let page = match &self.store {
                Store::Sled(sled) => sled.page(self.table, self.direction, from, limit.max(1)).await?,
            };
            self.position = page.rest;
            if !page.entries.is_empty() {
                return Ok(page.entries);
            }
        }
        Ok(Vec::new())
    }
}

fn check_key(key: &str) -> Result<(), StoreError> {
    match key.len() {
        1..=MAX_KEY_BYTES if !key.contains(char::is_control) => Ok(()),
        _ => Err(StoreError::BadKey),
    }
}

fn check_value(value: &Bytes) -> Result<(), StoreError> {
    if value.len() > MAX_VALUE_BYTES {
        return Err(StoreError::TooLarge);
    }
    Ok(())
}
