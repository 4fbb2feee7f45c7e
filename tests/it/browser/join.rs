//! The page of a meeting in the browsers of a patient and a doctor, and beside it a calendar that looks on.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use super::chromium::play;
use super::site::{Site, VISIT_KEY};
use super::{USERNAME, claims};
use crate::usher::{PASSWORD, PROSODY_SECRET, answered, now_millis};

pub(super) const DOCTORS_ID: &str = "123e4567-e89b-12d3-a456-426614174000";

/// A visit that begins in so many minutes, and a story about it.
async fn visit(site: &Site, minutes: i64, scenario: &str, language: &str) -> Value {
    let story = json!({"scenario": scenario, "language": language});
    booked(site, VISIT_KEY, minutes, story).await
}

/// The same, booked by the client with that key.
pub(super) async fn booked(site: &Site, key: &str, minutes: i64, mut story: Value) -> Value {
    let now: DateTime<Utc> = DateTime::from_timestamp_millis(now_millis()).expect("the present");
    let body = json!({
        "title": "Consultation", "participants": [DOCTORS_ID, "u-patient", "u-unknown"], "durationMinutes": 30,
        "scheduledAt": (now + Duration::minutes(minutes)).to_rfc3339(), "hosts": [DOCTORS_ID],
        "meetingType": story["medium"].as_str().unwrap_or("video"),
    });
    let made = answered(site.usher.post_as(key, "/api/meetings", &body)).await;
    let meeting = &made["data"]["meeting"];
    let mut told = json!({
        "meeting": meeting["id"], "room": meeting["roomName"],
        "doctor": USERNAME, "doctorsId": DOCTORS_ID, "patient": "patient@example.com", "password": PASSWORD,
        "usher": {"url": site.usher.url(), "key": key, "secret": PROSODY_SECRET},
    });
    let fields = story.as_object_mut().expect("an object");
    told.as_object_mut().expect("an object").append(fields);
    told
}

#[tokio::test]
async fn a_patient_waits_and_the_doctor_lets_them_in() {
    let site = Site::open().await;
    let story = visit(&site, 5, "join", "en-GB").await;
    let room = story["room"].clone();
    let facts = play(&site, story).await;
    for (who, id, moderates) in [("doctor", DOCTORS_ID, true), ("patient", "u-patient", false)] {
        let given = &facts[who];
        assert_eq!(
            (&given["domain"], &given["roomName"]),
            (&json!("meet.test"), &room)
        );
        let claims = claims(given["jwt"].as_str().unwrap());
        assert_eq!(
            (&claims["room"], &claims["moderator"]),
            (&room, &json!(moderates))
        );
        assert_eq!(claims["context"]["user"]["id"], id);
    }
    assert_eq!(facts["count"], "One person is waiting");
    assert_eq!(facts["statuses"], json!(["scheduled", "active", "cancelled"]));
}

#[tokio::test]
async fn the_same_in_persian() {
    let site = Site::open().await;
    let story = visit(&site, 5, "join", "fa-IR").await;
    let facts = play(&site, story).await;
    assert_eq!(facts["count"], "یک نفر منتظر است");
    assert_eq!(facts["statuses"], json!(["scheduled", "active", "cancelled"]));
}

#[tokio::test]
async fn whoever_is_early_sees_when_the_room_opens_and_what_goes_wrong_is_said() {
    let site = Site::open().await;
    let story = visit(&site, 90, "early", "en-GB").await;
    let facts = play(&site, story).await;
    let left = facts["left"].as_str().unwrap();
    assert!(
        left.starts_with("1:1"),
        "an hour and a quarter, minus a little: {left}"
    );
    assert_eq!(facts["people"], json!(["Sara", "and more: 1"]));
}
