//! The join page and its waiting room through the real daemon: where people stand, and who lets whom in.

mod admitting;
mod page;
mod standing;

use chrono::{DateTime, Duration, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Said, client, text};
use crate::usher::{CLIENTS, KEY, PASSWORD, Setup, Usher, answered, now_millis};

const CALLBACK: &str = "https://app.test/callback";
/// Keys of clients whose rooms have rules: each person is let in; people wait for a host; both.
const LOBBY_KEY: &str = "lobby-key";
const HOST_KEY: &str = "host-key";
const BOTH_KEY: &str = "both-key";

/// All have the password of the sample.
const PEOPLE: &str = r#"
["doctor@example.com"]
id = "doctor@clinic"
name = "Dr. Sara"
password = "HASH"
roles = ["doctor"]
["patient@example.com"]
id = "u-patient"
name = "Ann <b>"
password = "HASH"
["other@example.com"]
id = "u-other"
name = "Bob"
password = "HASH"
["nurse@example.com"]
id = "u-nurse"
name = "Nina"
password = "HASH"
roles = ["nurse"]
["stranger@example.com"]
id = "u-stranger"
name = "Eve"
password = "HASH"
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
may_create = ["doctor"]
[[rules]]
rooms = "lobby-*"
lobby = true
lobby_bypass = ["role:nurse"]
[[rules]]
rooms = "host-*"
wait_for_host = true
[[rules]]
rooms = "both-*"
lobby = true
wait_for_host = true
"#;

fn setup() -> Setup {
    let scopes = "scopes = [\"tokens:issue\", \"meetings:read\", \"meetings:write\"]";
    let mut clients = CLIENTS.to_owned() + &format!("redirect_uris = [\"{CALLBACK}\"]\n");
    for (id, key) in [("lobby", LOBBY_KEY), ("host", HOST_KEY), ("both", BOTH_KEY)] {
        clients += &client(id, key, scopes);
    }
    Setup {
        clients,
        users: PEOPLE.replace("HASH", HASH),
        rooms: ROOMS.into(),
        ..Setup::default()
    }
}

/// A meeting with a waiting room, and those around it.
struct Clinic {
    usher: Usher,
    /// Of the client that has booked it.
    key: &'static str,
    /// The record as the client was given it.
    meeting: Value,
}

// === impl Clinic ===

impl Clinic {
    /// One that is open now, booked by the client with that key.
    async fn of(key: &'static str) -> Self {
        Self::booked(key, &json!({})).await
    }

    /// The same with these fields of the booking changed.
    async fn booked(key: &'static str, changes: &Value) -> Self {
        let usher = Usher::start(setup()).await;
        let mut body = json!({
            "title": "Consultation & <i>", "roleContext": "patient-doctor", "durationMinutes": 30,
            "participants": ["doctor@clinic", "u-patient", "u-other", "u-nurse"],
            "hosts": ["doctor@clinic"], "scheduledAt": in_minutes(5),
        });
        let fields = changes.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(fields);
        let said = Said::to(usher.post_as(key, "/api/meetings", &body)).await;
        assert_eq!(said.status, 201, "{said:?}");
        let meeting = said.json()["data"]["meeting"].clone();
        Self { usher, key, meeting }
    }

    fn id(&self) -> &str {
        text(&self.meeting["id"])
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/meetings/{}{rest}", self.id())
    }

    /// The token of somebody's sign-in.
    async fn sign_in(&self, who: &str) -> String {
        let body = json!({
            "username": format!("{who}@example.com"), "password": PASSWORD,
            "client_id": "ataraxia", "redirect_uri": CALLBACK,
        });
        let request = self
            .usher
            .http
            .post(format!("{}/sso/api/login/", self.usher.url()));
        text(&answered(request.json(&body)).await["token"]).to_owned()
    }

    async fn sent(&self, who: &str, method: Method, rest: &str, body: &Value) -> Said {
        let address = format!("{}{}", self.usher.url(), self.path(rest));
        let request = self.usher.http.request(method, address).bearer_auth(who);
        Said::to(request.json(body)).await
    }

    /// "I am here."
    async fn here(&self, who: &str) -> Value {
        let said = self.sent(who, Method::POST, "/waiting", &json!({})).await;
        assert_eq!(said.status, 200, "{said:?}");
        said.json()["data"].clone()
    }

    /// The same, of which only the state and what is waited for.
    async fn stands(&self, who: &str) -> (String, Option<String>) {
        let here = self.here(who).await;
        let waits_for = here["waitsFor"].as_str().map(str::to_owned);
        (text(&here["state"]).to_owned(), waits_for)
    }

    async fn list(&self, who: &str) -> Said {
        let address = format!("{}{}", self.usher.url(), self.path("/waiting"));
        Said::to(self.usher.http.get(address).bearer_auth(who)).await
    }

    async fn admit(&self, who: &str, whom: &Value) -> Said {
        self.sent(who, Method::POST, "/admit", whom).await
    }

    /// The meeting server sees somebody come in.
    async fn comes_in(&self, user: &str) {
        let room = text(&self.meeting["roomName"]);
        let joined_at = now_millis() / 1000;
        let body = json!({
            "room_name": room, "room_jid": format!("{room}@conference.meet.test"),
            "occupant": {"occupant_jid": format!("{joined_at}-{}@meet.test/1", user.len()), "joined_at": joined_at,
                         "id": user, "name": "Somebody"},
        });
        answered(self.usher.report("/events/occupant/joined", &body)).await;
    }
}

fn in_minutes(minutes: i64) -> String {
    let at: DateTime<Utc> = DateTime::from_timestamp_millis(now_millis()).expect("the present");
    (at + Duration::minutes(minutes)).to_rfc3339()
}

fn waits(state: &str, reason: Option<&str>) -> (String, Option<String>) {
    (state.to_owned(), reason.map(str::to_owned))
}
