//! The floor for durable bookings: sled with one `fdatasync` of our own for each flush, shared by all writers.
//!
//! `raw_sled DIR WRITERS SECONDS` lets that many writers store 1 KiB records, each waiting until its own is on the
//! disk, and prints acknowledged writes a second. `DIR` is made, and must not exist.

use std::error::Error;
use std::fs::File;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

const RECORD: [u8; 1024] = [b'x'; 1024];
const WAITING_AT_MOST: usize = 1024;

type Fault = Box<dyn Error + Send + Sync>;

/// One record to store, and where to say that it is stored.
struct Write {
    key: [u8; 16],
    stored: SyncSender<()>,
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() -> Result<(), Fault> {
    let [folder, writers, seconds] = arguments()?;
    let writers: u64 = writers.parse()?;
    let span = Duration::from_secs(seconds.parse()?);
    let store = sled::Config::new().path(&folder).flush_every_ms(None).open()?;
    let data = File::open(Path::new(&folder).join("db"))?;

    let started = Instant::now();
    let written = thread::scope(|scope| {
        let (queue, waiting) = sync_channel(WAITING_AT_MOST);
        let committer = scope.spawn(move || commit(&store, &data, &waiting));
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let queue = queue.clone();
                scope.spawn(move || write_for(writer, &queue, span))
            })
            .collect();
        drop(queue);
        let written: u64 = threads.into_iter().map(joined).sum();
        joined(committer).map(|()| written)
    })?;
    println!("{:.1}", written as f64 / started.elapsed().as_secs_f64());
    Ok(())
}

/// What the thread came to; its panic is ours.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// How many writes of one writer were acknowledged in `span`.
fn write_for(writer: u64, queue: &SyncSender<Write>, span: Duration) -> u64 {
    let (stored, acknowledged) = sync_channel(1);
    let started = Instant::now();
    let mut written = 0;
    while started.elapsed() < span {
        let write = Write {
            key: key(writer, written),
            stored: stored.clone(),
        };
        if queue.send(write).is_err() || acknowledged.recv_timeout(span).is_err() {
            break;
        }
        written += 1;
    }
    written
}

/// Takes all that wait, stores them as one batch, and acknowledges them when the disk has them. Ends with the last
/// writer, or with the first error: then nobody is told "stored".
fn commit(store: &sled::Db, data: &File, waiting: &Receiver<Write>) -> Result<(), Fault> {
    while let Ok(first) = waiting.recv() {
        let writes: Vec<Write> = std::iter::once(first).chain(waiting.try_iter()).collect();
        let mut batch = sled::Batch::default();
        for write in &writes {
            batch.insert(&write.key[..], &RECORD[..]);
        }
        store.apply_batch(batch)?;
        store.flush()?;
        data.sync_data()?;
        for write in writes {
            // A writer whose time is over no longer listens.
            let _ = write.stored.send(());
        }
    }
    Ok(())
}

fn key(writer: u64, count: u64) -> [u8; 16] {
    ((u128::from(writer) << 64) | u128::from(count)).to_be_bytes()
}

/// Folder, writers and seconds, in that order.
fn arguments() -> Result<[String; 3], &'static str> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    given
        .try_into()
        .map_err(|_| "usage: raw_sled DIR WRITERS SECONDS")
}
