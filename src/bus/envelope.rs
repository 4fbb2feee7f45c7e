//! From a meeting's event, or an act, to the message that goes out: its subject and a CloudEvent in structured JSON mode.
//!
//! CloudEvents 1.0.2, NATS binding; field names as in `events.md` section 1. Participants are named by user id and display
//! name; no e-mail address, token or health detail is part of a meeting or an event.

mod act;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::SecondsFormat;
use serde::Serialize;

use super::Message;
use crate::domain::event::Participant;
use crate::domain::{ClientId, Event, Figures, Meeting, MeetingId, Timestamp, hex};
pub use act::act;

#[derive(Serialize)]
struct CloudEvent<'a, D> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<MeetingId>,
    time: String,
    datacontenttype: &'static str,
    data: D,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    meeting_id: MeetingId,
    sequence: u64,
    status: &'static str,
    kind: &'static str,
    client: &'a ClientId,
    backend: &'static str,
    room_name: &'a str,
    meeting_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_context: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continues: Option<MeetingId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduled_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_seconds: Option<i64>,
    participants_now: u32,
    participants_peak: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<Who<'a>>,
    cause: Because<'a>,
    observed_at: String,
    synthesised: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Who<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// A fingerprint of the connection within this meeting; tells two guests without an id apart.
    occupant: String,
    joined_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<i64>,
    /// Whether the end of the stay is usher's estimate.
    estimated: bool,
}

#[derive(Serialize)]
struct Because<'a> {
    by: &'a str,
    detail: &'a str,
}

// === impl CloudEvent ===

impl<D: Serialize> CloudEvent<'_, D> {
    fn into_message(self, subject_tail: String) -> Message {
        let payload = serde_json::to_vec(&self).expect("structs of texts and numbers always become JSON");
        Message {
            id: self.id.to_owned(),
            subject_tail,
            payload: payload.into(),
        }
    }
}

/// Wraps one event of `meeting`; `source` is the deployment, such as `usher/meet.example.com`.
pub fn message(meeting: &Meeting, event: &Event, source: &str) -> Message {
    let id = format!("{}-{}", meeting.id, event.sequence);
    let cloud_event = CloudEvent {
        specversion: "1.0",
        id: &id,
        source,
        kind: format!("usher.meeting.{}.v1", event.kind.subject()),
        subject: Some(meeting.id),
        time: rfc3339(event.at),
        datacontenttype: "application/json",
        data: data(meeting, event),
    };
    let client = &meeting.booking.client;
    let subject_tail = format!("meetings.{client}.{}.{}", meeting.id, event.kind.subject());
    cloud_event.into_message(subject_tail)
}

fn data<'a>(meeting: &'a Meeting, event: &'a Event) -> Data<'a> {
    let booking = &meeting.booking;
    let is_over = event.status.is_final();
    // A meeting that was declared or whose room was opened may be completed although nobody ever came.
    let total = |of: fn(&Figures) -> i64| is_over.then(|| event.figures.as_ref().map_or(0, of));
    Data {
        meeting_id: meeting.id,
        sequence: event.sequence,
        status: event.status.as_str(),
        kind: booking.kind.as_str(),
        client: &booking.client,
        backend: booking.room.backend.kind.as_str(),
        room_name: booking.room.name.as_str(),
        meeting_type: booking.meeting_type.as_str(),
        role_context: booking.role_context.as_deref(),
        appointment_id: booking.appointment.as_deref(),
        continues: booking.continues,
        scheduled_at: booking.slot.map(|slot| rfc3339(slot.starts_at)),
        started_at: event.status.started_at().map(rfc3339),
        ended_at: event.status.ended_at().map(rfc3339),
        duration: total(Figures::duration_minutes),
        duration_seconds: total(Figures::duration_seconds),
        person_seconds: total(Figures::person_seconds),
        open_seconds: total(Figures::open_seconds),
        participants_now: event.people_now,
        participants_peak: event.figures.map_or(0, |figures| figures.peak),
        participant: event
            .participant
            .as_ref()
            .map(|participant| who(meeting, participant)),
        cause: Because {
            by: &event.cause.by,
            detail: &event.cause.detail,
        },
        observed_at: rfc3339(event.observed_at),
        synthesised: event.synthesised,
    }
}

fn who<'a>(meeting: &Meeting, participant: &'a Participant) -> Who<'a> {
    let stayed = participant.left_at.map(|left_at| left_at - participant.joined_at);
    Who {
        id: participant.person.user.as_ref().map(|id| id.as_str()),
        name: participant.person.name.as_deref(),
        occupant: fingerprint(meeting.id, participant),
        joined_at: rfc3339(participant.joined_at),
        left_at: participant.left_at.map(rfc3339),
        duration_seconds: stayed.map(|stayed| (stayed.num_milliseconds() + 500) / 1000),
        estimated: participant.estimated,
    }
}

/// The meeting server's name for a connection can be an account's address, which no event may carry.
fn fingerprint(meeting: MeetingId, participant: &Participant) -> String {
    let hash = digest(
        &SHA256,
        format!("{meeting}/{}", participant.occupant.0).as_bytes(),
    );
    hex(&hash.as_ref()[..8])
}

fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
