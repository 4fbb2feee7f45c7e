//! How fast the store makes writes durable, against the disk's own rate in the same folder and the same run.
//!
//! `cargo bench --bench store`, or `… -- 1000000` to start with that many records. Only the ratios travel from one
//! machine to another.
#![expect(clippy::print_stdout, reason = "figures for the one who runs it")]

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::task::JoinSet;
use usher::config::daemon::{self, StoreKind};
use usher::store::{Store, Table};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(800);
const VALUE_BYTES: usize = 1024;
const TABLE: Table = Table::Meetings;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Writes in a second, one figure per round.
#[derive(Default)]
struct Rates {
    disk: Vec<f64>,
    alone: Vec<f64>,
    shared: Vec<f64>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let records = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(100_000);
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    durable_writes(folder.path()).await?;
    start(&folder.path().join("full"), records).await
}

async fn durable_writes(folder: &Path) -> Result<(), Failure> {
    let flushes = Arc::new(AtomicUsize::new(0));
    let store = open(&folder.join("store"), flushes.clone()).await?;
    let mut rates = Rates::default();
    let mut shared_flushes = 0;
    for round in 0..ROUNDS {
        rates.disk.push(append(&folder.join("append"))?);
        rates.alone.push(create(&store, round, 1).await?);
        let before = flushes.load(Ordering::Relaxed);
        rates.shared.push(create(&store, round, 64).await?);
        shared_flushes += flushes.load(Ordering::Relaxed) - before;
    }
    let writes = rates.shared.iter().sum::<f64>() * ROUND.as_secs_f64();
    let disk = median(rates.disk);
    println!("append + fdatasync  {disk:>9.0} writes/s  1.00");
    for (name, rates) in [("one writer", rates.alone), ("64 writers", rates.shared)] {
        let rate = median(rates);
        println!("store, {name:<12} {rate:>9.0} writes/s  {:.2}", rate / disk);
    }
    println!(
        "flushes per write with 64 writers: {:.3}",
        shared_flushes as f64 / writes
    );
    Ok(())
}

/// What the disk can do: a write is durable when its fdatasync returns.
fn append(path: &Path) -> io::Result<f64> {
    let mut file = File::options().create(true).append(true).open(path)?;
    let (start, mut writes) = (Instant::now(), 0);
    while start.elapsed() < ROUND {
        file.write_all(&[7; VALUE_BYTES])?;
        file.sync_data()?;
        writes += 1;
    }
    Ok(f64::from(writes) / start.elapsed().as_secs_f64())
}

async fn create(store: &Store, round: usize, writers: usize) -> Result<f64, Failure> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let store = store.clone();
        tasks.spawn(async move {
            let mut writes = 0;
            while start.elapsed() < ROUND {
                let key = format!("{round}-{writers}-{writer}-{writes}");
                store.create(TABLE, &key, value()).await?;
                writes += 1;
            }
            Ok::<_, Failure>(writes)
        });
    }
    let mut writes = 0;
    while let Some(done) = tasks.join_next().await {
        writes += done??;
    }
    Ok(f64::from(writes) / start.elapsed().as_secs_f64())
}

/// How long it takes to open a store with many records and to walk through them.
async fn start(path: &Path, records: usize) -> Result<(), Failure> {
    let store = open(path, Arc::default()).await?;
    let mut tasks = JoinSet::new();
    for writer in 0..256 {
        let store = store.clone();
        tasks.spawn(async move {
            for n in (writer..records).step_by(256) {
                store.create(TABLE, &format!("{n:09}"), value()).await?;
            }
            Ok::<_, Failure>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    drop(store);
    let begin = Instant::now();
    let store = open(path, Arc::default()).await?;
    let opened = begin.elapsed();
    let (mut scan, mut found) = (store.scan(TABLE, None), 0);
    loop {
        match scan.next(1024).await?.len() {
            0 => break,
            more => found += more,
        }
    }
    let took = begin.elapsed();
    println!(
        "start with {found} records: open {opened:.2?}, walk {:.2?}",
        took - opened
    );
    println!("resident memory after that: {} KiB", resident()?);
    Ok(())
}

async fn open(path: &Path, flushes: Arc<AtomicUsize>) -> Result<Store, Failure> {
    let config = daemon::Store {
        kind: StoreKind::Sled,
        path: path.to_owned(),
    };
    let observe = move |_| {
        flushes.fetch_add(1, Ordering::Relaxed);
    };
    Ok(Store::open(&config, observe).await?)
}

fn value() -> Bytes {
    Bytes::from(vec![7; VALUE_BYTES])
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// `VmRSS` of `/proc/self/status`, see proc(5).
fn resident() -> Result<String, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line
        .unwrap_or("unknown")
        .trim()
        .trim_end_matches(" kB")
        .to_owned())
}
