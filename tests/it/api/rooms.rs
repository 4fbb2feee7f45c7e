//! `POST /api/jitsi/create-room`.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Duration, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{CREATE, GENERATE, Said, claims, lasting_claims, moment, now, text, with_clients, without};
use crate::usher::{APP_ID, KEY, Setup, Usher, answered};

const VARYING: [&str; 7] = [
    "/roomName",
    "/joinUrl",
    "/therapistToken",
    "/clientToken",
    "/meetingId",
    "/expiresAt",
    "/embed/roomName",
];

async fn created(usher: &Usher, body: Value) -> Value {
    answered(usher.post(CREATE, &body)).await
}

#[tokio::test]
async fn a_room_for_an_appointment() {
    let usher = Usher::start(Setup::default()).await;
    let body = json!({
        "appointmentId": "appt-456", "therapistId": "therapist-123", "clientId": "client-789",
        "therapistName": "Dr. Sarah Johnson", "clientName": "علی", "durationMinutes": 50, "callType": "video"
    });
    let answer = created(&usher, body).await;
    assert_eq!(
        without(answer.clone(), &VARYING),
        json!({
            "roomName": "…", "joinUrl": "…", "therapistToken": "…", "clientToken": "…", "meetingId": "…", "expiresAt": "…",
            "embed": {"domain": "meet.test", "roomName": "…", "configOverwrite": {}}
        })
    );
    let room = text(&answer["roomName"]);
    let millis: i64 = room
        .strip_prefix("ataraxia-appt-456-")
        .expect("prefix and number")
        .parse()
        .unwrap();
    assert!((millis / 1000 - now()).abs() <= 120, "{room}");
    assert_eq!(answer["joinUrl"], format!("https://meet.test/{room}"));
    assert_eq!(answer["embed"]["roomName"], room);
    let token = |who: &str, user: Value, moderator: bool| {
        assert_eq!(
            lasting_claims(text(&answer[who]), 7200),
            json!({
                "iss": APP_ID, "aud": APP_ID, "sub": "meet.test", "room": room, "moderator": moderator,
                "context": {"user": user}
            })
        );
    };
    let therapist = json!({"id": "therapist-123", "name": "Dr. Sarah Johnson", "moderator": true, "affiliation": "owner"});
    token("therapistToken", therapist, true);
    token(
        "clientToken",
        json!({"id": "client-789", "name": "علی", "affiliation": "member"}),
        false,
    );
    assert_eq!(usher.metric("usher_meetings{status=\"scheduled\"}").await, 1.0);
}

#[tokio::test]
async fn asked_again_it_is_the_same_room_even_after_a_restart() {
    let mut usher = Usher::start(Setup::default()).await;
    let same = |answer: &Value| (answer["roomName"].clone(), answer["meetingId"].clone());
    let first = same(&created(&usher, json!({"appointmentId": "a-1"})).await);
    assert_eq!(
        same(&created(&usher, json!({"appointmentId": "a-1", "callType": "audio"})).await),
        first
    );
    let with_key = |usher: &Usher, appointment: &str| {
        usher
            .post(CREATE, &json!({"appointmentId": appointment}))
            .header("Idempotency-Key", "retry 7")
    };
    let keyed = same(&answered(with_key(&usher, "a-2")).await);
    assert_ne!(keyed, first);
    usher.signal("TERM");
    assert!(usher.ended().success());
    usher.restart().await;
    assert_eq!(
        same(&created(&usher, json!({"appointmentId": "a-1"})).await),
        first
    );
    assert_eq!(same(&answered(with_key(&usher, "a-2")).await), keyed);
    assert_eq!(
        same(&created(&usher, json!({"appointmentId": "a-2"})).await),
        keyed,
        "by its number too"
    );
    Said::to(with_key(&usher, "a-3"))
        .await
        .assert_refused(409, "idempotency_key_reused");
    assert_eq!(usher.metric("usher_meetings{status=\"scheduled\"}").await, 2.0);
}

#[tokio::test]
async fn many_callers_at_once_get_one_room() {
    let usher = Usher::start(Setup::default()).await;
    for header in ["", "together"] {
        let ask = || {
            let request = usher.post(CREATE, &json!({"appointmentId": format!("at-once{header}")}));
            answered(if header.is_empty() {
                request
            } else {
                request.header("Idempotency-Key", header)
            })
        };
        let answers = join_all((0..32).map(|_| ask())).await;
        let rooms: BTreeSet<_> = answers
            .iter()
            .map(|answer| answer["roomName"].to_string())
            .collect();
        let meetings: BTreeSet<_> = answers
            .iter()
            .map(|answer| answer["meetingId"].to_string())
            .collect();
        assert_eq!((rooms.len(), meetings.len()), (1, 1), "{rooms:?}");
    }
    assert_eq!(usher.metric("usher_meetings{status=\"scheduled\"}").await, 2.0);
    usher
        .eventually("both bookings are published", async |usher| {
            (usher.event_log().len() >= 2).then_some(())
        })
        .await;
    assert_eq!(usher.event_log().len(), 2);
}

#[tokio::test]
async fn an_audio_call_starts_without_a_camera() {
    let usher = Usher::start(Setup::default()).await;
    let answer = created(&usher, json!({"appointmentId": "ear", "callType": "audio"})).await;
    let options = json!({"startAudioOnly": true, "startWithVideoMuted": true});
    let fragment = "#config.startAudioOnly=true&config.startWithVideoMuted=true";
    let room = text(&answer["roomName"]);
    assert_eq!(answer["joinUrl"], format!("https://meet.test/{room}{fragment}"));
    assert_eq!(answer["embed"]["configOverwrite"], options);
    let guest = answered(usher.post(GENERATE, &json!({"roomName": room, "userName": "Third"}))).await;
    assert_eq!(
        guest["embed"]["configOverwrite"], options,
        "a third person hears the same"
    );
    assert_eq!(guest["joinUrl"], answer["joinUrl"]);
}

#[tokio::test]
async fn tokens_live_until_two_hours_after_the_later_of_now_and_the_start() {
    let usher = Usher::start(Setup::default()).await;
    let started = now();
    let expires = async |appointment: &str, start: String| -> DateTime<Utc> {
        let body = json!({"appointmentId": appointment, "scheduledStartTime": start});
        let answer = created(&usher, body).await;
        for who in ["therapistToken", "clientToken"] {
            let exp = claims(text(&answer[who]))["exp"].as_i64();
            assert_eq!(exp, Some(moment(&answer["expiresAt"]).timestamp()));
        }
        moment(&answer["expiresAt"])
    };
    let year = DateTime::from_timestamp(now(), 0).unwrap().year() + 1;
    let start: DateTime<Utc> = format!("{year}-03-01T12:00:00Z").parse().unwrap();
    for (number, text) in ["12:00:00Z", "15:30:00+03:30", "04:00:00.250-08:00"]
        .iter()
        .enumerate()
    {
        let expires = expires(&format!("later-{number}"), format!("{year}-03-01T{text}")).await;
        assert_eq!(expires, start + Duration::hours(2), "{text}");
    }
    let past = expires("past", "2026-01-01T00:00:00Z".into()).await.timestamp();
    assert!((started + 7200..=now() + 7200).contains(&past));
}

/// Bodies, the field that is at fault, and the code; `LONG` and `WIDE` stand for texts that do not fit.
const REFUSED: &[(&str, &str, &str)] = &[
    (r#"{}"#, "appointmentId", "missing_field"),
    (r#"{"appointmentId":null}"#, "appointmentId", "missing_field"),
    (r#"{"appointmentId":"  "}"#, "appointmentId", "missing_field"),
    (r#"{"appointmentId":"a/b"}"#, "appointmentId", "invalid_field"),
    (r#"{"appointmentId":"a\nb"}"#, "appointmentId", "invalid_field"),
    (r#"{"appointmentId":"LONG"}"#, "appointmentId", "invalid_field"),
    (r#"{"appointmentId":"WIDE"}"#, "appointmentId", "invalid_field"),
    (
        r#"{"appointmentId":"a","durationMinutes":0}"#,
        "durationMinutes",
        "invalid_field",
    ),
    (
        r#"{"appointmentId":"a","durationMinutes":1441}"#,
        "durationMinutes",
        "invalid_field",
    ),
    (
        r#"{"appointmentId":"a","callType":"phone"}"#,
        "callType",
        "wrong_type",
    ),
    (
        r#"{"appointmentId":"a","scheduledStartTime":"tomorrow"}"#,
        START,
        "wrong_type",
    ),
    (
        r#"{"appointmentId":"a","scheduledStartTime":"2026-02-30T00:00:00Z"}"#,
        START,
        "wrong_type",
    ),
    (
        r#"{"appointmentId":"a","scheduledStartTime":"+262142-12-31T23:59:59Z"}"#,
        START,
        "invalid_field",
    ),
    (
        r#"{"appointmentId":"a","scheduledStartTime":"0001-01-01T00:00:00Z"}"#,
        START,
        "invalid_field",
    ),
    (
        r#"{"appointmentId":"a","clientId":"c\u0001"}"#,
        "clientId",
        "invalid_field",
    ),
    (
        r#"{"appointmentId":"a","therapistName":"LONGLONGLONG"}"#,
        "therapistName",
        "invalid_field",
    ),
];
const START: &str = "scheduledStartTime";

#[tokio::test]
async fn what_makes_no_appointment_is_refused_by_name() {
    let usher = with_clients(&[]).await;
    for (body, field, code) in REFUSED {
        let body = body
            .replace("LONG", &"n".repeat(129))
            .replace("WIDE", &"ط".repeat(60));
        let body: Value = serde_json::from_str(&body).unwrap();
        let refused = Said::to(usher.post_as(KEY, CREATE, &body)).await;
        refused.assert_refused(400, code);
        assert_eq!(refused.json()["field"], *field, "{body}");
    }
    for key in ["", "k\u{e9}", &"k".repeat(129)] {
        let request = usher.post(CREATE, &json!({"appointmentId": "a"}));
        let refused = Said::to(request.header("Idempotency-Key", key.as_bytes())).await;
        refused.assert_refused(400, "invalid_field");
        assert_eq!(refused.json()["field"], "Idempotency-Key");
    }
    let booked = usher.metric("usher_meetings{status=\"scheduled\"}").await;
    assert_eq!(booked, 0.0, "nothing was booked on the way");
}
