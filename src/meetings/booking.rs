//! Booking a meeting, once, however often it is asked for.

mod reference;

use super::{Meetings, MeetingsError};
use crate::domain::{Booking, Meeting, MeetingId};
use crate::store::{Entry, Revision, StoreError, Table};
use reference::Reference;

/// The meeting that answers it.
#[derive(Debug, Clone)]
pub struct BookedMeeting {
    pub meeting: Meeting,
    /// Whether this request made it, or an earlier one that asked for the same.
    pub is_new: bool,
}

// === impl Meetings ===

impl Meetings {
    /// Books the meeting, or finds the one that the same appointment or idempotency key was answered with before.
    pub async fn book(&self, booking: Booking) -> Result<BookedMeeting, MeetingsError> {
        self.book_as(self.0.ambient.meeting_id(), booking).await
    }

    /// The same, under this id where it is a new one: for rooms whose name holds it.
    pub async fn book_as(&self, id: MeetingId, booking: Booking) -> Result<BookedMeeting, MeetingsError> {
        let mut reference = Reference::new(id, &booking, self.now());
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
        let store = &self.0.store;
        loop {
            match store.create(Table::Bookings, key, reference.bytes()?).await {
                Ok(_) => return Ok(reference.clone()),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            let Some((known, revision)) = self.reference(key).await? else {
                continue;
            };
            if !self.may_be_swept_soon(known.written_at()) || self.get(known.meeting).await?.is_some() {
                return Ok(known);
            }
            // A crash has left it alone, and its meeting is made now: no sweep takes it in between.
            let renewed = known.renewed(self.now());
            match store
                .replace(Table::Bookings, key, renewed.bytes()?, revision)
                .await
            {
                Ok(_) => return Ok(renewed),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn reference(&self, key: &str) -> Result<Option<(Reference, Revision)>, MeetingsError> {
        let stored = self.0.store.get(Table::Bookings, key).await?;
        let read = stored.map(|(bytes, revision)| Ok((Reference::read(&bytes)?, revision)));
        read.transpose()
    }

    /// Whether a reference has been there for long and no meeting was made for it, under any reference of its booking.
    pub(super) async fn refers_to_nothing(&self, entry: &Entry) -> Result<bool, MeetingsError> {
        let Ok(reference) = Reference::read(&entry.value) else {
            return Ok(false);
        };
        if !self.is_no_longer_young(reference.written_at()) || self.is_made(reference.meeting).await? {
            return Ok(false);
        }
        for key in reference.keys().filter(|key| *key != entry.key) {
            if let Some((other, _)) = self.reference(&key).await?
                && self.is_made(other.meeting).await?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether it is stored, as far as can be told.
    async fn is_made(&self, id: MeetingId) -> Result<bool, MeetingsError> {
        match self.get(id).await {
            Ok(meeting) => Ok(meeting.is_some()),
            Err(error) if error.concerns_one_meeting() => Ok(true),
            Err(error) => Err(error),
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
