//! What is written about a patient is looked for in everything that leaves usher while an appointment is booked, held and
//! over.

use super::*;
use crate::end_to_end::stage::{Stage, undisturbed};
use crate::nats::{Reader, Version};
use crate::prosody::server::MUC;

/// Everything that others can read of it: where, and what.
type Findings = Vec<(String, String)>;

#[tokio::test]
async fn nothing_of_it_leaves_in_the_life_of_an_appointment() {
    let mut setup = setup().quick();
    setup.clients += &client("auditor", "auditor-key", "scopes = [\"audit:read\"]");
    let mut stage = Stage::with(Version::Newest, setup, undisturbed).await;
    let said = posted(&stage.usher, KEY, APPOINTMENTS, &appointment()).await;
    let made = said.json()["data"]["appointment"].clone();
    assert!(said.text.contains(SECRET), "whoever booked it reads it: {said:?}");
    let (id, room) = (text(&made["id"]), format!("{}@{MUC}", text(&made["roomName"])));

    for name in ["Ann", "Sara"] {
        stage
            .people
            .join_with(&stage.prosody, name, &room, json!({ "name": name }))
            .await;
    }
    stage.until_people(2).await;
    let mut found = told_to_others(&stage.usher, id).await;
    let patient = sign_in(&stage.usher, "patient").await;
    let token = posted(
        &stage.usher,
        &patient,
        &format!("{MEETINGS}/{id}/token"),
        &json!({}),
    )
    .await;
    found.push((
        "a token".into(),
        claims(text(&token.json()["data"]["token"])).to_string(),
    ));
    for name in ["Ann", "Sara"] {
        stage.people.leave(name, &room).await;
    }
    stage.until_people(0).await;
    let over = json!({"status": "completed", "notes": "as agreed"});
    let path = format!("{MEETINGS}/{id}/status");
    assert_eq!(
        sent(&stage.usher, KEY, Method::PATCH, &path, &over).await.status,
        200
    );
    stage.listener.until(id, "completed").await;
    found.extend(told_to_others(&stage.usher, id).await);
    found.extend(left_behind(&stage).await);
    for (place, text) in found {
        assert!(!text.contains(SECRET), "{place}: {text}");
    }
}

/// What people who have nothing to do with it, and other programs, are answered.
async fn told_to_others(usher: &Usher, id: &str) -> Findings {
    let mut found = Findings::new();
    let [stranger, far] = [sign_in(usher, "stranger").await, sign_in(usher, "far").await];
    for who in [&*stranger, &*far, OTHER_KEY, ADMIN_KEY] {
        for path in [
            format!("{MEETINGS}/{id}"),
            format!("{APPOINTMENTS}/{id}"),
            format!("{MEETINGS}/{id}/attendance"),
            format!("{MEETINGS}/{id}/invite.ics"),
            format!("{MEETINGS}/{id}/waiting"),
            format!("{APPOINTMENTS}/user/u-patient"),
            MEETINGS.to_owned(),
            "/api/usage".to_owned(),
            format!("/m/{id}"),
        ] {
            found.push((format!("{who} at {path}"), got(usher, who, &path).await.text));
        }
    }
    found
}

/// NATS, the audit trail, the log and the metrics.
async fn left_behind(stage: &Stage) -> Findings {
    let usher = &stage.usher;
    usher
        .until_metrics(&[("usher_events_waiting", 0.0), ("usher_audit_waiting", 0.0)])
        .await;
    let stored = Reader::connect(&stage.nats.url()).await.stored().await;
    assert!(stored.iter().any(|event| event.subject.ends_with(".completed")));
    assert!(
        stored
            .iter()
            .any(|event| event.subject.starts_with("usher.audit."))
    );
    let mut found: Findings = stored
        .into_iter()
        .map(|event| (event.subject, event.payload))
        .collect();
    let trail = got(usher, "auditor-key", "/api/audit").await;
    assert_eq!(trail.status, 200, "{trail:?}");
    found.push(("the audit trail".into(), trail.text));
    found.push(("the log".into(), usher.log()));
    found.push(("the metrics".into(), usher.metrics().await));
    found
}
