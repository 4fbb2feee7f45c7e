//! What listeners hear: the same as NATS, and only what they may see.

use std::collections::BTreeMap;

use reqwest::Method;

use super::*;
use crate::api::Said;
use crate::nats::{NatsServer, Reader};

/// Each meeting's events, in their order.
type Stories = BTreeMap<String, Vec<String>>;

fn stories(events: impl IntoIterator<Item = String>) -> Stories {
    let mut stories = Stories::new();
    for event in events {
        let json: Value = serde_json::from_str(&event).unwrap();
        stories
            .entry(text(&json["subject"]).to_owned())
            .or_default()
            .push(event);
    }
    stories
}

#[tokio::test]
async fn listeners_hear_what_nats_hears() {
    let server = NatsServer::start();
    let usher = Usher::start(setup().quick().nats(&server.url())).await;
    let mut all = follow(&usher, ADMIN_KEY, "").await;
    let (meeting, room) = book(&usher, KEY, &["u-doctor", "u-patient"]).await;
    book_many(&usher, "many", 20).await;
    seen(&usher, &room, "joined", "u-doctor", now()).await;
    seen(&usher, &room, "joined", "u-patient", now() + 1).await;
    seen(&usher, "nobodys-room", "joined", "somebody", now()).await;
    seen(&usher, &room, "left", "u-patient", now() + 1).await;
    let path = format!("{}/api/meetings/{meeting}", usher.url());
    let cancelled = usher.http.delete(path).bearer_auth(KEY);
    assert!(cancelled.send().await.unwrap().status().is_success());
    let mut heard = Vec::new();
    while !heard
        .iter()
        .any(|text: &String| text.contains("\"usher.meeting.cancelled.v1\""))
    {
        heard.push(all.next().await.unwrap().text);
    }
    usher
        .until_metrics(&[
            ("usher_events_waiting", 0.0),
            ("usher_listeners_events_total", heard.len() as f64),
        ])
        .await;
    let stored = Reader::connect(&server.url()).await.stored().await;
    let on_nats = stored
        .into_iter()
        .filter(|stored| stored.subject.starts_with("usher.meetings."));
    assert_eq!(stories(heard), stories(on_nats.map(|stored| stored.payload)));
}

#[tokio::test]
async fn everyone_hears_of_their_own_meetings_and_no_others() {
    let usher = Usher::start(setup()).await;
    let people = ["doctor", "patient", "stranger", "staff", "far", "admin"];
    let mut followers = Vec::new();
    for who in people {
        let token = sign_in(&usher, who).await;
        followers.push((who, follow(&usher, &token, "").await));
    }
    for (who, key) in [("ataraxia", KEY), ("other", OTHER_KEY), ("boss", ADMIN_KEY)] {
        followers.push((who, follow(&usher, key, "").await));
    }
    let (consultation, room) = book(&usher, KEY, &["u-doctor", "u-patient"]).await;
    seen(&usher, &room, "joined", "u-doctor", now()).await;
    let (others, _) = book(&usher, OTHER_KEY, &["u-stranger"]).await;
    seen(&usher, "nobodys-room", "joined", "somebody", now()).await;
    let appointment = json!({
        "hospital": "hospital-1", "department": "cardiology", "doctor": "u-doctor", "appointmentType": "virtual",
        "appointmentDate": "2027-01-15", "appointmentTime": "10:00 AM", "reasonForVisit": "private reason",
        "patientDetails": {"id": "u-patient", "note": "private details"},
    });
    let answer = answered(usher.post("/api/appointments", &appointment)).await;
    let appointment = text(&answer["data"]["appointment"]["id"]).to_owned();
    let everyone = people.map(|who| format!("u-{who}"));
    let everyone: Vec<_> = everyone.iter().map(String::as_str).collect();
    let (last, _) = book(&usher, KEY, &everyone).await;
    let (others_last, _) = book(&usher, OTHER_KEY, &[]).await;

    let consulted = [&*consultation; 3];
    for (who, mut follower) in followers {
        let heard = follower
            .until(if who == "other" { &others_last } else { &last })
            .await;
        let meetings = meetings(&heard);
        match who {
            "doctor" | "ataraxia" => {
                assert_eq!(meetings[..3], consulted, "{who}");
                assert_eq!(meetings[3..], [&*appointment], "{who}");
            }
            "patient" => assert_eq!(meetings[..3], consulted, "{who}"),
            "stranger" | "other" => assert_eq!(meetings, [&*others], "{who}"),
            "staff" => assert_eq!(meetings, [&*appointment], "{who}"),
            "far" => assert!(meetings.is_empty(), "{who}: {meetings:?}"),
            _ => assert!(
                meetings.len() >= 7,
                "{who} hears of all, of rooms that nobody booked too: {meetings:?}"
            ),
        }
        let all = format!("{heard:?}");
        assert!(!all.contains("private"), "{all}");
    }
}

#[tokio::test]
async fn filters_leave_out_the_rest() {
    let usher = Usher::start(setup()).await;
    let mut joins = follow(&usher, KEY, "?type=participant.joined,usher.meeting.cancelled.v1").await;
    let (first, room) = book(&usher, KEY, &[]).await;
    let mut one = follow(&usher, KEY, &format!("?meeting={first}")).await;
    let (second, _) = book(&usher, KEY, &[]).await;
    seen(&usher, &room, "joined", "ann", now()).await;
    for meeting in [&second, &first] {
        let path = format!("{}/api/meetings/{meeting}", usher.url());
        let request = usher.http.request(Method::DELETE, path).bearer_auth(KEY);
        assert!(request.send().await.unwrap().status().is_success());
    }
    let heard = joins.events(3).await;
    assert_eq!(kinds(&heard), ["participant.joined", "cancelled", "cancelled"]);
    assert_eq!(meetings(&heard), [&*first, &second, &first]);
    let heard = one.events(2).await;
    assert_eq!(meetings(&heard), [&*first; 2]);
}

#[tokio::test]
async fn who_may_not_listen_is_told_why() {
    let usher = Usher::start(setup()).await;
    for (key, query, status, code) in [
        (POOR_KEY, "", 403, "missing_scope"),
        ("nobodys-key", "", 401, "unauthenticated"),
        (KEY, "?type=knock", 400, "invalid_field"),
        (KEY, "?meeting=1", 400, "invalid_field"),
    ] {
        Said::to(listening(&usher, key, query))
            .await
            .assert_refused(status, code);
    }
    Said::to(usher.get(EVENTS))
        .await
        .assert_refused(401, "unauthenticated");
    usher
        .until_metrics(&[("usher_listeners{kind=\"sse\"}", 0.0)])
        .await;
}

#[tokio::test]
async fn one_person_has_so_many_listeners_and_no_more() {
    let usher = Usher::start(setup()).await;
    let token = sign_in(&usher, "patient").await;
    let mut followers = Vec::new();
    for _ in 0..32 {
        followers.push(follow(&usher, &token, "").await);
    }
    let refused = Said::to(listening(&usher, &token, "")).await;
    refused.assert_refused(429, "too_many_listeners_of_user");
    assert!(!refused.header("retry-after").is_empty());
    followers.pop();
    usher
        .until_metrics(&[("usher_listeners{kind=\"sse\"}", 31.0)])
        .await;
    follow(&usher, &token, "").await;
}

#[tokio::test]
async fn proxies_are_asked_to_hold_nothing_back_and_head_is_only_a_head() {
    let usher = Usher::start(setup()).await;
    let answer = listening(&usher, KEY, "").send().await.unwrap();
    assert_eq!(answer.headers()["x-accel-buffering"], "no");
    let request = usher.http.head(format!("{}{EVENTS}", usher.url()));
    let head = Said::to(request.bearer_auth(KEY)).await;
    assert_eq!(
        (head.status.as_u16(), head.header("content-type")),
        (200, "text/event-stream")
    );
    drop(answer);
    usher
        .until_metrics(&[("usher_listeners{kind=\"sse\"}", 0.0)])
        .await;
    let posted = usher.post_as(KEY, EVENTS, &json!({}));
    Said::to(posted).await.assert_refused(405, "method_not_allowed");
}
