//! Meetings on LiveKit: before a server that refuses everybody, and in the rooms of a real one where there is one.

mod refusing;

use livekit_api::access_token::{AccessToken, TokenVerifier, VideoGrants};
use serde_json::{Value, json};

use super::chromium::play;
use super::join::{DOCTORS_ID, booked};
use super::site::{CALL_KEY, Site};
use crate::livekit::fake::{API_KEY, API_SECRET};
use crate::livekit::real::Server;
use refusing::Refusing;

fn section(url: &str) -> String {
    format!(
        "[[livekit]]\nname = \"main\"\nurl = \"{url}\"\nkeys = [{{ api_key = \"{API_KEY}\", api_secret = \"{API_SECRET}\" }}]\n"
    )
}

#[tokio::test]
async fn the_page_goes_to_its_server_with_a_token_and_says_what_went_wrong() {
    let server = Refusing::start();
    let site = Site::with(&section(&server.url())).await;
    let story = json!({"scenario": "refused", "language": "en-GB", "livekit": server.url(), "media": true});
    let story = booked(&site, CALL_KEY, 5, story).await;
    let room = story["room"].clone();
    let facts = play(&site, story).await;
    let token = server.token().expect("the page has presented a token");
    let claims = TokenVerifier::with_api_key(API_KEY, API_SECRET)
        .verify(&token)
        .expect("it is LiveKit's");
    assert_eq!(json!(claims.video.room), room);
    assert_eq!((claims.sub.as_str(), claims.name.as_str()), (DOCTORS_ID, "Sara"));
    assert!(!claims.video.room_admin && claims.video.room_join);
    assert_eq!(facts["refused"], "The meeting server did not let you in.");
    let away = format!("The meeting server cannot be reached: {}", server.url());
    assert_eq!(facts["away"], away);
}

/// Puts words into a room, as usher does.
fn control(room: &Value) -> String {
    let grants = VideoGrants {
        room_admin: true,
        room: room.as_str().expect("a name").to_owned(),
        ..VideoGrants::default()
    };
    let token = AccessToken::with_api_key(API_KEY, API_SECRET).with_grants(grants);
    token.to_jwt().expect("it can be signed")
}

/// What came of the story in a room of a real server; nothing where there is none.
async fn in_a_real_room(what: &str, mut story: Value) -> Option<Value> {
    let server = Server::start(what).await?;
    let site = Site::with(&server.section()).await;
    story["media"] = json!(true);
    story["livekit"] = json!(server.url());
    let mut story = booked(&site, CALL_KEY, 5, story).await;
    story["control"] = json!(control(&story["room"]));
    Some(play(&site, story).await)
}

#[tokio::test]
async fn people_see_each_other_until_they_leave_are_put_out_or_it_ends() {
    let story = json!({"scenario": "call", "language": "en-GB"});
    let what = "a room of LiveKit in browsers";
    let Some(facts) = in_a_real_room(what, story).await else {
        return;
    };
    assert_eq!(facts["count"], "2 people");
    assert_eq!(facts["notice"], "The meeting ends in 5 minutes.");
    assert_eq!(facts["muted"], "Somebody who runs this meeting has muted you.");
}

#[tokio::test]
async fn the_same_in_persian() {
    let story = json!({"scenario": "call", "language": "fa-IR"});
    let what = "a room of LiveKit in Persian browsers";
    let Some(facts) = in_a_real_room(what, story).await else {
        return;
    };
    assert_eq!(facts["count"], "۲ نفر");
}

#[tokio::test]
async fn a_call_has_no_cameras_and_a_missing_microphone_is_said() {
    let story = json!({"scenario": "devices", "language": "en-GB", "medium": "audio"});
    let what = "devices in a room of LiveKit";
    let Some(facts) = in_a_real_room(what, story).await else {
        return;
    };
    let said = ["No microphone was found. Connect one, then press Unmute."];
    assert_eq!(facts["missing"], json!(said));
    let said = [
        "The browser does not let this page use your microphone. Allow it beside the address, then press Unmute.",
    ];
    assert_eq!(facts["denied"], json!(said));
}

#[tokio::test]
async fn a_device_that_is_lost_is_told_from_one_that_a_host_turns_off() {
    let story = json!({"scenario": "lost", "language": "en-GB"});
    let Some(facts) = in_a_real_room("lost devices in a room of LiveKit", story).await else {
        return;
    };
    let said = ["No microphone was found. Connect one, then press Unmute."];
    assert_eq!(facts["microphone"], json!(said));
    let said = ["No camera was found. Others can hear you without one."];
    assert_eq!(facts["camera"], json!(said));
    let said = [
        "The browser does not let this page use your microphone. Allow it beside the address, then press Unmute.",
    ];
    assert_eq!(facts["withdrawn"], json!(said));
}

#[tokio::test]
async fn whoever_leaves_stays_out() {
    let story = json!({"scenario": "leaving", "language": "en-GB"});
    in_a_real_room("leaving a room of LiveKit", story).await;
}
