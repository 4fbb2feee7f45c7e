//! The store of a single node: sled 0.34, made durable by a group commit and an fdatasync of our own.
//!
//! Reads run on blocking threads, beside each other and beside the writer. Writes go through one thread that shares a
//! flush among all that wait. What a running batch changes is invisible until the disk has it.

use std::io;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use super::{Direction, Flush, OpenError, Page, Position, Revision, StoreError, Table};

mod committer;
mod engine;
mod folder;
mod layout;

use self::committer::{Answer, Change, Request};
use self::engine::Engine;
use self::layout::Place;

/// A handle to an open sled database.
#[derive(Clone)]
pub struct SledStore(Arc<Handle>);

/// What the last clone ends.
struct Handle {
    /// There until the drop.
    requests: Option<mpsc::Sender<Request>>,
    committer: Option<JoinHandle<()>>,
    /// The committer owns the engine, so that it is closed where sled's blocking (and panicking) does no harm.
    engine: Weak<Engine>,
}

// === impl SledStore ===

impl SledStore {
    /// Opens the database in a folder, making both if they are missing; see [`super::Store::open`].
    pub async fn open(path: &Path, observe: impl Fn(Flush) + Send + 'static) -> Result<Self, OpenError> {
        let path = path.to_owned();
        let opened = spawn_blocking(move || {
            let (engine, last) = Engine::open(&path)?;
            let engine = Arc::new(engine);
            let weak = Arc::downgrade(&engine);
            let (requests, committer) = committer::start(engine, last, observe).map_err(OpenError::Thread)?;
            Ok(Self(Arc::new(Handle {
                requests: Some(requests),
                committer: Some(committer),
                engine: weak,
            })))
        });
        opened
            .await
            .unwrap_or_else(|error| Err(OpenError::Thread(io::Error::other(error))))
    }

    pub(super) async fn get(&self, table: Table, key: &str) -> Result<Option<(Bytes, Revision)>, StoreError> {
        let place = Place::new(table, key);
        let record = self.read(table, move |engine| engine.get(&place)).await?;
        Ok(record.map(|record| (record.value, record.revision)))
    }

    pub(super) async fn page(
        &self,
        table: Table,
        direction: Direction,
        from: Position,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.read(table, move |engine| engine.page(table, direction, &from, limit))
            .await
    }

    pub(super) async fn begin_create(
        &self,
        table: Table,
        key: &str,
        value: Bytes,
    ) -> Result<oneshot::Receiver<Answer>, StoreError> {
        self.begin(table, key, Change::Create(value)).await
    }

    pub(super) async fn begin_remove(
        &self,
        table: Table,
        key: &str,
        revision: Revision,
    ) -> Result<oneshot::Receiver<Answer>, StoreError> {
        self.begin(table, key, Change::Remove(revision)).await
    }

    pub(super) async fn create(&self, table: Table, key: &str, value: Bytes) -> Result<Revision, StoreError> {
        self.write(table, key, Change::Create(value)).await
    }

    pub(super) async fn replace(
        &self,
        table: Table,
        key: &str,
        value: Bytes,
        revision: Revision,
    ) -> Result<Revision, StoreError> {
        self.write(table, key, Change::Replace(value, revision)).await
    }

    pub(super) async fn remove(&self, table: Table, key: &str, revision: Revision) -> Result<(), StoreError> {
        self.write(table, key, Change::Remove(revision)).await?;
        Ok(())
    }

    pub(super) fn is_writable(&self) -> bool {
        self.0.engine.upgrade().is_some_and(|engine| engine.is_writable())
    }

    async fn write(&self, table: Table, key: &str, change: Change) -> Result<Revision, StoreError> {
        let answered = self.begin(table, key, change).await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Hands a write to the committer, which decides all of them in the order in which they come.
    async fn begin(
        &self,
        table: Table,
        key: &str,
        change: Change,
    ) -> Result<oneshot::Receiver<Answer>, StoreError> {
        let requests = self.0.requests.as_ref().ok_or(StoreError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let request = Request {
            table,
            key: key.to_owned(),
            change,
            answer,
        };
        requests.send(request).await.map_err(|_| StoreError::Closed)?;
        Ok(answered)
    }

    async fn read<T: Send + 'static>(
        &self,
        table: Table,
        read: impl FnOnce(&Engine) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let engine = self.0.engine.upgrade().ok_or(StoreError::Closed)?;
        let done = spawn_blocking(move || read(&engine)).await;
        let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
        done.map_err(|source| StoreError::Unreadable { table, source })
    }
}

// === impl Handle ===

impl Drop for Handle {
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(committer) = self.committer.take()
            && committer.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
    }
}
