//! Rooms that others make and close, and meetings that are booked there.

use livekit_protocol::RoomEndReason;

use super::stage::{PATIENT, QUICK, Stage};
use crate::end_to_end::story::lines;
use crate::livekit::fake::{LiveKit, Settings};

/// The grace time is an hour: it does not matter, since nobody can come back. Servers up to 1.13.5 do not say why a room
/// ended, but what happened to those inside.
#[tokio::test]
async fn a_room_that_is_deleted_is_over_at_once() {
    for end_reasons in [true, false] {
        let settings = Settings {
            end_reasons,
            ..Settings::default()
        };
        let stage = Stage::with(settings, PATIENT).await;
        stage.livekit.join("alpha", "ann");
        stage.livekit.join("alpha", "bob");
        stage.until_people(2).await;
        let sid = stage.livekit.sid("alpha").expect("it is listed");
        stage.livekit.close(&sid, RoomEndReason::RoomEndApiDelete);
        stage
            .assert_story(&[
                "1 active first_joined",
                "2 participant.joined ann entered",
                "3 participant.joined bob entered",
                "4 participant.left ann room_closed",
                "5 participant.left bob room_closed",
                "6 completed room_closed",
            ])
            .await;
    }
}

/// Somebody who comes back within the grace time goes on with the same meeting, in a new room.
#[tokio::test]
async fn a_room_that_was_idle_may_open_again() {
    let stage = Stage::with(Settings::default(), "[meetings]\nadhoc_grace_secs = 10\n").await;
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.leave(&ann);
    stage.until_room_finished().await;
    let again = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.leave(&again);
    let told = lines(&stage.story().await);
    assert_eq!(told[1..5].len(), 4);
    assert_eq!(told.last().map(String::as_str), Some("6 completed last_left"));
}

/// A room alone is no meeting, unless the configuration says so; then it is for booked ones.
#[tokio::test]
async fn a_room_that_is_made_ahead_begins_a_meeting_only_where_that_is_wanted() {
    for (activate_on, expected) in [
        ("first_join", "2 active first_joined"),
        ("room_started", "2 active room_opened"),
    ] {
        let sections = format!("{QUICK}activate_on = \"{activate_on}\"\n");
        let livekit = LiveKit::with(Settings {
            departure_timeout: 20,
            ..Settings::default()
        });
        let livekit = livekit.await;
        let section = livekit.section("create_rooms = false");
        let stage = Stage::on(livekit, &format!("{section}{sections}")).await;
        let booked = stage.book().await;
        stage.livekit.create(&booked.room);
        stage.livekit.create("adhoc");
        stage.livekit.until_settled().await;
        let before = stage.told().await;
        let is_active = before.iter().any(|story| story.len() > 1);
        assert_eq!(is_active, activate_on == "room_started", "{before:#?}");
        stage.livekit.join(&booked.room, "ann");
        stage.until_told("participant.joined", 1).await;
        let told = stage.told().await;
        let of_booked = told
            .iter()
            .find(|story| story[0]["subject"] == booked.id.as_str());
        let told = lines(of_booked.expect("it was told"));
        assert_eq!(told[1], expected);
    }
}

/// Other programs have rooms on the same server.
#[tokio::test]
async fn foreign_rooms_are_acknowledged_and_not_followed() {
    let livekit = LiveKit::start().await;
    let section = livekit.section("rooms = [\"ward-*\"]");
    let stage = Stage::on(livekit, &format!("{section}{QUICK}")).await;
    for room in ["alpha", "Not a NAME of usher's", "ward-1"] {
        stage.livekit.join(room, "ann");
    }
    let record = stage.livekit.until_settled().await;
    assert!(record.iter().all(|one| one.tries == [Some(200)]), "{record:#?}");
    stage.until_people(1).await;
    let told = stage.told().await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0][0]["data"]["roomName"], "ward-1");
}
