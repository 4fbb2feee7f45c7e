//! Meetings and appointments through the real daemon: who may do what, what is answered, and what the tokens open.

mod appointments;
mod change;
mod health;
mod life;
mod lists;
mod making;
mod people;
mod tokens;

use chrono::{DateTime, Duration, Utc};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::api::{Said, claims, client, text};
use crate::usher::{CLIENTS, KEY, PASSWORD, Setup, Usher, answered};

const MEETINGS: &str = "/api/meetings";
const APPOINTMENTS: &str = "/api/appointments";
/// What nobody reads who must not.
const SECRET: &str = "xq-migraine-47";
const CALLBACK: &str = "https://app.test/callback";
/// The key of a client that may do nothing with meetings.
const POOR_KEY: &str = "poor-key";
/// The key of a client that may, but has booked none of ours.
const OTHER_KEY: &str = "other-key";
/// The key of a client with the scope `admin`.
const ADMIN_KEY: &str = "admin-key";

/// All have the password of the sample.
const PEOPLE: &str = r#"
["doctor@example.com"]
id = "u-doctor"
name = "Dr. Sara"
password = "HASH"
roles = ["doctor"]
["patient@example.com"]
id = "u-patient"
name = "Ann"
password = "HASH"
["stranger@example.com"]
id = "u-stranger"
name = "Eve"
password = "HASH"
["staff@example.com"]
id = "u-staff"
name = "Desk"
password = "HASH"
roles = ["hospital"]
organisations = ["hospital-1"]
["far@example.com"]
id = "u-far"
name = "Far Desk"
password = "HASH"
roles = ["hospital"]
organisations = ["hospital-2"]
["admin@example.com"]
id = "u-admin"
name = "Root"
password = "HASH"
roles = ["admin"]
"#;
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$SlLp7cYoe0zoUOJeJ4FGrw$zksFXKtcQyQ1Z+HZr28WNepnpDxT/ZjXscvtNS2xBKc";

const ROOMS: &str = r#"
[role_contexts.patient-doctor]
may_create = ["doctor", "admin"]
[role_contexts.hospital-admin]
may_create = ["hospital", "admin"]
[[rules]]
rooms = "ataraxia-*"
features = { recording = true }
"#;

fn setup() -> Setup {
    let mut clients = CLIENTS.to_owned() + &format!("redirect_uris = [\"{CALLBACK}\"]\n");
    clients += &client("poor", POOR_KEY, "scopes = [\"tokens:validate\"]");
    clients += &client(
        "other",
        OTHER_KEY,
        "scopes = [\"tokens:issue\", \"meetings:read\", \"meetings:write\"]",
    );
    clients += &client("boss", ADMIN_KEY, "scopes = [\"admin\"]");
    Setup {
        clients,
        users: PEOPLE.replace("HASH", HASH),
        rooms: ROOMS.into(),
        ..Setup::default()
    }
}

/// The token of somebody's sign-in; it opens no room.
async fn sign_in(usher: &Usher, who: &str) -> String {
    let body = json!({
        "username": format!("{who}@example.com"), "password": PASSWORD,
        "client_id": "ataraxia", "redirect_uri": CALLBACK,
    });
    let request = usher.http.post(format!("{}/sso/api/login/", usher.url()));
    text(&answered(request.json(&body)).await["token"]).to_owned()
}

/// A request of whoever has this key or token.
fn asked(usher: &Usher, who: &str, method: Method, path: &str) -> RequestBuilder {
    let request = usher.http.request(method, format!("{}{path}", usher.url()));
    request.bearer_auth(who)
}

async fn got(usher: &Usher, who: &str, path: &str) -> Said {
    Said::to(asked(usher, who, Method::GET, path)).await
}

async fn sent(usher: &Usher, who: &str, method: Method, path: &str, body: &Value) -> Said {
    Said::to(asked(usher, who, method, path).json(body)).await
}

async fn posted(usher: &Usher, who: &str, path: &str, body: &Value) -> Said {
    sent(usher, who, Method::POST, path, body).await
}

/// A meeting of doctor and patient that is open now.
fn consultation() -> Value {
    json!({
        "title": "Consultation", "participants": ["u-doctor", "u-patient"], "scheduledAt": in_minutes(5),
        "durationMinutes": 30, "roleContext": "patient-doctor",
    })
}

/// An appointment of doctor and patient at a hospital, by audio, that is open now.
fn appointment() -> Value {
    let at: DateTime<Utc> = in_minutes(5).parse().expect("a moment");
    json!({
        "hospital": "hospital-1", "department": "Neurology", "doctor": "u-doctor", "patient": "u-patient",
        "appointmentType": "virtual", "videoCallType": "audio", "timezone": "UTC",
        "appointmentDate": at.format("%Y-%m-%d").to_string(), "appointmentTime": at.format("%H:%M").to_string(),
        "reasonForVisit": SECRET, "patientDetails": {"age": 44, "history": [SECRET]},
    })
}

fn in_minutes(minutes: i64) -> String {
    let at: DateTime<Utc> = DateTime::from_timestamp_millis(crate::usher::now_millis()).unwrap();
    (at + Duration::minutes(minutes)).to_rfc3339()
}

/// Books a meeting; its record.
async fn booked(usher: &Usher, who: &str, body: &Value) -> Value {
    let said = posted(usher, who, MEETINGS, body).await;
    assert_eq!(said.status, 201, "{said:?}");
    said.json()["data"]["meeting"].clone()
}

fn path_of(meeting: &Value) -> String {
    format!("{MEETINGS}/{}", text(&meeting["id"]))
}

/// The token in a link.
fn token_in(link: &Value) -> &str {
    let link = text(link);
    let (_, token) = link
        .split_once("?jwt=")
        .unwrap_or_else(|| panic!("no token in {link}"));
    token.split('#').next().unwrap_or_default()
}
