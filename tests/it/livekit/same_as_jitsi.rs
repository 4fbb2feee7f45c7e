//! One meeting API and one form of events: the same booking on Jitsi and on LiveKit is the same story.

use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use super::fake::LiveKit;
use super::real::{People, Server};
use super::scenarios::stage::webhook;
use crate::acting::stage::Stage as Jitsi;
use crate::end_to_end::stage::clock;
use crate::end_to_end::story::{check_order, kind, lines};
use crate::prosody::server::MUC;
use crate::usher::{CLIENTS, KEY, Setup, Usher, answered};

/// A minute before the booked end people are told, and then the room is closed.
const MEETINGS: &str = "[meetings]\nadhoc_grace_secs = 1\nbooked_grace_secs = 300\nwarn_before_end_minutes = 1\nenforce_end = true\n";
/// Of the booked minute this is over when people come; the rest is enough for them on a busy machine.
const LATE_SECS: i64 = 30;

/// Where people meet, and how they come and go there.
trait Place {
    fn usher(&self) -> &Usher;
    async fn enter(&mut self, room: &str, who: &'static str);
    async fn leave(&mut self, room: &str, who: &'static str);
    /// Waits until somebody was told that the time is over soon.
    async fn until_warned(&mut self, who: &'static str);
}

/// The fake LiveKit; who is in, with the sids of their connections.
struct Faked {
    usher: Usher,
    livekit: LiveKit,
    inside: Vec<(&'static str, String)>,
}

/// A real LiveKit.
struct Real {
    usher: Usher,
    livekit: Server,
    people: People,
}

#[tokio::test]
async fn the_same_booking_is_the_same_story_on_jitsi_and_on_livekit() {
    let mut faked = faked().await;
    let mut jitsi = Jitsi::new(MEETINGS).await;
    let (on_jitsi, on_livekit) = tokio::join!(tale(&mut jitsi), tale(&mut faked));
    let mut told = lines(&on_jitsi.events);
    // Who is put out by the end of the room goes in the order of the server.
    told[6..8].sort_by_key(|line| line.contains("bob"));
    let words: Vec<_> = told
        .iter()
        .filter_map(|line| Some(line.split_once(' ')?.1))
        .collect();
    assert_eq!(
        words,
        [
            "scheduled booked",
            "active first_joined",
            "participant.joined ann entered",
            "participant.joined bob entered",
            "participant.left bob left",
            "participant.joined bob entered",
            "participant.left ann room_closed",
            "participant.left bob room_closed",
            "completed time_is_up",
        ]
    );
    assert_same(&on_jitsi, &on_livekit);
    if let Some(mut real) = real().await {
        assert_same(&on_jitsi, &tale(&mut real).await);
    }
}

/// What was told, and the attendance.
struct Tale {
    events: Vec<Value>,
    attendance: Value,
}

// === impl Tale ===

impl Tale {
    /// The events but for what is the server's own; those who are put out by the end of the room go in any order.
    fn without_order(&self) -> Vec<Value> {
        let mut events: Vec<_> = self.events.iter().map(alike).collect();
        events[6..8].sort_by_key(|event| event["data"]["participant"]["name"].to_string());
        for put_out in &mut events[6..8] {
            put_out["data"]["participantsNow"] = json!("one less");
            put_out["data"]["sequence"] = json!("one more");
        }
        events
    }
}

/// Booked, two come, one goes and comes back, they are told that the time is over soon, and it is.
async fn tale(place: &mut impl Place) -> Tale {
    let start = clock() - TimeDelta::seconds(LATE_SECS);
    let wanted = json!({
        "durationMinutes": 1, "scheduledAt": start.to_rfc3339_opts(SecondsFormat::Millis, true),
    });
    let booked = answered(place.usher().post("/api/meetings", &wanted)).await;
    let text = |field: &str| {
        booked["data"]["meeting"][field]
            .as_str()
            .expect("a text")
            .to_owned()
    };
    let (meeting, room) = (text("id"), text("roomName"));
    for (people, who) in [(1.0, "ann"), (2.0, "bob")] {
        place.enter(&room, who).await;
        place.usher().until_metrics(&[("usher_people", people)]).await;
    }
    place.until_warned("ann").await;
    place.leave(&room, "bob").await;
    told(place.usher(), &meeting, "participant.left").await;
    place.enter(&room, "bob").await;
    let events = told(place.usher(), &meeting, "completed").await;
    let path = format!("/api/meetings/{meeting}/attendance");
    let attendance = answered(place.usher().get(&path).bearer_auth(KEY)).await;
    Tale { events, attendance }
}

async fn told(usher: &Usher, meeting: &str, last: &str) -> Vec<Value> {
    let found = async |usher: &Usher| {
        let mut events = usher.event_log();
        events.retain(|event| event["subject"] == meeting);
        events.iter().any(|event| kind(event) == last).then_some(events)
    };
    let events = usher.eventually(last, found).await;
    check_order(&events);
    events
}

fn assert_same(one: &Tale, other: &Tale) {
    assert_eq!(one.without_order(), other.without_order());
    assert_eq!(alike(&one.attendance), alike(&other.attendance));
}

/// Without what must differ: names of servers and rooms, ids, times, and lengths of time.
fn alike(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let is_person = fields.contains_key("occupant");
            let differs = |name: &str| OWN.contains(&name) || (is_person && name == "id");
            let shared = fields.iter().filter(|(name, _)| !differs(name));
            shared
                .map(|(name, value)| (name.clone(), alike_field(name, value)))
                .collect()
        }
        Value::Array(values) => values.iter().map(alike).collect(),
        other => other.clone(),
    }
}

/// LiveKit names everybody by the identity of their token; who comes to Jitsi without a token has none.
const OWN: [&str; 1] = ["userId"];
const IDS: [&str; 8] = [
    "id",
    "subject",
    "meetingId",
    "roomName",
    "roomUrl",
    "backend",
    "occupant",
    "by",
];
const LENGTHS: [&str; 7] = [
    "duration",
    "durationSeconds",
    "personSeconds",
    "occupiedSeconds",
    "openSeconds",
    "openTimeSeconds",
    "seconds",
];

fn alike_field(name: &str, value: &Value) -> Value {
    let is_time = value
        .as_str()
        .is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok());
    match value {
        Value::String(_) if IDS.contains(&name) && name != "by" => json!("an id"),
        Value::String(by) if name == "by" && ["prosody", "livekit"].contains(&by.as_str()) => {
            json!("the server")
        }
        Value::Number(_) if LENGTHS.contains(&name) => json!("a length"),
        _ if is_time => json!("a time"),
        other => alike(other),
    }
}

// === impl Place for Jitsi, Faked, Real ===

impl Place for Jitsi {
    fn usher(&self) -> &Usher {
        &self.usher
    }

    async fn enter(&mut self, room: &str, who: &'static str) {
        let room = format!("{room}@{MUC}");
        let name = json!({ "name": who });
        let joined = self.people.join_with(&self.prosody, who, &room, name).await;
        assert_eq!(joined["joined"], room.as_str(), "{joined}");
    }

    async fn leave(&mut self, room: &str, who: &'static str) {
        self.people.leave(who, &format!("{room}@{MUC}")).await;
    }

    async fn until_warned(&mut self, who: &'static str) {
        self.said_to(who).await;
    }
}

impl Place for Faked {
    fn usher(&self) -> &Usher {
        &self.usher
    }

    async fn enter(&mut self, room: &str, who: &'static str) {
        let sid = self.livekit.join(room, who);
        self.inside.push((who, sid));
    }

    async fn leave(&mut self, _: &str, who: &'static str) {
        let at = self.inside.iter().position(|(inside, _)| *inside == who);
        let (_, sid) = self.inside.remove(at.expect("they are in"));
        self.livekit.leave(&sid);
    }

    async fn until_warned(&mut self, who: &'static str) {
        let warned = async |_: &Usher| {
            let messages = self.livekit.messages();
            messages
                .iter()
                .any(|message| message.identity == who)
                .then_some(())
        };
        self.usher.eventually("the warning", warned).await;
    }
}

impl Place for Real {
    fn usher(&self) -> &Usher {
        &self.usher
    }

    async fn enter(&mut self, room: &str, who: &'static str) {
        self.people.join(&self.livekit, room, who).await;
    }

    async fn leave(&mut self, _: &str, who: &'static str) {
        self.people.leave(who).await;
    }

    async fn until_warned(&mut self, who: &'static str) {
        self.people.notice(who, "data").await;
    }
}

async fn faked() -> Faked {
    let livekit = LiveKit::start().await;
    let usher = usher(&livekit.section("")).await;
    livekit.notify(&[webhook(&usher)]);
    Faked {
        usher,
        livekit,
        inside: Vec::new(),
    }
}

async fn real() -> Option<Real> {
    const WHAT: &str = "the same booking on a real LiveKit";
    let people = People::start(WHAT)?;
    let mut livekit = Server::away();
    let usher = usher(&livekit.section()).await;
    let is_there = livekit.notify(WHAT, &[webhook(&usher)]).await;
    is_there.then_some(Real {
        usher,
        livekit,
        people,
    })
}

/// Programs book at LiveKit.
async fn usher(section: &str) -> Usher {
    let setup = Setup {
        clients: format!("{CLIENTS}backend = \"livekit:main\"\n"),
        ..Setup::default()
    };
    Usher::start(setup.sections(&format!("{section}{MEETINGS}"))).await
}
