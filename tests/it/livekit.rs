//! usher beside a LiveKit: tokens before its own verifier, webhooks, rooms and people, on a fake server and on a real one.

mod channels;
mod check;
mod control;
pub mod fake;
mod participant;
mod people;
mod program;
pub mod real;
mod repair;
mod same_as_jitsi;
mod scenarios;
mod server;
mod signer;
mod table;
mod webhook;

use livekit_api::access_token::{Claims, TokenVerifier};
use serde_json::{Value, json};

use crate::api::{Said, client};
use crate::usher::{PASSWORD, Setup, USERS, Usher};
use fake::{API_KEY, API_SECRET};

const SIGN_IN: &str = "/api/auth/client/";
const GENERATE: &str = "/api/livekit/generate-token";
const PARTICIPANT: &str = "/api/livekit/token";

const URL: &str = "https://livekit.test";
/// Where the client `ataraxia` has people sent back to.
const CALLBACK: &str = "https://app.test/callback";
const SARA: &str = "user@example.com";
const SARA_ID: &str = "123e4567-e89b-12d3-a456-426614174000";

const ROOMS: &str = r#"
[channels.1234567]
name = "کانال عمومی"
members = ["user@example.com"]

[channels.8]
name = "Doctors"
roles = ["doctor"]

[channels.9]
name = "Nurses"
roles = ["nurse"]

[[rules]]
rooms = "channel-8"
moderators = ["role:doctor"]
max_people = 12

[[rules]]
rooms = "ward-*"
members = ["role:nurse"]
"#;

/// A LiveKit section of that name and address.
fn server(name: &str, url: &str) -> String {
    format!(
        "[[livekit]]\nname = \"{name}\"\nurl = \"{url}\"\nkeys = [{{ api_key = \"{API_KEY}{}\", api_secret = \"{API_SECRET}\" }}]\n",
        if name == "main" { "" } else { name }
    )
}

/// A section of `users.toml` for somebody with [`PASSWORD`], whose hash is in [`USERS`].
fn person(email: &str, lines: &str) -> String {
    let hash = USERS.split('"').find(|text| text.starts_with("$argon2id$"));
    let hash = hash.expect("the sample has a password");
    format!(
        "[\"{email}\"]
name = \"Sara\"
password = \"{hash}\"
{lines}
"
    )
}

/// One LiveKit server, a doctor, two channels for her, and a client that may read the audit trail.
fn setup() -> Setup {
    let mut setup = Setup::default().sections(&server("main", URL));
    setup.users = USERS.into();
    setup.rooms = ROOMS.into();
    setup
        .clients
        .push_str(&format!("redirect_uris = [\"{CALLBACK}\"]\n"));
    setup
        .clients
        .push_str(&client("auditor", "audit-key", "scopes = [\"audit:read\"]"));
    setup
}

async fn start() -> Usher {
    Usher::start(setup()).await
}

async fn sign_in(usher: &Usher, body: Value) -> Said {
    Said::to(usher.http.post(format!("{}{SIGN_IN}", usher.url())).json(&body)).await
}

fn credentials() -> Value {
    json!({"username": SARA, "password": PASSWORD})
}

/// What LiveKit's own verifier makes of a token.
fn verified(token: &str) -> Claims {
    let verifier = TokenVerifier::with_api_key(API_KEY, API_SECRET);
    verifier
        .verify(token)
        .unwrap_or_else(|fault| panic!("{fault}: {token}"))
}

/// The audit trail, oldest first: action, outcome, reason, user, room.
async fn trail(usher: &Usher) -> Vec<[String; 5]> {
    let said = Said::to(usher.get("/api/audit").bearer_auth("audit-key")).await;
    let answer = said.json();
    let records = answer["data"]["records"]
        .as_array()
        .unwrap_or_else(|| panic!("{said:?}"));
    let word = |record: &Value, name: &str| record[name].as_str().unwrap_or("-").to_owned();
    let words =
        |record: &Value| ["action", "outcome", "reason", "user", "room"].map(|name| word(record, name));
    records.iter().rev().map(words).collect()
}
