//! Rooms are made when their doors open, told that the end is near, and closed.

use livekit_protocol::RoomEndReason;
use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{MEETINGS, Stage, after};
use crate::usher::KEY;

const FEW: &str = "[[rules]]\nrooms = \"*\"\nmax_people = 7\n";

#[tokio::test]
async fn a_room_is_made_when_its_door_opens() {
    let stage = Stage::with("", MEETINGS, FEW).await;
    let meeting = stage.book(600, 30).await;
    stage.until_orders("open", "done", 1).await;
    let room = stage.livekit.room(&meeting.room).expect("it is there");
    assert_eq!(room.metadata, json!({ "meeting": meeting.id }).to_string());
    assert_eq!(room.max_participants, 7);
    // Ten minutes until the start, thirty to the end, and five of grace.
    let expected = 45 * 60;
    assert!(
        (expected - 30..=expected).contains(&room.empty_timeout),
        "{}",
        room.empty_timeout
    );
    assert_eq!(room.departure_timeout, 360);
}

#[tokio::test]
async fn a_call_at_once_has_its_room_at_once() {
    let stage = Stage::start().await;
    let said = stage
        .send(KEY, Method::POST, "/api/meetings/adhoc", &json!({}))
        .await;
    let room = said.json()["data"]["meeting"]["roomName"].clone();
    stage.until_orders("open", "done", 1).await;
    assert!(stage.livekit.sid(room.as_str().expect("a name")).is_some());
}

#[tokio::test]
async fn a_meeting_that_is_moved_has_its_room_by_its_new_time() {
    let stage = Stage::start().await;
    let meeting = stage.book(7200, 30).await;
    let moved = json!({ "scheduledAt": after(60) });
    let path = format!("/api/meetings/{}", meeting.id);
    let calls = stage.livekit.calls();
    let makes_a_room = calls.iter().any(|call| call.method == "CreateRoom");
    assert!(!makes_a_room, "it is two hours away");
    let said = stage.send(KEY, Method::PATCH, &path, &moved).await;
    assert_eq!(said.status, 200, "{said:?}");
    stage.until_orders("open", "done", 1).await;
    let later = json!({ "scheduledAt": after(120) });
    stage.send(KEY, Method::PATCH, &path, &later).await;
    stage.until_orders("open", "done", 2).await;
    assert!(stage.livekit.sid(&meeting.room).is_some());
}

#[tokio::test]
async fn a_room_that_goes_away_while_people_are_expected_is_made_again() {
    let stage = Stage::start().await;
    let meeting = stage.book(60, 30).await;
    stage.until_orders("open", "done", 1).await;
    let sid = stage.livekit.sid(&meeting.room).expect("it is there");
    stage.livekit.close(&sid, RoomEndReason::RoomEndServerShutdown);
    stage.until_orders("open", "done", 2).await;
    let again = stage.livekit.sid(&meeting.room).expect("it is there again");
    assert_ne!(again, sid);
}

#[tokio::test]
async fn a_server_that_is_away_makes_the_room_when_it_is_back() {
    let mut stage = Stage::start().await;
    stage.livekit.crash().await;
    let meeting = stage.book(60, 30).await;
    stage.until_failed("open").await;
    stage.usher.kill9();
    stage.usher.restart().await;
    stage.livekit.restart().await;
    stage.until_orders("open", "done", 1).await;
    assert!(stage.livekit.sid(&meeting.room).is_some());
}

#[tokio::test]
async fn a_page_in_place_of_the_server_is_told_from_a_server_that_is_away() {
    let stage = Stage::start().await;
    stage.livekit.page(Some(401));
    stage.book(60, 30).await;
    let strange = async |usher: &crate::usher::Usher| {
        let told = usher
            .log()
            .contains("is not the meeting server, or does not know the key");
        told.then_some(())
    };
    stage.usher.eventually("a line about the page", strange).await;
    stage.livekit.page(None);
    stage.until_orders("open", "done", 1).await;
}

#[tokio::test]
async fn rooms_are_left_to_those_who_come_where_that_is_wanted() {
    let stage = Stage::with("create_rooms = false", MEETINGS, "").await;
    let meeting = stage.book(60, 30).await;
    stage.livekit.join(&meeting.room, "ann");
    stage.until_people(1).await;
    assert!(
        stage
            .livekit
            .calls()
            .iter()
            .all(|call| call.method != "CreateRoom")
    );
    let opened = stage
        .usher
        .metric("usher_orders_total{kind=\"open\",result=\"done\"}");
    assert_eq!(opened.await, 0.0);
}

#[tokio::test]
async fn people_are_told_that_the_end_is_near() {
    let sections = format!("{MEETINGS}warn_before_end_minutes = 1\n");
    let stage = Stage::with("", &sections, "").await;
    let meeting = stage.book(-20, 1).await;
    stage.livekit.join(&meeting.room, "ann");
    stage.until_orders("warn", "done", 1).await;
    let messages = stage.livekit.messages();
    assert_eq!(messages.len(), 1, "{messages:?}");
    let message = &messages[0];
    assert_eq!(
        (message.topic.as_str(), message.identity.as_str()),
        ("usher", "ann")
    );
    let notice: Value = serde_json::from_slice(&message.data).expect("JSON");
    let said = notice["text"].as_str().expect("a text");
    assert_eq!(notice, json!({ "type": "notice", "text": said }));
    assert!(said.starts_with("The booked time is over at "), "{said}");
}

#[tokio::test]
async fn a_meeting_that_is_called_off_leaves_no_room() {
    let stage = Stage::start().await;
    for (closed, is_inside) in [(1, false), (2, true)] {
        let meeting = stage.book(60, 30).await;
        if is_inside {
            stage.livekit.join(&meeting.room, "ann");
            stage.until_people(1).await;
        } else {
            stage.until_orders("open", "done", 1).await;
        }
        let path = format!("/api/meetings/{}", meeting.id);
        let said = stage.send(KEY, Method::DELETE, &path, &json!({})).await;
        assert_eq!(said.status, 200, "{said:?}");
        stage.until_orders("close", "done", closed).await;
        assert_eq!(stage.livekit.sid(&meeting.room), None);
    }
}

#[tokio::test]
async fn an_end_that_is_kept_closes_the_room() {
    let sections = format!("{MEETINGS}warn_before_end_minutes = 0\nenforce_end = true\n");
    let stage = Stage::with("", &sections, "").await;
    let meeting = stage.book(-50, 1).await;
    stage.livekit.join(&meeting.room, "ann");
    stage.until_orders("close", "done", 1).await;
    stage.until_present(&meeting.room, &[]).await;
    let told = stage.livekit.messages();
    let said = String::from_utf8_lossy(&told[0].data).into_owned();
    assert!(told.len() == 1 && said.contains("time is over"), "{said}");
    let completed = async |usher: &crate::usher::Usher| {
        let events = usher.event_log();
        let last = events.last()?;
        (last["type"] == "usher.meeting.completed.v1").then(|| last.clone())
    };
    let completed = stage.usher.eventually("the end of the meeting", completed).await;
    assert_eq!(
        completed["data"]["cause"]["detail"], "time_is_up",
        "{completed:#}"
    );
    stage.livekit.join(&meeting.room, "ann");
    stage.until_orders("close", "done", 2).await;
    stage.until_present(&meeting.room, &[]).await;
}

/// LiveKit makes the room anew for whoever still has a token.
#[tokio::test]
async fn who_comes_back_to_a_meeting_that_is_over_is_put_out_and_opens_nothing() {
    let stage = Stage::start().await;
    for (already, ending) in [(0, Method::DELETE), (3, Method::PATCH)] {
        let meeting = stage.book(60, 30).await;
        stage.livekit.join(&meeting.room, "ann");
        stage.until_people(1).await;
        let (path, body) = match ending {
            Method::DELETE => (format!("/api/meetings/{}", meeting.id), json!({})),
            _ => (
                format!("/api/meetings/{}/status", meeting.id),
                json!({ "status": "completed" }),
            ),
        };
        let said = stage.send(KEY, ending, &path, &body).await;
        assert_eq!(said.status, 200, "{said:?}");
        stage.until_orders("close", "done", already + 1).await;
        stage.until_people(0).await;
        for again in 2..=3 {
            stage.livekit.page(Some(502));
            stage.livekit.join(&meeting.room, "ann");
            stage.until_people(1).await;
            let wanted = json!({ "roomName": meeting.room, "identity": "bob" });
            let said = stage
                .send(KEY, Method::POST, "/api/livekit/generate-token", &wanted)
                .await;
            said.assert_refused(409, "meeting_over");
            stage.livekit.page(None);
            stage.until_orders("close", "done", already + again).await;
            stage.until_present(&meeting.room, &[]).await;
            stage.until_people(0).await;
        }
    }
}
