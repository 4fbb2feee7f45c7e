//! LiveKit's own client in one Python process, driven by lines of JSON (`tests/livekit/client.py`).

use std::path::Path;
use std::process::{Command, Stdio};

use livekit_api::access_token::{AccessToken, VideoGrants};
use serde_json::{Value, json};

use super::{API_KEY, API_SECRET, Server, not_tried};
use crate::puppets::Puppets;

/// The people of a test.
#[derive(Debug)]
pub struct People(Puppets);

// === impl People ===

impl People {
    /// Nothing where `LIVEKIT_PYTHON` names no interpreter that has PyPI's `livekit`; then a line says so.
    pub fn start(what: &str) -> Option<Self> {
        let Some(python) = std::env::var_os("LIVEKIT_PYTHON") else {
            not_tried(what, "LIVEKIT_PYTHON names no Python with the package livekit");
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/livekit/client.py");
        let mut command = Command::new(python);
        Some(Self(Puppets::start(command.arg(script).stderr(Stdio::null()))))
    }

    /// Somebody comes into a room, and has media.
    pub async fn join(&mut self, server: &Server, room: &str, identity: &str) {
        let grants = VideoGrants {
            room_join: true,
            room: room.into(),
            ..VideoGrants::default()
        };
        let token = AccessToken::with_api_key(API_KEY, API_SECRET)
            .with_identity(identity)
            .with_name(identity)
            .with_grants(grants)
            .to_jwt();
        let url = server.url().replace("http://", "ws://");
        let command =
            json!({ "do": "join", "id": identity, "url": url, "token": token.expect("it can be signed") });
        let joined = self.0.ask(command).await;
        assert_eq!(joined["joined"], room, "{joined}");
    }

    pub async fn leave(&mut self, identity: &str) {
        let left = self.0.ask(json!({ "do": "leave", "id": identity })).await;
        assert_eq!(left["left"], identity, "{left}");
    }

    /// Waits for something that happens to somebody by itself: a message with `data`, or that they are `out`.
    pub async fn notice(&mut self, identity: &str, what: &str) -> Value {
        self.0
            .notice(|line| line["id"] == identity && line.get(what).is_some())
            .await
    }
}
