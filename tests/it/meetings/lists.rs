//! Lists: whose meetings somebody may ask for, and in which parts they come.

use super::*;

/// The titles of a list, part by part.
async fn titles(usher: &Usher, who: &str, path: &str) -> Vec<String> {
    let (mut titles, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let more = cursor.map_or_else(String::new, |cursor| format!("{separator}cursor={cursor}"));
        let said = got(usher, who, &format!("{path}{more}")).await;
        assert_eq!(said.status, 200, "{said:?}");
        let data = said.json()["data"].clone();
        let part = data["meetings"].as_array().expect("a list").clone();
        titles.extend(part.iter().map(|meeting| text(&meeting["title"]).to_owned()));
        match data["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return titles,
        }
    }
}

async fn five(usher: &Usher) {
    for hour in 1..=5 {
        let people = if hour % 2 == 1 { "u-patient" } else { "u-doctor" };
        let body = json!({
            "title": format!("at {hour}"), "participants": [people], "scheduledAt": in_minutes(60 * hour),
        });
        booked(usher, KEY, &body).await;
    }
}

#[tokio::test]
async fn lists_go_by_time_and_come_in_parts() {
    let usher = Usher::start(setup()).await;
    five(&usher).await;
    let from = in_minutes(0).replace('+', "%2B");
    let all = ["at 1", "at 2", "at 3", "at 4", "at 5"];
    let forward = titles(&usher, KEY, &format!("{MEETINGS}?from={from}&limit=2")).await;
    assert_eq!(forward, all);
    let mut backward = titles(&usher, KEY, &format!("{MEETINGS}?limit=2")).await;
    backward.reverse();
    assert_eq!(backward, all);
    let to = in_minutes(150).replace('+', "%2B");
    assert_eq!(
        titles(&usher, KEY, &format!("{MEETINGS}?from={from}&to={to}")).await,
        all[..2]
    );
    assert_eq!(
        titles(&usher, KEY, &format!("{MEETINGS}?status=active")).await,
        Vec::<String>::new()
    );

    let patient = sign_in(&usher, "patient").await;
    for path in [MEETINGS, "/api/meetings/user/u-patient"] {
        assert_eq!(titles(&usher, &patient, path).await, ["at 5", "at 3", "at 1"]);
    }
    let of_patient = titles(&usher, KEY, "/api/meetings/user/u-patient").await;
    assert_eq!(of_patient, ["at 5", "at 3", "at 1"]);
    assert_eq!(
        titles(&usher, OTHER_KEY, "/api/meetings/user/u-patient").await,
        Vec::<String>::new()
    );
    assert_eq!(titles(&usher, ADMIN_KEY, MEETINGS).await.len(), 5);
}

/// A patient is treated by several clinics, and none learns of another, not even from where a list goes on.
#[tokio::test]
async fn no_program_learns_what_others_have_booked() {
    let usher = Usher::start(setup()).await;
    for _ in 0..2 {
        let said = posted(&usher, KEY, APPOINTMENTS, &appointment()).await;
        assert_eq!(said.status, 201, "{said:?}");
    }
    let whole = [
        ("/api/meetings/user/u-patient", "meetings"),
        ("/api/appointments/user/u-patient", "appointments"),
    ];
    let listed = async |path: &str, name: &str, query: &str| {
        let said = got(&usher, OTHER_KEY, &format!("{path}?limit=1{query}")).await;
        assert_eq!(said.status, 200, "{said:?}");
        let data = said.json()["data"].clone();
        (data[name].as_array().map(Vec::len), data["next_cursor"].clone())
    };
    for (path, name) in whole {
        for query in ["", "&status=scheduled", "&status=cancelled"] {
            let found = listed(path, name, query).await;
            assert_eq!(found, (Some(0), Value::Null), "{path} {query}");
        }
    }
    let own = posted(&usher, OTHER_KEY, APPOINTMENTS, &appointment()).await;
    assert_eq!(own.status, 201, "{own:?}");
    for (path, name) in whole {
        let found = listed(path, name, "").await;
        assert_eq!(
            found,
            (Some(1), Value::Null),
            "its own, and nothing follows: {path}"
        );
    }
}

#[tokio::test]
async fn what_a_list_is_asked_for_must_make_sense() {
    let usher = Usher::start(setup()).await;
    for (query, field) in [
        ("status=done", "status"),
        ("from=yesterday", "from"),
        ("to=2026-11-14", "to"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("cursor=%00", "cursor"),
        ("cursor=AAAA", "cursor"),
        ("status=active&status=active", "status"),
    ] {
        let said = got(&usher, KEY, &format!("{MEETINGS}?{query}")).await;
        said.assert_refused(400, "invalid_field");
        assert_eq!(said.json()["field"], field, "{query}");
    }
}

#[tokio::test]
async fn the_staff_of_a_hospital_sees_its_appointments() {
    let usher = Usher::start(setup()).await;
    let body = appointment();
    let said = posted(&usher, KEY, APPOINTMENTS, &body).await;
    assert_eq!(said.status, 201, "{said:?}");
    for (who, count) in [
        ("staff", 1),
        ("far", 0),
        ("admin", 1),
        ("patient", 1),
        ("stranger", 0),
    ] {
        let token = sign_in(&usher, who).await;
        let said = got(&usher, &token, MEETINGS).await;
        assert_eq!(
            said.json()["data"]["meetings"].as_array().map(Vec::len),
            Some(count),
            "{who}: {said:?}"
        );
    }
    let patient = sign_in(&usher, "patient").await;
    let own = got(&usher, &patient, "/api/appointments/user/u-patient")
        .await
        .json();
    assert_eq!(
        own["data"]["appointments"][0]["reasonForVisit"],
        body["reasonForVisit"]
    );
    assert_eq!(own["data"]["next_cursor"], Value::Null);
    let listed = &own["data"]["appointments"][0];
    assert_eq!(listed["videoCallJWT"], Value::Null, "no tokens in lists");
    assert_eq!(listed["meetingLink"], listed["joinUrl"], "the page leads on");
}
