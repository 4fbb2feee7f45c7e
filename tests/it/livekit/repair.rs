//! What usher learns by asking LiveKit, where no webhook ever comes.

use super::fake::{LiveKit, Settings, person};
use crate::usher::{Setup, Usher};

/// Nobody tells this usher anything.
async fn start(livekit: &LiveKit, lines: &str) -> Usher {
    Usher::start(Setup::default().sections(&livekit.section(lines))).await
}

/// The kinds of the events so far, and whether usher concluded them.
fn told(usher: &Usher) -> Vec<(String, bool)> {
    let events = usher.event_log();
    let kind = |kind: &serde_json::Value| {
        let kind = kind.as_str().expect("a type");
        kind.trim_start_matches("usher.meeting.")
            .trim_end_matches(".v1")
            .to_owned()
    };
    let events = events.iter();
    events
        .map(|event| (kind(&event["type"]), event["data"]["synthesised"] == true))
        .collect()
}

fn correction(kind: &str) -> String {
    format!("usher_corrections_total{{kind=\"{kind}\"}}")
}

fn listings(of: &str, result: &str) -> String {
    format!("usher_livekit_listings_total{{of=\"{of}\",result=\"{result}\"}}")
}

/// How often the room service was asked that about that room.
fn calls(livekit: &LiveKit, method: &str, room: &str) -> usize {
    let calls = livekit.calls();
    let mine = calls
        .iter()
        .filter(|call| call.method == method && call.room == room);
    mine.count()
}

#[tokio::test]
async fn who_is_in_when_usher_starts_is_found() {
    let livekit = LiveKit::start().await;
    // What has just begun may still be reported; this began a minute ago.
    livekit.skew(-60);
    livekit.join("alpha", "ann");
    livekit.join("alpha", "bob");
    livekit.create("empty");
    let usher = start(&livekit, "").await;
    usher
        .until_metrics(&[
            ("usher_people", 2.0),
            ("usher_meetings{status=\"active\"}", 1.0),
            (&correction("missed_start"), 1.0),
            (&correction("missed_join"), 2.0),
            ("usher_livekit_rooms", 2.0),
            ("usher_livekit_ghost_rooms", 0.0),
        ])
        .await;
    let events = usher.eventually("three events", async |usher: &Usher| {
        Some(told(usher)).filter(|told| told.len() == 3)
    });
    let expected = [
        ("active", false),
        ("participant.joined", true),
        ("participant.joined", true),
    ];
    let expected = expected.map(|(kind, concluded)| (kind.to_owned(), concluded));
    assert_eq!(events.await, expected);
    let last = usher.metric("usher_livekit_last_listing_timestamp_seconds").await;
    assert!(last > 1_700_000_000.0, "{last}");
}

#[tokio::test]
async fn what_comes_back_is_asked_again_and_a_failure_says_nothing() {
    let livekit = LiveKit::start().await;
    livekit.skew(-60);
    livekit.join("alpha", "ann");
    let mut usher = start(&livekit, "").await;
    usher.until_metrics(&[("usher_people", 1.0)]).await;
    usher.kill9();
    livekit.page(Some(502));
    usher.restart().await;
    usher
        .until_metrics(&[(&listings("rooms", "away"), 2.0), ("usher_people", 1.0)])
        .await;
    livekit.join("beta", "bob");
    livekit.page(None);
    usher
        .until_metrics(&[("usher_people", 2.0), (&correction("missed_leave"), 0.0)])
        .await;
}

#[tokio::test]
async fn rooms_of_others_are_left_alone() {
    let livekit = LiveKit::start().await;
    livekit.skew(-60);
    livekit.join("ours-1", "ann");
    livekit.join("theirs", "eve");
    livekit.join("Ours-2", "eve");
    let usher = start(&livekit, "rooms = [\"ours-*\"]").await;
    usher
        .until_metrics(&[("usher_people", 1.0), ("usher_livekit_rooms", 1.0)])
        .await;
    for room in ["theirs", "Ours-2"] {
        assert_eq!(calls(&livekit, "ListParticipants", room), 0, "{room}");
        assert_eq!(calls(&livekit, "SendData", room), 0, "{room}");
    }
}

#[tokio::test]
async fn a_room_that_nothing_serves_begins_no_meeting() {
    let mut livekit = LiveKit::with(Settings {
        redis: true,
        ..Settings::default()
    })
    .await;
    livekit.skew(-60);
    livekit.join("gone", "ann");
    livekit.crash().await;
    livekit.restart().await;
    livekit.join("alpha", "bob");
    let usher = start(&livekit, "").await;
    usher
        .until_metrics(&[("usher_people", 1.0), ("usher_livekit_rooms", 2.0)])
        .await;
    let asked = livekit.calls();
    let answer = asked
        .iter()
        .find(|call| call.method == "SendData" && call.room == "gone");
    assert_eq!(answer.map(|call| call.status), Some(503));
    let rooms: Vec<_> = usher
        .event_log()
        .iter()
        .map(|event| event["data"]["roomName"].as_str().map(str::to_owned))
        .collect();
    assert!(
        rooms.iter().all(|room| room.as_deref() == Some("alpha")),
        "{rooms:?}"
    );
}

#[tokio::test]
async fn who_is_not_quite_in_yet_or_no_person_is_not_adopted() {
    let livekit = LiveKit::start().await;
    livekit.skew(-60);
    let mut agent = person("agent");
    agent.set_kind(livekit_protocol::participant_info::Kind::Agent);
    livekit.join_as("alpha", agent);
    let mut connecting = person("connecting");
    connecting.set_state(livekit_protocol::participant_info::State::Joined);
    livekit.join_as("alpha", connecting);
    livekit.join("beta", "ann");
    let usher = start(&livekit, "").await;
    usher
        .until_metrics(&[
            ("usher_people", 1.0),
            ("usher_meetings{status=\"active\"}", 1.0),
            (&listings("people", "ok"), 2.0),
        ])
        .await;
}
