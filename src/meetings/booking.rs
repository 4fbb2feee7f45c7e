//! Booking a meeting, once, however often it is asked for.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::{Meetings, MeetingsError};
use crate::domain::meeting::Details;
use crate::domain::{Booking, Meeting, MeetingId, hex};
use crate::store::{StoreError, Table};

/// The meeting that answers it.
#[derive(Debug, Clone)]
pub struct BookedMeeting {
    pub meeting: Meeting,
    /// Whether this request made it, or an earlier one that asked for the same.
    pub is_new: bool,
}

/// What a reference of the caller leads to. Written before the meeting, so that a crash in between is made good by the
/// next request: whoever asks for the same brings along what people wrote, so that none of it is kept here, where no change
/// of the meeting would reach it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Reference {
    v: u8,
    meeting: MeetingId,
    /// Without its details; of version 1, with them.
    booking: Booking,
    /// SHA-256 of what was asked for, details and all, in hex. Version 1 has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
}

const VERSION: u8 = 2;

// === impl Meetings ===

impl Meetings {
    /// Books the meeting, or finds the one that the same appointment or idempotency key was answered with before.
    pub async fn book(&self, booking: Booking) -> Result<BookedMeeting, MeetingsError> {
        self.book_as(self.0.ambient.meeting_id(), booking).await
    }

    /// The same, under this id where it is a new one: for rooms whose name holds it.
    pub async fn book_as(&self, id: MeetingId, booking: Booking) -> Result<BookedMeeting, MeetingsError> {
        let mut reference = Reference::new(id, &booking);
        for key in keys(&booking) {
            reference = self.refer(&key, &reference).await?;
            // Before the next key is written, which would lead to the wrong meeting for ever.
            if !reference.answers(&booking) {
                return Err(MeetingsError::KeyReused);
            }
        }
        self.make(reference.meeting, reference.completed(booking), id)
            .await
    }

    /// Points `key` at `reference`, unless it points somewhere already; returns where it points.
    async fn refer(&self, key: &str, reference: &Reference) -> Result<Reference, MeetingsError> {
        let bytes = serde_json::to_vec(reference).map_err(MeetingsError::Unreadable)?;
        match self.0.store.create(Table::Bookings, key, bytes.into()).await {
            Ok(_) => Ok(reference.clone()),
            Err(StoreError::Conflict) => {
                let known = self
                    .0
                    .store
                    .get(Table::Bookings, key)
                    .await?
                    .ok_or(StoreError::Conflict)?;
                serde_json::from_slice(&known.0).map_err(MeetingsError::Unreadable)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn make(
        &self,
        id: MeetingId,
        booking: Booking,
        wanted: MeetingId,
    ) -> Result<BookedMeeting, MeetingsError> {
        let _turn = self.turn(&booking.room).await;
        if id != wanted
            && let Some(meeting) = self.get(id).await?
        {
            return Ok(BookedMeeting {
                meeting,
                is_new: false,
            });
        }
        let step = Meeting::book(id, booking, self.now());
        let meeting = step.meeting.clone();
        match self.create(step).await {
            Ok(()) => Ok(BookedMeeting {
                meeting,
                is_new: true,
            }),
            Err(MeetingsError::Store(StoreError::Conflict)) => {
                let meeting = self.get(id).await?.ok_or(MeetingsError::Unknown)?;
                Ok(BookedMeeting {
                    meeting,
                    is_new: false,
                })
            }
            Err(error) => Err(error),
        }
    }
}

// === impl Reference ===

impl Reference {
    fn new(meeting: MeetingId, booking: &Booking) -> Self {
        let mut kept = booking.clone();
        kept.details = Details::default();
        let mut reference = Self {
            v: VERSION,
            meeting,
            booking: kept,
            asked: None,
        };
        reference.asked = Some(reference.digest_of(booking));
        reference
    }

    /// Whether the booking asks for what this was written for.
    fn answers(&self, booking: &Booking) -> bool {
        match &self.asked {
            None => booking.asks_what(&self.booking),
            Some(_) if booking.appointment.is_some() => booking.appointment == self.booking.appointment,
            Some(asked) => *asked == self.digest_of(booking),
        }
    }

    /// The booking that this leads to: of the request that was first, with the details of one that asks for the same.
    fn completed(self, wanted: Booking) -> Booking {
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

/// The keys under which the booking can be asked for again, the caller's explicit one first.
pub(super) fn keys(booking: &Booking) -> Vec<String> {
    let client = &booking.client;
    let explicit = booking
        .idempotency_key
        .as_deref()
        .map(|key| format!("{client}/key/{key}"));
    let appointment = booking
        .appointment
        .as_deref()
        .map(|number| format!("{client}/appointment/{number}"));
    explicit.into_iter().chain(appointment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::meeting::{Appointment, Confidential};
    use crate::domain::observation::{BackendId, BackendKind};
    use crate::domain::{RoomKey, RoomName, Timestamp};

    fn room(name: &str) -> RoomKey {
        RoomKey {
            backend: BackendId {
                kind: BackendKind::Jitsi,
                name: "main".into(),
            },
            name: RoomName::parse(name).unwrap(),
        }
    }

    fn id(number: u8) -> MeetingId {
        MeetingId::new(Timestamp::UNIX_EPOCH, [number; 10])
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
        let reference = Reference::new(id(1), &first);
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
            Reference::new(id(1), &first).asked,
            Reference::new(id(2), &first).asked,
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
