//! Compares what the stream holds with what the drivers know.

use aws_lc_rs::digest::{SHA256, digest};
use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};

use super::ledger::{Account, Ledger, Millis, Stay};
use crate::nats::Stored;

/// The events of one meeting, in the order of the stream.
pub struct Story {
    meeting: String,
    events: Vec<Value>,
}

/// The stream, meeting by meeting; no id may be there twice.
pub fn stories(stored: &[Stored]) -> Vec<Story> {
    let ids: HashSet<_> = stored.iter().map(|stored| &stored.id).collect();
    assert_eq!(ids.len(), stored.len(), "the stream holds an event twice");
    let mut stories: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for message in stored {
        let event: Value = serde_json::from_str(&message.payload).expect("a CloudEvent is JSON");
        assert_eq!(event["id"], message.id.as_str());
        let tail = text(&event, "type")
            .trim_start_matches("usher.meeting.")
            .trim_end_matches(".v1")
            .to_owned();
        let (client, meeting) = (text(&event["data"], "client"), text(&event["data"], "meetingId"));
        assert_eq!(
            message.subject,
            format!("usher.meetings.{client}.{meeting}.{tail}")
        );
        stories.entry(meeting.to_owned()).or_default().push(event);
    }
    stories
        .into_iter()
        .map(|(meeting, events)| Story { meeting, events })
        .collect()
}

/// Fails unless the stream tells every account of the ledger, whole, once, in order, and nothing else.
pub fn assert_tells(stories: &[Story], ledger: &Ledger) {
    let mut by_room: BTreeMap<&str, &Story> = BTreeMap::new();
    for story in stories {
        let known = by_room.insert(story.room(), story);
        assert!(known.is_none(), "room {} has two meetings", story.room());
    }
    assert_eq!(by_room.len(), ledger.len(), "as many meetings as rooms");
    for (room, account) in ledger.rooms() {
        let story = by_room
            .get(room.as_str())
            .unwrap_or_else(|| panic!("room {room} has no meeting"));
        story.assert_in_order();
        story.assert_whole(account);
        story.assert_figures(account);
    }
}

// === impl Story ===

impl Story {
    fn room(&self) -> &str {
        text(&self.events[0]["data"], "roomName")
    }

    /// 1, 2, 3 … in the order of the stream, and the same number in the id.
    fn assert_in_order(&self) {
        let expected: Vec<_> = (1..=self.events.len()).collect();
        let numbers: Vec<_> = self
            .events
            .iter()
            .map(|event| event["data"]["sequence"].clone())
            .collect();
        assert_eq!(
            json!(numbers),
            json!(expected),
            "meeting {}: {:?}",
            self.meeting,
            self.kinds()
        );
        for (event, number) in self.events.iter().zip(expected) {
            assert_eq!(text(event, "id"), format!("{}-{number}", self.meeting));
            assert_eq!(event["data"]["synthesised"], json!(false), "{event}");
        }
    }

    /// Booked if it was booked, begun once, completed once and last, and every coming and going in between.
    fn assert_whole(&self, account: &Account) {
        let mut kinds = self.kinds();
        if let Some(booked) = &account.booked {
            assert_eq!(kinds.remove(0), "scheduled");
            assert_eq!(
                (&self.meeting, self.room()),
                (&booked.meeting, booked.room.as_str())
            );
            assert_eq!(
                self.events[0]["data"]["appointmentId"],
                booked.appointment.as_str()
            );
        }
        let stays = account.stays.len();
        let count = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
        let (first, last) = (kinds.first().copied(), kinds.last().copied());
        assert_eq!(
            (first, last),
            (Some("active"), Some("completed")),
            "{}: {kinds:?}",
            self.room()
        );
        let counts = (
            count("participant.joined"),
            count("participant.left"),
            kinds.len(),
        );
        assert_eq!(
            counts,
            (stays, stays, 2 * stays + 2),
            "{}: {kinds:?}",
            self.room()
        );
        let mut known = account.sorted();
        for stay in &mut known {
            stay.occupant = fingerprint(&self.meeting, &stay.occupant);
        }
        known.sort();
        assert_close(&self.stays(), &known, account.tolerance);
    }

    fn assert_figures(&self, account: &Account) {
        let data = &self.events.last().expect("a story has events")["data"];
        let seconds = data["durationSeconds"]
            .as_i64()
            .expect("a completed meeting has a duration");
        let expected = (account.to() - account.from() + 500) / 1000;
        let slack = (account.tolerance + 999) / 1000;
        assert!(
            (seconds - expected).abs() <= slack,
            "{}: {seconds} s, not {expected} s",
            self.room()
        );
        let told = [millis(&data["startedAt"]), millis(&data["endedAt"])];
        for (told, known) in told.into_iter().zip([account.from(), account.to()]) {
            assert!(
                (told - known).abs() <= account.tolerance,
                "{}: {data}",
                self.room()
            );
        }
        assert_eq!(data["participantsPeak"], json!(account.peak), "{}", self.room());
        assert_eq!(data["participantsNow"], json!(0), "{}", self.room());
        let person: Millis = account.stays.iter().map(|stay| stay.to - stay.from).sum();
        let people = Millis::try_from(account.stays.len()).expect("a few people");
        let told = data["personSeconds"]
            .as_i64()
            .expect("a completed meeting has person time");
        assert!(
            (told - (person + 500) / 1000).abs() <= slack * people,
            "{}: {told} s",
            self.room()
        );
    }

    /// From the leaves; each must repeat the beginning that its entry told.
    fn stays(&self) -> Vec<Stay> {
        let of = |kind: &str| -> Vec<&Value> {
            let events = self
                .events
                .iter()
                .filter(|event| text(event, "type").ends_with(kind));
            events.map(|event| &event["data"]["participant"]).collect()
        };
        let mut open: Vec<_> = of("participant.joined.v1").into_iter().map(key).collect();
        let mut stays = Vec::new();
        for left in of("participant.left.v1") {
            let at = open.iter().position(|known| *known == key(left));
            open.swap_remove(at.unwrap_or_else(|| panic!("{left} never joined")));
            assert_eq!(left["estimated"], json!(false), "{left}");
            let (occupant, from) = key(left);
            stays.push(Stay {
                occupant: occupant.to_owned(),
                from,
                to: millis(&left["leftAt"]),
            });
        }
        stays.sort();
        stays
    }

    fn kinds(&self) -> Vec<&str> {
        let kind = |event| {
            text(event, "type")
                .trim_start_matches("usher.meeting.")
                .trim_end_matches(".v1")
        };
        self.events.iter().map(kind).collect()
    }
}

fn assert_close(told: &[Stay], known: &[Stay], tolerance: Millis) {
    assert_eq!(told.len(), known.len());
    for (told, known) in told.iter().zip(known) {
        let close = (told.from - known.from).abs() <= tolerance && (told.to - known.to).abs() <= tolerance;
        assert!(
            told.occupant == known.occupant && close,
            "{told:?} is not {known:?}"
        );
    }
}

/// How events name a connection: by a fingerprint within the meeting, since its address may be somebody's account.
fn fingerprint(meeting: &str, jid: &str) -> String {
    let hash = digest(&SHA256, format!("{meeting}/{jid}").as_bytes());
    hash.as_ref()[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn key(participant: &Value) -> (&str, Millis) {
    (text(participant, "occupant"), millis(&participant["joinedAt"]))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
}

fn millis(value: &Value) -> Millis {
    let moment = value.as_str().expect("a moment is text");
    chrono::DateTime::parse_from_rfc3339(moment)
        .expect("RFC 3339")
        .timestamp_millis()
}
