//! `usher events` shows what happens, from where it was asked to begin, through restarts of the server.

use std::io;
use std::time::Duration;

use async_nats::jetstream;
use futures_util::StreamExt;
use tokio::sync::watch;
use usher::bus::nats::{FollowError, STREAM};
use usher::bus::{BusError, Message, NatsBus};
use usher::cli::events::{EventsArgs, EventsError, follow};
use usher::domain::Timestamp;

use super::{NatsServer, Version, client, connected, insist, insist_in_order, message, nats_at, soon};

/// Far enough in the past that everything in these tests is later.
const LONG_AGO: Timestamp = Timestamp::UNIX_EPOCH;

/// An output whose number of lines can be waited for.
#[derive(Default)]
struct Screen {
    bytes: Vec<u8>,
    lines: watch::Sender<usize>,
}

impl io::Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines
            .send_replace(self.bytes.iter().filter(|byte| **byte == b'\n').count());
        Ok(())
    }
}

async fn published(server: &NatsServer, meeting: &str, numbers: std::ops::RangeInclusive<usize>) -> NatsBus {
    let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
    connected(&bus, 1).await;
    for n in numbers {
        insist(&bus, &message(meeting, n)).await;
    }
    bus
}

fn json(count: u64) -> EventsArgs {
    EventsArgs {
        json: true,
        count: Some(count),
        ..EventsArgs::default()
    }
}

fn expected(meeting: &str, numbers: &[usize]) -> String {
    numbers
        .iter()
        .map(|n| format!("{{\"id\":\"{meeting}-{n}\"}}\n"))
        .collect()
}

async fn shown(server: &NatsServer, args: EventsArgs) -> String {
    let mut out = Vec::new();
    soon(
        "the events",
        follow(&args, &nats_at(server.url()), LONG_AGO, &mut out),
    )
    .await
    .unwrap();
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn from_the_start_or_since_a_time() {
    for version in [Version::Newest, Version::Oldest] {
        let server = NatsServer::start_with(version, "");
        published(&server, "a", 1..=2).await;
        let from_start = EventsArgs {
            from_start: true,
            ..json(2)
        };
        assert_eq!(
            shown(&server, from_start).await,
            expected("a", &[1, 2]),
            "{version:?}"
        );
        let since = EventsArgs {
            since: Some(Duration::from_secs(60)),
            ..json(2)
        };
        assert_eq!(shown(&server, since).await, expected("a", &[1, 2]), "{version:?}");
    }
}

#[tokio::test]
async fn only_what_was_asked_for() {
    let server = NatsServer::start();
    let bus = published(&server, "a", 1..=2).await;
    let other = Message {
        subject_tail: "meetings.adhoc.b.completed".into(),
        ..message("b", 1)
    };
    insist(&bus, &other).await;
    let completed = EventsArgs {
        from_start: true,
        kind: Some("completed".into()),
        ..json(1)
    };
    assert_eq!(shown(&server, completed).await, expected("b", &[1]));
    let acme = Some("acme".to_owned().try_into().unwrap());
    let readable = shown(
        &server,
        EventsArgs {
            from_start: true,
            client: acme,
            json: false,
            ..json(2)
        },
    )
    .await;
    assert_eq!(
        readable.lines().filter(|line| line.contains("active")).count(),
        2,
        "{readable}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_now_on_nothing_is_missed_or_repeated_through_restarts() {
    let mut server = NatsServer::start();
    let bus = published(&server, "m", 1..=3).await;
    let observer = client(&server.url()).await;
    let mut advisories = observer
        .subscribe("$JS.EVENT.ADVISORY.CONSUMER.CREATED.USHER.>")
        .await
        .unwrap();
    observer.flush().await.unwrap();
    // The server takes up what one connection says in its order, so now it knows the subscription.
    jetstream::new(observer).get_stream(STREAM).await.unwrap();
    let nats = nats_at(server.url());
    let mut screen = Screen::default();
    let mut lines = screen.lines.subscribe();
    let args = json(4);
    let watching = follow(&args, &nats, LONG_AGO, &mut screen);
    let publishing = async {
        advisories.next().await.expect("the reader takes its place");
        server.restart();
        connected(&bus, 2).await;
        insist_in_order(&bus, &[4, 5].map(|n| message("m", n))).await;
        lines.wait_for(|lines| *lines == 2).await.unwrap();
        server.restart();
        connected(&bus, 3).await;
        insist_in_order(&bus, &[6, 7].map(|n| message("m", n))).await;
    };
    let (watched, ()) = soon("the events", async { tokio::join!(watching, publishing) }).await;
    watched.unwrap();
    assert_eq!(
        String::from_utf8(screen.bytes).unwrap(),
        expected("m", &[4, 5, 6, 7])
    );
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let server = NatsServer::start();
    let mut out = Vec::new();
    let missing = follow(&json(1), &nats_at(server.url()), LONG_AGO, &mut out)
        .await
        .unwrap_err();
    assert!(
        matches!(missing, EventsError::Follow(FollowError::NoStream)),
        "{missing:?}"
    );
    let away = NatsServer::away();
    let refused = follow(&json(1), &nats_at(away.url()), LONG_AGO, &mut out)
        .await
        .unwrap_err();
    assert!(
        matches!(
            refused,
            EventsError::Follow(FollowError::Connect(BusError::Unreachable(_)))
        ),
        "{refused:?}"
    );
    let unset = usher::cli::events::run(EventsArgs::default(), None, LONG_AGO)
        .await
        .unwrap_err();
    assert!(unset.to_string().contains("NATS is not configured"));
}
