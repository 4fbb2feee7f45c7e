//! A person's token for a meeting is short, and is given again as long as they may be there.

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Booked, MEETINGS, SARA, SARA_ID, Stage, after};
use crate::api::{claims, moment, text};
use crate::usher::KEY;

async fn with_sara(stage: &Stage, minutes: u32) -> (String, Booked) {
    let sara = stage.sign_in(SARA).await;
    let wanted =
        json!({ "scheduledAt": after(-30), "durationMinutes": minutes, "participants": [SARA_ID, "ann"] });
    (sara, stage.book_as(KEY, wanted).await)
}

/// Seconds that a token lives from now.
fn life(details: &Value) -> i64 {
    let expires_at = moment(&details["expiresAt"]).timestamp();
    let told = claims(text(&details["token"]));
    assert_eq!(told["exp"], json!(expires_at), "{details:#}");
    expires_at - crate::api::now()
}

#[tokio::test]
async fn it_lives_some_minutes_and_says_when_to_ask_again() {
    let stage = Stage::with("token_minutes = 4", MEETINGS, "").await;
    let (sara, meeting) = with_sara(&stage, 60).await;
    let path = format!("/api/meetings/{}", meeting.id);
    for (method, rest, place) in [
        (Method::GET, "", "/data/livekitDetails"),
        (Method::POST, "/token", "/data/livekitDetails"),
        (Method::POST, "/waiting", "/data/livekitDetails"),
    ] {
        let said = stage
            .send(&sara, method, &format!("{path}{rest}"), &json!({}))
            .await;
        let json = said.json();
        let details = json.pointer(place).unwrap_or_else(|| panic!("{rest}: {json:#}"));
        assert!((200..=240).contains(&life(details)), "{rest}: {details:#}");
        let hint = details["refreshAfterSeconds"].as_i64().expect("a number");
        assert!((170..=180).contains(&hint), "{rest}: {details:#}");
    }
    let said = stage
        .send(
            &sara,
            Method::POST,
            "/api/livekit/token",
            &json!({ "room_name": meeting.room }),
        )
        .await;
    let exp = claims(text(&said.json()["participant_token"]))["exp"].as_i64();
    assert!(exp.is_some_and(|exp| exp - crate::api::now() <= 240), "{said:?}");
}

#[tokio::test]
async fn it_does_not_outlive_an_end_that_is_kept() {
    let stage = Stage::with("", &format!("{MEETINGS}enforce_end = true\n"), "").await;
    let (sara, meeting) = with_sara(&stage, 2).await;
    let path = format!("/api/meetings/{}/token", meeting.id);
    let said = stage.send(&sara, Method::POST, &path, &json!({})).await;
    assert!(life(&said.json()["data"]["livekitDetails"]) <= 90, "{said:?}");
}

#[tokio::test]
async fn there_is_none_for_what_was_called_off() {
    let stage = Stage::start().await;
    let (sara, meeting) = with_sara(&stage, 60).await;
    let path = format!("/api/meetings/{}", meeting.id);
    stage.send(KEY, Method::DELETE, &path, &json!({})).await;
    let of_person = stage
        .send(&sara, Method::POST, &format!("{path}/token"), &json!({}))
        .await;
    of_person.assert_refused(409, "meeting_over");
    for (route, wanted) in [
        (
            "/api/livekit/generate-token",
            json!({ "roomName": meeting.room, "identity": "ann" }),
        ),
        (
            "/api/livekit/token",
            json!({ "room_name": meeting.room, "participant_identity": "ann" }),
        ),
    ] {
        let said = stage.send(KEY, Method::POST, route, &wanted).await;
        said.assert_refused(409, "meeting_over");
    }
}

/// A connection keeps for good what its token allows, so hosts act through usher. A program decides for itself.
#[tokio::test]
async fn who_moderates_has_no_power_of_their_own_on_the_server() {
    let stage = Stage::start().await;
    let sara = stage.sign_in(SARA).await;
    let wanted = json!({ "scheduledAt": after(60), "durationMinutes": 30, "participants": ["ann"] });
    let meeting = stage.book_as(&sara, wanted).await;
    let path = format!("/api/meetings/{}/token", meeting.id);
    let named = json!({ "userId": SARA_ID, "userName": "Sara" });
    for (who, body, has_power) in [(&*sara, json!({}), false), (KEY, named, true)] {
        let said = stage.send(who, Method::POST, &path, &body).await.json();
        assert_eq!(said["data"]["moderator"], true, "{said:#}");
        let claims = claims(text(&said["data"]["token"]));
        assert_eq!(claims["video"]["roomAdmin"] == true, has_power, "{claims:#}");
    }
    let own = json!({ "room_name": meeting.room });
    let said = stage
        .send(&sara, Method::POST, "/api/livekit/token", &own)
        .await
        .json();
    let claims = claims(text(&said["participant_token"]));
    assert_ne!(claims["video"]["roomAdmin"], true, "{claims:#}");
}
