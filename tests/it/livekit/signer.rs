//! Webhooks as LiveKit makes, signs and sends them (`webhook/` of livekit/protocol).

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::forged::Forgery;
use crate::usher::{Usher, now_millis};

pub const WEBHOOK: &str = "/livekit/webhook";

/// A LiveKit server's way to tell what happens in its rooms.
#[derive(Debug)]
pub struct Signer {
    key: String,
    secret: String,
    /// How many seconds its clock is ahead.
    ahead: i64,
    /// How many events it has made.
    made: AtomicU64,
}

// === impl Signer ===

impl Signer {
    pub fn new(key: &str, secret: &str) -> Self {
        Self {
            key: key.into(),
            secret: secret.into(),
            ahead: 0,
            made: AtomicU64::new(0),
        }
    }

    /// The same with a clock that is so many seconds ahead.
    pub fn ahead(self, seconds: i64) -> Self {
        Self {
            ahead: seconds,
            ..self
        }
    }

    /// An event with an id of its own and the present time; `parts` are its other fields, as proto3's JSON has them.
    pub fn event(&self, name: &str, parts: Value) -> Value {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let mut event = json!({
            "event": name,
            "id": format!("EV_{}_{number}", self.key),
            "createdAt": (now_millis() / 1000).to_string(),
        });
        let parts = parts.as_object().expect("the fields of an event").clone();
        event
            .as_object_mut()
            .expect("an event is an object")
            .extend(parts);
        event
    }

    /// The claims of the token for a body.
    pub fn claims(&self, body: &[u8]) -> Value {
        let at = now_millis() / 1000 + self.ahead;
        let hash = STANDARD.encode(digest(&SHA256, body));
        json!({"iss": self.key, "nbf": at, "exp": at + 300, "iat": at, "sha256": hash})
    }

    /// The `Authorization` header for a body.
    pub fn sign(&self, body: &[u8]) -> String {
        Forgery::of(&self.claims(body)).hs256(self.secret.as_bytes())
    }

    /// The request that tells an event.
    pub fn tell(&self, usher: &Usher, event: &Value) -> RequestBuilder {
        let body = event.to_string().into_bytes();
        let authorization = self.sign(&body);
        send(usher, &authorization, body)
    }
}

/// A request with any header and any body.
pub fn send(usher: &Usher, authorization: &str, body: Vec<u8>) -> RequestBuilder {
    let request = usher.http.post(format!("{}{WEBHOOK}", usher.url()));
    request
        .header("Content-Type", "application/webhook+json")
        .header("User-Agent", "LiveKit")
        .header("Authorization", authorization)
        .body(body)
}

/// A room as events describe it: zero values are absent, 64-bit numbers are texts.
pub fn room(name: &str, sid: &str, opened_at: i64) -> Value {
    json!({
        "sid": sid, "name": name, "emptyTimeout": 300, "departureTimeout": 20,
        "creationTime": (opened_at / 1000).to_string(), "creationTimeMs": opened_at.to_string(),
        "turnPassword": "a password that nobody else may know",
        "enabledCodecs": [{"mime": "audio/opus"}, {"mime": "video/VP8"}],
    })
}

/// Somebody in a room, as events describe them.
pub fn participant(sid: &str, identity: &str, joined_at: i64) -> Value {
    json!({
        "sid": sid, "identity": identity, "name": identity, "state": "ACTIVE", "version": 2,
        "joinedAt": (joined_at / 1000).to_string(), "joinedAtMs": joined_at.to_string(),
        "permission": {"canSubscribe": true, "canPublish": true, "canPublishData": true},
        "attributes": {"k": "v"}, "clientProtocol": 2,
    })
}
