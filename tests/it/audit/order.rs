//! Many write at once, and some go away in the middle: what is published is the trail, whole and in its order.

use std::sync::Arc;

use futures_util::FutureExt;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher::audit::Publisher;
use usher::bus::log::LogLimits;
use usher::bus::{Bus, LogBus};

use super::requests;
use super::writer::Writer;
use crate::patience::look_for;

const WRITERS: usize = 32;
const EACH: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_is_the_trail_whole_and_in_order() {
    let folder = TempDir::new().unwrap();
    let writer = Arc::new(Writer::open(&folder.path().join("store")).await);
    let bus = LogBus::open(folder.path(), LogLimits::keeping_days(1)).unwrap();
    let publisher = Publisher::open(writer.audit.clone(), Arc::new(Bus::Log(bus)), "usher/test".into());
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(publisher.await.unwrap().run(stop.clone()));
    let mut writing = JoinSet::new();
    for task in 0..WRITERS {
        let writer = Arc::clone(&writer);
        writing.spawn(async move { write_some(&writer, task).await });
    }
    writing.join_all().await;

    // What nobody waited for is there a little later.
    let trail = look_for(async || {
        let trail = writer.requests().await;
        (trail.len() == WRITERS * EACH).then_some(trail)
    });
    let trail = trail.await.expect("every write ends");
    let log = || {
        let text = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"));
        lines.collect::<Vec<_>>()
    };
    let told = look_for(async || Some(log()).filter(|log| log.len() >= trail.len()));
    let told = told.await.expect("every record goes out");
    assert_eq!(requests(&told), trail);
    stop.cancel();
    tasks.join_all().await;
}

/// Waits for every second write and hangs up on the others.
async fn write_some(writer: &Writer, task: usize) {
    for n in 0..EACH {
        let write = writer.audit.record(writer.act(task * EACH + n));
        if n % 2 == 0 {
            write.await.unwrap();
        } else {
            assert!(write.now_or_never().is_none_or(|written| written.is_ok()));
        }
    }
}
