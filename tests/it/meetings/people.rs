//! Who is removed from a meeting: their tokens, and the doors that they stand before.

use super::*;

async fn generated(usher: &Usher, meeting: &Value, person: &str) -> Said {
    let wanted = json!({ "roomName": meeting["roomName"], "userName": "Ann", "userId": person });
    posted(usher, KEY, "/api/jitsi/generate-token", &wanted).await
}

/// The code of what is wrong with a token; none of a good one.
async fn fault(usher: &Usher, token: &str) -> Option<String> {
    let judged = answered(usher.post("/api/jitsi/validate-token", &json!({ "token": token }))).await;
    judged["code"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn tokens_of_somebody_who_was_removed_are_revoked_until_they_may_come_again() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let person = format!("{}/people/u-patient", path_of(&meeting));
    let token = generated(&usher, &meeting, "u-patient").await.json();
    let token = text(&token["token"]);
    assert_eq!(fault(&usher, token).await, None);
    sent(&usher, KEY, Method::DELETE, &person, &json!({})).await;
    assert_eq!(fault(&usher, token).await.as_deref(), Some("revoked"));
    let said = generated(&usher, &meeting, "u-patient").await;
    said.assert_refused(403, "removed_from_meeting");
    assert_eq!(generated(&usher, &meeting, "u-doctor").await.status, 200);
    sent(&usher, KEY, Method::PUT, &person, &json!({})).await;
    assert_eq!(fault(&usher, token).await, None);
}

#[tokio::test]
async fn somebody_who_was_removed_sees_the_meeting_and_no_way_in() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let path = path_of(&meeting);
    let (doctor, patient) = (sign_in(&usher, "doctor").await, sign_in(&usher, "patient").await);
    let removed = sent(
        &usher,
        &doctor,
        Method::DELETE,
        &format!("{path}/people/u-patient"),
        &json!({}),
    )
    .await;
    assert_eq!(removed.status, 200, "{removed:?}");
    let shown = got(&usher, &patient, &path).await.json();
    assert!(
        !text(&shown["data"]["meeting"]["jitsiLink"]).contains("jwt="),
        "{shown:#}"
    );
    let said = posted(&usher, &patient, &format!("{path}/token"), &json!({})).await;
    said.assert_refused(403, "removed_from_meeting");
}

/// A doctor moderates, and no longer so once another host has removed her.
#[tokio::test]
async fn somebody_who_was_removed_manages_nothing() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let path = path_of(&meeting);
    let doctor = sign_in(&usher, "doctor").await;
    sent(
        &usher,
        KEY,
        Method::DELETE,
        &format!("{path}/people/u-doctor"),
        &json!({}),
    )
    .await;
    for (method, path) in [
        (Method::PUT, format!("{path}/people/u-doctor")),
        (Method::PATCH, path),
    ] {
        let said = sent(&usher, &doctor, method, &path, &json!({ "title": "Mine" })).await;
        said.assert_refused(403, "not_organiser");
    }
}

#[tokio::test]
async fn whoever_looks_again_is_given_the_same_token() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let path = path_of(&meeting);
    let patient = sign_in(&usher, "patient").await;
    let looked = async || {
        let shown = got(&usher, &patient, &path).await.json();
        token_in(&shown["data"]["meeting"]["jitsiLink"]).to_owned()
    };
    let first = looked().await;
    assert_eq!(looked().await, first);
    let other = sign_in(&usher, "patient").await;
    let shown = got(&usher, &other, &path).await.json();
    assert_ne!(
        token_in(&shown["data"]["meeting"]["jitsiLink"]),
        first,
        "another sign-in"
    );
    let hosts = json!({ "hosts": ["u-doctor", "u-patient"] });
    sent(&usher, KEY, Method::PATCH, &path, &hosts).await;
    assert_ne!(looked().await, first, "she moderates now");
}
