//! What is kept of a booking under the caller's own reference, so that it is made once.

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::keys;
use crate::domain::meeting::Details;
use crate::domain::{Booking, MeetingId, Timestamp, hex};
use crate::meetings::MeetingsError;

/// What a reference of the caller leads to. Written before the meeting, so that a crash in between is made good by the
/// next request: whoever asks for the same brings along what people wrote, so that none of it is kept here, where no change
/// of the meeting would reach it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Reference {
    v: u8,
    pub(super) meeting: MeetingId,
    /// Without its details; of version 1, with them.
    booking: Booking,
    /// SHA-256 of what was asked for, details and all, in hex. Version 1 has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
    /// As old as the id of the meeting where it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written_at: Option<Timestamp>,
}

const VERSION: u8 = 2;

// === impl Reference ===

impl Reference {
    pub(super) fn new(meeting: MeetingId, booking: &Booking, now: Timestamp) -> Self {
        let mut kept = booking.clone();
        kept.details = Details::default();
        let mut reference = Self {
            v: VERSION,
            meeting,
            booking: kept,
            asked: None,
            written_at: Some(now),
        };
        reference.asked = Some(reference.digest_of(booking));
        reference
    }

    /// As it is stored.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, MeetingsError> {
        serde_json::from_slice(bytes).map_err(MeetingsError::Unreadable)
    }

    /// To be stored.
    pub(super) fn bytes(&self) -> Result<Bytes, MeetingsError> {
        let bytes = serde_json::to_vec(self).map_err(MeetingsError::Unreadable)?;
        Ok(bytes.into())
    }

    /// When it was written, or written anew.
    pub(super) fn written_at(&self) -> Timestamp {
        self.written_at.unwrap_or(self.meeting.made_at())
    }

    /// The same, to be written anew.
    pub(super) fn renewed(self, now: Timestamp) -> Self {
        Self {
            written_at: Some(now),
            ..self
        }
    }

    /// All that lead to the booking, this one among them.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        keys(&self.booking).into_iter()
    }

    /// Whether the booking asks for what this was written for.
    pub(super) fn answers(&self, booking: &Booking) -> bool {
        match &self.asked {
            None => booking.asks_what(&self.booking),
            Some(_) if booking.appointment.is_some() => booking.appointment == self.booking.appointment,
            Some(asked) => *asked == self.digest_of(booking),
        }
    }

    /// The booking that this leads to: of the request that was first, with the details of one that asks for the same.
    pub(super) fn completed(self, wanted: Booking) -> Booking {
        match self.asked {
            None => self.booking,
            Some(_) => Booking {
                details: wanted.details,
                ..self.booking
            },
        }
    }

    /// The id of the meeting is hashed along, so that the same words do not show as the same in two references.
    fn digest_of(&self, booking: &Booking) -> String {
        let asked = (self.meeting, booking.asked_in(&self.booking.room));
        let asked =
            serde_json::to_vec(&asked).expect("no map with other keys than text, no failing serializer");
        hex(digest(&SHA256, &asked).as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::meeting::{Appointment, Confidential};
    use crate::domain::observation::BackendId;
    use crate::domain::{Meeting, RoomKey, RoomName};

    fn room(name: &str) -> RoomKey {
        RoomKey {
            backend: BackendId::jitsi("main"),
            name: RoomName::parse(name).unwrap(),
        }
    }

    fn id(number: u8) -> MeetingId {
        MeetingId::new(Timestamp::UNIX_EPOCH, [number; 10])
    }

    fn now() -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn visit(name: &str, reason: &str) -> Booking {
        let unbooked = Meeting::unbooked(id(0), room(name), None, Timestamp::UNIX_EPOCH);
        let appointment = Appointment {
            reason_for_visit: Some(Confidential::new(reason.into())),
            ..Appointment::default()
        };
        Booking {
            details: Details {
                description: Some(reason.into()),
                appointment: Some(appointment),
                ..Details::default()
            },
            ..unbooked.booking
        }
    }

    #[test]
    fn a_reference_knows_what_was_asked_and_keeps_no_word_of_it() {
        let first = visit("alpha", "migraine");
        let reference = Reference::new(id(1), &first, now());
        let stored = serde_json::to_string(&reference).unwrap();
        assert!(!stored.contains("migraine"), "{stored}");
        let reference: Reference = serde_json::from_str(&stored).unwrap();
        assert!(reference.answers(&first));
        assert!(
            reference.answers(&visit("beta", "migraine")),
            "whatever room was made up"
        );
        assert!(!reference.answers(&visit("alpha", "headache")));
        assert_eq!(reference.completed(visit("beta", "migraine")), first);
        assert_ne!(
            Reference::new(id(1), &first, now()).asked,
            Reference::new(id(2), &first, now()).asked,
            "the same words do not show"
        );
    }

    #[test]
    fn what_version_1_wrote_leads_where_it_did() {
        let first = visit("alpha", "migraine");
        let stored = serde_json::json!({"v": 1, "meeting": id(1), "booking": first});
        let reference: Reference = serde_json::from_value(stored).unwrap();
        assert!(reference.answers(&visit("beta", "migraine")));
        assert!(!reference.answers(&visit("alpha", "headache")));
        assert_eq!(reference.completed(visit("beta", "migraine")), first);
    }
}
