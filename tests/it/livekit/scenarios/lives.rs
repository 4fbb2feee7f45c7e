//! Rooms that live twice: started again under one sid, two sids of one name at once, and those that nobody serves.

use std::time::{Duration, Instant};

use livekit_protocol::RoomEndReason;
use serde_json::json;

use super::stage::{QUICK, Stage, millis};
use crate::end_to_end::stage::{clock, talk};
use crate::end_to_end::story::{lines, time};
use crate::livekit::fake::{Call, LiveKit, Settings};
use crate::patience::look_for;
use crate::usher::Usher;

/// A room that is told of twice within this time was made only once.
const OPENING: Duration = Duration::from_secs(12);

/// Webhooks tell whole seconds.
const OUTAGE: Duration = Duration::from_secs(2);

fn redis() -> Settings {
    Settings {
        redis: true,
        ..Settings::default()
    }
}

/// The node dies, and Ann's browser brings the room back on another one: one meeting, with an end that was concluded.
pub async fn a_restart_under_one_sid() {
    let stage = Stage::with(redis(), QUICK).await;
    stage.livekit.join("alpha", "ann");
    stage.livekit.join("alpha", "bob");
    let both_in = Instant::now();
    stage.until_people(2).await;
    talk(both_in, OPENING).await;
    let sid = stage.livekit.sid("alpha").expect("it is listed");
    stage.livekit.lose_node_of(&sid);
    let again = stage.livekit.join("alpha", "ann");
    assert_eq!(stage.livekit.sid("alpha"), Some(sid));
    stage.livekit.until_settled().await;
    stage.until_people(1).await;
    stage.livekit.leave(&again);
    let story = stage.story().await;
    let told = lines(&story);
    assert_eq!(told.len(), 8, "{told:#?}");
    assert_eq!(told[7], "8 completed last_left");
    let lost = story
        .iter()
        .filter(|event| event["data"]["participant"]["estimated"] == json!(true));
    assert_eq!(lost.count(), 2, "{story:#?}");
    let sums = stage.livekit.sums();
    let data = &story[7]["data"];
    assert_eq!(
        [&data["startedAt"], &data["endedAt"]].map(millis),
        [sums.first, sums.last]
    );
}

/// The machine dies with LiveKit and usher on it, and Ann's browser brings the room back a while later. Until when she was in
/// it before is known from what was listed.
pub async fn a_restart_that_usher_did_not_see() {
    let mut stage = Stage::with(redis(), QUICK).await;
    stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    let (joined, since) = (clock().timestamp() as f64, Instant::now());
    stage
        .usher
        .eventually("a list with ann on it", async |usher: &Usher| {
            let listed = usher.metric("usher_livekit_last_listing_timestamp_seconds").await;
            (listed > joined).then_some(())
        })
        .await;
    stage.usher.kill9();
    let (killed, outage) = (clock(), Instant::now());
    stage.livekit.crash().await;
    stage.livekit.restart().await;
    talk(outage, OUTAGE).await;
    talk(since, OPENING).await;
    stage.usher.restart().await;
    // It has asked whether anything serves the room, and nothing does.
    let is_probe = |call: &Call| call.method == "SendData";
    let probed = look_for(async || stage.livekit.calls().iter().any(is_probe).then_some(()));
    probed.await.expect("usher asks for a sign of life");
    let again = stage.livekit.join("alpha", "ann");
    stage.until_told("participant.left", 1).await;
    stage.livekit.until_settled().await;
    stage.livekit.leave(&again);
    let story = stage.story().await;
    let lost = &story[2];
    assert_eq!(lines(&story)[2], "3 participant.left ann server_lost");
    assert!(time(&lost["time"]) <= killed, "{lost:#}");
}

/// Two nodes that do not know of each other: it is over when both rooms are.
#[tokio::test]
async fn two_rooms_of_one_name_are_one_meeting() {
    let stage = Stage::start().await;
    let first = stage.livekit.create("alpha");
    let ann = stage.livekit.join_sid(&first, "ann");
    let second = stage.livekit.create_second("alpha");
    let bob = stage.livekit.join_sid(&second, "bob");
    stage.until_people(2).await;
    stage.livekit.leave(&ann);
    stage.until_room_finished().await;
    stage.until_people(1).await;
    stage.livekit.leave(&bob);
    stage
        .assert_story(&[
            "1 active first_joined",
            "2 participant.joined ann entered",
            "3 participant.joined bob entered",
            "4 participant.left ann left",
            "5 participant.left bob left",
            "6 completed last_left",
        ])
        .await;
}

/// The machine dies with LiveKit and usher on it, and nobody comes back. Redis lists the room, and Ann in it, for ever.
pub async fn a_ghost() {
    let stage = ghost("").await;
    let story = stage.story().await;
    assert_eq!(
        lines(&story)[2..],
        ["3 participant.left ann missing", "4 completed missing"]
    );
    assert_eq!(millis(&story[3]["data"]["startedAt"]), stage.livekit.sums().first);
    assert!(stage.livekit.room("alpha").is_some(), "it is left alone");
}

/// The same where usher is to tidy up: it makes the room again to delete it, and what LiveKit tells of that is no meeting.
pub async fn a_ghost_that_is_deleted() {
    let stage = ghost("delete_ghosts = true").await;
    stage.until_room_finished().await;
    assert!(stage.livekit.room("alpha").is_none(), "it is deleted");
    let story = stage.story().await;
    assert_eq!(
        lines(&story)[2..],
        ["3 participant.left ann missing", "4 completed missing"]
    );
    stage
        .usher
        .until_metrics(&[("usher_livekit_ghost_rooms", 0.0), ("usher_livekit_rooms", 0.0)])
        .await;
}

/// Ann is listed in a room that no node serves, and usher has just started.
async fn ghost(lines: &str) -> Stage {
    let livekit = LiveKit::with(redis()).await;
    let sections = format!("{}{QUICK}", livekit.section(lines));
    let mut stage = Stage::on(livekit, &sections).await;
    stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.usher.kill9();
    stage.livekit.crash().await;
    stage.livekit.restart().await;
    assert!(stage.livekit.room("alpha").is_some(), "it is listed");
    stage.usher.restart().await;
    stage
}

/// The room service is away, behind a page, and away again: that is no sign that anybody left.
pub async fn an_unreachable_server() {
    let stage = Stage::start().await;
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.page(Some(502));
    stage.livekit.until_calls(6).await;
    stage.until_people(1).await;
    stage.livekit.page(None);
    stage.livekit.leave(&ann);
    let story = stage.story().await;
    assert_eq!(
        lines(&story).last().map(String::as_str),
        Some("4 completed last_left")
    );
    stage.assert_figures(&story);
}

/// The server shuts down in order and says so; nobody comes back.
#[tokio::test]
async fn a_server_that_shuts_down_ends_the_meeting() {
    let stage = Stage::start().await;
    stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    let sid = stage.livekit.sid("alpha").expect("it is listed");
    stage.livekit.close(&sid, RoomEndReason::RoomEndServerShutdown);
    stage
        .assert_story(&[
            "1 active first_joined",
            "2 participant.joined ann entered",
            "3 participant.left ann lost",
            "4 completed last_left",
        ])
        .await;
}
