//! What the tokens of meetings are good for, and until when; and how often people may call.

use futures_util::future::join_all;

use super::*;

async fn validated(usher: &Usher, token: &str) -> Value {
    answered(usher.post("/api/jitsi/validate-token", &json!({ "token": token }))).await
}

async fn given(usher: &Usher, who: &str, meeting: &Value, body: &Value) -> String {
    let said = posted(usher, who, &format!("{}/token", path_of(meeting)), body).await;
    assert_eq!(said.status, 200, "{said:?}");
    text(&said.json()["data"]["token"]).to_owned()
}

#[tokio::test]
async fn what_is_called_off_takes_its_tokens_along() {
    let usher = Usher::start(setup()).await;
    let (cancelled, ended) = (
        booked(&usher, KEY, &consultation()).await,
        booked(&usher, KEY, &consultation()).await,
    );
    let other = booked(&usher, KEY, &consultation()).await;
    let patient = sign_in(&usher, "patient").await;
    let named = json!({"userName": "Ann", "userId": "u-patient"});
    let mut tokens = Vec::new();
    for meeting in [&cancelled, &ended, &other] {
        tokens.push(given(&usher, &patient, meeting, &json!({})).await);
        tokens.push(given(&usher, KEY, meeting, &named).await);
    }
    for token in &tokens {
        assert_eq!(validated(&usher, token).await["valid"], true);
    }

    let said = sent(&usher, KEY, Method::DELETE, &path_of(&cancelled), &json!({})).await;
    assert_eq!(said.status, 200, "{said:?}");
    for status in ["active", "completed"] {
        let path = format!("{}/status", path_of(&ended));
        let said = sent(&usher, KEY, Method::PATCH, &path, &json!({ "status": status })).await;
        assert_eq!(said.status, 200, "{said:?}");
    }
    for token in &tokens[..4] {
        let judged = validated(&usher, token).await;
        assert_eq!(
            (&judged["valid"], &judged["code"]),
            (&json!(false), &json!("revoked"))
        );
        let body = json!({"token": token, "client_id": "ataraxia"});
        assert_eq!(
            answered(usher.post("/sso/api/validate-token/", &body)).await["code"],
            "revoked"
        );
    }
    for token in tokens[4..].iter().chain([&patient]) {
        assert_eq!(validated(&usher, token).await["valid"], true);
    }
}

#[tokio::test]
async fn no_token_outlives_an_end_that_is_kept() {
    let usher = Usher::start(setup().sections("[meetings]\nenforce_end = true\n")).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let ends_at = crate::api::moment(&meeting["scheduledAt"]) + Duration::minutes(30);
    let patient = sign_in(&usher, "patient").await;
    let named = json!({"userName": "Ann", "userId": "u-patient"});
    for (who, body) in [(patient.as_str(), &json!({})), (KEY, &named)] {
        let token = given(&usher, who, &meeting, body).await;
        assert_eq!(claims(&token)["exp"], ends_at.timestamp(), "{who}");
    }
    let shorter = json!({"userName": "Ann", "userId": "u-patient", "expiresIn": 60});
    let token = given(&usher, KEY, &meeting, &shorter).await;
    assert!(claims(&token)["exp"].as_i64().unwrap() < ends_at.timestamp());
}

#[tokio::test]
async fn a_token_of_a_link_opens_its_room_and_nothing_else() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let doctor = sign_in(&usher, "doctor").await;
    let token = given(&usher, &doctor, &meeting, &json!({})).await;
    let said = claims(&token);
    assert_eq!(said["use"], "link");
    assert!(
        said["context"]["use"].is_null(),
        "Prosody reads only what it knows there"
    );
    assert_eq!(validated(&usher, &token).await["valid"], true);
    let path = path_of(&meeting);
    for (method, path) in [
        (Method::GET, MEETINGS.to_owned()),
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/token")),
        (Method::POST, format!("{path}/waiting")),
        (Method::POST, format!("{path}/admit")),
        (Method::GET, "/api/appointments/user/u-doctor".to_owned()),
        (Method::GET, "/sso/api/user-info/".to_owned()),
    ] {
        let said = sent(&usher, &token, method, &path, &json!({})).await;
        said.assert_refused(401, "link_token");
    }
    assert_eq!(got(&usher, &doctor, &path).await.status, 200);
}

#[tokio::test]
async fn whoever_calls_without_end_is_slowed_down_alone() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let (patient, doctor) = (sign_in(&usher, "patient").await, sign_in(&usher, "doctor").await);
    let path = format!("{}/waiting", path_of(&meeting));
    let mut refused = None;
    // More than anybody has left, however long it takes within reason.
    for _ in 0..20 {
        let said = join_all((0..100).map(|_| got(&usher, &patient, &path))).await;
        refused = said.into_iter().find(|said| said.status == 429);
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("nobody is slowed down");
    refused.assert_refused(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(got(&usher, &doctor, &path_of(&meeting)).await.status, 200);
}
