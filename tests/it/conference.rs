//! Whether rooms open: what Jitsi's reservations module is answered, and what people hear at the door of a real Prosody.

mod door;
mod jitsi;
mod people;
mod wire;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

use crate::prosody::server::MUC;
use crate::usher::{Setup, Usher, answered, now_millis};

/// Rooms for all kinds of rules; the rest is open to everybody.
const ROOMS: &str = r#"
[channels.7]
name = "Ward"
roles = ["doctor"]
[[rules]]
rooms = "ataraxia-ward*"
max_people = 2
lobby = true
password = "open sesame"
[[rules]]
rooms = "clinic*"
unbooked = "deny"
[[rules]]
rooms = "channel-*"
unbooked = "deny"
[[rules]]
rooms = "small*"
max_people = 1
"#;
/// A zone without daylight saving time, half an hour off.
const TEHRAN: &str = "[meetings]\ntimezone = \"Asia/Tehran\"\n";

/// A booked meeting.
struct Booked {
    id: String,
    room: String,
    starts_at: DateTime<Utc>,
}

// === impl Booked ===

impl Booked {
    /// Books a room that begins in so many minutes, for half an hour.
    async fn new(usher: &Usher, appointment: &str, in_minutes: i64) -> Self {
        let now = DateTime::from_timestamp_millis(now_millis()).expect("the clock is right");
        let starts_at = now + Duration::minutes(in_minutes);
        let body =
            json!({"appointmentId": appointment, "scheduledStartTime": starts_at, "durationMinutes": 30});
        let booked = answered(usher.post("/api/jitsi/create-room", &body)).await;
        let text = |field: &str| booked[field].as_str().expect("a text").to_owned();
        Self {
            id: text("meetingId"),
            room: text("roomName"),
            starts_at,
        }
    }

    fn jid(&self) -> String {
        format!("{}@{MUC}", self.room)
    }

    /// A quarter of an hour before the start, as people in Tehran are told.
    fn opens(&self) -> String {
        let opens_at = self.starts_at - Duration::minutes(15) + Duration::milliseconds(59_999);
        let local = opens_at + Duration::minutes(210);
        format!("{} (Asia/Tehran)", local.format("%Y-%m-%d %H:%M"))
    }
}

fn setup() -> Setup {
    Setup {
        rooms: ROOMS.into(),
        ..Setup::default()
    }
    .sections(TEHRAN)
}

fn persian() -> Setup {
    Setup {
        http: "default_language = \"fa\"".into(),
        ..setup()
    }
}

async fn cancel(usher: &Usher, meeting: &str) {
    let url = format!("{}/api/meetings/{meeting}", usher.url());
    let cancelled: Value = answered(usher.http.delete(url).bearer_auth(crate::usher::KEY)).await;
    assert_eq!(cancelled["data"]["meeting"]["status"], "cancelled", "{cancelled}");
}
