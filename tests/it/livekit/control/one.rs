//! One person in a room: muted, and allowed more or less.

use livekit_protocol::TrackSource;
use reqwest::Method;
use serde_json::json;

use super::stage::Stage;
use crate::livekit::fake::person;
use crate::usher::{KEY, Setup, Usher};

#[tokio::test]
async fn somebody_is_muted() {
    let stage = Stage::start().await;
    let meeting = stage.book(60, 30).await;
    let ann = stage.livekit.join(&meeting.room, "ann");
    stage.livekit.publish(&ann, TrackSource::Microphone);
    stage.livekit.publish(&ann, TrackSource::Camera);
    let mute = async |what| stage.about(&meeting, Method::POST, "ann/mute", &what).await;
    let said = mute(json!({ "audio": true })).await;
    assert_eq!(said.json()["data"], json!({ "muted": 1 }), "{said:?}");
    let tracks = || {
        stage
            .livekit
            .whois(&meeting.room, "ann")
            .expect("she is in")
            .tracks
    };
    let muted: Vec<_> = tracks()
        .iter()
        .map(|track| (track.source(), track.muted))
        .collect();
    assert_eq!(
        muted,
        [(TrackSource::Microphone, true), (TrackSource::Camera, false)]
    );
    let said = mute(json!({ "audio": true, "video": true })).await;
    assert_eq!(
        said.json()["data"],
        json!({ "muted": 1 }),
        "what was muted is not muted again"
    );
    assert!(tracks().iter().all(|track| track.muted));
    mute(json!({})).await.assert_refused(400, "missing_field");
    let trail = stage.audited("mute").await;
    let outcomes: Vec<_> = trail
        .iter()
        .map(|record| (&record["outcome"], &record["person"]))
        .collect();
    assert_eq!(outcomes, [(&json!("success"), &json!("ann")); 2], "{trail:#?}");
}

#[tokio::test]
async fn what_somebody_may_do_changes_and_nothing_else() {
    let stage = Stage::start().await;
    let meeting = stage.book(60, 30).await;
    let mut ann = person("ann");
    ann.metadata = "hers".into();
    stage.livekit.join_as(&meeting.room, ann);
    let permit = async |what| stage.about(&meeting, Method::PATCH, "ann", &what).await;
    let said = permit(json!({ "canPublish": false })).await;
    assert_eq!(said.json()["data"], json!({ "connections": 1 }), "{said:?}");
    let now = stage.livekit.whois(&meeting.room, "ann").expect("she is in");
    let may = now.permission.expect("it is known");
    assert_eq!(
        (may.can_publish, may.can_subscribe, may.can_publish_data),
        (false, true, true)
    );
    assert_eq!((now.metadata.as_str(), now.name.as_str()), ("hers", "ann"));
    permit(json!({})).await.assert_refused(400, "missing_field");
    let trail = stage.audited("permit").await;
    assert_eq!(trail.len(), 1, "{trail:#?}");
    assert_eq!(trail[0]["person"], "ann");
}

#[tokio::test]
async fn what_cannot_be_done_is_told_at_once() {
    let mut stage = Stage::start().await;
    let meeting = stage.book(60, 30).await;
    let mute = async |stage: &Stage| {
        stage
            .about(&meeting, Method::POST, "ann/mute", &json!({ "audio": true }))
            .await
    };
    mute(&stage).await.assert_refused(409, "not_in_room");
    stage.livekit.crash().await;
    let said = mute(&stage).await;
    said.assert_refused(503, "backend_unavailable");
    assert_eq!(said.header("retry-after"), "5");
    let trail = stage.audited("mute").await;
    let reasons: Vec<_> = trail
        .iter()
        .map(|record| (&record["outcome"], &record["reason"]))
        .collect();
    let expected = [("failed", "backend_unavailable"), ("refused", "not_in_room")];
    let expected = expected.map(|(outcome, reason)| (json!(outcome), json!(reason)));
    assert_eq!(
        reasons,
        expected.each_ref().map(|(outcome, reason)| (outcome, reason))
    );
}

#[tokio::test]
async fn jitsi_has_moderators_for_that() {
    let usher = Usher::start(Setup::default()).await;
    let booked = usher.create_room("appt-1").await;
    let url = format!(
        "{}/api/meetings/{}/people/ann",
        usher.url(),
        booked["meetingId"].as_str().expect("an id")
    );
    let asked = usher.http.patch(&url).bearer_auth(KEY);
    let said = crate::api::Said::to(asked.json(&json!({ "canPublish": false }))).await;
    said.assert_refused(409, "unsupported_by_backend");
}
