//! `POST /api/meetings`: a meeting at a time, between people.

use chrono::{DateTime, FixedOffset};
use http::StatusCode;
use serde::Deserialize;

use super::booker::Booker;
use super::show;
use super::wanted::{Medium, ServerKind, line, minutes, people, start, text};
use crate::domain::RoomKey;
use crate::domain::meeting::{Booking, Details, Kind, MeetingType, Slot};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::{Asker, MAY_BOOK};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::refused::Refused;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateMeeting {
    participants: Option<Vec<String>>,
    hosts: Option<Vec<String>>,
    role_context: Option<String>,
    title: Option<String>,
    description: Option<String>,
    scheduled_at: Option<DateTime<FixedOffset>>,
    duration_minutes: Option<u32>,
    meeting_type: Option<Medium>,
    backend: Option<ServerKind>,
    /// For whom a program books; a person books for themselves.
    created_by: Option<String>,
}

pub(super) async fn create(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_BOOK).await?;
    let created = create_for(request, &asker, body).await;
    created.map_err(|error| asker.refused(error))
}

async fn create_for(request: &Incoming, asker: &Asker<'_>, body: Body) -> Result<Answer, ApiError> {
    let booker = Booker::new(request, asker)?;
    let wanted: CreateMeeting = body.json().await?;
    let booking = wanted.booking(request, &booker)?;
    let meeting = booker.book(request.api.ambient.meeting_id(), booking).await?;
    Ok(show(request, asker, &meeting)
        .await?
        .with_status(StatusCode::CREATED))
}

// === impl CreateMeeting ===

impl CreateMeeting {
    fn booking(&self, request: &Incoming, booker: &Booker<'_>) -> Result<Booking, ApiError> {
        Ok(Booking {
            slot: Some(self.slot(request)?),
            details: self.details(booker)?,
            role_context: booker.role_context(self.role_context.as_deref())?,
            client: booker.client(),
            kind: Kind::Meeting,
            room: RoomKey {
                backend: booker.backend(self.backend.map(|kind| kind.0))?,
                name: booker.room()?,
            },
            meeting_type: self
                .meeting_type
                .map_or(MeetingType::default(), |medium| medium.0),
            appointment: None,
            idempotency_key: booker.idempotency_key()?,
            continues: None,
        })
    }

    fn slot(&self, request: &Incoming) -> Result<Slot, ApiError> {
        let field = "scheduledAt";
        let at = self.scheduled_at.ok_or(ApiError::Missing { field })?;
        let default = request.config.daemon.meetings.default_minutes;
        Ok(Slot {
            starts_at: start(field, at, request.context.received_at)?,
            minutes: match self.duration_minutes {
                Some(wanted) => minutes("durationMinutes", wanted)?,
                None => default,
            },
        })
    }

    fn details(&self, booker: &Booker<'_>) -> Result<Details, ApiError> {
        let mut details = Details {
            title: line("title", self.title.as_deref())?,
            description: text("description", self.description.as_deref())?,
            created_by: booker.creator(self.created_by.as_deref())?,
            ..Details::default()
        };
        details.name_people(
            people("participants", self.participants.as_deref())?,
            people("hosts", self.hosts.as_deref())?,
        );
        Ok(details)
    }
}
