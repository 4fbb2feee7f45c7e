//! The contract as a caller sees it: the real daemon, whole answers.

mod answers;
mod callers;
mod keys;
mod log;
mod origins;
mod rooms;
mod tokens;
mod validate;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use usher::tokens::sha256_hex;

use crate::usher::{Setup, Usher};

pub const GENERATE: &str = "/api/jitsi/generate-token";
pub const CREATE: &str = "/api/jitsi/create-room";
pub const VALIDATE: &str = "/api/jitsi/validate-token";
pub const BATCH: &str = "/prosody/events";
pub const JWKS: &str = "/.well-known/jwks.json";

/// What stands for a value that differs from run to run.
const VARIES: &str = "…";

/// An answer, taken apart.
#[derive(Debug)]
pub struct Said {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

// === impl Said ===

impl Said {
    pub async fn to(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("usher answers");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.expect("an answer is text");
        Self {
            status,
            headers,
            text,
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("header values are ASCII"))
    }

    /// The status and the stable code of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        (
            self.status.as_u16(),
            self.json()["code"].as_str().unwrap_or_default().to_owned(),
        )
    }

    pub fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.refusal(), (status, code.to_owned()), "{self:?}");
    }
}

/// The section of `clients.toml` for a client with one key.
pub fn client(id: &str, key: &str, lines: &str) -> String {
    format!("[{id}]\nkeys = [\"sha256:{}\"]\n{lines}\n", sha256_hex(key))
}

/// The daemon with these further clients.
pub async fn with_clients(sections: &[String]) -> Usher {
    let mut setup = Setup::default();
    setup.clients.push_str(&sections.concat());
    Usher::start(setup).await
}

/// The value with each of these places, which must hold some text, blotted out.
pub fn without(mut value: Value, places: &[&str]) -> Value {
    for place in places {
        let found = value
            .pointer_mut(place)
            .unwrap_or_else(|| panic!("nothing at {place}"));
        assert!(
            found.as_str().is_some_and(|text| !text.is_empty()),
            "{place}: {found}"
        );
        *found = json!(VARIES);
    }
    value
}

/// A part of a token: 0 the header, 1 the claims.
fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).expect("a token has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

pub fn header(token: &str) -> Value {
    part(token, 0)
}

pub fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The claims without those that tell the time or are drawn, which must be there and fit one another.
pub fn lasting_claims(token: &str, life: i64) -> Value {
    let mut claims = claims(token);
    let number = |name: &str| {
        claims[name]
            .as_i64()
            .unwrap_or_else(|| panic!("{name} in {claims}"))
    };
    let (exp, nbf, iat) = (number("exp"), number("nbf"), number("iat"));
    assert_eq!((exp - iat, iat - nbf), (life, 10), "{claims}");
    assert!((now() - iat).abs() <= 120, "{claims}");
    assert_eq!(claims["jti"].as_str().map(str::len), Some(36), "{claims}");
    for name in ["exp", "nbf", "iat", "jti"] {
        claims.as_object_mut().expect("claims are an object").remove(name);
    }
    claims
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

pub fn moment(value: &Value) -> DateTime<Utc> {
    text(value).parse().expect("RFC 3339")
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let passed = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("the clock is past 1970");
    i64::try_from(passed.as_secs()).expect("not so late")
}
