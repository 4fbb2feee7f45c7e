//! Every event arrives, once and in order, whatever happens to the server and to the line.

use futures_util::future::join_all;
use usher::bus::{BusError, Message, NatsBus};

use super::{
    CutProxy, NatsServer, Reader, Stored, Version, connected, disconnected, insist, insist_in_order, message,
    nats_at, soon,
};

const EACH_VERSION: [Version; 2] = [Version::Newest, Version::Oldest];

#[tokio::test]
async fn an_acknowledged_event_is_in_the_stream_as_a_cloudevent() {
    for version in EACH_VERSION {
        let server = NatsServer::start_with(version, "");
        let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
        connected(&bus, 1).await;
        insist(&bus, &message("m", 1)).await;
        let stored = Reader::connect(&server.url()).await.stored().await;
        let expected = Stored {
            subject: "usher.meetings.acme.m.active".into(),
            id: "m-1".into(),
            content_type: "application/cloudevents+json".into(),
            payload: r#"{"id":"m-1"}"#.into(),
        };
        assert_eq!(stored, [expected], "{version:?}");
    }
}

#[tokio::test]
async fn the_same_event_is_stored_once_even_after_the_server_was_killed() {
    for version in EACH_VERSION {
        let mut server = NatsServer::start_with(version, "");
        let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
        connected(&bus, 1).await;
        insist(&bus, &message("m", 1)).await;
        insist(&bus, &message("m", 1)).await;
        server.kill9();
        disconnected(&bus).await;
        server.restart();
        connected(&bus, 2).await;
        insist(&bus, &message("m", 1)).await;
        assert_eq!(
            Reader::connect(&server.url()).await.ids().await,
            ["m-1"],
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn a_series_keeps_its_order_and_fails_as_a_whole_without_a_connection() {
    tokio::join!(
        keeps_a_series_in_order(Version::Newest),
        keeps_a_series_in_order(Version::Oldest)
    );
}

async fn keeps_a_series_in_order(version: Version) {
    let mut server = NatsServer::start_with(version, "");
    let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
    connected(&bus, 1).await;
    let series: Vec<_> = (1..=50).map(|n| message("m", n)).collect();
    insist_in_order(&bus, &series).await;
    let expected: Vec<_> = series.iter().map(|m| m.id.clone()).collect();
    assert_eq!(Reader::connect(&server.url()).await.ids().await, expected);
    server.kill9();
    disconnected(&bus).await;
    let failed = bus.publish_in_order(&series).await.unwrap_err();
    assert_eq!(failed.acknowledged, 0);
    assert!(matches!(failed.error, BusError::Disconnected));
}

#[tokio::test]
async fn a_server_that_comes_later_gets_everything() {
    tokio::join!(comes_later(Version::Newest), comes_later(Version::Oldest));
}

async fn comes_later(version: Version) {
    let mut server = NatsServer::start_with(version, "");
    server.kill9();
    let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
    assert!(matches!(
        bus.publish(&message("m", 1)).await,
        Err(BusError::Disconnected)
    ));
    server.restart();
    insist(&bus, &message("m", 1)).await;
    assert_eq!(Reader::connect(&server.url()).await.ids().await, ["m-1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_load_gets_each_event_once_and_in_order() {
    const MEETINGS: usize = 16;
    const EVENTS: usize = 100;
    for version in EACH_VERSION {
        let mut server = NatsServer::start_with(version, "");
        let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
        let (progress, mut done) = tokio::sync::watch::channel(0_usize);
        let meetings = join_all((0..MEETINGS).map(|meeting| {
            let (bus, progress) = (&bus, &progress);
            async move {
                for n in 0..EVENTS {
                    insist(bus, &message(&format!("m{meeting}"), n)).await;
                    progress.send_modify(|done| *done += 1);
                }
            }
        }));
        let killing = async {
            for third in 1..=2 {
                let reached = done.wait_for(|done| *done >= third * MEETINGS * EVENTS / 3);
                reached.await.expect("the sender lives as long as the test");
                server.kill9();
                server.restart();
            }
        };
        soon("all publishes", async { tokio::join!(meetings, killing) }).await;
        let ids = Reader::connect(&server.url()).await.ids().await;
        assert_eq!(ids.len(), MEETINGS * EVENTS, "{version:?}: each once");
        for meeting in 0..MEETINGS {
            let own = format!("m{meeting}-");
            let order = ids
                .iter()
                .filter_map(|id| id.strip_prefix(&own))
                .map(|n| n.parse::<usize>().unwrap());
            assert!(order.eq(0..EVENTS), "{version:?}: in order");
        }
        assert!(
            bus.state().borrow().epoch >= 3,
            "one connection at the start and one after each kill"
        );
    }
}

#[tokio::test]
async fn an_acknowledgement_that_does_not_come_stores_nothing_twice() {
    tokio::join!(
        does_not_acknowledge(Version::Newest),
        does_not_acknowledge(Version::Oldest)
    );
}

async fn does_not_acknowledge(version: Version) {
    let server = NatsServer::start_with(version, "");
    let proxy = CutProxy::to(server.port()).await;
    let bus = NatsBus::connect(&nats_at(proxy.url())).await.unwrap();
    connected(&bus, 1).await;
    insist(&bus, &message("m", 1)).await;
    let reader = Reader::connect(&server.url()).await;

    proxy.hold_answers();
    assert!(matches!(
        bus.publish(&message("m", 2)).await,
        Err(BusError::Unacknowledged(_))
    ));
    assert_eq!(reader.ids().await, ["m-1", "m-2"], "stored all the same");
    proxy.restore();
    insist(&bus, &message("m", 2)).await;

    proxy.hold();
    assert!(matches!(
        bus.publish(&message("m", 3)).await,
        Err(BusError::Unacknowledged(_))
    ));
    assert_eq!(reader.ids().await, ["m-1", "m-2"], "not stored yet");
    proxy.restore();
    insist(&bus, &message("m", 3)).await;
    insist(&bus, &message("m", 4)).await;
    assert_eq!(reader.ids().await, ["m-1", "m-2", "m-3", "m-4"]);
}

#[tokio::test]
async fn a_publish_that_is_cut_off_fails_at_once_and_its_copy_counts_once() {
    tokio::join!(is_cut_off(Version::Newest), is_cut_off(Version::Oldest));
}

async fn is_cut_off(version: Version) {
    let server = NatsServer::start_with(version, "");
    let proxy = CutProxy::to(server.port()).await;
    let bus = NatsBus::connect(&nats_at(proxy.url())).await.unwrap();
    connected(&bus, 1).await;
    insist(&bus, &message("m", 1)).await;
    proxy.hold();
    let second = message("m", 2);
    let (answer, ()) = tokio::join!(bus.publish(&second), async { proxy.cut() });
    assert!(matches!(answer, Err(BusError::Interrupted)), "{answer:?}");
    proxy.restore();
    insist(&bus, &second).await;
    insist(&bus, &message("m", 3)).await;
    assert_eq!(
        Reader::connect(&server.url()).await.ids().await,
        ["m-1", "m-2", "m-3"]
    );
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_for_good() {
    let server = NatsServer::start_with(Version::Newest, "max_payload: 1KB");
    let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
    connected(&bus, 1).await;
    let large = Message {
        payload: vec![b'x'; 2048].into(),
        ..message("m", 1)
    };
    let refused = bus.publish(&large).await.unwrap_err();
    assert!(matches!(&refused, BusError::TooLarge(id) if id == "m-1"));
    assert!(!refused.is_temporary());
}
