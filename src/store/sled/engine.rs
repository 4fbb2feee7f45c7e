//! The open database: reads of what is durable, and the one way to make a batch durable.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::super::{Direction, Entry, OpenError, Page, Position, Table};
use super::folder::Folder;
use super::layout::{self, COUNTER_KEY, Head, Place, Record, SEGMENT_BYTES};

/// sled's cache. Beside it every page costs some hundred bytes whether cached or not.
const CACHE_BYTES: u64 = 8 * 1024 * 1024;
/// When a page of a scan has this much in it, it ends.
const SCAN_BYTES: usize = 1024 * 1024;

/// The records that a batch is about to change, as they are on the disk; `None` for those that are not there.
pub type Before = BTreeMap<Place, Option<Record>>;

/// What a batch does: the new bytes of an entry, or nothing where it removes one.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

type Found = BTreeMap<Place, Record>;

/// An open database. Only the committer writes to it.
pub struct Engine {
    db: sled::Db,
    /// sled's own flush stops at `sync_file_range`, which empties no disk cache and writes no metadata.
    data: File,
    /// While a batch is under way, readers get these instead of what sled holds already. After a failure they stay:
    /// nobody knows what became of that batch.
    before: RwLock<Before>,
    writable: AtomicBool,
    folder: Folder,
}

// === impl Engine ===

impl Engine {
    /// Opens the database in a folder, and tells the highest revision that may have been given.
    ///
    /// A damaged one makes sled fail or panic; both end in [`OpenError::Damaged`].
    pub fn open(path: &Path) -> Result<(Self, u64), OpenError> {
        let folder = Folder::claim(path)?;
        let opened = catch_unwind(AssertUnwindSafe(|| prepare(&folder)));
        match opened.unwrap_or_else(|_| Err(panicked())) {
            Ok((db, data, last)) => {
                let engine = Self {
                    db,
                    data,
                    before: RwLock::default(),
                    writable: AtomicBool::new(true),
                    folder,
                };
                Ok((engine, last))
            }
            Err(source) => Err(failed(path, source)),
        }
    }

    /// The record as it is on the disk.
    pub fn get(&self, place: &Place) -> io::Result<Option<Record>> {
        match self.before().get(place) {
            Some(durable) => Ok(durable.clone()),
            None => self.load(place),
        }
    }

    /// The record as sled holds it, durable or not; for the committer, which knows the difference.
    pub fn load(&self, place: &Place) -> io::Result<Option<Record>> {
        let stored = self.db.get(place.as_bytes())?;
        stored.map(|head| self.record(place, &head)).transpose()
    }

    /// Up to `limit` records of a table as they are on the disk.
    ///
    /// The lock keeps the next batch from starting, so that a page never mixes two states of one record.
    pub fn page(
        &self,
        table: Table,
        direction: Direction,
        from: &Position,
        limit: usize,
    ) -> io::Result<Page> {
        let mut range = ahead(table, direction, from);
        let before = self.before();
        let (mut found, last) = self.collect(&before, &range, direction, limit)?;
        match (&last, direction) {
            (None, _) => {}
            (Some(last), Direction::Up) => range.end = last.clone().next(),
            (Some(last), Direction::Down) => range.start = last.clone(),
        }
        for (place, durable) in before.range(range) {
            if let Some(record) = durable {
                found.insert(place.clone(), record.clone());
            }
        }
        page(table, direction, found, last, limit)
    }

    /// Makes a batch durable. Until that is certain, readers see the records as they are in `before`.
    ///
    /// After an error nothing more is written, and the caller must not tell anybody that anything was stored: a failed
    /// fdatasync may have dropped the very pages it was to write, so a second one that succeeds says nothing.
    pub fn persist(&self, writes: Writes, before: Before) -> io::Result<()> {
        self.set_before(before);
        write(&self.db, writes)?;
        self.db.flush()?;
        self.data.sync_data()?;
        self.set_before(Before::new());
        Ok(())
    }

    pub fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Acquire)
    }

    /// Takes no more writes, for good.
    pub fn break_off(&self) {
        self.writable.store(false, Ordering::Release);
    }

    /// Closes the database and waits until its files are free. sled may panic here if the disk has failed.
    ///
    /// `counter` is higher than any before: should the end of the data be lost now, the mark will tell.
    pub fn close(self, counter: u64) {
        let writable = self.is_writable();
        let Self { db, data, folder, .. } = self;
        let closed = catch_unwind(AssertUnwindSafe(|| {
            if writable {
                db.insert(COUNTER_KEY, layout::encode_counter(counter))?;
                db.flush()?;
                data.sync_data()?;
                folder.set_mark(counter)?;
            }
            drop(db);
            Ok(())
        }));
        if let Err(error) = closed.unwrap_or_else(|_| Err(panicked())) {
            tracing::error!(%error, "the store was not closed in order; what was acknowledged is on the disk");
        }
        folder.release(&data);
    }

    /// What sled holds in a range, and where it stopped if there is more. A record that is just being changed is never
    /// looked at: half of it may be new.
    fn collect(
        &self,
        before: &Before,
        range: &Range<Place>,
        direction: Direction,
        limit: usize,
    ) -> io::Result<(Found, Option<Place>)> {
        let (mut found, mut bytes) = (Found::new(), 0);
        let mut stored = self.db.range(range.start.as_bytes()..range.end.as_bytes());
        let next = || match direction {
            Direction::Up => stored.next(),
            Direction::Down => stored.next_back(),
        };
        for stored in std::iter::from_fn(next) {
            let (key, head) = stored?;
            let place = Place::from_stored(&key);
            if before.contains_key(&place) {
                continue;
            }
            let record = self.record(&place, &head)?;
            bytes += record.value.len();
            found.insert(place.clone(), record);
            if found.len() == limit || bytes >= SCAN_BYTES {
                return Ok((found, Some(place)));
            }
        }
        Ok((found, None))
    }

    fn record(&self, place: &Place, stored: &[u8]) -> io::Result<Record> {
        let (head, inline) = Head::decode(stored)?;
        let pieces = match head.pieces() {
            0 => None,
            _ => Some(self.db.scan_prefix(place.pieces()).values()),
        };
        let pieces = pieces.into_iter().flatten();
        head.assemble(inline, pieces.map(|piece| piece.map_err(io::Error::from)))
    }

    fn before(&self) -> RwLockReadGuard<'_, Before> {
        self.before.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_before(&self, before: Before) {
        *self.before.write().unwrap_or_else(PoisonError::into_inner) = before;
    }
}

/// What sled's panics become where they are caught.
pub fn panicked() -> io::Error {
    io::Error::other("sled panicked")
}

/// What kept the database from opening: what it holds, or the way to it.
fn failed(path: &Path, source: io::Error) -> OpenError {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    let path = path.to_owned();
    match source.kind() {
        InvalidData | InvalidInput | Other | UnexpectedEof => OpenError::Damaged { path, source },
        _ => OpenError::Folder { path, source },
    }
}

fn open_sled(path: &Path) -> io::Result<sled::Db> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .segment_size(SEGMENT_BYTES)
        .flush_every_ms(None);
    Ok(config.open()?)
}

/// Opens sled and makes sure that what is read from it from now on is complete, and on the disk.
fn prepare(folder: &Folder) -> io::Result<(sled::Db, File, u64)> {
    folder.tidy()?;
    let db = open_sled(folder.path())?;
    let last = last_revision(&db)?;
    if folder.mark()?.is_some_and(|mark| mark > last) {
        return Err(layout::damaged("records are missing at the end"));
    }
    folder.sync()?;
    folder.set_mark(last)?;
    Ok((db, folder.data()?, last))
}

/// Writes all or nothing. A single entry is that by itself, and spares sled the two rounds that begin a batch.
fn write(db: &sled::Db, writes: Writes) -> io::Result<()> {
    if writes.len() > 1 {
        let mut batch = sled::Batch::default();
        for (key, bytes) in writes {
            match bytes {
                Some(bytes) => batch.insert(key, bytes),
                None => batch.remove(key),
            }
        }
        return Ok(db.apply_batch(batch)?);
    }
    for (key, bytes) in writes {
        match bytes {
            Some(bytes) => db.insert(key, bytes)?,
            None => db.remove(key)?,
        };
    }
    Ok(())
}

/// The highest revision that may have been given.
fn last_revision(db: &sled::Db) -> io::Result<u64> {
    match db.get(COUNTER_KEY)? {
        Some(stored) => layout::decode_counter(&stored),
        None if db.is_empty() => Ok(0),
        None => Err(layout::damaged("records without a counter")),
    }
}

/// What of a table lies ahead of a scan.
fn ahead(table: Table, direction: Direction, from: &Position) -> Range<Place> {
    let mut range = Place::all(table);
    match (from, direction) {
        (Position::Start, _) => {}
        (Position::Beyond(key), Direction::Up) => range.start = Place::new(table, key).next(),
        (Position::Beyond(key), Direction::Down) => range.end = Place::new(table, key),
        (Position::End, _) => range.start = range.end.clone(),
    }
    range
}

/// Makes a page of what was found; records that are just being removed may have made it longer than `limit`.
fn page(
    table: Table,
    direction: Direction,
    found: Found,
    last: Option<Place>,
    limit: usize,
) -> io::Result<Page> {
    let is_over = found.len() > limit;
    let mut found: Vec<_> = found.into_iter().collect();
    if direction == Direction::Down {
        found.reverse();
    }
    found.truncate(limit);
    let last = match found.last() {
        Some((place, _)) if is_over => Some(place.clone()),
        _ => last,
    };
    let rest = match last {
        Some(place) => Position::Beyond(place.key(table)?),
        None => Position::End,
    };
    let entry = |(place, record): (Place, Record)| {
        Ok(Entry {
            key: place.key(table)?,
            value: record.value,
            revision: record.revision,
        })
    };
    let entries = found.into_iter().map(entry).collect::<io::Result<_>>()?;
    Ok(Page { entries, rest })
}
