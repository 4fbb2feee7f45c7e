//! XMPP clients, all in one Node process, driven by lines of JSON (`tests/xmpp/client.mjs`).

use std::process::Command;

use serde_json::{Value, json};

use super::server::{ACCOUNTS, DOMAIN, PASSWORD, Prosody, RECORDERS, repository};
use crate::puppets::Puppets;

/// The people of a test, and jicofo's focus when the test plays it.
#[derive(Debug)]
pub struct People(Puppets);

// === impl People ===

impl People {
    pub fn start() -> Self {
        let folder = repository().join("tests/xmpp");
        assert!(
            folder.join("node_modules").exists(),
            "the XMPP client is not installed: run `npm ci` in {}",
            folder.display()
        );
        Self(Puppets::start(
            Command::new("node").arg(folder.join("client.mjs")),
        ))
    }

    /// Somebody without an account joins a room; `room` is the whole address. The answer says what became of it.
    pub async fn join(&mut self, prosody: &Prosody, id: &str, room: &str) -> Value {
        self.join_with(prosody, id, room, json!({})).await
    }

    /// As `join`, with more fields for the command: `nick`, `name`, `token`, `presence` …
    pub async fn join_with(&mut self, prosody: &Prosody, id: &str, room: &str, more: Value) -> Value {
        let mut command = json!({
            "do": "join", "id": id, "room": room, "nick": id, "domain": DOMAIN, "url": address(prosody, room, &more),
        });
        merge(&mut command, more);
        self.ask(command).await
    }

    /// Jicofo's account, a Prosody administrator, opens a room.
    pub async fn focus(&mut self, prosody: &Prosody, room: &str) -> Value {
        let account = json!({ "domain": ACCOUNTS, "username": "focus", "password": PASSWORD });
        self.join_with(prosody, "focus", room, account).await
    }

    /// A recorder (Jibri) comes into a room.
    pub async fn recorder(&mut self, prosody: &Prosody, room: &str) -> Value {
        let account = json!({ "domain": RECORDERS, "username": "recorder", "password": PASSWORD });
        self.join_with(prosody, "recorder", room, account).await
    }

    /// Asks jicofo for a room, as browsers do before they join it.
    pub async fn conference(&mut self, prosody: &Prosody, id: &str, room: &str) -> Value {
        let url = address(prosody, room, &json!({}));
        let focus = format!("focus.{DOMAIN}");
        let command = json!({ "do": "conference", "id": id, "room": room, "focus": focus, "domain": DOMAIN, "url": url });
        self.ask(command).await
    }

    pub async fn leave(&mut self, id: &str, room: &str) -> Value {
        self.ask(json!({ "do": "leave", "id": id, "room": room })).await
    }

    /// Cuts the connection without a word.
    pub async fn drop_connection(&mut self, id: &str) -> Value {
        self.ask(json!({ "do": "drop", "id": id })).await
    }

    /// Sends one command and waits for its answer.
    pub async fn ask(&mut self, command: Value) -> Value {
        self.0.ask(command).await
    }

    /// Waits for something that happened to a client by itself, in the past or the future.
    pub async fn notice(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        self.0.notice(is_it).await
    }
}

/// The address that a browser would open, with the room and the token in its query.
fn address(prosody: &Prosody, room: &str, more: &Value) -> String {
    let node = room.split('@').next().unwrap_or_default();
    let token = more["token"]
        .as_str()
        .map(|token| format!("&token={token}"))
        .unwrap_or_default();
    format!("{}?room={node}{token}", prosody.websocket())
}

fn merge(command: &mut Value, more: Value) {
    if let (Value::Object(command), Value::Object(more)) = (command, more) {
        command.extend(more);
    }
}
