//! `PATCH /api/meetings/{id}/status`: somebody says that it is going on, over or called off, and notes why. And
//! `DELETE /api/meetings/{id}`, which calls it off.

use serde::Deserialize;
use utoipa::ToSchema;

use super::change::rewritten;
use super::condition::Condition;
use super::manage::{Deed, apply, managed};
use super::wanted::text;
use super::{Shown, examples, show};
use crate::domain::meeting::Change;
use crate::domain::{Input, Meeting, Status, TransitionError};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::{Asker, MAY_BOOK};
use crate::http::body::Body;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

#[derive(Deserialize, ToSchema)]
struct ChangeStatus {
    #[schema(required = true, value_type = Wanted)]
    status: Option<Wanted>,
    #[schema(schema_with = form::long_text)]
    notes: Option<String>,
}

/// The four that callers know. Read by way of a text, so that any other is a wrong type of this field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(as = WantedStatus, rename_all = "lowercase")]
enum Wanted {
    Scheduled,
    Active,
    Completed,
    Cancelled,
}

/// Says that a meeting is going on, over or called off, and notes why
///
/// The status that it has already changes nothing. A live meeting that is over or called off is ended on its server.
#[utoipa::path(
    patch,
    path = Route::MeetingStatus.as_str(),
    operation_id = "change_meeting_status",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting."), ("If-Match" = Option<String>, Header, description = "The `ETag` of the meeting that the caller has seen; it is changed only if it is still that one.")),
    request_body(content = ChangeStatus, example = json!({"status": "cancelled", "notes": "The patient is travelling."})),
    responses((status = 200, description = "The meeting as it is now.", body = Success<Shown>, headers(("ETag" = String, description = "Changes with the meeting; for `If-Match`.")), example = json!(examples::shown()))),
    extensions(("x-errors" = json!([
        "not_found", "missing_field", "invalid_field", "not_organiser", "invalid_transition", "precondition_failed", "unavailable",
    ]))),
)]
pub(super) async fn status(request: &Incoming, id: &str, body: Body) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_BOOK).await?;
    let answer = async {
        let wanted: ChangeStatus = body.json().await?;
        let status = wanted.status.ok_or(ApiError::Missing { field: "status" })?;
        let notes = rewritten(wanted.notes.as_deref(), |notes| text("notes", notes))?;
        let meeting = step(request, &asker, id, status).await?;
        let meeting = noted(request, meeting, notes).await?;
        show(request, &asker, &meeting).await
    };
    answer.await.map_err(|error| asker.refused(error))
}

/// Calls a meeting off
///
/// A live one is ended on its server. Asked again, it is as it was. The patient who booked an appointment may call it off
/// until it has begun.
#[utoipa::path(
    delete,
    path = Route::Meeting.as_str(),
    operation_id = "cancel_meeting",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting."), ("If-Match" = Option<String>, Header, description = "The `ETag` of the meeting that the caller has seen; it is changed only if it is still that one.")),
    responses((status = 200, description = "The meeting as it is now.", body = Success<Shown>, headers(("ETag" = String, description = "Changes with the meeting; for `If-Match`.")), example = json!(examples::shown()))),
    extensions(("x-errors" = json!(["not_found", "not_organiser", "invalid_transition", "precondition_failed", "unavailable"]))),
)]
pub(super) async fn cancel(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_BOOK).await?;
    let answer = async {
        let meeting = step(request, &asker, id, Wanted::Cancelled).await?;
        show(request, &asker, &meeting).await
    };
    answer.await.map_err(|error| asker.refused(error))
}

/// Takes the step. The status that it has already is none.
async fn step(request: &Incoming, asker: &Asker<'_>, id: &str, wanted: Wanted) -> Result<Meeting, ApiError> {
    let condition = Condition::of(&request.headers);
    let meeting = managed(request, asker, id, (wanted.deed(), &condition)).await?;
    match wanted.input(&meeting.status)? {
        Some(input) => apply(request, meeting.id, input, move |now| condition.allows(now)).await,
        None => Ok(meeting),
    }
}

/// Writes the note down. The step before has been taken by then: whoever repeats the request after a failure in between
/// finds the status as it should be, and the note is written.
async fn noted(request: &Incoming, meeting: Meeting, notes: Option<String>) -> Result<Meeting, ApiError> {
    if notes.is_none() {
        return Ok(meeting);
    }
    let change = Change {
        notes,
        ..Change::default()
    };
    apply(request, meeting.id, Input::Change(change), |_| true).await
}

// === impl Wanted ===

impl Wanted {
    fn deed(self) -> Deed {
        match self {
            Self::Cancelled => Deed::CallOff,
            _ => Deed::Change,
        }
    }

    /// What leads there; nothing where it is there already. Who was missed is shown as called off, so that is what it is.
    fn input(self, from: &Status) -> Result<Option<Input>, MeetingRefusal> {
        match (self, from) {
            (Self::Scheduled, Status::Scheduled) => Ok(None),
            (Self::Scheduled, other) => Err(MeetingRefusal::InvalidTransition(TransitionError {
                from: other.as_str(),
                to: "scheduled",
            })),
            (Self::Cancelled, Status::Missed { .. }) => Ok(None),
            (Self::Active, _) => Ok(Some(Input::Start)),
            (Self::Completed, _) => Ok(Some(Input::End)),
            (Self::Cancelled, _) => Ok(Some(Input::Cancel)),
        }
    }
}

impl TryFrom<String> for Wanted {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "scheduled" => Ok(Self::Scheduled),
            "active" => Ok(Self::Active),
            "completed" => Ok(Self::Completed),
            "cancelled" => Ok(Self::Cancelled),
            _ => Err("must be scheduled, active, completed or cancelled"),
        }
    }
}
