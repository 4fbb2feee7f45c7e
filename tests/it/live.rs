//! Live events from the real daemon: who hears what, who comes back, and who is cut off.

mod coming_back;
mod ending;
mod follower;
mod hearing;
mod proxy;
mod slow;
mod socket;
mod web_socket;

use chrono::DateTime;
use futures_util::{StreamExt, stream};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::api::{client, now, text};
use crate::usher::{CLIENTS, KEY, PASSWORD, Setup, Usher, answered};
use follower::Follower;

const EVENTS: &str = "/api/events";
const CALLBACK: &str = "https://app.test/callback";
const OTHER_KEY: &str = "other-key";
const ADMIN_KEY: &str = "admin-key";
/// May book, and not listen.
const POOR_KEY: &str = "poor-key";

/// All have the password of the sample.
const PEOPLE: &str = r#"
["doctor@example.com"]
id = "u-doctor"
password = "HASH"
roles = ["doctor"]
["patient@example.com"]
id = "u-patient"
password = "HASH"
["stranger@example.com"]
id = "u-stranger"
password = "HASH"
["staff@example.com"]
id = "u-staff"
password = "HASH"
roles = ["hospital"]
organisations = ["hospital-1"]
["far@example.com"]
id = "u-far"
password = "HASH"
roles = ["hospital"]
organisations = ["hospital-2"]
["admin@example.com"]
id = "u-admin"
password = "HASH"
roles = ["admin"]
"#;
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$SlLp7cYoe0zoUOJeJ4FGrw$zksFXKtcQyQ1Z+HZr28WNepnpDxT/ZjXscvtNS2xBKc";

fn setup() -> Setup {
    let may_listen = CLIENTS.replace("\"meetings:write\"]", "\"meetings:write\", \"events:read\"]");
    let mut clients = may_listen + &format!("redirect_uris = [\"{CALLBACK}\"]\n");
    let booking = "\"tokens:issue\", \"meetings:write\"";
    clients += &client(
        "other",
        OTHER_KEY,
        &format!("scopes = [{booking}, \"events:read\"]"),
    );
    clients += &client("boss", ADMIN_KEY, "scopes = [\"admin\"]");
    clients += &client("poor", POOR_KEY, &format!("scopes = [{booking}]"));
    Setup {
        clients,
        users: PEOPLE.replace("HASH", HASH),
        ..Setup::default()
    }
}

/// The token of somebody's sign-in.
async fn sign_in(usher: &Usher, who: &str) -> String {
    let body = json!({
        "username": format!("{who}@example.com"), "password": PASSWORD,
        "client_id": "ataraxia", "redirect_uri": CALLBACK,
    });
    let request = usher.http.post(format!("{}/sso/api/login/", usher.url()));
    text(&answered(request.json(&body)).await["token"]).to_owned()
}

/// A request to listen by whoever has this key or token; `query` with its `?`.
fn listening(usher: &Usher, who: &str, query: &str) -> RequestBuilder {
    usher.get(&format!("{EVENTS}{query}")).bearer_auth(who)
}

async fn follow(usher: &Usher, who: &str, query: &str) -> Follower {
    Follower::of(listening(usher, who, query)).await
}

async fn come_back(usher: &Usher, who: &str, last: &str) -> Follower {
    Follower::of(listening(usher, who, "").header("last-event-id", last)).await
}

/// Books a meeting of these people; its id and room.
async fn book(usher: &Usher, key: &str, people: &[&str]) -> (String, String) {
    let starts = DateTime::from_timestamp(now() + 300, 0).expect("a moment");
    let body = json!({
        "participants": people, "scheduledAt": starts.to_rfc3339(), "durationMinutes": 30,
        "title": "private title", "description": "private text",
    });
    let answer = answered(usher.post_as(key, "/api/meetings", &body)).await;
    let meeting = &answer["data"]["meeting"];
    (
        text(&meeting["id"]).to_owned(),
        text(&meeting["roomName"]).to_owned(),
    )
}

/// Books that many rooms, many at a time; returns their meetings.
async fn book_many(usher: &Usher, run: &str, count: usize) -> Vec<String> {
    let bookings = stream::iter(0..count).map(async |number| {
        let answer = usher.create_room(&format!("{run}-{number}")).await;
        text(&answer["meetingId"]).to_owned()
    });
    bookings.buffer_unordered(16).collect().await
}

/// Somebody comes or goes, as Prosody says.
async fn seen(usher: &Usher, room: &str, what: &str, who: &str, at: i64) {
    let occupant = json!({
        "occupant_jid": format!("{who}@meet.test/x"), "id": who, "name": who, "joined_at": at,
        "left_at": (what == "left").then_some(at + 60),
    });
    let body = json!({
        "event_name": format!("muc-occupant-{what}"), "room_name": room,
        "room_jid": format!("{room}@conference.meet.test"), "is_breakout": false,
        "active_occupants_count": 1, "occupant": occupant,
    });
    let answer = usher
        .report(&format!("/events/occupant/{what}"), &body)
        .send()
        .await;
    assert!(answer.expect("usher answers").status().is_success());
}

/// The meetings that events are about, in their order.
fn meetings(heard: &[Value]) -> Vec<&str> {
    heard.iter().map(|event| text(&event["subject"])).collect()
}

/// What happened, by the middle of the events' types.
fn kinds(heard: &[Value]) -> Vec<&str> {
    let bare = |event| text(event).strip_prefix("usher.meeting.")?.strip_suffix(".v1");
    heard
        .iter()
        .map(|event| bare(&event["type"]).expect("a type of ours"))
        .collect()
}
