//! Booking a meeting, once, however often it is asked for.

use serde::{Deserialize, Serialize};

use super::{Meetings, MeetingsError};
use crate::domain::{Booking, Meeting, MeetingId};
use crate::store::{StoreError, Table};

/// The meeting that answers it.
#[derive(Debug, Clone)]
pub struct BookedMeeting {
    pub meeting: Meeting,
    /// Whether this request made it, or an earlier one that asked for the same.
    pub is_new: bool,
}

/// What a reference of the caller leads to. Written before the meeting, so that a crash in between is made good by the
/// next request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Reference {
    v: u8,
    meeting: MeetingId,
    booking: Booking,
}

const VERSION: u8 = 1;

// === impl Meetings ===

impl Meetings {
    /// Books the meeting, or finds the one that the same appointment or idempotency key was answered with before.
    pub async fn book(&self, booking: Booking) -> Result<BookedMeeting, MeetingsError> {
        self.book_as(self.0.ambient.meeting_id(), booking).await
    }

    /// The same, under this id where it is a new one: for rooms whose name holds it.
    pub async fn book_as(&self, id: MeetingId, booking: Booking) -> Result<BookedMeeting, MeetingsError> {
        let wanted = Reference {
            v: VERSION,
            meeting: id,
            booking,
        };
        let mut reference = wanted.clone();
        for key in keys(&wanted.booking) {
            reference = self.refer(&key, &reference).await?;
            // Before the next key is written, which would lead to the wrong meeting for ever.
            if !wanted.booking.asks_what(&reference.booking) {
                return Err(MeetingsError::KeyReused);
            }
        }
        self.make(reference, wanted.meeting).await
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

    async fn make(&self, reference: Reference, wanted: MeetingId) -> Result<BookedMeeting, MeetingsError> {
        let id = reference.meeting;
        let _turn = self.turn(&reference.booking.room).await;
        if id != wanted
            && let Some(meeting) = self.get(id).await?
        {
            return Ok(BookedMeeting {
                meeting,
                is_new: false,
            });
        }
        let step = Meeting::book(id, reference.booking, self.now());
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
