//! An usher that may act on its Prosody, and people inside.

use std::fs;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::end_to_end::story;
use crate::ports::free_port;
use crate::prosody::people::People;
use crate::prosody::server::{self as prosody, MUC, Prosody};
use crate::usher::{self, KEY, PROSODY_SECRET, Usher, answered};

pub struct Stage {
    pub usher: Usher,
    pub prosody: Prosody,
    pub people: People,
}

/// A booked meeting with its room.
pub struct Booked {
    pub id: String,
    /// The room's address in Prosody.
    pub room: String,
}

/// Grace times short enough for a test, and people are told a minute before the end.
pub const MEETINGS: &str =
    "[meetings]\nadhoc_grace_secs = 1\nbooked_grace_secs = 300\nwarn_before_end_minutes = 1\n";

// === impl Stage ===

impl Stage {
    /// `meetings` are the lines of that section and whatever follows it.
    pub async fn new(meetings: &str) -> Self {
        Self::with(meetings, None, |setup| setup).await
    }

    /// usher looks for Prosody's web server at `seen_at`, where it is not; `change` adds to the Prosody.
    pub async fn with(
        meetings: &str,
        seen_at: Option<u16>,
        change: impl FnOnce(prosody::Setup) -> prosody::Setup,
    ) -> Self {
        let port = free_port();
        let mut setup = usher::Setup::default().sections(meetings);
        setup.signing = format!("{}\n{}", setup.signing, address(seen_at.unwrap_or(port)));
        let usher = Usher::start(setup).await;
        let common = prosody::Setup::with_usher(&usher.url(), PROSODY_SECRET).port(port);
        let prosody = Prosody::start(change(common)).await;
        Self {
            usher,
            prosody,
            people: People::start(),
        }
    }

    /// Books a meeting of one minute that began `seconds` ago.
    pub async fn book(&self, appointment: &str, seconds: i64) -> Booked {
        let start = clock() - TimeDelta::seconds(seconds);
        let wanted = json!({
            "appointmentId": appointment, "durationMinutes": 1,
            "scheduledStartTime": start.to_rfc3339_opts(SecondsFormat::Millis, true),
        });
        self.booked(&wanted).await
    }

    /// Books one that begins now and has time enough for any test.
    pub async fn book_long(&self, appointment: &str) -> Booked {
        self.booked(&json!({ "appointmentId": appointment })).await
    }

    async fn booked(&self, wanted: &Value) -> Booked {
        let answer = answered(self.usher.post("/api/jitsi/create-room", wanted)).await;
        let text = |field: &str| answer[field].as_str().expect("a text").to_owned();
        Booked {
            id: text("meetingId"),
            room: format!("{}@{MUC}", text("roomName")),
        }
    }

    /// They are in, and usher knows it.
    pub async fn enter(&mut self, room: &str, names: &[&str]) {
        for name in names {
            let joined = self
                .people
                .join_with(&self.prosody, name, room, json!({ "name": name }))
                .await;
            assert_eq!(joined["joined"], room, "{joined}");
        }
        let people = names.len() as f64;
        self.usher.until_metrics(&[("usher_people", people)]).await;
    }

    /// The client calls the meeting off.
    pub async fn cancel(&self, meeting: &Booked) {
        let url = format!("{}/api/meetings/{}", self.usher.url(), meeting.id);
        answered(self.usher.http.delete(url).bearer_auth(KEY)).await;
    }

    /// The client says that the meeting goes on although nobody was seen.
    pub async fn start(&self, meeting: &Booked) {
        self.set_status(meeting, "active").await;
    }

    /// The client ends the meeting for everyone.
    pub async fn end(&self, meeting: &Booked) {
        self.set_status(meeting, "completed").await;
    }

    async fn set_status(&self, meeting: &Booked, status: &str) {
        let url = format!("{}/api/meetings/{}/status", self.usher.url(), meeting.id);
        let body = json!({ "status": status });
        answered(self.usher.http.patch(url).bearer_auth(KEY).json(&body)).await;
    }

    /// Waits until somebody is put out of a room, and says how.
    pub async fn put_out(&mut self, name: &str) -> Value {
        let out = |notice: &Value| notice["id"] == name && notice.get("removed").is_some();
        self.people.notice(out).await["removed"].clone()
    }

    /// Waits until something is said to somebody.
    pub async fn said_to(&mut self, name: &str) -> Value {
        let said = |notice: &Value| notice["id"] == name && notice.get("message").is_some();
        self.people.notice(said).await["message"].clone()
    }

    /// The events of a meeting, once there is one of this kind.
    pub async fn told(&self, meeting: &Booked, kind: &str) -> Vec<Value> {
        let told = async |usher: &Usher| {
            let events = events_of(usher, meeting);
            events
                .iter()
                .any(|event| story::kind(event) == kind)
                .then_some(events)
        };
        self.usher.eventually(kind, told).await
    }

    /// Waits until nothing has to be told any more, and so often with this result.
    pub async fn until_orders(&self, kind: &str, result: &str, count: usize) {
        let series = format!("usher_orders_total{{kind=\"{kind}\",result=\"{result}\"}}");
        let expected = [(series.as_str(), count as f64), ("usher_orders_waiting", 0.0)];
        self.usher.until_metrics(&expected).await;
    }

    /// usher looks for Prosody's web server where it is.
    pub async fn correct_address(&self, wrong: u16) {
        let file = self.usher.config_dir().join("usher.toml");
        let text = fs::read_to_string(&file).expect("usher.toml is there");
        let port = self
            .prosody
            .http()
            .rsplit(':')
            .next()
            .and_then(|port| port.parse().ok());
        let right = address(port.expect("a port"));
        fs::write(&file, text.replace(&address(wrong), &right)).expect("usher.toml can be written");
        let applied = [("usher_config_reloads_total{result=\"applied\"}", 1.0)];
        self.usher.until_metrics(&applied).await;
    }
}

/// What was told of a meeting until now.
pub fn events_of(usher: &Usher, meeting: &Booked) -> Vec<Value> {
    let mut events = usher.event_log();
    events.retain(|event| event["subject"] == meeting.id.as_str());
    events
}

/// The clock of this machine, which Prosody and usher read too.
#[expect(
    clippy::disallowed_methods,
    reason = "the test stands outside of usher, with a clock of its own"
)]
pub fn clock() -> DateTime<Utc> {
    Utc::now()
}

fn address(port: u16) -> String {
    format!("prosody_http = \"http://127.0.0.1:{port}\"")
}
