//! Every record goes out, in order and once in effect: NATS away, NATS forgetful, usher killed, or no NATS at all.

use serde_json::Value;

use super::{requests, setup, written_meanwhile};
use crate::nats::{NatsServer, Reader, Stored};
use crate::patience::look_for;
use crate::usher::Usher;

/// More than are read at a time.
const MANY: usize = 700;
const WAITING: &str = "usher_audit_waiting";

#[tokio::test]
async fn records_wait_for_nats_and_come_in_order() {
    let mut nats = NatsServer::away();
    let mut usher = Usher::start(setup().nats(&nats.url())).await;
    let written = written_meanwhile(&mut usher, async |writer| writer.write(0, MANY).await).await;
    assert_eq!(usher.metric(WAITING).await, MANY as f64);
    nats.restart();
    let stored = arrived(&usher, &nats, MANY).await;
    assert_eq!(told(&stored), written);
    let first: Value = serde_json::from_str(&stored[0].payload).unwrap();
    assert_eq!(first["id"], stored[0].id);
    let action = first["data"]["action"].as_str().unwrap();
    let client = first["data"]["client"].as_str().unwrap_or("unknown");
    assert_eq!(stored[0].subject, format!("usher.audit.{client}.{action}"));
    assert_eq!(stored[0].content_type, "application/cloudevents+json");
    let clients = |client: &str| {
        stored
            .iter()
            .filter(|one| one.subject.split('.').nth(2) == Some(client))
            .count()
    };
    assert_eq!(["ataraxia", "b", "c", "unknown"].map(clients), [MANY / 4; 4]);
}

#[tokio::test]
async fn nothing_is_lost_while_both_are_killed_in_the_middle() {
    let mut nats = NatsServer::start();
    let mut usher = Usher::start(setup().nats(&nats.url())).await;
    let mut written = Vec::new();
    for round in 0..4 {
        written = written_meanwhile(&mut usher, async |writer| writer.write(round * MANY, MANY).await).await;
        // Some of them are out by now, the rest is cut off in the middle.
        let reader = Reader::connect(&nats.url()).await;
        let begun = look_for(async || (reader.messages().await > (round * MANY) as u64).then_some(()));
        begun.await.expect("a first record of the round goes out");
        if round % 2 == 1 {
            nats.kill9();
            nats.restart();
        }
    }
    let stored = arrived(&usher, &nats, written.len()).await;
    assert_eq!(told(&stored), written);
}

#[tokio::test]
async fn what_nats_forgot_goes_out_again_and_nothing_else_twice() {
    let mut nats = NatsServer::start();
    let mut usher = Usher::start(setup().nats(&nats.url())).await;
    let written = written_meanwhile(&mut usher, async |writer| writer.write(0, 5).await).await;
    let before = arrived(&usher, &nats, 5).await;
    usher.kill9();
    usher.restart().await;
    assert_eq!(
        arrived(&usher, &nats, 5).await,
        before,
        "the stream drops what it has"
    );

    let reader = Reader::connect(&nats.url()).await;
    reader.0.delete_stream(usher::bus::nats::STREAM).await.unwrap();
    nats.kill9();
    nats.restart();
    let again = arrived(&usher, &nats, 5).await;
    assert_eq!((again, told(&before)), (before.clone(), written));
}

#[tokio::test]
async fn without_nats_they_are_in_the_event_log_once() {
    let mut usher = Usher::start(setup()).await;
    for round in 0..3 {
        let written =
            written_meanwhile(&mut usher, async |writer| writer.write(round * 300, 300).await).await;
        let log = async |usher: &Usher| (requests(&usher.event_log()) == written).then_some(());
        usher.eventually("every record in the log", log).await;
        let done = async |usher: &Usher| (usher.metric(WAITING).await == 0.0).then_some(());
        usher.eventually("nothing waiting", done).await;
    }
}

/// What the stream holds when it holds so many and nothing waits.
async fn arrived(usher: &Usher, nats: &NatsServer, expected: usize) -> Vec<Stored> {
    let reader = Reader::connect(&nats.url()).await;
    let complete = async |usher: &Usher| {
        let quiet = usher.metric(WAITING).await == 0.0;
        (quiet && reader.messages().await == expected as u64).then_some(())
    };
    usher.eventually("every record in the stream", complete).await;
    reader.stored().await
}

fn told(stored: &[Stored]) -> Vec<String> {
    let events = stored.iter().map(|one| serde_json::from_str(&one.payload));
    let events: Vec<Value> = events.collect::<Result<_, _>>().expect("each is JSON");
    requests(&events).into_iter().map(str::to_owned).collect()
}
