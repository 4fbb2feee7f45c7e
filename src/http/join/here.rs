//! `POST /api/meetings/{meeting}/waiting`: somebody says "I am here", and is told where they stand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::door::Arrival;
use super::meeting_at;
use super::ticket::{Admission, AdmissionBody};
use crate::domain::access::Standing;
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::field::seconds;
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};
use crate::waiting::{Crowded, Waiter};

/// What the page says; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = WaitingHere)]
pub(super) struct Here {
    /// False: the person only looks. They get no token although they might go in.
    enter: Option<bool>,
}

/// Where somebody stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Standing)]
struct StandingBody<'a> {
    /// `too_early`, `waiting`, `denied`, `removed`, `ready`, `over`, `cancelled` or `in_person`.
    state: &'static str,
    /// For whom one waits: `host`, who is to come; or `admission`, the word of somebody who moderates.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<&'static str>,
    /// Of the meeting.
    status: &'static str,
    /// Whether the person may let others in.
    moderator: bool,
    /// From when on people may come in; absent where they may at any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    opens_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    /// IANA name of the zone in which the time was agreed.
    time_zone: &'static str,
    /// usher's clock.
    now: String,
    /// With what they go in, where they are ready and do not only look.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    admission: Option<AdmissionBody<'a>>,
}

/// Says that a person is at the door, and where they stand
///
/// Whoever may go in is given a token, unless `enter` is false.
#[utoipa::path(
    post,
    path = Route::MeetingWaiting.as_str(),
    operation_id = "wait_for_meeting",
    tag = tag::MEETINGS,
    security(("user" = []), ("session" = [])),
    params(("meeting" = String, Path, format = "uuid", description = "The id of the meeting.")),
    request_body(content = Option<Here>, description = "May be left out.", example = json!({"enter": true})),
    responses((status = 200, description = "Where the person stands.", body = Success<StandingBody>, example = json!({"status": "success", "data": {
        "state": "waiting", "waitsFor": "host", "status": "scheduled", "moderator": false,
        "startsAt": "2026-11-14T10:00:00Z", "endsAt": "2026-11-14T10:50:00Z", "timeZone": "Europe/Berlin",
        "now": "2026-11-14T09:58:00Z",
    }}))),
    extensions(("x-errors" = json!(["not_found", "guests_not_allowed", "not_a_member", "unavailable"]))),
)]
pub(super) async fn here(request: &Incoming, id: &str, body: Body) -> Result<Answer, Refused> {
    let session = request.user().await?;
    let here: Option<Here> = body.json_if_any().await?;
    let enter = here.and_then(|here| here.enter).unwrap_or(true);
    let meeting = meeting_at(request, id).await?;
    let arrival = Arrival::of(request, &meeting, &session)?;
    let standing = arrival.stand()?;
    let is_entering = enter && standing == Standing::Ready;
    let admission = match is_entering {
        true => Some(arrival.admit(&session).await?),
        false => None,
    };
    let body = StandingBody {
        admission: admission.as_ref().map(Admission::body),
        ..arrival.shown(standing)
    };
    Ok(Answer::success(&body, Some(meeting.booking.client.clone())))
}

// === impl Arrival ===

impl Arrival<'_> {
    /// Where the person stands; somebody who waits is on the host's list from now on.
    pub(super) fn stand(&self) -> Result<Standing, ApiError> {
        let standing = self.standing();
        if standing == Standing::Ready {
            self.note_moderator();
        }
        let (rooms, user) = (&self.request.api.waiting, self.user);
        match standing {
            Standing::Waiting(_) | Standing::Denied => {
                let waiter = Waiter {
                    user: user.id.clone(),
                    name: user.name.clone(),
                };
                let waits = rooms.wait(self.meeting.id, waiter, self.now());
                waits.map_err(|Crowded| ApiError::Unavailable)?;
            }
            _ => rooms.leave(self.meeting.id, &user.id),
        }
        Ok(standing)
    }

    fn shown<'a>(&self, standing: Standing) -> StandingBody<'a> {
        let slot = self.meeting.booking.slot;
        let waits_for = match standing {
            Standing::Waiting(reason) => Some(reason.as_str()),
            _ => None,
        };
        StandingBody {
            state: standing.as_str(),
            waits_for,
            status: self.meeting.status.as_str(),
            moderator: self.moderates,
            opens_at: self.opens_at().map(seconds),
            starts_at: slot.map(|slot| seconds(slot.starts_at)),
            ends_at: slot.map(|slot| seconds(slot.ends_at())),
            time_zone: self.zone().name(),
            now: seconds(self.now()),
            admission: None,
        }
    }
}
