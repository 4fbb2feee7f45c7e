//! The stream is made and adjusted, and what goes wrong is said without secrets.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::stream::{Config, StorageType};
use futures_util::future::join_all;
use tokio::sync::watch;
use usher::bus::nats::{STREAM, probe};
use usher::bus::{BusError, NatsBus};
use usher::config::daemon::Nats;

use super::{NatsServer, Reader, Version, connected, insist, message, nats_at, soon};
use crate::listening::listen;

const DAY: Duration = Duration::from_secs(86_400);

/// The log as a text that can be waited for.
#[derive(Clone)]
struct Log(Arc<watch::Sender<String>>);

struct LogWriter(Log);

impl io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .0
            .send_modify(|text| text.push_str(&String::from_utf8_lossy(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Catches everything that is logged on this thread, at every level and by every crate.
    fn capture() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self(Arc::new(watch::Sender::default()));
        let writer = Mutex::new(log.clone());
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || LogWriter(writer.lock().expect("nobody panics with it").clone()))
            .finish();
        (log, listen(subscriber))
    }

    async fn line(&self, wanted: &str) -> String {
        let mut text = self.0.subscribe();
        let found = text.wait_for(|text| text.contains(wanted));
        soon(wanted, found)
            .await
            .expect("the log outlives the wait")
            .clone()
    }
}

/// Runs the bus's upkeep until it has logged `wanted`.
async fn maintain_until(bus: &NatsBus, log: &Log, wanted: &str) {
    tokio::select! {
        () = bus.maintain() => panic!("upkeep has no end"),
        _ = log.line(wanted) => {}
    }
}

#[tokio::test]
async fn a_missing_stream_is_made_as_configured() {
    for version in [Version::Newest, Version::Oldest] {
        let (log, _guard) = Log::capture();
        let server = NatsServer::start_with(version, "");
        let nats = Nats {
            stream_max_age_days: 1,
            duplicate_window_secs: 999_999,
            ..nats_at(server.url())
        };
        let bus = NatsBus::connect(&nats).await.unwrap();
        maintain_until(&bus, &log, "made the stream USHER").await;
        let config = Reader::connect(&server.url()).await.config().await;
        assert_eq!(config.subjects, ["usher.>"]);
        assert_eq!(config.storage, StorageType::File);
        assert_eq!(
            (config.max_age, config.duplicate_window),
            (DAY, DAY),
            "the window fits into the age"
        );
    }
}

#[tokio::test]
async fn the_stream_is_adjusted_and_the_operators_settings_stay() {
    for version in [Version::Newest, Version::Oldest] {
        let (log, _guard) = Log::capture();
        let server = NatsServer::start_with(version, "");
        let reader = Reader::connect(&server.url()).await;
        let theirs = Config {
            name: STREAM.to_owned(),
            subjects: vec!["door.>".to_owned()],
            max_bytes: 10_000_000,
            max_message_size: 100_000,
            description: Some("ours, not usher's".to_owned()),
            deny_purge: true,
            ..Config::default()
        };
        let before = reader
            .0
            .create_stream(theirs)
            .await
            .unwrap()
            .cached_info()
            .config
            .clone();
        let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
        maintain_until(&bus, &log, "adjusted the stream USHER").await;
        let expected = Config {
            subjects: vec!["door.>".to_owned(), "usher.>".to_owned()],
            max_age: 30 * DAY,
            duplicate_window: DAY,
            ..before
        };
        assert_eq!(reader.config().await, expected);
        let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
        maintain_until(&bus, &log, "the stream USHER is as configured").await;
    }
}

/// The typed configuration of the client knows nothing of these settings of a newer server.
#[tokio::test]
async fn settings_that_only_the_server_knows_stay() {
    let (log, _guard) = Log::capture();
    let server = NatsServer::start();
    let reader = Reader::connect(&server.url()).await;
    let theirs = serde_json::json!({"name": STREAM, "subjects": ["door.>"], "storage": "file", "retention": "limits",
        "discard": "old", "num_replicas": 1, "allow_msg_ttl": true, "allow_atomic": true});
    let made: serde_json::Value = reader
        .0
        .request(format!("STREAM.CREATE.{STREAM}"), &theirs)
        .await
        .unwrap();
    assert_eq!(made["config"]["allow_atomic"], true, "{made}");
    let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
    maintain_until(&bus, &log, "adjusted the stream USHER").await;
    let info: serde_json::Value = reader
        .0
        .request(format!("STREAM.INFO.{STREAM}"), &())
        .await
        .unwrap();
    assert_eq!(info["config"]["allow_msg_ttl"], true);
    assert_eq!(info["config"]["allow_atomic"], true);
    assert_eq!(
        info["config"]["subjects"],
        serde_json::json!(["door.>", "usher.>"])
    );
}

#[tokio::test]
async fn a_stream_that_was_deleted_is_made_again() {
    let server = NatsServer::start();
    let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
    connected(&bus, 1).await;
    insist(&bus, &message("m", 1)).await;
    let reader = Reader::connect(&server.url()).await;
    reader.0.delete_stream(STREAM).await.unwrap();
    let together = [2, 3, 4].map(|n| message("m", n));
    join_all(together.iter().map(|m| insist(&bus, m))).await;
    let mut ids = reader.ids().await;
    ids.sort();
    assert_eq!(ids, ["m-2", "m-3", "m-4"]);
}

#[tokio::test]
async fn a_server_without_jetstream_is_named_as_such() {
    let server = NatsServer::start_with(
        Version::Newest,
        "accounts { A { users: [{user: a, password: a}] } }\nno_auth_user: a",
    );
    let bus = NatsBus::connect(&nats_at(server.url())).await.unwrap();
    connected(&bus, 1).await;
    let refused = bus.publish(&message("m", 1)).await.unwrap_err();
    assert!(matches!(refused, BusError::Stream(_)), "{refused:?}");
}

#[tokio::test]
async fn a_wrong_password_is_said_clearly_and_never_shown() {
    let server = NatsServer::start_with(
        Version::Newest,
        r#"authorization { user: joe, password: "right" }"#,
    );
    let (log, _guard) = Log::capture();
    let wrong = format!("nats://joe:s3cret-wrong@127.0.0.1:{}", server.port());
    let bus = NatsBus::connect(&nats_at(wrong)).await.unwrap();
    let text = log.line("NATS refuses our user, token or credentials").await;
    assert!(
        text.contains(&format!("127.0.0.1:{}", server.port())),
        "it says which server"
    );
    let failed = bus.publish(&message("m", 1)).await.unwrap_err();
    for shown in [text, format!("{failed:?} {failed} {bus:?}")] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[tokio::test]
async fn the_right_password_and_a_token_let_us_in() {
    for (configuration, login) in [
        (
            r#"authorization { user: joe, password: "p@ss:/word" }"#,
            "joe:p%40ss%3A%2Fword",
        ),
        (r#"authorization { token: "s3cret" }"#, "s3cret"),
    ] {
        let server = NatsServer::start_with(Version::Newest, configuration);
        let url = format!("nats://{login}@127.0.0.1:{}", server.port());
        let bus = NatsBus::connect(&nats_at(url)).await.unwrap();
        connected(&bus, 1).await;
        insist(&bus, &message("m", 1)).await;
    }
}

#[tokio::test]
async fn what_cannot_be_read_fails_at_once() {
    let with = |credentials: &str| Nats {
        credentials: Some(usher::config::secret::Secret::new(credentials)),
        ..nats_at("127.0.0.1")
    };
    let refused = NatsBus::connect(&with("no credentials s3cret"))
        .await
        .unwrap_err();
    assert!(matches!(refused, BusError::Credentials) && !format!("{refused:?}").contains("s3cret"));
    assert!(matches!(
        NatsBus::connect(&nats_at("http://x")).await,
        Err(BusError::Address(_))
    ));
}

#[tokio::test]
async fn a_probe_says_what_there_is_and_changes_nothing() {
    let mut server = NatsServer::start_with(
        Version::Oldest,
        r#"authorization { user: joe, password: "right" }"#,
    );
    let as_joe = |password: &str| nats_at(format!("nats://joe:{password}@127.0.0.1:{}", server.port()));
    let (right, wrong) = (as_joe("right"), as_joe("wrong"));
    let found = probe(&right).await.unwrap();
    assert_eq!(
        (found.version.as_str(), found.is_supported, found.has_stream),
        ("2.10.26", true, false)
    );
    assert!(!probe(&right).await.unwrap().has_stream);
    assert!(matches!(probe(&wrong).await, Err(BusError::Unauthorised)));
    server.kill9();
    assert!(matches!(probe(&right).await, Err(BusError::Unreachable(_))));
}
