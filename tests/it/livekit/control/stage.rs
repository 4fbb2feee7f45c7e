//! An usher beside a LiveKit on which it may act, with people who sign in.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::api::{Said, client, text};
use crate::livekit::CALLBACK;
use crate::livekit::fake::LiveKit;
use crate::patience::look_for;
use crate::usher::{CLIENTS, KEY, PASSWORD, Setup, USERS, Usher, answered, now_millis};

pub struct Stage {
    pub livekit: LiveKit,
    pub usher: Usher,
}

/// A booked meeting.
#[derive(Debug)]
pub struct Booked {
    pub id: String,
    pub room: String,
}

/// usher begins to act soon after its start, and no meeting is over soon.
pub const MEETINGS: &str = "[meetings]\nadhoc_grace_secs = 1\nbooked_grace_secs = 300\n";
/// The key of a client that may read the audit trail.
const AUDITOR: &str = "auditor-key";
/// Somebody of the sample, and their id.
pub const SARA: &str = "user@example.com";
pub const SARA_ID: &str = "123e4567-e89b-12d3-a456-426614174000";
/// Somebody without a role.
pub const PAT: &str = "pat@example.com";
pub const PAT_ID: &str = "pat-1";

// === impl Stage ===

impl Stage {
    pub async fn start() -> Self {
        Self::with("", MEETINGS, "").await
    }

    /// With further lines of `[[livekit]]`, these sections, and these rules for rooms.
    pub async fn with(livekit_lines: &str, sections: &str, rooms: &str) -> Self {
        let livekit = LiveKit::start().await;
        let setup = Setup {
            rooms: rooms.into(),
            ..setup(&format!("{}{sections}", livekit.section(livekit_lines)))
        };
        let usher = Usher::start(setup).await;
        livekit.notify(&[format!("{}/livekit/webhook", usher.url())]);
        Self { livekit, usher }
    }

    /// Books a meeting of `minutes` that begins so many seconds from now.
    pub async fn book(&self, seconds: i64, minutes: u32) -> Booked {
        let wanted = json!({ "scheduledAt": after(seconds), "durationMinutes": minutes });
        self.book_as(KEY, wanted).await
    }

    pub async fn book_as(&self, who: &str, wanted: Value) -> Booked {
        let said = self.send(who, Method::POST, "/api/meetings", &wanted).await;
        assert_eq!(said.status, 201, "{said:?}");
        let meeting = &said.json()["data"]["meeting"];
        Booked {
            id: text(&meeting["id"]).to_owned(),
            room: text(&meeting["roomName"]).to_owned(),
        }
    }

    /// A request of whoever has this key or token.
    pub async fn send(&self, who: &str, method: Method, path: &str, body: &Value) -> Said {
        Said::to(self.asked(who, method, path).json(body)).await
    }

    /// A request of the program about somebody in a meeting.
    pub async fn about(&self, meeting: &Booked, method: Method, person: &str, body: &Value) -> Said {
        let path = format!("/api/meetings/{}/people/{person}", meeting.id);
        self.send(KEY, method, &path, body).await
    }

    fn asked(&self, who: &str, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.usher.url());
        self.usher.http.request(method, url).bearer_auth(who)
    }

    /// The token of a sign-in of somebody of the sample.
    pub async fn sign_in(&self, username: &str) -> String {
        let body = json!({
            "username": username, "password": PASSWORD, "client_id": "ataraxia", "redirect_uri": CALLBACK,
        });
        let url = format!("{}/sso/api/login/", self.usher.url());
        text(&answered(self.usher.http.post(url).json(&body)).await["token"]).to_owned()
    }

    /// Waits until so many orders of a kind ended in this way.
    pub async fn until_orders(&self, kind: &str, result: &str, count: usize) {
        let series = format!("usher_orders_total{{kind=\"{kind}\",result=\"{result}\"}}");
        self.usher
            .until_metrics(&[(&series, count as f64), ("usher_orders_waiting", 0.0)])
            .await;
    }

    /// Waits until an order of a kind has failed and is going to be tried again.
    pub async fn until_failed(&self, kind: &str) {
        let series = format!("usher_orders_total{{kind=\"{kind}\",result=\"failed\"}}");
        let failed = async |usher: &Usher| (usher.metric(&series).await >= 1.0).then_some(());
        self.usher.eventually("a failed order", failed).await;
    }

    /// What was told of a meeting until now.
    pub fn told(&self, meeting: &Booked) -> Vec<Value> {
        let mut events = self.usher.event_log();
        events.retain(|event| event["subject"] == meeting.id.as_str());
        events
    }

    /// The records of the audit trail that are about an action, newest first.
    pub async fn audited(&self, action: &str) -> Vec<Value> {
        let path = format!("/api/audit?action={action}");
        let said = self.send(AUDITOR, Method::GET, &path, &json!({})).await;
        said.json()["data"]["records"]
            .as_array()
            .cloned()
            .expect("a list")
    }

    pub async fn until_people(&self, count: usize) {
        self.usher.until_metrics(&[("usher_people", count as f64)]).await;
    }

    /// Waits until these are in the room and nobody else, by LiveKit's account.
    pub async fn until_present(&self, room: &str, expected: &[&str]) {
        let there = look_for(async || (self.livekit.present(room) == expected).then_some(()));
        if there.await.is_none() {
            let (present, log) = (self.livekit.present(room), self.usher.log());
            panic!("{present:?} are there, and not {expected:?}\n{log}");
        }
    }
}

/// One that books on LiveKit, with these sections.
pub fn setup(sections: &str) -> Setup {
    let own = format!("{CLIENTS}backend = \"livekit:main\"\nredirect_uris = [\"{CALLBACK}\"]\n");
    let setup = Setup {
        clients: own + &client("auditor", AUDITOR, "scopes = [\"audit:read\"]"),
        users: people(),
        ..Setup::default()
    };
    setup.sections(sections)
}

/// A doctor and a patient, with one password.
fn people() -> String {
    let patient = [(SARA, PAT), (SARA_ID, PAT_ID), ("\"doctor\"", "")];
    let patient = patient.iter().fold(USERS.to_owned(), |text, (of_sara, own)| {
        text.replace(of_sara, own)
    });
    format!("{USERS}\n{patient}")
}

/// A moment so many seconds from now.
pub fn after(seconds: i64) -> String {
    let now: DateTime<Utc> = DateTime::from_timestamp_millis(now_millis()).expect("a moment");
    (now + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Millis, true)
}
