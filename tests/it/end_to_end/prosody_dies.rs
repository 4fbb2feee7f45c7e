//! Prosody is killed with people inside: after its restart the meeting is closed by repair.

use serde_json::json;

use super::stage::{Stage, clock, until_published};
use super::story::{lines, time};
use crate::nats::Version;
use crate::usher::{Setup, Usher};

#[tokio::test]
async fn people_who_vanished_with_prosody_are_taken_out_at_its_last_sign_of_life() {
    let rosters = |setup: crate::prosody::server::Setup| setup.global("usher_roster_interval = 1");
    let mut stage = Stage::with(Version::Newest, Setup::default().quick(), rosters).await;
    let (meeting, room) = stage.book("appt-1").await;
    for name in ["Ann", "Bob"] {
        stage
            .people
            .join_with(&stage.prosody, name, &room, json!({ "name": name }))
            .await;
    }
    stage.until_people(2).await;
    rosters_more(&stage.usher, 2).await;
    stage.prosody.kill9();
    let dead = clock();
    stage.prosody.restart().await;

    let events = stage.listener.until(&meeting, "completed").await;
    let mut told = lines(&events[4..]);
    told[..2].sort_by_key(|line| line.contains("Bob"));
    assert!(told[0].ends_with("participant.left Ann missing"), "{told:?}");
    assert!(told[1].ends_with("participant.left Bob missing"), "{told:?}");
    assert_eq!(told[2], "7 completed missing");
    let all_in = time(&events[3]["time"]);
    for event in &events[4..] {
        let data = &event["data"];
        assert_eq!(data["synthesised"], json!(true), "{event}");
        assert_eq!(data["cause"]["by"], "repair");
        assert!(
            time(&event["time"]) > all_in && time(&event["time"]) <= dead,
            "{event}"
        );
        assert!(time(&data["observedAt"]) >= dead, "{event}");
    }
    for left in &events[4..6] {
        assert_eq!(left["data"]["participant"]["estimated"], json!(true));
        assert_eq!(
            left["time"], events[6]["data"]["endedAt"],
            "one moment for all of them"
        );
    }
    check_corrections(&stage.usher).await;
    somebody_comes_back(&mut stage, &meeting, &room).await;
}

async fn check_corrections(usher: &Usher) {
    until_published(usher, 7).await;
    let expected = [
        ("usher_corrections_total{kind=\"missed_leave\"}", 2.0),
        ("usher_corrections_total{kind=\"missed_end\"}", 1.0),
        ("usher_people", 0.0),
    ];
    usher.until_metrics(&expected).await;
}

/// What is over stays over; a new meeting goes on for the same client.
async fn somebody_comes_back(stage: &mut Stage, meeting: &str, room: &str) {
    stage
        .people
        .join_with(&stage.prosody, "Cid", room, json!({ "name": "Cid" }))
        .await;
    stage.until_people(1).await;
    let heard = stage.stream(9).await;
    let last: serde_json::Value = serde_json::from_str(&heard.last().expect("events").payload).expect("JSON");
    let data = &last["data"];
    assert_eq!(data["participant"]["name"], "Cid");
    assert_eq!(data["continues"], meeting);
    assert_eq!(data["client"], "ataraxia");
    assert_ne!(data["meetingId"], meeting);
}

/// Waits until Prosody has said so many times more who is in.
async fn rosters_more(usher: &Usher, count: u32) {
    let name = "usher_ingest_total{source=\"prosody\",verdict=\"repeated\"}";
    let until = usher.metric(name).await + f64::from(count);
    let there = async |usher: &Usher| (usher.metric(name).await >= until).then_some(());
    usher.eventually("another roster", there).await;
}
