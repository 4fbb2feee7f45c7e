//! `POST /api/livekit/generate-token`: what section 2 gives programs for Jitsi.

use serde_json::json;

use super::*;
use crate::api::{claims, moment, now, text, without};
use crate::usher::answered;

#[tokio::test]
async fn a_program_says_what_somebody_may() {
    let usher = start().await;
    let body = json!({
        "roomName": "Ward 1", "identity": "nurse-7", "name": "Ann", "expiresIn": 600, "metadata": "{\"bed\":3}",
        "attributes": {"team": "red"},
        "grants": {
            "canPublish": true, "canSubscribe": false, "canPublishData": false, "roomAdmin": true, "hidden": true,
            "canPublishSources": ["microphone", "screen_share"],
        },
    });
    let answer = answered(usher.post(GENERATE, &body)).await;
    assert_eq!(
        without(answer.clone(), &["/token", "/expiresAt"]),
        json!({"token": "…", "serverUrl": URL, "roomName": "ward%201", "expiresAt": "…"})
    );
    let token = text(&answer["token"]);
    let claims = verified(token);
    assert_eq!(claims.exp as i64, moment(&answer["expiresAt"]).timestamp());
    assert!((480..=600).contains(&(claims.exp as i64 - now())));
    assert_eq!(
        (
            claims.sub.as_str(),
            claims.name.as_str(),
            claims.metadata.as_str()
        ),
        ("nurse-7", "Ann", "{\"bed\":3}")
    );
    assert_eq!(claims.attributes["team"], "red");
    let video = json!({
        "roomJoin": true, "room": "ward%201", "roomAdmin": true, "hidden": true, "canPublish": true, "canSubscribe": false,
        "canPublishData": false, "canPublishSources": ["microphone", "screen_share"],
    });
    assert_eq!(crate::api::claims(token)["video"], video);
}

#[tokio::test]
async fn what_is_not_said_is_livekits_default() {
    let usher = start().await;
    let answer = answered(usher.post(
        GENERATE,
        &json!({"roomName": "r", "identity": "i", "grants": null, "new": 1}),
    ))
    .await;
    let mut said = claims(text(&answer["token"]));
    let life = said["exp"].as_i64().unwrap() - said["nbf"].as_i64().unwrap();
    assert_eq!(life, 7210);
    said["exp"].take();
    said["nbf"].take();
    assert_eq!(
        said,
        json!({"exp": null, "nbf": null, "iss": API_KEY, "sub": "i", "video": {"roomJoin": true, "room": "r"}})
    );
}

/// What is wrong in the body, the code of the refusal, and the field that it names.
type Fault = (Value, &'static str, &'static str);

async fn assert_named(faults: &[Fault]) {
    let usher = start().await;
    for (wrong, code, field) in faults {
        let mut body = json!({"roomName": "r", "identity": "i"});
        let wrong = wrong.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(wrong);
        let said = Said::to(usher.post(GENERATE, &body)).await;
        said.assert_refused(400, code);
        let named = said.json()["field"].as_str().unwrap_or_default().to_owned();
        assert_eq!(named, *field, "{said:?}");
    }
}

#[tokio::test]
async fn names_that_livekit_would_refuse_are_refused_here() {
    let long = "x".repeat(300);
    let faults = [
        (json!({"roomName": null}), "missing_field", "roomName"),
        (json!({"identity": " "}), "missing_field", "identity"),
        (json!({"roomName": "a/b"}), "invalid_field", "roomName"),
        (json!({"identity": "a#b"}), "invalid_field", "identity"),
        (json!({ "identity": long }), "invalid_field", "identity"),
        (json!({ "name": long }), "invalid_field", "name"),
    ];
    assert_named(&faults).await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_named() {
    let smell = json!({"grants": {"canPublishSources": ["smell"]}});
    let nameless = json!({"attributes": {"": "x"}});
    let faults = [
        (nameless, "invalid_field", "attributes"),
        (json!({"expiresIn": 0}), "invalid_field", "expiresIn"),
        (json!({"expiresIn": 86_401}), "expires_in_too_long", "expiresIn"),
        (smell, "wrong_type", "grants.canPublishSources[0]"),
        (json!({"metadata": {"a": 1}}), "wrong_type", "metadata"),
        (json!({"metadata": "x".repeat(7000)}), "token_too_large", ""),
    ];
    assert_named(&faults).await;
}

#[tokio::test]
async fn scopes_and_rooms_bound_a_program() {
    let mut setup = setup().sections(&server("second", "https://second.test"));
    setup.clients += &client(
        "clinic",
        "clinic-key",
        "scopes = [\"tokens:issue\"]\nmax_token_secs = 60\nbackend = \"livekit:second\"",
    );
    let usher = Usher::start(setup).await;
    let ask = async |key: &str, room: &str| {
        let body = json!({"roomName": room, "identity": "i"});
        Said::to(usher.post_as(key, GENERATE, &body)).await
    };
    ask("audit-key", "r").await.assert_refused(403, "missing_scope");
    ask("clinic-key", "ward-1")
        .await
        .assert_refused(403, "room_not_allowed");
    ask("nobody's", "r").await.assert_refused(401, "unauthenticated");
    let answer = ask("clinic-key", "clinic-1").await.json();
    assert_eq!(answer["serverUrl"], "https://second.test");
    let claims = claims(text(&answer["token"]));
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(),
        70,
        "{claims}"
    );
    let acts = trail(&usher).await;
    assert_eq!(acts.len(), 2, "{acts:?}");
    assert_eq!(acts[0], ["issue", "refused", "room_not_allowed", "i", "ward-1"]);
    assert_eq!(acts[1], ["issue", "success", "-", "i", "clinic-1"]);
}
