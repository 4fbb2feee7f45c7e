//! `POST /api/livekit/token`, as LiveKit's client libraries call it.

use serde_json::json;

use super::*;
use crate::api::text;

async fn asked(usher: &Usher, body: Value) -> Said {
    Said::to(usher.post(PARTICIPANT, &body)).await
}

#[tokio::test]
async fn both_spellings_of_the_standard_are_understood() {
    let usher = start().await;
    let snake = json!({
        "room_name": "ward-1", "participant_name": "Ann", "participant_identity": "ann", "participant_metadata": "m",
        "participant_attributes": {"a": "b"}, "room_config": {"max_participants": 5},
    });
    let camel = json!({
        "roomName": "ward-1", "participantName": "Ann", "participantIdentity": "ann", "participantMetadata": "m",
        "participantAttributes": {"a": "b"}, "roomConfig": {"maxParticipants": 5},
    });
    for body in [snake, camel] {
        let said = asked(&usher, body).await;
        assert_eq!(
            (said.status.as_u16(), said.header("cache-control")),
            (201, "no-store")
        );
        let answer = said.json();
        assert_eq!(answer["server_url"], URL);
        assert_eq!(
            (&answer["room_name"], &answer["participant_name"]),
            (&json!("ward-1"), &json!("Ann"))
        );
        let claims = verified(text(&answer["participant_token"]));
        assert_eq!(
            (
                claims.sub.as_str(),
                claims.name.as_str(),
                claims.metadata.as_str()
            ),
            ("ann", "Ann", "m")
        );
        assert_eq!(
            (claims.video.room.as_str(), claims.attributes["a"].as_str()),
            ("ward-1", "b")
        );
        assert_eq!(claims.room_config.unwrap().max_participants, 5);
    }
}

#[tokio::test]
async fn everything_may_be_left_out() {
    let usher = start().await;
    let mut seen = std::collections::BTreeSet::new();
    for body in [
        json!({}),
        json!({"room_name": "", "participant_identity": "", "room_config": null}),
    ] {
        let answer = asked(&usher, body).await.json();
        let claims = verified(text(&answer["participant_token"]));
        assert!(claims.video.room.starts_with("ataraxia-"), "{answer}");
        assert_eq!(answer["room_name"], claims.video.room);
        assert!(claims.sub.starts_with("participant-"), "{}", claims.sub);
        seen.insert(claims.video.room);
        seen.insert(claims.sub);
    }
    assert_eq!(seen.len(), 4, "nobody meets a stranger by chance: {seen:?}");
}

#[tokio::test]
async fn a_program_is_bounded_here_as_well() {
    let mut setup = setup();
    setup.clients += &client("clinic", "clinic-key", "scopes = [\"tokens:issue\"]");
    let usher = Usher::start(setup).await;
    let ask = async |key: &str, body: Value| Said::to(usher.post_as(key, PARTICIPANT, &body)).await;
    ask("clinic-key", json!({"room_name": "ward-1"}))
        .await
        .assert_refused(403, "room_not_allowed");
    ask("audit-key", json!({}))
        .await
        .assert_refused(403, "missing_scope");
    for (body, field) in [
        (json!({"room_name": "a/b"}), "room_name"),
        (json!({"participant_identity": "a#b"}), "participant_identity"),
        (
            json!({"room_config": {"max_participants": "many"}}),
            "room_config",
        ),
    ] {
        let said = ask("clinic-key", body).await;
        said.assert_refused(400, "invalid_field");
        assert_eq!(said.json()["field"], field);
    }
    let nobody = Said::to(
        usher
            .http
            .post(format!("{}{PARTICIPANT}", usher.url()))
            .json(&json!({})),
    )
    .await;
    nobody.assert_refused(401, "unauthenticated");
    assert_eq!(ask("nobody's", json!({})).await.status, 401);
}
