//! One booked meeting from its booking to its end, and what everybody is told of it.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::stage::{Stage, clock, talk, undisturbed, until_published};
use super::story::{lines, time};
use crate::nats::Version;
use crate::usher::Setup;

/// When something was asked for, and when the answer was there: it happened in between.
type Between = (DateTime<Utc>, DateTime<Utc>);

#[tokio::test]
async fn a_booked_meeting_is_told_from_first_join_to_last_leave() {
    for version in [Version::Newest, Version::Oldest] {
        let mut stage = Stage::with(version, Setup::default().quick(), undisturbed).await;
        let (meeting, room) = stage.book("appt-1").await;
        let ann_in = joins(&mut stage, "Ann", &room).await;
        let bob_in = joins(&mut stage, "Bob", &room).await;
        let both_in = Instant::now();
        let both = [("usher_people", 2.0), ("usher_meetings{status=\"active\"}", 1.0)];
        stage.usher.until_metrics(&both).await;
        talk(both_in, Duration::from_millis(2500)).await;
        let bob_out = leaves(&mut stage, "Bob", &room).await;
        let ann_out = leaves(&mut stage, "Ann", &room).await;

        let events = stage.listener.until(&meeting, "completed").await;
        assert_eq!(
            lines(&events),
            [
                "1 scheduled booked",
                "2 active first_joined",
                "3 participant.joined Ann entered",
                "4 participant.joined Bob entered",
                "5 participant.left Bob left",
                "6 participant.left Ann left",
                "7 completed last_left",
            ]
        );
        check_stays(&events, [(2, ann_in), (3, bob_in), (4, bob_out), (5, ann_out)]);
        check_figures(&events[6]["data"], ann_in, ann_out);
        check_what_was_agreed(&events, &room);
        check_metrics(&stage, &events).await;
        assert_eq!(
            stage.stream(7).await,
            stage.listener.heard(),
            "{version:?}: stored and heard are the same"
        );
    }
    super::tokens::also_with_jitsis_modules().await;
}

async fn joins(stage: &mut Stage, name: &str, room: &str) -> Between {
    let asked = clock();
    let joined = stage
        .people
        .join_with(&stage.prosody, name, room, json!({ "name": name }))
        .await;
    assert_eq!(joined["joined"], room, "{joined}");
    (asked, clock())
}

async fn leaves(stage: &mut Stage, name: &str, room: &str) -> Between {
    let asked = clock();
    let left = stage.people.leave(name, room).await;
    assert_eq!(left["left"], room, "{left}");
    (asked, clock())
}

/// Each event about a person happened when the test saw it happen, and says so wherever it says so.
fn check_stays(events: &[Value], expected: [(usize, Between); 4]) {
    for (at, between) in expected {
        let event = &events[at];
        let participant = &event["data"]["participant"];
        let happened = if at < 4 { "joinedAt" } else { "leftAt" };
        assert_within(&event["time"], between);
        assert_eq!(participant[happened], event["time"]);
        assert_eq!(participant["estimated"], json!(false));
        assert_eq!(event["data"]["synthesised"], json!(false));
        assert_eq!(event["data"]["cause"]["by"], "prosody");
    }
    let now: Vec<_> = events
        .iter()
        .map(|event| event["data"]["participantsNow"].as_u64())
        .collect();
    assert_eq!(now.first(), Some(&Some(0)));
    assert_eq!(now.last(), Some(&Some(0)));
}

fn check_figures(data: &Value, first_in: Between, last_out: Between) {
    assert_within(&data["startedAt"], first_in);
    assert_within(&data["endedAt"], last_out);
    let exact = (time(&data["endedAt"]) - time(&data["startedAt"])).as_seconds_f64();
    let told = data["durationSeconds"].as_f64().expect("a number");
    assert!((told - exact).abs() <= 0.501, "{told} of {exact}");
    let (shortest, longest) = (last_out.0 - first_in.1, last_out.1 - first_in.0);
    assert!(
        told >= shortest.as_seconds_f64() - 1.0 && told <= longest.as_seconds_f64() + 1.0,
        "{data}"
    );
    assert!(told >= 2.0, "they talked for a while");
    assert!(data["personSeconds"].as_f64() >= Some(told));
    assert_eq!(data["participantsPeak"], json!(2));
    assert_eq!(
        data["duration"],
        json!(data["durationSeconds"].as_u64().map(|seconds| seconds / 60))
    );
}

fn check_what_was_agreed(events: &[Value], room: &str) {
    for event in events {
        let data = &event["data"];
        let agreed = [
            &data["client"],
            &data["kind"],
            &data["backend"],
            &data["meetingType"],
            &data["appointmentId"],
        ];
        assert_eq!(agreed, ["ataraxia", "appointment", "jitsi", "video", "appt-1"]);
        assert!(room.starts_with(data["roomName"].as_str().expect("a name")));
        time(&data["scheduledAt"]);
    }
    let statuses: Vec<_> = events
        .iter()
        .map(|event| event["data"]["status"].as_str())
        .collect();
    assert_eq!(statuses[..2], [Some("scheduled"), Some("active")]);
    assert_eq!(statuses[6], Some("completed"));
}

async fn check_metrics(stage: &Stage, events: &[Value]) {
    until_published(&stage.usher, events.len()).await;
    let seconds = events[6]["data"]["durationSeconds"].as_f64().expect("a number");
    let expected = [
        ("usher_meetings{status=\"scheduled\"}", 0.0),
        ("usher_meetings{status=\"active\"}", 0.0),
        ("usher_people", 0.0),
        ("usher_events_published_total", 7.0),
        ("usher_events_waiting", 0.0),
        ("usher_events_oldest_waiting_seconds", 0.0),
        ("usher_nats_connected", 1.0),
        ("usher_meeting_duration_seconds_count", 1.0),
        ("usher_meeting_duration_seconds_sum", seconds),
        // Opened, two in, two out, closed.
        ("usher_ingest_total{source=\"prosody\",verdict=\"accepted\"}", 6.0),
        (
            "usher_ingest_total{source=\"prosody\",verdict=\"malformed\"}",
            0.0,
        ),
        ("usher_corrections_total{kind=\"missed_leave\"}", 0.0),
        ("usher_tokens_total{kind=\"jitsi\",result=\"issued\"}", 2.0),
    ];
    stage.usher.until_metrics(&expected).await;
}

/// Clocks are read in milliseconds.
fn assert_within(value: &Value, (asked, answered): Between) {
    let at = time(value);
    let tick = TimeDelta::milliseconds(1);
    assert!(
        at >= asked - tick && at <= answered + tick,
        "{at} is not in {asked} to {answered}"
    );
}
