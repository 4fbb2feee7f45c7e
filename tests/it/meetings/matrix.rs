//! Who may do what, as one table: every route by every kind of caller, over HTTP.

use super::*;

/// Who calls, in the order of the columns.
const CALLERS: [&str; 10] = [
    "a client without scopes",
    "a client that booked others",
    "the client that booked it",
    "a client with admin",
    "doctor",
    "patient",
    "stranger",
    "staff",
    "far",
    "admin",
];

/// What each is answered; the appointment is that of doctor and patient at the hospital of `staff`.
type Row = (&'static str, &'static str, [u16; 10]);

/// `{}` is the id of the appointment, made afresh for each call. What is sent along is in [`body`].
const TABLE: &[Row] = &[
    (
        "POST",
        "/api/meetings",
        [403, 201, 201, 201, 201, 403, 403, 403, 403, 201],
    ),
    (
        "GET",
        "/api/meetings",
        [403, 200, 200, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/api/meetings/user/u-patient",
        [403, 200, 200, 200, 404, 200, 404, 404, 404, 200],
    ),
    (
        "POST",
        "/api/meetings/adhoc",
        [403, 400, 201, 201, 201, 201, 400, 201, 400, 201],
    ),
    (
        "GET",
        "/api/meetings/{}",
        [403, 404, 200, 200, 200, 200, 404, 200, 404, 200],
    ),
    (
        "PATCH",
        "/api/meetings/{}",
        [403, 404, 200, 200, 200, 403, 404, 200, 404, 200],
    ),
    (
        "PATCH",
        "/api/meetings/{}/status",
        [403, 404, 200, 200, 200, 403, 404, 200, 404, 200],
    ),
    (
        "DELETE",
        "/api/meetings/{}",
        [403, 404, 200, 200, 200, 403, 404, 200, 404, 200],
    ),
    (
        "POST",
        "/api/meetings/{}/token",
        [403, 404, 200, 200, 200, 200, 404, 200, 404, 200],
    ),
    (
        "GET",
        "/api/meetings/{}/invite.ics",
        [403, 404, 200, 200, 200, 200, 404, 200, 404, 200],
    ),
    (
        "POST",
        "/api/meetings/{}/waiting",
        [401, 401, 401, 401, 200, 200, 404, 200, 404, 200],
    ),
    (
        "GET",
        "/api/meetings/{}/waiting",
        [403, 404, 200, 200, 200, 403, 404, 200, 404, 200],
    ),
    (
        "POST",
        "/api/meetings/{}/admit",
        [403, 404, 200, 200, 200, 403, 404, 200, 404, 200],
    ),
    (
        "POST",
        "/api/appointments",
        [403, 201, 201, 201, 201, 201, 201, 201, 201, 201],
    ),
    (
        "GET",
        "/api/appointments/{}",
        [403, 404, 200, 200, 200, 200, 404, 200, 404, 200],
    ),
    (
        "GET",
        "/api/appointments/user/u-patient",
        [403, 200, 200, 200, 404, 200, 404, 404, 404, 200],
    ),
    (
        "GET",
        "/api/meetings/{}/attendance",
        [403, 404, 200, 200, 200, 200, 404, 200, 404, 200],
    ),
    (
        "GET",
        "/api/usage",
        [403, 200, 200, 200, 403, 403, 403, 403, 403, 200],
    ),
    (
        "GET",
        "/api/audit",
        [403, 403, 403, 200, 401, 401, 401, 401, 401, 401],
    ),
    (
        "GET",
        "/sso/api/user-info/",
        [401, 401, 401, 401, 200, 200, 200, 200, 200, 200],
    ),
    (
        "POST",
        "/api/jitsi/generate-token",
        [403, 200, 200, 403, 401, 401, 401, 401, 401, 401],
    ),
    ("POST", "/prosody/events", [401; 10]),
    ("POST", "/conference", [401; 10]),
];

fn body(path: &str, id: &str) -> Value {
    match path {
        "/api/meetings" => consultation(),
        "/api/meetings/adhoc" => json!({ "appointmentId": id }),
        "/api/meetings/{}" => json!({"title": "Another"}),
        "/api/meetings/{}/status" => json!({"status": "active"}),
        "/api/meetings/{}/token" => json!({"userName": "Ann", "userId": "u-patient"}),
        "/api/meetings/{}/admit" => json!({"all": true}),
        "/api/appointments" => appointment(),
        "/api/jitsi/generate-token" => json!({"roomName": "other-room", "userName": "Ann"}),
        _ => json!({}),
    }
}

/// Calls as each of the callers; what they were answered.
async fn answers(usher: &Usher, keys: &[String], (method, path, _): &Row) -> Vec<u16> {
    let mut found = Vec::new();
    for key in keys {
        let made = posted(usher, KEY, APPOINTMENTS, &appointment()).await.json();
        let id = text(&made["data"]["appointment"]["id"]).to_owned();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let said = sent(usher, key, method, &path.replace("{}", &id), &body(path, &id)).await;
        found.push(said.status.as_u16());
    }
    found
}

#[tokio::test]
async fn everyone_may_do_what_the_table_says() {
    let mut setup = setup();
    // Wrong credentials are slowed down by address; the table has some in each column.
    setup.http.push_str("trusted_proxies = [\"127.0.0.1/32\"]\n");
    let usher = Usher::start(setup).await;
    let mut keys = [POOR_KEY, OTHER_KEY, KEY, ADMIN_KEY].map(str::to_owned).to_vec();
    for who in &CALLERS[4..] {
        keys.push(sign_in(&usher, who).await);
    }
    let mut wrong = Vec::new();
    for row in TABLE {
        let found = answers(&usher, &keys, row).await;
        let differ = CALLERS
            .iter()
            .zip(row.2)
            .zip(found)
            .filter(|((_, wanted), found)| wanted != found);
        wrong.extend(differ.map(|((who, wanted), found)| {
            format!("{} {} by {who}: {found} instead of {wanted}", row.0, row.1)
        }));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[tokio::test]
async fn nobody_knows_who_has_no_credential() {
    let usher = Usher::start(setup()).await;
    let made = posted(&usher, KEY, APPOINTMENTS, &appointment()).await.json();
    let id = text(&made["data"]["appointment"]["id"]).to_owned();
    for (method, path, _) in TABLE {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{}", usher.url(), path.replace("{}", &id));
        let request = || usher.http.request(method.clone(), &url).json(&body(path, &id));
        for request in [request(), request().bearer_auth("no such key")] {
            let said = Said::to(request).await;
            assert_eq!(said.status, 401, "{method} {path}: {said:?}");
            assert!(
                said.text.contains("request_id") || path.contains("conference"),
                "{said:?}"
            );
        }
    }
}
