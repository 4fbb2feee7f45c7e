//! What else happens in rooms: people put out, rooms closed, breakout rooms, recorders, and those who are nobody.

use serde_json::{Value, json};

use super::stage::{Stage, undisturbed};
use super::story::{lines, time};
use crate::nats::Version;
use crate::prosody::server::{BREAKOUT, MUC};
use crate::usher::Setup;

const ALPHA: &str = "alpha@conference.meet.test";

#[tokio::test]
async fn somebody_is_kicked_and_the_moderator_ends_it_for_all() {
    // The grace time is five minutes: nothing but the closing of the room can end this meeting.
    let mut stage = Stage::with(Version::Newest, Setup::default(), undisturbed).await;
    let (meeting, room) = stage.book("appt-1").await;
    stage.people.focus(&stage.prosody, &room).await;
    for name in ["Ann", "Bob", "Cid"] {
        stage
            .people
            .join_with(&stage.prosody, name, &room, json!({ "name": name }))
            .await;
    }
    done(
        &mut stage,
        json!({ "do": "kick", "id": "focus", "room": room, "nick": "Cid" }),
    )
    .await;
    let kicked = stage.listener.until(&meeting, "participant.left").await;
    assert_eq!(
        lines(&kicked).last().map(String::as_str),
        Some("6 participant.left Cid kicked")
    );
    assert_eq!(kicked[5]["data"]["participantsNow"], json!(2));
    done(
        &mut stage,
        json!({ "do": "destroy", "id": "focus", "room": room, "reason": "over" }),
    )
    .await;

    let events = stage.listener.until(&meeting, "completed").await;
    let mut last = lines(&events[6..]);
    last[..2].sort_by_key(|line| line.contains("Bob"));
    let (ann, bob) = (&last[0], &last[1]);
    assert!(ann.ends_with("participant.left Ann room_closed"), "{last:?}");
    assert!(bob.ends_with("participant.left Bob room_closed"), "{last:?}");
    assert_eq!(last[2], "9 completed room_closed");
    let completed = &events[8];
    assert_eq!(completed["data"]["cause"]["by"], "prosody");
    assert_eq!(completed["data"]["synthesised"], json!(false));
    assert_eq!(completed["data"]["participantsPeak"], json!(3));
    assert!(
        events[6..8]
            .iter()
            .all(|left| left["data"]["participant"]["estimated"] == json!(false))
    );
    assert_eq!(
        completed["data"]["endedAt"], events[7]["time"],
        "the last leave is the end"
    );
}

#[tokio::test]
async fn a_move_to_a_breakout_room_and_back_is_no_leave() {
    let breakouts =
        |setup| undisturbed(setup).end("modules_enabled = { \"usher_events\", \"test_breakout\" }");
    let mut stage = Stage::with(Version::Newest, Setup::default().quick(), breakouts).await;
    let side = format!("4b1c@{BREAKOUT}");
    for name in ["Ann", "Bob"] {
        stage
            .people
            .join_with(&stage.prosody, name, ALPHA, json!({ "name": name }))
            .await;
    }
    stage.until_people(2).await;
    moves(&mut stage, "Bob", ALPHA, &side).await;
    moves(&mut stage, "Bob", &side, ALPHA).await;
    stage.people.leave("Bob", ALPHA).await;
    stage.people.leave("Ann", ALPHA).await;

    let events = stage.listener.until_adhoc("completed").await;
    assert_eq!(
        lines(&events),
        [
            "1 active first_joined",
            "2 participant.joined Ann entered",
            "3 participant.joined Bob entered",
            "4 participant.left Bob left",
            "5 participant.left Ann left",
            "6 completed last_left",
        ]
    );
    assert_eq!(events[5]["data"]["participantsPeak"], json!(2));
    assert_eq!(events[5]["data"]["kind"], "adhoc");
    let (joined, left) = (
        &events[2]["data"]["participant"],
        &events[3]["data"]["participant"],
    );
    assert_eq!(
        joined["joinedAt"], left["joinedAt"],
        "one visit, from his first entry to his last leave"
    );
    assert_eq!(
        stage.usher.metric("usher_meeting_duration_seconds_count").await,
        1.0
    );
}

/// As Jitsi's client does it.
async fn moves(stage: &mut Stage, name: &str, from: &str, to: &str) {
    let leave = json!({ "do": "leave", "id": name, "room": from, "status": "switch_room" });
    let left = stage.people.ask(leave).await;
    assert_eq!(left["left"], from, "{left}");
    let joined = stage
        .people
        .join_with(&stage.prosody, name, to, json!({ "name": name }))
        .await;
    assert_eq!(joined["joined"], to, "{joined}");
}

#[tokio::test]
async fn a_recorder_is_told_of_and_services_are_not_there() {
    let mut stage = Stage::quick().await;
    let check = format!("__jicofo-health-check-17@{MUC}");
    stage.people.focus(&stage.prosody, &check).await;
    stage.people.leave("focus", &check).await;
    stage.people.focus(&stage.prosody, ALPHA).await;
    stage
        .people
        .join_with(&stage.prosody, "Ann", ALPHA, json!({ "name": "Ann" }))
        .await;
    stage.people.recorder(&stage.prosody, ALPHA).await;
    stage.people.leave("recorder", ALPHA).await;
    stage.people.recorder(&stage.prosody, ALPHA).await;
    stage.people.leave("Ann", ALPHA).await;

    // Focus and recorder are still in, and keep nothing alive.
    let events = stage.listener.until_adhoc("completed").await;
    assert_eq!(
        lines(&events),
        [
            "1 active first_joined",
            "2 participant.joined Ann entered",
            "3 recording.started entered",
            "4 recording.ended left",
            "5 recording.started entered",
            "6 participant.left Ann left",
            "7 recording.ended room_closed",
            "8 completed last_left",
        ]
    );
    let completed = &events[7]["data"];
    assert_eq!(completed["participantsPeak"], json!(1), "a recorder is nobody");
    assert_eq!(time(&completed["endedAt"]), time(&events[5]["time"]));
    let heard = format!("{:?}", stage.listener.heard());
    assert!(
        !heard.contains("focus") && !heard.contains("health-check"),
        "{heard}"
    );
    assert_eq!(stage.listener.heard().len(), 8, "and no other room was told of");
}

async fn done(stage: &mut Stage, command: Value) {
    let answer = stage.people.ask(command).await;
    assert_eq!(answer["done"], json!(true), "{answer}");
}
