//! Changing a meeting: its time, its people, its status; on condition, and only by those who organise it.

use super::*;

async fn patched(usher: &Usher, who: &str, path: &str, body: Value) -> Said {
    sent(usher, who, Method::PATCH, path, &body).await
}

#[tokio::test]
async fn a_change_is_seen_and_told_once() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let path = path_of(&meeting);
    let before = got(&usher, KEY, &path).await;
    let body = json!({"title": "Follow-up", "durationMinutes": 45, "participants": ["u-patient"], "hosts": ["u-stranger"]});
    let said = patched(&usher, KEY, &path, body.clone()).await;
    assert_eq!(said.status, 200, "{said:?}");
    let changed = said.json()["data"]["meeting"].clone();
    assert_eq!(
        (&changed["title"], &changed["durationMinutes"]),
        (&json!("Follow-up"), &json!(45))
    );
    assert_eq!(changed["scheduledAt"], meeting["scheduledAt"], "not asked for");
    assert_eq!(
        changed["participants"],
        json!(["u-patient", "u-stranger"]),
        "hosts take part"
    );
    assert_ne!(said.header("etag"), before.header("etag"));
    let again = patched(&usher, KEY, &path, body).await;
    assert_eq!(again.header("etag"), said.header("etag"), "nothing differs");
    usher
        .eventually("the event", async |usher| {
            let told = usher.event_log();
            told.iter()
                .any(|event| event["type"] == "usher.meeting.rescheduled.v1")
                .then_some(())
        })
        .await;
    let doctor = sign_in(&usher, "doctor").await;
    got(&usher, &doctor, &path).await.assert_refused(404, "not_found");
    let stranger = sign_in(&usher, "stranger").await;
    let given = posted(&usher, &stranger, &format!("{path}/token"), &json!({})).await;
    assert_eq!(given.json()["data"]["moderator"], true, "{given:?}");

    let emptied = patched(&usher, KEY, &path, json!({"title": ""})).await;
    assert_eq!(emptied.json()["data"]["meeting"]["title"], Value::Null);
}

#[tokio::test]
async fn a_change_may_be_for_one_version_only() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let path = path_of(&meeting);
    let first = got(&usher, KEY, &path).await.header("etag").to_owned();
    let with = async |method: Method, path: &str, tag: &str, body: Value| {
        Said::to(
            asked(&usher, KEY, method, path)
                .header("If-Match", tag)
                .json(&body),
        )
        .await
    };
    let said = with(Method::PATCH, &path, &first, json!({"title": "A"})).await;
    assert_eq!(said.status, 200, "{said:?}");
    let second = said.header("etag").to_owned();
    let status = format!("{path}/status");
    for (method, path, body) in [
        (Method::PATCH, &path, json!({"title": "B"})),
        (Method::PATCH, &status, json!({"status": "active"})),
        (Method::PATCH, &status, json!({"status": "scheduled"})),
        (Method::DELETE, &path, json!({})),
    ] {
        for stale in [first.as_str(), "\"x\"", &format!("W/{second}")] {
            let said = with(method.clone(), path, stale, body.clone()).await;
            said.assert_refused(412, "precondition_failed");
        }
    }
    let listed = format!("{first}, {second}");
    assert_eq!(
        with(Method::PATCH, &path, &listed, json!({"title": "C"}))
            .await
            .status,
        200
    );
    assert_eq!(with(Method::DELETE, &path, "*", json!({})).await.status, 200);
}

#[tokio::test]
async fn of_many_who_change_the_same_version_one_comes_through() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let path = path_of(&meeting);
    let tag = got(&usher, KEY, &path).await.header("etag").to_owned();
    let racers = (0..16).map(async |number| {
        let body = json!({"title": format!("Title {number}")});
        let request = asked(&usher, KEY, Method::PATCH, &path).header("If-Match", &tag);
        Said::to(request.json(&body)).await.status.as_u16()
    });
    let mut outcomes = futures_util::future::join_all(racers).await;
    outcomes.sort_unstable();
    assert_eq!(outcomes[..2], [200, 412], "{outcomes:?}");
}

#[tokio::test]
async fn a_status_has_its_steps() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let status = format!("{}/status", path_of(&meeting));
    let to = async |word: &str| patched(&usher, KEY, &status, json!({"status": word})).await;
    to("completed").await.assert_refused(409, "invalid_transition");
    let refused = to("completed").await.json()["error"].clone();
    assert_eq!(refused, "A meeting that is scheduled cannot become completed.");
    assert_eq!(to("scheduled").await.status, 200, "it has it");
    assert_eq!(to("active").await.status, 200);
    let body = json!({"status": "active", "notes": "begun late"});
    let noted = patched(&usher, KEY, &status, body).await.json()["data"]["meeting"].clone();
    assert_eq!(
        (&noted["status"], &noted["notes"]),
        (&json!("active"), &json!("begun late"))
    );
    assert_ne!(noted["startedAt"], Value::Null);
    to("scheduled").await.assert_refused(409, "invalid_transition");
    let over = to("completed").await.json()["data"]["meeting"].clone();
    assert_eq!(over["status"], "completed");
    assert!(
        over["endedAt"].is_string() && over["jitsiLink"].is_null(),
        "{over}"
    );
    assert_eq!(to("completed").await.status, 200, "asked again");
    for word in ["active", "cancelled", "scheduled"] {
        to(word).await.assert_refused(409, "invalid_transition");
    }
    sent(&usher, KEY, Method::DELETE, &path_of(&meeting), &json!({}))
        .await
        .assert_refused(409, "invalid_transition");
    let renamed = patched(&usher, KEY, &path_of(&meeting), json!({"title": "x"})).await;
    renamed.assert_refused(409, "invalid_transition");
    for (body, code) in [
        (json!({}), "missing_field"),
        (json!({"status": "missed"}), "wrong_type"),
        (json!({"status": 1}), "wrong_type"),
    ] {
        let said = patched(&usher, KEY, &status, body).await;
        said.assert_refused(400, code);
        assert_eq!(said.json()["field"], "status");
    }
}

#[tokio::test]
async fn what_is_called_off_stays_so_and_lets_nobody_in() {
    let usher = Usher::start(setup()).await;
    let meeting = booked(&usher, KEY, &consultation()).await;
    let path = path_of(&meeting);
    let doctor = sign_in(&usher, "doctor").await;
    for _ in 0..2 {
        let said = sent(&usher, &doctor, Method::DELETE, &path, &json!({})).await;
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(said.json()["data"]["meeting"]["status"], "cancelled");
    }
    for who in [KEY, &doctor] {
        let body = json!({"userName": "Ann"});
        posted(&usher, who, &format!("{path}/token"), &body)
            .await
            .assert_refused(409, "meeting_over");
    }
    let invitation = got(&usher, &doctor, &format!("{path}/invite.ics")).await;
    assert!(invitation.text.contains("METHOD:CANCEL"), "{invitation:?}");
}

#[tokio::test]
async fn whoever_was_missed_is_shown_as_called_off() {
    let usher = Usher::start(setup().quick()).await;
    let body = json!({"scheduledAt": in_minutes(-10), "durationMinutes": 1, "participants": ["u-patient"]});
    let meeting = booked(&usher, KEY, &body).await;
    let path = path_of(&meeting);
    let shown = usher
        .eventually("missing it", async |usher| {
            let meeting = got(usher, KEY, &path).await.json()["data"]["meeting"].clone();
            (meeting["status"] != "scheduled").then_some(meeting)
        })
        .await;
    assert_eq!(
        (&shown["status"], &shown["cancelReason"]),
        (&json!("cancelled"), &json!("missed"))
    );
    assert_eq!(shown["duration"], Value::Null);
    let again = patched(
        &usher,
        KEY,
        &format!("{path}/status"),
        json!({"status": "cancelled"}),
    )
    .await;
    assert_eq!(again.status, 200, "that is what it is: {again:?}");
}
