//! What stands in the place of an operation's parameters, and what is sent along.

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use usher::tokens::sha256_hex;

use super::callers::to;
use super::table::Row;
use super::world::{CALLBACK, KID, PATIENT, World, appointment, in_minutes};
use crate::api::now;
use crate::usher::PASSWORD;

/// One call of an operation.
pub struct Filling<'a> {
    row: &'a Row,
    /// With its query.
    pub path: String,
    /// Of the appointment that it is about.
    pub appointment: Option<String>,
}

enum Payload {
    Json(Value),
    Form(String),
}

// === impl Filling ===

impl<'a> Filling<'a> {
    pub async fn new(world: &World, row: &'a Row) -> Self {
        let is_about_one = ["{meeting}", "{appointment}", "{id}"]
            .iter()
            .any(|name| row.path.contains(name))
            || row.path == "/api/meetings/adhoc";
        let appointment = match is_about_one {
            true => Some(world.appointment().await),
            false => None,
        };
        let mut path = String::new();
        for piece in row.path.split_inclusive('}') {
            let (fixed, name) = piece.split_once('{').unwrap_or((piece, ""));
            path += fixed;
            path += &value(world, name.trim_end_matches('}'), appointment.as_deref());
        }
        path += &asked(&row.path);
        Self {
            row,
            path,
            appointment,
        }
    }

    /// Whether browsers ask for it, which prove who they are by a cookie.
    pub fn is_page(&self) -> bool {
        self.row.method == "GET" && self.row.path == "/m/{meeting}"
    }

    /// The request with the body that the operation takes.
    pub fn sent_along(&self, request: RequestBuilder) -> RequestBuilder {
        let request = match self.row.path.as_str() {
            "/api/events/ws" => request
                .header("Connection", "Upgrade")
                .header("Upgrade", "websocket")
                .header("Sec-WebSocket-Version", "13")
                .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            _ => request,
        };
        if self.row.method == "GET" {
            return request;
        }
        match self.payload() {
            Payload::Json(body) => request.json(&body),
            Payload::Form(body) => request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body),
        }
    }

    fn payload(&self) -> Payload {
        let form = |body: &str| Payload::Form(body.to_owned());
        Payload::Json(match (self.row.method.as_str(), self.row.path.as_str()) {
            ("POST", "/api/meetings") => json!({
                "title": "Talk", "participants": ["u-doctor", PATIENT], "scheduledAt": in_minutes(5), "durationMinutes": 30,
                "roleContext": "patient-doctor",
            }),
            ("POST", "/api/meetings/adhoc") => json!({"appointmentId": self.appointment}),
            ("PATCH", "/api/meetings/{meeting}") => json!({"description": "Another"}),
            ("PATCH", "/api/meetings/{meeting}/status") => json!({"status": "active"}),
            ("POST", "/api/meetings/{meeting}/token") => json!({"userName": "Ann", "userId": PATIENT}),
            ("POST", "/api/meetings/{meeting}/admit") => json!({"all": true}),
            ("PATCH", "/api/meetings/{meeting}/people/{person}") => json!({"canPublish": false}),
            ("POST", "/api/meetings/{meeting}/people/{person}/mute") => json!({"audio": true}),
            ("POST", "/api/appointments") => appointment(),
            ("POST", "/api/jitsi/generate-token") => json!({"roomName": "hall", "userName": "Ann"}),
            ("POST", "/api/jitsi/create-room") => json!({"appointmentId": "a-1"}),
            ("POST", "/api/livekit/generate-token") => json!({"roomName": "hall", "identity": "ann"}),
            ("POST", "/api/livekit/token") => json!({"room_name": "hall"}),
            ("POST", "/api/jitsi/validate-token") => json!({"token": "x"}),
            ("POST", "/sso/api/validate-token/") => json!({"token": "x", "client_id": "ataraxia"}),
            ("POST", "/sso/api/refresh-token/") => json!({"refresh_token": "x", "client_id": "ataraxia"}),
            ("POST", "/api/auth/client/") => json!({"username": "doctor@example.com", "password": PASSWORD}),
            ("POST", "/sso/api/login/") => json!({
                "username": "doctor@example.com", "password": PASSWORD, "client_id": "ataraxia", "redirect_uri": CALLBACK,
            }),
            ("POST", "/prosody/events") => {
                json!({"host": "conference.meet.test", "instance": "one", "events": []})
            }
            ("POST", path) if path.starts_with("/events/") => json!({
                "room_name": "alpha", "room_jid": "alpha@conference.meet.test", "created_at": now(), "destroyed_at": now(),
                "occupant": {"occupant_jid": "ann@meet.test/1", "joined_at": now(), "left_at": now(), "name": "Ann"},
            }),
            ("POST", "/conference") => return form("name=open-door"),
            ("POST", "/sso/token") => {
                return form("grant_type=refresh_token&refresh_token=x&client_id=ataraxia");
            }
            ("POST", "/sso/login/" | "/sso/guest/") => return form("csrf=x&username=x&password=x&name=x"),
            ("POST", "/sso/api/logout/" | "/m/{meeting}") => return form("csrf=x"),
            _ => json!({}),
        })
    }
}

/// What stands for a parameter of a path.
fn value(world: &World, name: &str, appointment: Option<&str>) -> String {
    match name {
        "" => String::new(),
        "meeting" | "appointment" | "id" => appointment.unwrap_or_default().to_owned(),
        "user" | "person" => PATIENT.into(),
        "kid" => sha256_hex(KID),
        "file" => world.asset.clone(),
        "page" => "callback.html".into(),
        "tag" => "fa".into(),
        unknown => panic!("nothing is known to stand for {{{unknown}}}"),
    }
}

/// The query, with its question mark.
fn asked(path: &str) -> String {
    match path {
        "/sso/login/" | "/sso/guest/" | "/sso/api/logout/" => format!("?{}", to("/open-hall")),
        "/language/{tag}" => "?back=/sso/login/".into(),
        "/sso/oidc/start" => format!("?{}", to("/")),
        "/sso/authorize" => format!(
            "?{}&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&state=x",
            to("/")
        ),
        _ => String::new(),
    }
}
