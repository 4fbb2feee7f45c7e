//! `PATCH /api/meetings/{id}`: another time, title or people. What is absent stays; an empty text takes the text away.

use chrono::{DateTime, FixedOffset};
use futures_util::future::try_join_all;
use serde::Deserialize;
use utoipa::ToSchema;

use super::condition::Condition;
use super::manage::{Deed, apply, managed};
use super::people::act;
use super::wanted::{invalid, line, minutes, people, start, text};
use super::{Shown, examples, show};
use crate::audit::Action;
use crate::domain::meeting::{Change, Slot};
use crate::domain::{Input, Meeting, Timestamp, UserId};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::{Asker, MAY_BOOK};
use crate::http::body::Body;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::field::whole;
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeMeeting {
    #[schema(schema_with = form::title)]
    title: Option<String>,
    #[schema(schema_with = form::long_text)]
    description: Option<String>,
    #[schema(schema_with = form::optional_moment)]
    scheduled_at: Option<DateTime<FixedOffset>>,
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 1440)]
    duration_minutes: Option<u32>,
    #[schema(schema_with = form::people)]
    participants: Option<Vec<String>>,
    #[schema(schema_with = form::people)]
    hosts: Option<Vec<String>>,
}

/// Changes time, title or people of a meeting
///
/// What is absent stays as it is; an empty text takes the text away.
#[utoipa::path(
    patch,
    path = Route::Meeting.as_str(),
    operation_id = "change_meeting",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting."), ("If-Match" = Option<String>, Header, description = "The `ETag` of the meeting that the caller has seen; it is changed only if it is still that one.")),
    request_body(content = ChangeMeeting, example = json!({"title": "Second follow-up", "scheduledAt": "2026-11-15T10:00:00Z"})),
    responses((status = 200, description = "The meeting as it is now.", body = Success<Shown>, headers(("ETag" = String, description = "Changes with the meeting; for `If-Match`.")), example = json!(examples::shown()))),
    extensions(("x-errors" = json!(["not_found", "invalid_field", "not_organiser", "invalid_transition", "precondition_failed", "unavailable"]))),
)]
pub(super) async fn change(request: &Incoming, id: &str, body: Body) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_BOOK).await?;
    let answer = async {
        let wanted: ChangeMeeting = body.json().await?;
        let meeting = wanted.take_effect(request, &asker, id).await?;
        show(request, &asker, &meeting).await
    };
    answer.await.map_err(|error| asker.refused(error))
}

// === impl ChangeMeeting ===

impl ChangeMeeting {
    /// A time is told in two parts, of which the caller may give one; the other must still be what it was. Where it is
    /// not, it is looked at again: only a caller who asked for a version is refused.
    async fn take_effect(
        &self,
        request: &Incoming,
        asker: &Asker<'_>,
        id: &str,
    ) -> Result<Meeting, ApiError> {
        let condition = Condition::of(&request.headers);
        loop {
            let meeting = managed(request, asker, id, (Deed::Change, &condition)).await?;
            let removed = meeting.booking.details.removed.clone();
            let input = Input::Change(self.change(&meeting, request.context.received_at)?);
            let (slot, wanted) = (meeting.booking.slot, condition.clone());
            let expected = move |now: &Meeting| wanted.allows(now) && now.booking.slot == slot;
            match apply(request, meeting.id, input, expected).await {
                Err(ApiError::Meeting(MeetingRefusal::Outdated)) if condition == Condition::Any => {}
                Err(error) => return Err(error),
                Ok(meeting) => {
                    written_down(request, asker, &meeting, &removed).await?;
                    return Ok(meeting);
                }
            }
        }
    }

    fn change(&self, meeting: &Meeting, now: Timestamp) -> Result<Change, ApiError> {
        let listed = |field, ids: &Option<Vec<String>>| {
            let ids = ids.as_deref();
            ids.map(|ids| people(field, Some(ids))).transpose()
        };
        Ok(Change {
            slot: self.slot(meeting, now)?,
            title: rewritten(self.title.as_deref(), |title| line("title", title))?,
            description: rewritten(self.description.as_deref(), |words| text("description", words))?,
            participants: listed("participants", &self.participants)?,
            hosts: listed("hosts", &self.hosts)?,
            notes: None,
        })
    }

    fn slot(&self, meeting: &Meeting, now: Timestamp) -> Result<Option<Slot>, ApiError> {
        if self.scheduled_at.is_none() && self.duration_minutes.is_none() {
            return Ok(None);
        }
        let booked = meeting.booking.slot;
        let starts_at = match self.scheduled_at {
            Some(at) => Some(start("scheduledAt", at, now)?),
            None => booked.map(|slot| slot.starts_at),
        };
        let minutes = match self.duration_minutes {
            Some(wanted) => Some(minutes("durationMinutes", wanted)?),
            None => booked.map(|slot| slot.minutes),
        };
        match (starts_at, minutes) {
            (Some(starts_at), Some(minutes)) => Ok(Some(Slot { starts_at, minutes })),
            (None, _) => Err(invalid(
                "durationMinutes",
                "needs scheduledAt: this meeting has no booked time",
            )),
            (_, None) => Err(invalid(
                "scheduledAt",
                "needs durationMinutes: this meeting has no booked time",
            )),
        }
    }
}

/// Whoever was taken off the list is removed, and the trail says so.
async fn written_down(
    request: &Incoming,
    asker: &Asker<'_>,
    meeting: &Meeting,
    before: &[UserId],
) -> Result<(), ApiError> {
    let removed = meeting.booking.details.removed.iter();
    let newly = removed.filter(|person| !before.contains(person));
    let acts = newly.map(|person| act(request, asker, Action::Remove, (meeting, person)));
    let writes = acts.map(|act| request.api.audit.record(act));
    try_join_all(writes).await?;
    Ok(())
}

/// A text that is there; empty where it is to be taken away.
pub(super) fn rewritten(
    text: Option<&str>,
    read: impl Fn(Option<&str>) -> Result<Option<String>, ApiError>,
) -> Result<Option<String>, ApiError> {
    let read = text.map(|text| read(Some(text)));
    Ok(read.transpose()?.map(Option::unwrap_or_default))
}
