//! `GET /api/meetings/{meeting}/waiting` and `POST /api/meetings/{meeting}/admit`: who waits, and who is let in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::door::Arrival;
use super::meeting_at;
use crate::domain::access::Scope;
use crate::domain::{Meeting, UserId};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::{Asker, MAY_BOOK, MAY_READ};
use crate::http::body::Body;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::field::seconds;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};
use crate::waiting::{Decision, Waiting};

/// Whom to let in: one person, or everybody who waits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Admit {
    user_id: Option<String>,
    all: Option<bool>,
    /// False: the person is not let in, and what was said before is taken back.
    admit: Option<bool>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = WaitingList)]
struct ListBody<'a> {
    /// Longest first.
    waiting: Vec<PersonBody<'a>>,
    admitted: Vec<PersonBody<'a>>,
    denied: Vec<PersonBody<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WaitingPerson)]
struct PersonBody<'a> {
    #[schema(value_type = String)]
    user_id: &'a UserId,
    name: &'a str,
    #[schema(format = DateTime)]
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
}

/// Lists who waits for a meeting, and who was let in
#[utoipa::path(
    get,
    path = Route::MeetingWaiting.as_str(),
    operation_id = "list_waiting",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:read"]), ("client" = ["meetings:read"]), ("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting.")),
    responses((status = 200, description = "Longest first.", body = Success<ListBody>, example = json!({"status": "success", "data": {
        "waiting": [{"userId": "client-456", "name": "Alex", "since": "2026-11-14T09:58:00Z"}], "admitted": [], "denied": [],
    }}))),
    extensions(("x-errors" = json!(["not_found", "not_organiser", "guests_not_allowed", "not_a_member", "unavailable"]))),
)]
pub(super) async fn list(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let (asker, meeting) = host(request, id, MAY_READ).await?;
    Ok(listed(request, &asker, &meeting))
}

/// Lets somebody in who waits, or everybody
#[utoipa::path(
    post,
    path = Route::MeetingAdmit.as_str(),
    operation_id = "admit_waiting",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting.")),
    request_body(content = Admit, example = json!({"userId": "client-456"})),
    responses((status = 200, description = "Who waits now, and who was let in.", body = Success<ListBody>, example = json!({"status": "success", "data": {
        "waiting": [{"userId": "client-456", "name": "Alex", "since": "2026-11-14T09:58:00Z"}], "admitted": [], "denied": [],
    }}))),
    extensions(("x-errors" = json!(["not_found", "missing_field", "invalid_field", "not_organiser", "guests_not_allowed", "not_a_member", "unavailable"]))),
)]
pub(super) async fn admit(request: &Incoming, id: &str, body: Body) -> Result<Answer, Refused> {
    let (asker, meeting) = host(request, id, MAY_BOOK).await?;
    let wanted = body.json().await.map_err(|error| asker.refused(error))?;
    decide(request, &asker, &meeting, &wanted).map_err(|error| asker.refused(error))?;
    Ok(listed(request, &asker, &meeting))
}

/// Somebody who may let people in and put them out: the program that booked the meeting, and those who moderate or manage
/// it.
pub(in crate::http) async fn host<'a>(
    request: &'a Incoming,
    id: &str,
    needs: &[Scope],
) -> Result<(Asker<'a>, Meeting), Refused> {
    let asker = request.asker(needs).await?;
    let found = async {
        let meeting = meeting_at(request, id).await?;
        if !meeting.booking.is_seen_by(asker.viewer()) {
            return Err(ApiError::NotFound);
        }
        let moderates = match &asker {
            Asker::User(session) => Arrival::of(request, &meeting, session)?.moderates,
            Asker::Client(_) => false,
        };
        match moderates || meeting.booking.is_managed_by(asker.viewer()) {
            true => Ok(meeting),
            false => Err(MeetingRefusal::NotOrganiser.into()),
        }
    };
    match found.await {
        Ok(meeting) => Ok((asker, meeting)),
        Err(error) => Err(asker.refused(error)),
    }
}

fn decide(request: &Incoming, asker: &Asker<'_>, meeting: &Meeting, wanted: &Admit) -> Result<(), ApiError> {
    let (rooms, now, by) = (&request.api.waiting, request.context.received_at, name(asker));
    let decision = match wanted.admit {
        Some(false) => Decision::Denied,
        _ => Decision::Admitted,
    };
    match (&wanted.user_id, wanted.all) {
        (None, Some(true)) if decision == Decision::Admitted => rooms.admit_all(meeting.id, by, now),
        (Some(user), None | Some(false)) => {
            let user = UserId::parse(user).map_err(ApiError::bad_name("userId"))?;
            if !rooms.decide(meeting.id, &user, (decision, by), now) {
                return Err(ApiError::Invalid {
                    field: "userId",
                    why: "is nobody who waits".into(),
                });
            }
        }
        (Some(_), Some(true)) | (None, Some(true)) => {
            return Err(ApiError::Invalid {
                field: "all",
                why: "goes neither with a user nor with admit = false".into(),
            });
        }
        (None, None | Some(false)) => return Err(ApiError::Missing { field: "userId" }),
    }
    Ok(())
}

/// Who decides, as the list names them.
fn name<'a>(asker: &'a Asker<'_>) -> &'a str {
    match asker {
        Asker::Client(caller) => caller.id.as_str(),
        Asker::User(session) => session.user.id.as_str(),
    }
}

fn listed(request: &Incoming, asker: &Asker<'_>, meeting: &Meeting) -> Answer {
    let list = request.api.waiting.list(meeting.id, request.context.received_at);
    let those = |decision: Option<Decision>| {
        let decided = move |one: &&Waiting| one.decided.as_ref().map(|decided| decided.decision) == decision;
        list.iter().filter(decided).map(PersonBody::of).collect()
    };
    let body = ListBody {
        waiting: those(None),
        admitted: those(Some(Decision::Admitted)),
        denied: those(Some(Decision::Denied)),
    };
    let client = match asker {
        Asker::Client(caller) => Some(caller.id.clone()),
        Asker::User(_) => None,
    };
    Answer::success(&body, client)
}

// === impl PersonBody ===

impl<'a> PersonBody<'a> {
    fn of(one: &'a Waiting) -> Self {
        let decided = one.decided.as_ref();
        Self {
            user_id: &one.user,
            name: &one.name,
            since: seconds(one.since),
            decided_by: decided.map(|decided| decided.by.as_str()),
            decided_at: decided.map(|decided| seconds(decided.at)),
        }
    }
}
