//! How a meeting is stored: with its unsent events, as JSON that carries the version of its form.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::domain::meeting::Slot;
use crate::domain::{Event, Meeting, Status, Step, Timestamp};

/// One stored meeting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Version of this form.
    v: u8,
    pub(super) meeting: Meeting,
    /// Events that are not known to be safe elsewhere, oldest first.
    #[serde(default)]
    pub(super) outbox: Vec<Event>,
}

/// As much of a record as tells whether it can still change.
#[derive(Deserialize)]
pub(super) struct Glance {
    meeting: GlanceAtMeeting,
    #[serde(default)]
    outbox: Vec<IgnoredAny>,
}

#[derive(Deserialize)]
struct GlanceAtMeeting {
    status: Status,
    called_off_at: Option<Timestamp>,
    booking: GlanceAtBooking,
}

#[derive(Deserialize)]
struct GlanceAtBooking {
    slot: Option<Slot>,
    #[serde(default)]
    details: GlanceAtDetails,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GlanceAtDetails {
    appointment: GlanceAtAppointment,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct GlanceAtAppointment {
    in_person: bool,
}

const VERSION: u8 = 1;

// === impl Record ===

impl Record {
    /// The meeting after a step, with the events that were waiting before it.
    pub(super) fn new(step: Step, mut outbox: Vec<Event>) -> Self {
        outbox.extend(step.events);
        Self {
            v: VERSION,
            meeting: step.meeting,
            outbox,
        }
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let record: Self = serde_json::from_slice(bytes)?;
        if record.v > VERSION {
            return Err(serde::de::Error::custom(format!(
                "version {} is newer than this program",
                record.v
            )));
        }
        Ok(record)
    }

    pub(super) fn bytes(&self) -> Bytes {
        serde_json::to_vec(self)
            .expect("no map with other keys than text, no failing serializer")
            .into()
    }
}

/// A quick look at a record; none at one that cannot be read.
pub(super) fn glance(bytes: &[u8]) -> Option<Glance> {
    serde_json::from_slice(bytes).ok()
}

// === impl Glance ===

impl Glance {
    /// Whether the meeting ended before `then` and has nothing left to send.
    pub(super) fn is_settled_before(&self, then: Timestamp) -> bool {
        let settled_at = self.meeting.status.settled_at();
        self.outbox.is_empty() && settled_at.is_some_and(|at| at < then)
    }

    /// The same, or whether it was an appointment in person for a time before `then`, which nothing ends by itself.
    pub(super) fn is_over_since(&self, then: Timestamp) -> bool {
        let booking = &self.meeting.booking;
        let was_due = booking.slot.is_some_and(|slot| slot.ends_at() < then);
        let in_person = booking.details.appointment.in_person && was_due && self.outbox.is_empty();
        in_person || self.is_settled_before(then)
    }

    /// Whether a caller ended the meeting or called it off, so that it speaks against tokens, and that or its booked end
    /// is after `then`.
    pub(super) fn speaks_after(&self, then: Timestamp) -> bool {
        let called_off_at = self.meeting.called_off_at;
        let ends_at = self.meeting.booking.slot.map(|slot| slot.ends_at());
        called_off_at.is_some_and(|at| at.max(ends_at.unwrap_or(at)) > then)
    }
}

/// Whether a newer program wrote it, which an older one must not touch.
pub(super) fn is_newer(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Version {
        v: u8,
    }
    serde_json::from_slice(bytes).is_ok_and(|version: Version| version.v > VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record as version 1 wrote it. It must be readable for ever.
    const VERSION_1: &str = include_str!("record/version-1.json");

    #[test]
    fn what_version_1_wrote_can_be_read() {
        let record = Record::read(VERSION_1.as_bytes()).unwrap();
        assert_eq!(record.meeting.sequence, 4);
        assert_eq!(record.outbox.len(), 1);
        assert_eq!(Record::read(&record.bytes()).unwrap(), record);
        assert!(
            !glance(VERSION_1.as_bytes())
                .unwrap()
                .is_settled_before(Timestamp::MAX_UTC),
            "an event waits"
        );
    }

    #[test]
    fn what_a_newer_program_wrote_is_refused() {
        let newer = VERSION_1.replacen("\"v\": 1", "\"v\": 2", 1);
        assert!(
            Record::read(newer.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("newer than this program")
        );
    }
}
