//! `POST /api/jitsi/generate-token`.

use serde_json::{Value, json};

use super::{GENERATE, Said, claims, client, header, lasting_claims, moment, text, with_clients, without};
use crate::usher::{APP_ID, Setup, Usher, answered};

const VARYING: [&str; 3] = ["/token", "/embed/jwt", "/expiresAt"];

async fn generated(usher: &Usher, body: Value) -> Value {
    answered(usher.post(GENERATE, &body)).await
}

#[tokio::test]
async fn a_token_with_everything_a_program_usually_says() {
    let usher = Usher::start(Setup::default()).await;
    let body = json!({
        "roomName": "ataraxia-12345-1699999999999", "userName": "Dr. Sarah Johnson",
        "userEmail": "sarah.johnson@example.com", "userId": "therapist-123", "isModerator": true,
        "appointmentId": "appt-456", "expiresIn": 7200
    });
    let answer = generated(&usher, body).await;
    let token = text(&answer["token"]);
    assert_eq!(answer["embed"]["jwt"], token);
    assert_eq!(
        moment(&answer["expiresAt"]).timestamp(),
        claims(token)["exp"].as_i64().unwrap()
    );
    let room = "ataraxia-12345-1699999999999";
    assert_eq!(
        without(answer.clone(), &VARYING),
        json!({
            "token": "…", "roomName": room, "joinUrl": format!("https://meet.test/{room}"), "expiresAt": "…",
            "embed": {
                "domain": "meet.test", "roomName": room, "jwt": "…", "configOverwrite": {},
                "userInfo": {"displayName": "Dr. Sarah Johnson"}
            }
        })
    );
    assert_eq!(header(token), json!({"alg": "HS256", "typ": "JWT"}));
    let user = json!({"id": "therapist-123", "name": "Dr. Sarah Johnson", "moderator": true, "affiliation": "owner"});
    assert_eq!(
        lasting_claims(token, 7200),
        json!({
            "iss": APP_ID, "aud": APP_ID, "sub": "meet.test", "room": room, "moderator": true, "context": {"user": user}
        })
    );
}

#[tokio::test]
async fn what_is_not_said_is_left_out_and_null_is_not_said() {
    let usher = Usher::start(Setup::default()).await;
    let mut silent = json!({"roomName": "Team 1", "userName": "Ann", "somethingNew": {"a": [1, null]}});
    let first = generated(&usher, silent.clone()).await;
    for name in [
        "userEmail",
        "userId",
        "avatar",
        "isModerator",
        "appointmentId",
        "expiresIn",
        "features",
        "group",
    ] {
        silent[name] = Value::Null;
    }
    let second = generated(&usher, silent).await;
    for answer in [first, second] {
        assert_eq!(
            lasting_claims(text(&answer["token"]), 7200),
            json!({
                "iss": APP_ID, "aud": APP_ID, "sub": "meet.test", "room": "team%201", "moderator": false,
                "context": {"user": {"name": "Ann", "affiliation": "member"}}
            })
        );
    }
}

#[tokio::test]
async fn names_in_other_scripts_arrive_whole() {
    let usher = Usher::start(Setup::default()).await;
    let body = json!({
        "roomName": "اتاق مشاوره ۱", "userName": " دکتر\u{7} می\u{200c}خواهم \r\n", "userId": "کاربر-۷",
        "avatar": "https://example.com/چهره.png", "group": "گروه"
    });
    let answer = generated(&usher, body).await;
    let room = "%d8%a7%d8%aa%d8%a7%d9%82%20%d9%85%d8%b4%d8%a7%d9%88%d8%b1%d9%87%20%db%b1";
    assert_eq!(answer["joinUrl"], format!("https://meet.test/{room}"));
    assert_eq!(answer["embed"]["userInfo"]["displayName"], "دکتر می\u{200c}خواهم");
    let claims = claims(text(&answer["token"]));
    assert_eq!(claims["room"], room);
    assert_eq!(
        claims["context"],
        json!({
            "group": "گروه",
            "user": {
                "id": "کاربر-۷", "name": "دکتر می\u{200c}خواهم", "avatar": "https://example.com/چهره.png",
                "affiliation": "member"
            }
        })
    );
    for same in ["CAFE\u{301}", "café", "Caf%C3%A9"] {
        let answer = generated(&usher, json!({"roomName": same, "userName": "x"})).await;
        assert_eq!(answer["roomName"], "caf%c3%a9", "{same}");
    }
}

#[tokio::test]
async fn features_are_complete_or_absent() {
    let usher = Usher::start(Setup::default()).await;
    let body = |features: Value| json!({"roomName": "r", "userName": "u", "features": features});
    let answer = generated(&usher, body(json!({"recording": true, "lobby": false}))).await;
    let features = claims(text(&answer["token"]))["context"]["features"].clone();
    let features = features.as_object().expect("features are a map").clone();
    assert_eq!(features.len(), usher::tokens::features::KNOWN.len());
    let allowed: Vec<_> = features
        .iter()
        .filter(|(_, allowed)| **allowed == json!(true))
        .collect();
    assert_eq!(allowed, [(&"recording".to_owned(), &json!(true))]);
    let answer = generated(&usher, body(json!({}))).await;
    assert!(
        claims(text(&answer["token"]))["context"]
            .get("features")
            .is_none()
    );
    let refused = Said::to(usher.post(GENERATE, &body(json!({"recordings": true})))).await;
    refused.assert_refused(400, "invalid_field");
    assert_eq!(refused.json()["field"], "features");
    assert!(
        text(&refused.json()["error"]).contains("did you mean recording?"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_the_administrator_wrote_for_a_client_is_kept() {
    let lines = "scopes = [\"tokens:issue\"]\nrooms = [\"*\"]\ngroup = \"wellness\"\nmax_token_secs = 600\n";
    let open = client("open", "open-key", &format!("{lines}include_email = true"));
    let usher = with_clients(&[client("short", "short-key", lines), open]).await;
    let ask = |key: &str, more: Value| {
        let mut body = json!({"roomName": "r", "userName": "u", "userEmail": "u@example.com"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        usher.post_as(key, GENERATE, &body)
    };
    let token = |answer: &Value| text(&answer["token"]).to_owned();
    let unsaid = answered(ask("short-key", json!({}))).await;
    let claims = lasting_claims(&token(&unsaid), 600);
    assert_eq!(
        claims["context"],
        json!({"group": "wellness", "user": {"name": "u", "affiliation": "member"}})
    );
    let said = answered(ask("open-key", json!({"expiresIn": 60, "group": "own"}))).await;
    let claims = lasting_claims(&token(&said), 60);
    let user = json!({"name": "u", "email": "u@example.com", "affiliation": "member"});
    assert_eq!(claims["context"], json!({"group": "own", "user": user}));
    for (life, code) in [
        (601, "expires_in_too_long"),
        (u64::MAX, "expires_in_too_long"),
        (0, "invalid_field"),
    ] {
        let refused = Said::to(ask("short-key", json!({"expiresIn": life}))).await;
        refused.assert_refused(400, code);
        assert_eq!(refused.json()["field"], "expiresIn");
    }
}
