//! The trail over a real store, with a clock that stands still or goes back.

use std::sync::Arc;

use chrono::TimeDelta;
use tempfile::TempDir;

use super::sent::Sent;
use super::*;
use crate::config::daemon::{self, StoreKind};
use crate::domain::{Timestamp, UserId};
use crate::telemetry::metrics::Build;

const AMBIENT: Ambient = Ambient { now, random };

fn now() -> Timestamp {
    Timestamp::from_timestamp(1_795_222_218, 0).unwrap()
}

fn random(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).unwrap();
}

fn days_ago(days: i64) -> Timestamp {
    now() - TimeDelta::days(days)
}

async fn store(folder: &TempDir) -> Store {
    let config = daemon::Store {
        kind: StoreKind::Sled,
        path: folder.path().to_owned(),
    };
    Store::open(&config, |_| ()).await.unwrap()
}

async fn trail(store: &Store) -> Audit {
    let metrics = Metrics::new(Build::CURRENT, now()).unwrap();
    Audit::open(store.clone(), Arc::new(metrics), AMBIENT)
        .await
        .unwrap()
}

fn act(at: Timestamp, request: &str) -> Act {
    Act {
        at,
        action: Action::Login,
        outcome: Outcome::Success,
        reason: None,
        client: None,
        user: UserId::parse("u-1").ok(),
        person: None,
        room: None,
        address: "192.0.2.1".into(),
        request_id: request.into(),
    }
}

async fn record(audit: &Audit, acts: &[(i64, &str)]) {
    for (days, request) in acts {
        audit.record(act(days_ago(*days), request)).await.unwrap();
    }
}

/// Ids and requests, oldest first.
async fn read(audit: &Audit) -> Vec<(ActId, String)> {
    let listing = audit.list(&Filter::default(), 100, None).await.unwrap();
    let records = listing.records.into_iter().rev();
    records.map(|(id, act)| (id, act.request_id)).collect()
}

async fn requests(audit: &Audit) -> Vec<String> {
    read(audit)
        .await
        .into_iter()
        .map(|(_, request)| request)
        .collect()
}

#[tokio::test]
async fn the_order_is_that_of_writing_whatever_the_clock_says() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    record(&trail(&store).await, &[(0, "a"), (0, "b"), (3, "c")]).await;
    // Started again with a clock that was set back.
    let audit = trail(&store).await;
    record(&audit, &[(2, "d"), (0, "e")]).await;
    assert_eq!(requests(&audit).await, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn the_past_is_forgotten_as_far_as_it_was_sent_for_good() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let audit = trail(&store).await;
    record(&audit, &[(100, "a"), (95, "b"), (92, "c"), (91, "d"), (1, "e")]).await;
    let cutoff = days_ago(92) + TimeDelta::hours(1);
    assert_eq!(audit.remove_before(cutoff).await.unwrap(), 0, "nothing was sent");

    let ids: Vec<_> = read(&audit).await.into_iter().map(|(id, _)| id).collect();
    let mut sent = Sent::load(&store).await.unwrap();
    sent.advance(&store, ids[1]).await.unwrap();
    assert_eq!(audit.remove_before(cutoff).await.unwrap(), 2);
    sent.advance(&store, ids[4]).await.unwrap();
    assert_eq!(audit.remove_before(cutoff).await.unwrap(), 1);
    assert_eq!(requests(&audit).await, ["d", "e"]);

    assert_eq!(audit.remove_before(now()).await.unwrap(), 2);
    let audit = trail(&store).await;
    record(&audit, &[(50, "f")]).await;
    assert!(
        read(&audit).await[0].0 > ids[4],
        "it lies behind the mark, so it goes out"
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_read_hides_no_other() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let audit = trail(&store).await;
    record(&audit, &[(0, "a")]).await;
    let odd = audit.order().begin(now(), [0; 10]);
    let newer = bytes::Bytes::from_static(br#"{"v":2,"act":{}}"#);
    store.create(Table::Audit, &odd.to_string(), newer).await.unwrap();
    audit.order().end(odd);
    record(&audit, &[(0, "b")]).await;
    assert_eq!(requests(&audit).await, ["a", "b"]);
    assert_eq!(audit.settled(ActId::FIRST, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_search_by_time_finds_what_was_written_down_late() {
    let folder = TempDir::new().unwrap();
    let audit = trail(&store(&folder).await).await;
    audit.record(act(now(), "quick")).await.unwrap();
    let earlier = now() - TimeDelta::seconds(2);
    audit.record(act(earlier, "slow")).await.unwrap();
    let filter = Filter {
        from: Some(earlier),
        to: Some(now()),
        ..Filter::default()
    };
    let listing = audit.list(&filter, 10, None).await.unwrap();
    assert_eq!(listing.records.len(), 1);
    assert_eq!(
        (listing.records[0].1.request_id.as_str(), listing.next),
        ("slow", None)
    );
}

#[tokio::test]
async fn what_begins_before_it_ends_waits_for_it() {
    let folder = TempDir::new().unwrap();
    let audit = trail(&store(&folder).await).await;
    let slow = audit.order().begin(now(), [0; 10]);
    record(&audit, &[(0, "a")]).await;
    assert!(audit.settled(ActId::FIRST, 10).await.unwrap().is_empty());
    audit.order().end(slow);
    assert_eq!(audit.settled(ActId::FIRST, 10).await.unwrap().len(), 1);
}
