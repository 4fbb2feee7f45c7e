//! Where people stand before a meeting.

use super::*;
use crate::api::{claims, moment};

#[tokio::test]
async fn before_the_door_opens_everybody_is_told_when_it_will() {
    let starts_at = in_minutes(60);
    let clinic = Clinic::booked(KEY, &json!({"scheduledAt": starts_at})).await;
    for who in ["patient", "doctor"] {
        let here = clinic.here(&clinic.sign_in(who).await).await;
        assert_eq!(here["state"], "too_early", "{here}");
        assert_eq!(here["status"], "scheduled");
        let opens_at = moment(&here["startsAt"]) - Duration::minutes(15);
        assert_eq!(moment(&here["opensAt"]), opens_at, "{here}");
        assert_eq!(
            moment(&here["endsAt"]),
            moment(&here["startsAt"]) + Duration::minutes(30)
        );
        assert!(here["token"].is_null() && here["link"].is_null(), "{here}");
        assert_eq!(here["moderator"], who == "doctor");
    }
}

#[tokio::test]
async fn who_may_go_in_is_given_what_a_page_needs() {
    let clinic = Clinic::of(KEY).await;
    let room = text(&clinic.meeting["roomName"]);
    for (who, id, moderates) in [("doctor", "doctor@clinic", true), ("patient", "u-patient", false)] {
        let token = clinic.sign_in(who).await;
        let looked = clinic
            .sent(&token, Method::POST, "/waiting", &json!({"enter": false}))
            .await
            .json()["data"]
            .clone();
        assert_eq!(
            (&looked["state"], &looked["token"]),
            (&json!("ready"), &Value::Null)
        );
        let here = clinic.here(&token).await;
        assert_eq!(here["state"], "ready", "{here}");
        let own = text(&here["token"]);
        let claims = claims(own);
        assert_eq!(
            (&claims["room"], &claims["moderator"]),
            (&json!(room), &json!(moderates))
        );
        assert_eq!(claims["context"]["user"]["id"], id);
        assert_eq!(here["link"], format!("https://meet.test/{room}?jwt={own}"));
        let embed = &here["jitsiDetails"]["embed"];
        assert_eq!(
            (&embed["domain"], &embed["roomName"]),
            (&json!("meet.test"), &json!(room))
        );
        assert_eq!(embed["jwt"], own);
        let question = json!({"token": own, "roomName": room});
        let judged = answered(clinic.usher.post("/api/jitsi/validate-token", &question)).await;
        assert_eq!(judged["valid"], true, "{judged}");
    }
}

#[tokio::test]
async fn an_audio_call_begins_without_cameras() {
    let clinic = Clinic::booked(KEY, &json!({"meetingType": "audio"})).await;
    let here = clinic.here(&clinic.sign_in("patient").await).await;
    let overrides = &here["jitsiDetails"]["embed"]["configOverwrite"];
    assert_eq!(overrides["startAudioOnly"], true, "{here}");
    assert!(text(&here["link"]).ends_with("#config.startAudioOnly=true&config.startWithVideoMuted=true"));
}

#[tokio::test]
async fn people_wait_until_a_host_is_in() {
    let clinic = Clinic::of(HOST_KEY).await;
    let patient = clinic.sign_in("patient").await;
    assert_eq!(clinic.stands(&patient).await, waits("waiting", Some("host")));
    clinic.comes_in("u-other").await;
    assert_eq!(
        clinic.stands(&patient).await,
        waits("waiting", Some("host")),
        "no host"
    );
    let doctor = clinic.sign_in("doctor").await;
    assert_eq!(
        clinic.stands(&doctor).await,
        waits("ready", None),
        "hosts wait for nobody"
    );
    assert_eq!(
        clinic.stands(&patient).await,
        waits("waiting", Some("host")),
        "a token is no presence"
    );
    // Reports name people by a fingerprint where their id is an address.
    clinic.comes_in("doctor@clinic").await;
    assert_eq!(clinic.stands(&patient).await, waits("ready", None));
}

#[tokio::test]
async fn a_doctor_of_the_meeting_is_a_host_without_being_named_as_one() {
    let clinic = Clinic::booked(HOST_KEY, &json!({"hosts": []})).await;
    let patient = clinic.sign_in("patient").await;
    assert_eq!(clinic.stands(&patient).await, waits("waiting", Some("host")));
    clinic.comes_in("doctor@clinic").await;
    assert_eq!(clinic.stands(&patient).await, waits("ready", None));
}

#[tokio::test]
async fn where_both_rules_hold_one_waits_for_the_host_and_then_for_a_word() {
    let clinic = Clinic::of(BOTH_KEY).await;
    let patient = clinic.sign_in("patient").await;
    assert_eq!(clinic.stands(&patient).await, waits("waiting", Some("host")));
    clinic.comes_in("doctor@clinic").await;
    assert_eq!(clinic.stands(&patient).await, waits("waiting", Some("admission")));
}

#[tokio::test]
async fn what_is_called_off_or_over_says_so() {
    let clinic = Clinic::of(KEY).await;
    let patient = clinic.sign_in("patient").await;
    clinic.comes_in("u-patient").await;
    let ended = json!({"status": "completed"});
    let said = clinic.sent(clinic.key, Method::PATCH, "/status", &ended).await;
    assert_eq!(said.status, 200, "{said:?}");
    let here = clinic.here(&patient).await;
    assert_eq!(
        (&here["state"], &here["status"]),
        (&json!("over"), &json!("completed"))
    );
    assert!(here["token"].is_null());

    let clinic = Clinic::of(LOBBY_KEY).await;
    let patient = clinic.sign_in("patient").await;
    assert_eq!(clinic.stands(&patient).await, waits("waiting", Some("admission")));
    let said = clinic.sent(clinic.key, Method::DELETE, "", &json!({})).await;
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(clinic.stands(&patient).await, waits("cancelled", None));
    let doctor = clinic.sign_in("doctor").await;
    let list = clinic.list(&doctor).await.json()["data"].clone();
    assert_eq!(
        list["waiting"],
        json!([]),
        "nobody waits for what does not take place"
    );
}

/// The waiting room cannot be walked around by asking for a token elsewhere.
#[tokio::test]
async fn no_other_route_gives_a_token_to_those_who_wait() {
    for key in [LOBBY_KEY, HOST_KEY] {
        for (scheduled_at, is_open) in [(in_minutes(5), true), (in_minutes(60), false)] {
            let clinic = Clinic::booked(key, &json!({"scheduledAt": scheduled_at})).await;
            let patient = clinic.sign_in("patient").await;
            let page = format!("{}/m/{}", clinic.usher.url(), clinic.id());
            let read = Said::to(clinic.usher.get(&clinic.path("")).bearer_auth(&patient)).await;
            assert_eq!(read.json()["data"]["meeting"]["jitsiLink"], page, "{read:?}");
            let asked = clinic.sent(&patient, Method::POST, "/token", &json!({})).await;
            assert_eq!(asked.status, 403, "{asked:?}");
            let doctor = clinic.sign_in("doctor").await;
            let read = Said::to(clinic.usher.get(&clinic.path("")).bearer_auth(&doctor)).await;
            assert_eq!(read.text.contains("?jwt="), is_open, "{read:?}");
        }
    }
    let clinic = Clinic::of(LOBBY_KEY).await;
    let patient = clinic.sign_in("patient").await;
    let asked = clinic.sent(&patient, Method::POST, "/token", &json!({})).await;
    asked.assert_refused(403, "waiting_for_host");
    assert_eq!(
        by_sign_in(&clinic, "patient").await.refusal().1,
        "waiting_for_host"
    );
    assert_eq!(by_sign_in(&clinic, "doctor").await.status, 200);
    clinic.here(&patient).await;
    let doctor = clinic.sign_in("doctor").await;
    clinic.admit(&doctor, &json!({"userId": "u-patient"})).await;
    let asked = clinic.sent(&patient, Method::POST, "/token", &json!({})).await;
    assert_eq!(asked.status, 200, "{asked:?}");
    let token = asked.json()["data"]["token"].clone();
    let bypass = &claims(text(&token))["context"]["user"]["lobby_bypass"];
    assert_eq!(
        *bypass, true,
        "the lobby of the server would make them wait again"
    );
    assert_eq!(by_sign_in(&clinic, "patient").await.status, 200);
}

/// Signs in for the room, as jitsi-meet's users do.
async fn by_sign_in(clinic: &Clinic, who: &str) -> Said {
    let body = json!({
        "username": format!("{who}@example.com"), "password": PASSWORD, "client_id": "ataraxia",
        "redirect_uri": CALLBACK, "next": format!("/{}", text(&clinic.meeting["roomName"])),
    });
    let address = format!("{}/sso/api/login/", clinic.usher.url());
    Said::to(clinic.usher.http.post(address).json(&body)).await
}
