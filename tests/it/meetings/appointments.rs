//! Appointments: times as clocks show them, the names of calendar front ends, and what is nobody else's business.

use super::*;

async fn made(usher: &Usher, who: &str, body: &Value) -> Value {
    let said = posted(usher, who, APPOINTMENTS, body).await;
    assert_eq!(said.status, 201, "{said:?}");
    said.json()["data"]["appointment"].clone()
}

#[tokio::test]
async fn a_calendar_finds_its_names() {
    let usher = Usher::start(setup()).await;
    let made_by_program = made(&usher, KEY, &appointment()).await;
    let (id, room) = (text(&made_by_program["id"]), text(&made_by_program["roomName"]));
    let drawn = room
        .strip_prefix(&format!("appointment-{id}-"))
        .expect("the contract's form");
    assert!(
        drawn.len() == 8 && drawn.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{room}"
    );
    assert_eq!(
        made_by_program["videoCallJWT"],
        Value::Null,
        "no person, no token"
    );
    let patient = sign_in(&usher, "patient").await;
    let said = got(&usher, &patient, &format!("{APPOINTMENTS}/{id}")).await;
    let seen = said.json()["data"]["appointment"].clone();
    assert_eq!(seen["videoCallRoomName"], room);
    assert_eq!(seen["videoCallUrl"], seen["meetingLink"]);
    assert_eq!(token_in(&seen["meetingLink"]), text(&seen["videoCallJWT"]));
    assert_eq!(seen["videoCallType"], "audio");
    assert!(text(&seen["meetingLink"]).contains("startAudioOnly=true"));
    assert_eq!(
        said.json()["data"]["jitsiDetails"]["embed"]["configOverwrite"]["startWithVideoMuted"],
        true
    );
    assert_eq!(claims(text(&seen["videoCallJWT"]))["moderator"], false);
    let doctor = sign_in(&usher, "doctor").await;
    let seen =
        got(&usher, &doctor, &format!("{APPOINTMENTS}/{id}")).await.json()["data"]["appointment"].clone();
    assert_eq!(claims(text(&seen["videoCallJWT"]))["moderator"], true);
}

/// A daemon whose appointments are at the time of Tehran, unless they say otherwise.
async fn in_tehran() -> Usher {
    Usher::start(setup().sections("[meetings]\ntimezone = \"Asia/Tehran\"\n")).await
}

/// Asks for an appointment at that time of that zone.
async fn at(usher: &Usher, day: &str, clock: &str, zone: Option<&str>) -> Said {
    let body =
        json!({"doctor": "u-doctor", "appointmentDate": day, "appointmentTime": clock, "timezone": zone});
    posted(usher, KEY, APPOINTMENTS, &body).await
}

#[tokio::test]
async fn times_are_those_of_the_zone() {
    let usher = in_tehran().await;
    let at = async |day: &str, clock: &str, zone| at(&usher, day, clock, zone).await;
    for (day, clock, zone, moment, shown) in [
        (
            "2027-01-15",
            "10:00 AM",
            Some("Europe/Berlin"),
            "2027-01-15T09:00:00Z",
            "10:00",
        ),
        (
            "2027-07-15",
            "10:00 AM",
            Some("Europe/Berlin"),
            "2027-07-15T08:00:00Z",
            "10:00",
        ),
        (
            "2027-07-15",
            "14:30",
            Some("America/New_York"),
            "2027-07-15T18:30:00Z",
            "14:30",
        ),
        ("2027-01-15", "2:30 pm", None, "2027-01-15T11:00:00Z", "14:30"),
        (
            "2027-10-31",
            "02:30",
            Some("Europe/Berlin"),
            "2027-10-31T00:30:00Z",
            "02:30",
        ),
    ] {
        let said = at(day, clock, zone).await;
        let made = said.json()["data"]["appointment"].clone();
        assert_eq!(made["scheduledAt"], moment, "{said:?}");
        assert_eq!(
            (&made["appointmentDate"], &made["appointmentTime"]),
            (&json!(day), &json!(shown))
        );
        assert_eq!(made["timezone"], zone.unwrap_or("Asia/Tehran"));
    }
}

#[tokio::test]
async fn a_time_that_no_clock_shows_is_refused() {
    let usher = in_tehran().await;
    let at = async |day: &str, clock: &str, zone| at(&usher, day, clock, zone).await;
    let skipped = at("2027-03-28", "02:30", Some("Europe/Berlin")).await;
    skipped.assert_refused(400, "invalid_field");
    assert_eq!(skipped.json()["field"], "appointmentTime");
    assert!(
        text(&skipped.json()["error"]).contains("skip 02:30"),
        "{skipped:?}"
    );
    for (day, clock, zone, field) in [
        ("15.01.2027", "10:00", None, "appointmentDate"),
        ("2027-01-15", "25:00", None, "appointmentTime"),
        ("2027-01-15", "10:00", Some("Mars/Olympus"), "timezone"),
        ("2127-01-15", "10:00", None, "appointmentDate"),
    ] {
        let said = at(day, clock, zone).await;
        said.assert_refused(400, "invalid_field");
        assert_eq!(said.json()["field"], field);
    }
}

#[tokio::test]
async fn in_person_there_is_no_room() {
    let usher = Usher::start(setup()).await;
    let mut body = appointment();
    body["appointmentType"] = json!("in-person");
    let made = made(&usher, KEY, &body).await;
    for name in [
        "meetingLink",
        "roomName",
        "jitsiLink",
        "joinUrl",
        "videoCallUrl",
        "videoCallRoomName",
        "videoCallType",
    ] {
        assert_eq!(made[name], Value::Null, "{name}");
    }
    assert_eq!(
        (&made["isVideoCall"], &made["appointmentType"]),
        (&json!(false), &json!("in-person"))
    );
    let patient = sign_in(&usher, "patient").await;
    let path = format!("{MEETINGS}/{}/token", text(&made["id"]));
    posted(&usher, &patient, &path, &json!({}))
        .await
        .assert_refused(409, "no_room");
    let call = json!({"appointmentId": made["id"], "meetingType": "audio"});
    let said = posted(&usher, &patient, "/api/meetings/adhoc", &call).await;
    assert_eq!(said.status, 201, "a call about it is another thing: {said:?}");
}

#[tokio::test]
async fn what_is_written_about_a_patient_is_read_by_few() {
    let usher = Usher::start(setup()).await;
    let made = made(&usher, KEY, &appointment()).await;
    let (id, path) = (text(&made["id"]), path_of(&made));
    let add = json!({"participants": ["u-stranger"]});
    assert_eq!(sent(&usher, KEY, Method::PATCH, &path, &add).await.status, 200);
    for (who, reads) in [
        ("doctor", true),
        ("patient", true),
        ("staff", true),
        ("admin", true),
        ("stranger", false),
    ] {
        let token = sign_in(&usher, who).await;
        let said = got(&usher, &token, &format!("{APPOINTMENTS}/{id}")).await;
        assert_eq!(said.status, 200, "{who}: {said:?}");
        let seen = &said.json()["data"]["appointment"];
        assert_eq!(seen.get("reasonForVisit").is_some(), reads, "{who}");
        assert_eq!(seen.get("patientDetails").is_some(), reads, "{who}");
        assert_eq!(said.text.contains(SECRET), reads, "{who}");
        for other in [path.clone(), format!("{path}/invite.ics"), MEETINGS.to_owned()] {
            let said = got(&usher, &token, &other).await;
            assert!(!said.text.contains(SECRET), "{who} at {other}");
        }
    }
    let call = posted(&usher, KEY, "/api/meetings/adhoc", &json!({"appointmentId": id})).await;
    assert!(call.status == 201 && !call.text.contains(SECRET), "{call:?}");
    let admin = got(&usher, ADMIN_KEY, &format!("{APPOINTMENTS}/{id}")).await;
    assert!(
        !admin.text.contains(SECRET),
        "another program reads nothing of it"
    );
    let bad = json!({"appointmentDate": "x", "appointmentTime": SECRET, "reasonForVisit": SECRET});
    let refused = posted(&usher, KEY, APPOINTMENTS, &bad).await;
    assert!(
        refused.status == 400 && !refused.text.contains(SECRET),
        "{refused:?}"
    );
    let events: String = usher.event_log().iter().map(Value::to_string).collect();
    assert!(events.contains(id) && !events.contains(SECRET));
    assert!(!usher.log().contains(SECRET) && !usher.metrics().await.contains(SECRET));
}

/// Having booked the appointment puts no patient above the doctor.
#[tokio::test]
async fn a_patient_who_booked_comes_as_the_patient() {
    let usher = Usher::start(setup()).await;
    let patient = sign_in(&usher, "patient").await;
    let booked = made(&usher, &patient, &appointment()).await;
    let path = path_of(&booked);
    let given = posted(&usher, &patient, &format!("{path}/token"), &json!({})).await;
    assert_eq!(given.json()["data"]["moderator"], false, "{given:?}");
    let status = format!("{path}/status");
    for (path, body) in [
        (&path, json!({"hosts": ["u-patient"]})),
        (&path, json!({"scheduledAt": in_minutes(90)})),
        (&status, json!({"status": "active"})),
        (&status, json!({"status": "completed"})),
    ] {
        let said = sent(&usher, &patient, Method::PATCH, path, &body).await;
        said.assert_refused(403, "not_organiser");
    }
    for _ in 0..2 {
        let said = sent(&usher, &patient, Method::DELETE, &path, &json!({})).await;
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(said.json()["data"]["meeting"]["status"], "cancelled");
    }
    let another = made(&usher, &patient, &appointment()).await;
    let doctor = sign_in(&usher, "doctor").await;
    let status = format!("{}/status", path_of(&another));
    let begun = sent(
        &usher,
        &doctor,
        Method::PATCH,
        &status,
        &json!({"status": "active"}),
    )
    .await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let said = sent(&usher, &patient, Method::DELETE, &path_of(&another), &json!({})).await;
    said.assert_refused(403, "not_organiser");
}

#[tokio::test]
async fn whoever_books_for_themselves_is_the_patient() {
    let usher = Usher::start(setup()).await;
    let mut body = appointment();
    body.as_object_mut().unwrap().remove("patient");
    for (who, patient) in [
        ("patient", json!("u-patient")),
        ("staff", Value::Null),
        ("doctor", Value::Null),
    ] {
        let token = sign_in(&usher, who).await;
        assert_eq!(made(&usher, &token, &body).await["patient"], patient, "{who}");
    }
}
