//! `POST /api/livekit/token` for people who have signed in: they are who they are, in rooms that the rules allow.

use serde_json::json;

use super::*;
use crate::api::{claims, text};
use crate::usher::answered;

/// The token of a sign-in without a room.
async fn signed_in(usher: &Usher) -> String {
    let body = json!({
        "username": SARA, "password": PASSWORD, "client_id": "ataraxia", "redirect_uri": CALLBACK,
    });
    let request = usher.http.post(format!("{}/sso/api/login/", usher.url()));
    let answer = answered(request.json(&body)).await;
    let token = text(&answer["token"]);
    assert_eq!(claims(token).get("room"), None, "it opens no room by itself");
    token.to_owned()
}

async fn asked(usher: &Usher, token: &str, body: Value) -> Said {
    Said::to(usher.post_as(token, PARTICIPANT, &body)).await
}

#[tokio::test]
async fn a_person_is_who_they_have_signed_in_as() {
    let usher = start().await;
    let token = signed_in(&usher).await;
    let own = json!({"room_name": "channel-8", "participant_identity": SARA_ID, "participant_name": "Sara"});
    for body in [json!({"room_name": "channel-8"}), own] {
        let said = asked(&usher, &token, body).await;
        assert_eq!(said.status.as_u16(), 201, "{said:?}");
        let claims = verified(text(&said.json()["participant_token"]));
        assert_eq!((claims.sub.as_str(), claims.name.as_str()), (SARA_ID, "Sara"));
        assert_eq!(claims.video.room, "channel-8");
        assert!(!claims.video.room_admin, "who moderates does so through usher");
        assert_eq!(claims.room_config.unwrap().max_participants, 12);
        let life = claims.exp as i64 - crate::api::now();
        assert!((1..=600).contains(&life), "[[livekit]] token_minutes: {life}");
    }
    for (field, value) in [
        ("participant_identity", json!("somebody else")),
        ("participantName", json!("Somebody Else")),
        ("participant_metadata", json!("{}")),
        ("participant_attributes", json!({"role": "boss"})),
        ("room_config", json!({"max_participants": 1000})),
    ] {
        let said = asked(&usher, &token, json!({"room_name": "channel-8", field: value})).await;
        said.assert_refused(403, "field_not_allowed");
    }
}

#[tokio::test]
async fn the_rules_open_rooms_to_people() {
    let usher = start().await;
    let token = signed_in(&usher).await;
    for (room, code) in [
        ("channel-9", "not_a_member"),
        ("Channel-9", "not_a_member"),
        ("ward-1", "not_a_member"),
    ] {
        asked(&usher, &token, json!({ "room_name": room }))
            .await
            .assert_refused(403, code);
    }
    let said = asked(&usher, &token, json!({})).await;
    let claims = verified(text(&said.json()["participant_token"]));
    assert!(
        claims.video.room.starts_with("room-") && !claims.video.room_admin,
        "{}",
        claims.video.room
    );
    let acts = trail(&usher).await;
    let refused = ["issue", "refused", "not_a_member", SARA_ID, "channel-9"].map(str::to_owned);
    assert!(acts.contains(&refused), "{acts:?}");
    assert_eq!(acts.last().unwrap()[..4], ["issue", "success", "-", SARA_ID]);
}

#[tokio::test]
async fn after_the_log_out_there_is_nothing_more() {
    let usher = start().await;
    let token = signed_in(&usher).await;
    let out = usher
        .get("/sso/api/logout/?client_id=ataraxia")
        .bearer_auth(&token);
    assert!(!Said::to(out).await.status.is_server_error());
    asked(&usher, &token, json!({"room_name": "channel-8"}))
        .await
        .assert_refused(401, "revoked");
}
