//! Callers who hang up before the answer: whatever became of their request, memory, store, metrics and events agree.

use std::net::Ipv4Addr;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::usher::{KEY, PROSODY_SECRET, Setup, Usher, answered, now_millis};

const CALLERS: usize = 48;

/// How a caller goes.
#[derive(Debug, Clone, Copy)]
enum HangUp {
    /// Closes in order: usher reads the end of the stream.
    Close,
    /// Cuts the connection: usher meets a reset.
    Reset,
}

/// Sends a whole request and is gone.
async fn send_and_go(usher: &Usher, (path, secret): (&str, &str), body: &Value, how: HangUp) {
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: usher\r\nauthorization: Bearer {secret}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, usher.port()))
        .await
        .expect("usher listens");
    stream.write_all(request.as_bytes()).await.expect("usher reads");
    match how {
        HangUp::Close => stream.shutdown().await.expect("the connection is open"),
        HangUp::Reset => stream.set_zero_linger().expect("a socket can be told so"),
    }
}

fn booking(n: usize) -> Value {
    json!({ "appointmentId": format!("appt-{n}") })
}

/// Always the same entry, at `at` in seconds.
fn entry(n: usize, at: i64) -> Value {
    json!({
        "room_name": format!("hall-{n}"), "room_jid": format!("hall-{n}@conference.meet.test"),
        "occupant": { "occupant_jid": format!("guest-{n}@meet.test/1"), "joined_at": at }
    })
}

/// Books and enters, without waiting for an answer.
async fn go(usher: &Usher, n: usize, at: i64) {
    let how = if n.is_multiple_of(2) {
        HangUp::Close
    } else {
        HangUp::Reset
    };
    send_and_go(usher, ("/api/jitsi/create-room", KEY), &booking(n), how).await;
    send_and_go(
        usher,
        ("/events/occupant/joined", PROSODY_SECRET),
        &entry(n, at),
        how,
    )
    .await;
}

/// Scheduled meetings, active meetings, people.
async fn census(usher: &Usher) -> [f64; 3] {
    let metrics = [
        r#"usher_meetings{status="scheduled"}"#,
        r#"usher_meetings{status="active"}"#,
        "usher_people",
    ];
    join_all(metrics.map(|metric| usher.metric(metric)))
        .await
        .try_into()
        .expect("three metrics")
}

/// The events of a kind, one for each room.
fn told(events: &[Value], kind: &str) -> usize {
    let kind = format!("usher.meeting.{kind}.v1");
    events.iter().filter(|event| event["type"] == kind).count()
}

/// Waits until nothing more is under way.
async fn all_events(usher: &Usher, at_least: usize) -> Vec<Value> {
    let settled = async |usher: &Usher| {
        let waiting = usher.metric("usher_events_waiting").await;
        let events = usher.event_log();
        (waiting == 0.0 && events.len() >= at_least).then_some(events)
    };
    usher.eventually("the events of everybody", settled).await
}

/// Asks for the same patiently: usher finds what the hasty request left, or does it now.
async fn ask_again(usher: &Usher, n: usize, at: i64) -> Value {
    answered(usher.report("/events/occupant/joined", &entry(n, at))).await;
    answered(usher.post("/api/jitsi/create-room", &booking(n))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_hangs_up_leaves_no_contradiction() {
    let mut usher = Usher::start(Setup::default()).await;
    let at = now_millis() / 1000;
    join_all((0..CALLERS).map(|n| go(&usher, n, at))).await;
    let rooms = join_all((0..CALLERS).map(|n| ask_again(&usher, n, at))).await;

    let events = all_events(&usher, CALLERS * 3).await;
    let counts = ["scheduled", "active", "participant.joined"].map(|kind| told(&events, kind));
    assert_eq!(counts, [CALLERS; 3], "everything happened once");
    for room in rooms {
        let of = |event: &&Value| event["data"]["meetingId"] == room["meetingId"];
        let event = events
            .iter()
            .find(of)
            .unwrap_or_else(|| panic!("no event of {room}"));
        assert_eq!(event["data"]["roomName"], room["roomName"]);
    }
    let before = census(&usher).await;
    assert_eq!(before, [CALLERS as f64; 3]);
    usher.kill9();
    usher.restart().await;
    assert_eq!(
        census(&usher).await,
        before,
        "what memory said is what the store says"
    );
}
