//! Making meetings: what is refused and why, the same request twice, rooms at once, and tokens for whom a program names.

use super::*;

#[tokio::test]
async fn each_fault_names_its_field() {
    let usher = Usher::start(setup()).await;
    let many: Vec<_> = (0..201).map(|number| format!("u-{number}")).collect();
    for (name, value, code) in [
        ("scheduledAt", Value::Null, "missing_field"),
        ("scheduledAt", json!("tomorrow"), "wrong_type"),
        ("scheduledAt", json!("2126-01-01T00:00:00Z"), "invalid_field"),
        ("durationMinutes", json!(0), "invalid_field"),
        ("durationMinutes", json!(1441), "invalid_field"),
        ("durationMinutes", json!("30"), "wrong_type"),
        ("meetingType", json!("hologram"), "wrong_type"),
        ("backend", json!("zoom"), "wrong_type"),
        ("title", json!("x".repeat(201)), "invalid_field"),
        ("title", json!("a\nb"), "invalid_field"),
        ("description", json!("x".repeat(4001)), "invalid_field"),
        ("participants", json!(many), "invalid_field"),
        ("participants", json!("u-doctor"), "wrong_type"),
        ("participants", json!([""]), "invalid_field"),
        ("createdBy", json!("a\u{7}"), "invalid_field"),
    ] {
        let mut body = consultation();
        body[name] = value;
        let said = posted(&usher, KEY, MEETINGS, &body).await;
        said.assert_refused(400, code);
        assert_eq!(said.json()["field"], name, "{said:?}");
    }
    let mut body = consultation();
    body["participants"] = json!(["u-doctor", 5]);
    assert_eq!(
        posted(&usher, KEY, MEETINGS, &body).await.json()["field"],
        "participants[1]"
    );
    body["participants"] = json!([]);
    body["roleContext"] = json!("nobody-nobody");
    posted(&usher, KEY, MEETINGS, &body)
        .await
        .assert_refused(400, "unknown_role_context");
    body["roleContext"] = Value::Null;
    body["backend"] = json!("livekit");
    posted(&usher, KEY, MEETINGS, &body)
        .await
        .assert_refused(400, "unknown_server");
}

#[tokio::test]
async fn a_call_at_once_asked_for_twice_is_one_call() {
    let usher = Usher::start(setup()).await;
    let mut made = Vec::new();
    for title in ["A quick call", "A quick call", "Another call"] {
        let request =
            asked(&usher, KEY, Method::POST, "/api/meetings/adhoc").header("Idempotency-Key", "call");
        made.push(Said::to(request.json(&json!({ "title": title }))).await);
    }
    let id = |said: &Said| said.json()["data"]["meeting"]["id"].clone();
    assert_eq!(made[1].status, 201, "{:?}", made[1]);
    assert_eq!(id(&made[0]), id(&made[1]));
    made[2].assert_refused(409, "idempotency_key_reused");
}

#[tokio::test]
async fn asked_twice_it_is_one_meeting() {
    let usher = Usher::start(setup()).await;
    let body = consultation();
    let ask = async |who: &str, body: &Value| {
        let request = asked(&usher, who, Method::POST, MEETINGS).header("Idempotency-Key", "once");
        Said::to(request.json(body)).await
    };
    let id = |said: &Said| said.json()["data"]["meeting"]["id"].clone();
    let (first, again) = (ask(KEY, &body).await, ask(KEY, &body).await);
    assert_eq!(
        (first.status.as_u16(), again.status.as_u16()),
        (201, 201),
        "{again:?}"
    );
    assert_eq!(id(&first), id(&again));
    let mut other = body.clone();
    other["title"] = json!("Something else");
    ask(KEY, &other)
        .await
        .assert_refused(409, "idempotency_key_reused");
    // The same words of others are their own.
    let mut own = body.clone();
    own["roleContext"] = Value::Null;
    let (doctor, patient) = (sign_in(&usher, "doctor").await, sign_in(&usher, "patient").await);
    let made = [
        ask(OTHER_KEY, &body).await,
        ask(&doctor, &own).await,
        ask(&patient, &own).await,
    ];
    let mut ids: Vec<_> = made
        .iter()
        .chain([&first])
        .map(|said| id(said).to_string())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4, "{made:?}");
}

#[tokio::test]
async fn a_program_asks_for_the_token_of_a_participant() {
    let usher = Usher::start(setup()).await;
    let mut body = consultation();
    body["scheduledAt"] = json!(in_minutes(600));
    body["createdBy"] = json!("u-doctor");
    let meeting = booked(&usher, KEY, &body).await;
    let path = format!("{}/token", path_of(&meeting));
    check_given(&usher, &path).await;
    check_refused(&usher, &path).await;
    check_early(&usher, &meeting).await;
    check_trail(&usher, &meeting["roomName"]).await;
}

/// What the program asks for is given, and opens nothing before the door does.
async fn check_given(usher: &Usher, path: &str) {
    for (wanted, moderates, life) in [
        (json!({"userName": "Ann", "userId": "u-patient"}), false, 86400),
        (json!({"userName": "Dr. Sara", "userId": "u-doctor"}), true, 86400),
        (
            json!({"userName": "Ann", "moderator": true, "expiresIn": 60}),
            true,
            60,
        ),
    ] {
        let given = posted(usher, KEY, path, &wanted).await;
        assert_eq!(given.status, 200, "{given:?}");
        let data = given.json()["data"].clone();
        let claims = claims(text(&data["token"]));
        assert_eq!(
            (&claims["moderator"], &data["moderator"]),
            (&json!(moderates), &json!(moderates))
        );
        let [issued, opens, ends] = ["iat", "nbf", "exp"].map(|name| claims[name].as_i64().unwrap());
        let opens = opens + 10;
        assert_eq!(ends - opens, life, "from the opening on");
        assert!(
            (570 * 60..=586 * 60).contains(&(opens - issued)),
            "a token opens nothing before the door: {claims}"
        );
        assert_eq!(token_in(&data["link"]), text(&data["token"]));
        assert_eq!(given.header("cache-control"), "no-store");
    }
}

async fn check_refused(usher: &Usher, path: &str) {
    for (wanted, code) in [
        (json!({"userId": "u-patient"}), "missing_field"),
        (
            json!({"userName": "Ann", "expiresIn": 86401}),
            "expires_in_too_long",
        ),
        (json!({"userName": "Ann", "moderator": "yes"}), "wrong_type"),
        (
            json!({"userName": "Eve", "userId": "u-stranger"}),
            "invalid_field",
        ),
    ] {
        posted(usher, KEY, path, &wanted).await.assert_refused(400, code);
    }
}

/// A person comes when the door opens.
async fn check_early(usher: &Usher, meeting: &Value) {
    let patient = sign_in(usher, "patient").await;
    let early = posted(
        usher,
        &patient,
        &format!("{}/token", path_of(meeting)),
        &json!({}),
    )
    .await;
    early.assert_refused(403, "too_early");
    assert!(text(&early.json()["error"]).contains("(UTC)"), "{early:?}");
    let seen = got(usher, &patient, &path_of(meeting)).await.json()["data"]["meeting"].clone();
    assert_eq!(
        seen["jitsiLink"], seen["joinUrl"],
        "no token before the door opens"
    );
    assert!(text(&seen["joinUrl"]).ends_with(&format!("/m/{}", text(&seen["id"]))));
}

/// Each token that was given is in the trail.
async fn check_trail(usher: &Usher, room: &Value) {
    let trail = got(usher, ADMIN_KEY, "/api/audit?action=issue&limit=200")
        .await
        .json();
    let acts = trail["data"]["records"].as_array().unwrap().clone();
    let of = |outcome: &str, user: &str| {
        let fits = |act: &&Value| act["outcome"] == outcome && act["user"] == user && act["room"] == *room;
        acts.iter().filter(fits).count()
    };
    assert_eq!(
        (
            of("success", "u-doctor"),
            of("success", "u-patient"),
            of("refused", "u-patient")
        ),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn a_room_at_once_has_the_rights_of_the_appointment() {
    let usher = Usher::start(setup()).await;
    let said = posted(&usher, KEY, APPOINTMENTS, &appointment()).await;
    let id = said.json()["data"]["appointment"]["id"].clone();
    let [doctor, patient, staff] = [
        sign_in(&usher, "doctor").await,
        sign_in(&usher, "patient").await,
        sign_in(&usher, "staff").await,
    ];
    let call = posted(
        &usher,
        &patient,
        "/api/meetings/adhoc",
        &json!({"appointmentId": id}),
    )
    .await;
    assert_eq!(call.status, 201, "{call:?}");
    let meeting = call.json()["data"]["meeting"].clone();
    for (who, moderates) in [(&doctor, true), (&patient, false), (&staff, false)] {
        let given = posted(&usher, who, &format!("{}/token", path_of(&meeting)), &json!({})).await;
        assert_eq!(given.json()["data"]["moderator"], moderates, "{given:?}");
    }
    let more = json!({"appointmentId": id, "hosts": ["u-patient"]});
    posted(&usher, &patient, "/api/meetings/adhoc", &more)
        .await
        .assert_refused(403, "not_organiser");
    let unknown = json!({"appointmentId": "0199aaaa-0000-7000-8000-000000000000"});
    posted(&usher, &patient, "/api/meetings/adhoc", &unknown)
        .await
        .assert_refused(400, "invalid_field");

    let own = Said::to(asked(&usher, &patient, Method::POST, "/api/meetings/adhoc")).await;
    assert_eq!(own.status, 201, "without a body too: {own:?}");
    let link = own.json()["data"]["meeting"]["jitsiLink"].clone();
    assert_eq!(claims(token_in(&link))["moderator"], true, "their own room");
}

/// Who was taken off a room at once does not see it again by asking for it again.
#[tokio::test]
async fn a_key_shows_no_meeting_to_those_who_were_taken_off() {
    let usher = Usher::start(setup()).await;
    let mut body = appointment();
    body["participants"] = json!(["u-stranger"]);
    let said = posted(&usher, KEY, APPOINTMENTS, &body).await;
    let call = json!({"appointmentId": said.json()["data"]["appointment"]["id"]});
    let stranger = sign_in(&usher, "stranger").await;
    let called = async || {
        let request = asked(&usher, &stranger, Method::POST, "/api/meetings/adhoc");
        Said::to(request.header("Idempotency-Key", "k").json(&call)).await
    };
    let first = called().await;
    assert_eq!(first.status, 201, "{first:?}");
    let meeting = first.json()["data"]["meeting"].clone();
    assert_eq!(called().await.json()["data"]["meeting"]["id"], meeting["id"]);
    let nobody = json!({"participants": [], "title": "Among ourselves"});
    let changed = sent(&usher, KEY, Method::PATCH, &path_of(&meeting), &nobody).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let again = called().await;
    again.assert_refused(400, "invalid_field");
    assert!(!again.text.contains("Among ourselves"), "{again:?}");
}

#[tokio::test]
async fn what_was_called_off_gives_no_room() {
    let usher = Usher::start(setup()).await;
    let said = posted(&usher, KEY, APPOINTMENTS, &appointment()).await;
    let appointment = said.json()["data"]["appointment"].clone();
    let cancelled = sent(&usher, KEY, Method::DELETE, &path_of(&appointment), &json!({})).await;
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
    let patient = sign_in(&usher, "patient").await;
    let call = json!({"appointmentId": appointment["id"]});
    let refused = posted(&usher, &patient, "/api/meetings/adhoc", &call).await;
    refused.assert_refused(400, "invalid_field");
    assert_eq!(refused.json()["field"], "appointmentId");
}

#[tokio::test]
async fn an_invitation_is_for_calendars() {
    let usher = Usher::start(setup()).await;
    let mut body = consultation();
    body["title"] = json!("Weekly; \\ round,\u{2028}table");
    let meeting = booked(&usher, KEY, &body).await;
    let said = got(&usher, KEY, &format!("{}/invite.ics", path_of(&meeting))).await;
    assert_eq!(
        said.header("content-type"),
        "text/calendar; charset=utf-8; method=PUBLISH"
    );
    let whole = said.text.replace("\r\n ", "");
    let page = format!("{}/m/{}", usher.url(), text(&meeting["id"]));
    assert!(whole.contains(&format!("\r\nURL:{page}\r\n")), "{whole}");
    assert!(
        whole.contains("\r\nSUMMARY:Weekly\\; \\\\ round\\,") && !whole.contains("jwt"),
        "{whole}"
    );
    let sequence = |text: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix("SEQUENCE:"));
        line.unwrap().parse::<u32>().unwrap()
    };
    let later = json!({"scheduledAt": in_minutes(90)});
    assert_eq!(
        sent(&usher, KEY, Method::PATCH, &path_of(&meeting), &later)
            .await
            .status,
        200
    );
    let moved = got(&usher, KEY, &format!("{}/invite.ics", path_of(&meeting))).await;
    assert!(sequence(&moved.text) > sequence(&said.text));
}
