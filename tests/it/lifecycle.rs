//! How the process lives and ends: signals, what systemd is told, and starts that must not succeed.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixDatagram};

use crate::patience::soon;
use crate::usher::{APP_SECRET, CLIENTS, KEY, PROSODY_SECRET, Setup, Usher};

/// What the daemon gives its tasks to finish, in seconds.
const GIVEN: f64 = 10.0;
const DEADLINE_PASSED: &str = "the deadline has passed";

/// The socket on which systemd hears from a service of `Type=notify-reload`.
struct Manager {
    socket: UnixDatagram,
    folder: TempDir,
}

// === impl Manager ===

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket in it");
        Self { socket, folder }
    }

    fn setup(&self) -> Setup {
        let address = self.folder.path().join("notify").display().to_string();
        Setup {
            variables: vec![("NOTIFY_SOCKET".into(), address)],
            ..Setup::default()
        }
    }

    /// The next message, such as `READY=1`.
    async fn hears(&self) -> String {
        let mut message = [0; 512];
        let length = soon("a message", self.socket.recv(&mut message)).await;
        let length = length.expect("the socket is open");
        String::from_utf8_lossy(&message[..length]).into_owned()
    }

    async fn start(&self) -> Usher {
        let usher = Usher::start(self.setup()).await;
        assert_eq!(self.hears().await.trim(), "READY=1");
        usher
    }

    /// Asks it to stop, and waits until it has begun to.
    async fn stop(&self, usher: &Usher) {
        usher.signal("TERM");
        assert_eq!(self.hears().await.trim(), "STOPPING=1");
    }
}

/// The head of an event_sync call and the first half of its body; and the other half.
async fn half_a_request(usher: &Usher) -> (TcpStream, String) {
    let now = crate::usher::now_millis() / 1000;
    let body = json!({
        "room_name": "alpha", "room_jid": "alpha@conference.meet.test",
        "occupant": {"occupant_jid": "ann@meet.test/1", "joined_at": now, "name": "Ann"}
    });
    let body = body.to_string();
    let (first, second) = body.split_at(body.len() / 2);
    let head = format!(
        "POST /events/occupant/joined HTTP/1.1\r\nhost: usher\r\nauthorization: Bearer {PROSODY_SECRET}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, usher.port()))
        .await
        .expect("usher listens");
    stream.write_all(head.as_bytes()).await.expect("usher reads");
    // A handler has the request once it asks for the body.
    let mut go_on = [0; 25];
    stream
        .read_exact(&mut go_on)
        .await
        .expect("usher asks for the body");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(first.as_bytes()).await.expect("usher reads");
    (stream, second.to_owned())
}

async fn rest_of(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is cut may end with a reset.
    let _ = soon("the end of the connection", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let manager = Manager::new();
    let mut usher = manager.start().await;
    let (mut stream, rest) = half_a_request(&usher).await;
    manager.stop(&usher).await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    let answer = rest_of(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(usher.ended().code(), Some(0), "{}", usher.log());
    usher.restart().await;
    assert_eq!(
        usher.metric("usher_people").await,
        1.0,
        "what was answered last is there"
    );
}

/// How many seconds the daemon has said it gives its tasks.
fn deadline_of(log: &str) -> Option<f64> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.into_iter().find_map(|line| line["deadline_secs"].as_f64())
}

#[tokio::test]
async fn half_a_request_does_not_hold_up_the_end() {
    let manager = Manager::new();
    let mut usher = manager.start().await;
    let (mut stream, _never_sent) = half_a_request(&usher).await;
    manager.stop(&usher).await;
    let answer = rest_of(&mut stream).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(usher.ended().code(), Some(0), "{}", usher.log());
    let log = usher.log();
    assert_eq!(deadline_of(&log), Some(GIVEN), "{log}");
    assert!(log.contains(DEADLINE_PASSED), "{log}");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let manager = Manager::new();
    let mut usher = manager.start().await;
    let (_stream, _never_sent) = half_a_request(&usher).await;
    manager.stop(&usher).await;
    usher.signal("TERM");
    assert_eq!(usher.ended().code(), Some(0), "{}", usher.log());
    let log = usher.log();
    assert!(
        log.contains("asked again") && !log.contains(DEADLINE_PASSED),
        "{log}"
    );
}

#[tokio::test]
async fn systemd_hears_of_each_step() {
    let manager = Manager::new();
    let mut usher = manager.start().await;
    let clients = usher.config_dir().join("clients.toml");
    fs::write(&clients, CLIENTS.replace("ataraxia", "successor")).unwrap();
    usher.signal("HUP");
    let reloading = manager.hears().await;
    let lines: Vec<_> = reloading.lines().collect();
    assert!(lines.contains(&"RELOADING=1"), "{reloading}");
    let clock = lines.iter().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(
        clock.is_some_and(|usec| usec.parse::<u64>().is_ok()),
        "{reloading}"
    );
    assert_eq!(manager.hears().await.trim(), "READY=1");
    let answer = usher
        .post("/api/jitsi/create-room", &json!({"appointmentId": "1"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "the key is the successor's now");
    assert!(answer.text().await.unwrap().contains("successor-1-"));
    manager.stop(&usher).await;
    assert_eq!(usher.ended().code(), Some(0), "{}", usher.log());
}

/// A start that must fail: its exit code and what it said.
fn refused(setup: Setup) -> (Option<i32>, String) {
    let mut usher = Usher::launch(setup);
    let status = usher.ended();
    let said = usher.log();
    for secret in [KEY, PROSODY_SECRET, APP_SECRET] {
        assert!(!said.contains(secret), "a secret is in\n{said}");
    }
    (status.code(), said)
}

#[tokio::test]
async fn two_processes_never_share_a_store() {
    let first = Usher::start(Setup::default()).await;
    let store = first.store_dir().display().to_string();
    let variables = vec![("USHER__STORE__PATH".into(), store.clone())];
    let (code, said) = refused(Setup {
        variables,
        ..Setup::default()
    });
    assert_eq!(code, Some(1));
    assert_eq!(
        said.trim_end(),
        format!("usher: the store in {store} is in use by another process")
    );
    first.create_room("appt-1").await;
}

#[test]
fn a_faulty_configuration_is_64() {
    let (code, said) = refused(Setup::default().sections("[meetings]\nadhoc_grace = 5"));
    assert_eq!(code, Some(64));
    assert!(
        said.contains("usher.toml:") && said.contains("adhoc_grace_secs"),
        "{said}"
    );
}

#[test]
fn an_address_in_use_is_named() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, said) = refused(Setup {
        variables: vec![("PORT".into(), port.clone())],
        ..Setup::default()
    });
    assert_eq!(code, Some(1));
    assert!(
        said.contains(&format!("127.0.0.1:{port}")) && said.contains("in use"),
        "{said}"
    );
}
