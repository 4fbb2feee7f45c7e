//! One event as it is told: the bytes, made once for all, and what decides who may have them.

use bytes::{Bytes, BytesMut};

use super::{Audience, Filter};
use crate::bus::Message;
use crate::domain::event::EventKind;
use crate::domain::meeting::Booking;
use crate::domain::{Meeting, MeetingId};

/// An event with its place in the order of this process.
#[derive(Debug)]
pub struct Told {
    pub number: u64,
    /// The CloudEvent's id, `{meeting}-{sequence}`.
    pub(super) id: String,
    meeting: MeetingId,
    kind: EventKind,
    /// What was agreed about the meeting at that moment, without what people wrote about it.
    booking: Booking,
    chunk: Bytes,
    stream: Bytes,
    json: Bytes,
}

/// Beside the bytes of the event, roughly: names of rooms and of a few people.
const BOOKING_BYTES: usize = 1024;

// === impl Told ===

impl Told {
    pub(super) fn new(
        number: u64,
        cursor: &str,
        meeting: &Meeting,
        kind: EventKind,
        message: Message,
    ) -> Self {
        let kind_name = format!("usher.meeting.{}.v1", kind.subject());
        let (chunk, stream, json) = framed(cursor, &kind_name, &message.payload);
        Self {
            number,
            id: message.id,
            meeting: meeting.id,
            kind,
            booking: without_words(&meeting.booking),
            chunk,
            stream,
            json,
        }
    }

    /// The event of a stream (HTML standard, section 9.2.6), with the sizes of a chunk around it where the transfer is chunked.
    pub fn stream(&self, chunked: bool) -> &Bytes {
        if chunked { &self.chunk } else { &self.stream }
    }

    /// The CloudEvent alone.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    pub(super) fn is_for(&self, audience: &Audience, filter: Filter) -> bool {
        filter.fits(self.meeting, self.kind) && self.booking.is_seen_by(audience.viewer())
    }

    /// What it costs to keep, in bytes, roughly.
    pub(super) fn cost(&self) -> usize {
        self.chunk.len() + BOOKING_BYTES
    }
}

/// One buffer with the event as a chunk, and the parts of it that are good for something else.
fn framed(cursor: &str, kind: &str, json: &[u8]) -> (Bytes, Bytes, Bytes) {
    let head = format!("id: {cursor}\nevent: {kind}\ndata: ");
    let length = head.len() + json.len() + "\n\n".len();
    let size = format!("{length:x}\r\n");
    let mut chunk = BytesMut::with_capacity(size.len() + length + 2);
    for part in [size.as_bytes(), head.as_bytes(), json, b"\n\n", b"\r\n"] {
        chunk.extend_from_slice(part);
    }
    let chunk = chunk.freeze();
    let stream = chunk.slice(size.len()..size.len() + length);
    let json = stream.slice(head.len()..head.len() + json.len());
    (chunk, stream, json)
}

/// Health data and other texts decide nothing about who may hear, so they are not kept here.
fn without_words(booking: &Booking) -> Booking {
    let mut booking = booking.clone();
    let details = &mut booking.details;
    (details.title, details.description, details.notes) = (None, None, None);
    if let Some(appointment) = &mut details.appointment {
        (appointment.reason_for_visit, appointment.patient_details) = (None, None);
    }
    booking
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::meeting::{Appointment, Confidential};
    use crate::domain::observation::{BackendId, RoomKey};
    use crate::domain::{ClientId, RoomName, Timestamp};

    pub fn meeting() -> Meeting {
        let backend = BackendId::jitsi("main");
        let name = RoomName::parse("alpha").unwrap();
        let at = Timestamp::UNIX_EPOCH;
        let mut meeting = Meeting::unbooked(MeetingId::new(at, [7; 10]), RoomKey { backend, name }, None, at);
        meeting.booking.client = ClientId::parse("ataraxia").unwrap();
        meeting
    }

    /// An event of [`meeting`]; its id is made from its number.
    pub fn told(number: u64) -> Told {
        of(&meeting(), number)
    }

    pub fn of(meeting: &Meeting, number: u64) -> Told {
        let message = Message {
            id: format!("{}-{number}", meeting.id),
            subject_tail: String::new(),
            payload: Bytes::from_static(b"{}"),
        };
        Told::new(
            number,
            &format!("01010101-{number}"),
            meeting,
            EventKind::Active,
            message,
        )
    }

    #[test]
    fn one_buffer_serves_every_form() {
        let (chunk, stream, json) = framed("feed-1", "usher.x", b"{\"a\":1}");
        assert_eq!(json, "{\"a\":1}");
        assert_eq!(stream, "id: feed-1\nevent: usher.x\ndata: {\"a\":1}\n\n");
        let (size, rest) = chunk.split_at(chunk.iter().position(|byte| *byte == b'\r').unwrap());
        assert_eq!(size, format!("{:x}", stream.len()).as_bytes());
        assert_eq!(rest, [b"\r\n", &stream[..], b"\r\n"].concat());
    }

    #[test]
    fn what_people_wrote_is_not_kept() {
        let mut meeting = meeting();
        let details = &mut meeting.booking.details;
        let text = || Some("private".to_owned());
        (details.title, details.description, details.notes) = (text(), text(), text());
        details.appointment = Some(Appointment {
            hospital: Some("hospital-1".into()),
            reason_for_visit: Some(Confidential::new("private".into())),
            patient_details: Some(Confidential::new("private".into())),
            ..Appointment::default()
        });
        let kept = serde_json::to_string(&of(&meeting, 1).booking).unwrap();
        assert!(kept.contains("hospital-1") && !kept.contains("private"), "{kept}");
    }
}
