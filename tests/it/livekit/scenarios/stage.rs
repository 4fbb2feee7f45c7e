//! LiveKit, NATS and usher of one scenario, and the story that the stream tells in the end.

use std::collections::BTreeSet;
use std::fmt::Debug;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use crate::end_to_end::stage::clock;
use crate::end_to_end::story::{self, lines};
use crate::livekit::fake::{Delivery, LiveKit, Settings};
use crate::nats::{NatsServer, Reader, Stored};
use crate::patience::look_for;
use crate::usher::{CLIENTS, Setup, Usher, answered};

/// With the fake LiveKit, or with a real one.
pub struct Stage<S = LiveKit> {
    pub livekit: S,
    pub nats: NatsServer,
    pub usher: Usher,
}

/// A booked meeting.
pub struct Booked {
    pub id: String,
    pub room: String,
}

/// The story of ann, who came and went.
pub const ALONE: [&str; 4] = [
    "1 active first_joined",
    "2 participant.joined ann entered",
    "3 participant.left ann left",
    "4 completed last_left",
];
/// Grace times short enough for a test.
pub const QUICK: &str = "[meetings]\nadhoc_grace_secs = 1\nbooked_grace_secs = 1\n";
/// Grace times that no test waits for.
pub const PATIENT: &str = "[meetings]\nadhoc_grace_secs = 3600\nbooked_grace_secs = 3600\n";

// === impl Stage ===

impl Stage {
    /// As everything comes, with short grace times.
    pub async fn start() -> Self {
        Self::with(Settings::default(), QUICK).await
    }

    pub async fn with(settings: Settings, sections: &str) -> Self {
        let livekit = LiveKit::with(settings).await;
        let section = livekit.section("");
        Self::on(livekit, &format!("{section}{sections}")).await
    }

    /// On a server that is there; the sections name it.
    pub async fn on(livekit: LiveKit, sections: &str) -> Self {
        let stage = Self::at(livekit, sections).await;
        stage.livekit.notify(&[webhook(&stage.usher)]);
        stage
    }

    /// Waits until usher was told that a room is closed.
    pub async fn until_room_finished(&self) {
        let finished = |one: &Delivery| one.event == "room_finished" && one.fate.is_some();
        let told = |record: &[Delivery]| record.iter().any(finished);
        self.livekit.until("the end of the room", told).await;
    }

    /// The stories of all meetings, once so many of them are over, no webhook is under way and nothing waits to be told.
    pub async fn stories(&self, over: usize) -> Vec<Vec<Value>> {
        self.until_told("completed", over).await;
        self.livekit.until_settled().await;
        self.told().await
    }

    /// The story of the only meeting, once it is over.
    pub async fn story(&self) -> Vec<Value> {
        let mut stories = self.stories(1).await;
        assert_eq!(stories.len(), 1, "one meeting: {:#?}", all_lines(&stories));
        stories.remove(0)
    }

    /// The same; it must read like this, and its figures must be those of what happened.
    pub async fn assert_story(&self, expected: &[&str]) -> Vec<Value> {
        let story = self.story().await;
        assert_eq!(lines(&story), expected);
        assert!(
            story
                .iter()
                .all(|event| event["data"]["synthesised"] == json!(false)),
            "{story:#?}"
        );
        self.assert_figures(&story);
        story
    }

    /// The last figures that were told are those of the fake's own ledger.
    pub fn assert_figures(&self, story: &[Value]) {
        let sums = self.livekit.sums();
        let data = &story.last().expect("a story has events")["data"];
        let told = [&data["startedAt"], &data["endedAt"]].map(millis);
        assert_eq!(told, [sums.first, sums.last], "{data:#} {sums:?}");
        let seconds = [&data["durationSeconds"], &data["personSeconds"]].map(|value| value.as_i64());
        let rounded = [sums.occupied, sums.person].map(|millis| Some((millis + 500) / 1000));
        assert_eq!(seconds, rounded, "{data:#} {sums:?}");
        assert_eq!(data["participantsPeak"], json!(sums.peak), "{data:#}");
    }
}

impl<S: Debug> Stage<S> {
    /// Programs book at this server, which the sections name.
    pub async fn at(livekit: S, sections: &str) -> Self {
        let nats = NatsServer::start();
        let clients = format!("{CLIENTS}backend = \"livekit:main\"\n");
        let setup = Setup {
            clients,
            ..Setup::default()
        };
        let usher = Usher::start(setup.sections(sections).nats(&nats.url())).await;
        Self { livekit, nats, usher }
    }

    /// Books a meeting that begins now.
    pub async fn book(&self) -> Booked {
        let now = clock().to_rfc3339_opts(SecondsFormat::Millis, true);
        let wanted = json!({ "scheduledAt": now, "durationMinutes": 30 });
        let booked = answered(self.usher.post("/api/meetings", &wanted)).await;
        let text = |field: &str| {
            booked["data"]["meeting"][field]
                .as_str()
                .expect("a text")
                .to_owned()
        };
        Booked {
            id: text("id"),
            room: text("roomName"),
        }
    }

    /// Waits until usher knows that so many people are in.
    pub async fn until_people(&self, count: usize) {
        self.usher.until_metrics(&[("usher_people", count as f64)]).await;
    }

    /// Waits until the stream has so many events of a kind.
    pub async fn until_told(&self, kind: &str, count: usize) {
        let reader = Reader::connect(&self.nats.url()).await;
        let subject = format!("usher.meetings.*.*.{kind}");
        let found = look_for(async || {
            let has_stream = reader.messages().await > 0;
            (has_stream && reader.count(&subject).await >= count).then_some(())
        });
        if found.await.is_none() {
            let told = all_lines(&self.told().await);
            let (livekit, log) = (&self.livekit, self.usher.log());
            panic!("no {count} of {kind} in {told:#?}\nof {livekit:#?}\n{log}");
        }
    }

    /// Every event in the stream as it stands there.
    pub async fn events(&self) -> Vec<Value> {
        self.usher.until_metrics(&[("usher_events_waiting", 0.0)]).await;
        let stored = Reader::connect(&self.nats.url()).await.stored().await;
        let read = |stored: &Stored| serde_json::from_str(&stored.payload).expect("an event is JSON");
        stored.iter().map(read).collect()
    }

    /// What the stream has of every meeting, once nothing waits to be told. Numbers go up without a gap, and each meeting
    /// ends at most once.
    pub async fn told(&self) -> Vec<Vec<Value>> {
        self.usher.until_metrics(&[("usher_events_waiting", 0.0)]).await;
        let reader = Reader::connect(&self.nats.url()).await;
        if reader.messages().await == 0 {
            return Vec::new();
        }
        let stream = reader.stored().await;
        let meetings: BTreeSet<&str> = stream.iter().map(story::meeting_of).collect();
        meetings
            .into_iter()
            .map(|meeting| story::of(&stream, meeting))
            .collect()
    }
}

/// Where usher takes webhooks.
pub fn webhook(usher: &Usher) -> String {
    format!("{}/livekit/webhook", usher.url())
}

/// A moment in an event, in milliseconds since 1970.
pub fn millis(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("not a time: {value}"));
    let moment = DateTime::parse_from_rfc3339(text).expect("RFC 3339");
    moment.timestamp_millis()
}

fn all_lines(stories: &[Vec<Value>]) -> Vec<Vec<String>> {
    stories.iter().map(|story| lines(story)).collect()
}
