//! What Jitsi's reservations module asks, and usher's own in the same form: may this room open? `http.md` section 7.
//!
//! A booked meeting is the conflict that the module knows how to follow: 409 with its id, then GET says how the room opens.
//! Nothing is written here: asked twice, the answer is the same, and DELETE only tells that everybody has left.

mod terms;

use http::StatusCode;
use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::body::Body;
use super::door::shut;
use super::error::ApiError;
use super::hooks::reporter;
use super::language::choose;
use super::refused::Refused;
use super::{Api, Incoming, answered, incoming, post, read};
use crate::config::daemon::Language;
use crate::domain::access::{Booked, Opening};
use crate::domain::{Meeting, MeetingId, RoomKey, RoomName};
use crate::ingest::Reporter;
use crate::telemetry::label::{Reservation, Route};
use terms::{Asked, Conference};

/// Where the meeting is that is booked in the room.
#[derive(Serialize)]
struct Conflict {
    conflict_id: MeetingId,
}

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let one = || warp::path!("conference" / String);
    let asked = post(api, Route::Conferences, warp::path!("conference").boxed())
        .then(|request, body| answered(request, body, create));
    let shown = one()
        .and(read(api, Route::Conference))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                told(request, show(request, &id).await)
            })
        });
    let emptied = one()
        .and(warp::delete())
        .and(incoming(api, Route::Conference))
        .then(|_: String, request, body| answered(request, body, emptied));
    asked.or(shown).unify().or(emptied).unify().boxed()
}

/// `POST /conference`: somebody wants to open a room.
async fn create(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    told(request, judge(request, body).await)
}

async fn judge(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let reporter = reporter(request)?;
    let asked = Asked::read(request, body).await?;
    let room = RoomKey {
        backend: reporter.backend(asked.host()),
        name: RoomName::from_node(&asked.name).map_err(ApiError::bad_name("name"))?,
    };
    let (booked, opening) = opening(request, &room).await?;
    if let Booked::Now(meeting) = booked {
        request.api.metrics.reservation_asked(Reservation::Booked);
        let conflict = Conflict {
            conflict_id: meeting.id,
        };
        let answer = Answer::json(&conflict, None).with_status(StatusCode::CONFLICT);
        return Ok(answer.because("booked"));
    }
    request.api.metrics.reservation_asked(Reservation::Unbooked);
    let conference = Conference::unbooked(&asked, &room, &opening, request.context.received_at);
    Ok(Answer::json(&conference, None))
}

/// `GET /conference/{id}`: how the room of a booked meeting opens.
async fn show(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let reporter = reporter(request)?;
    let meeting = meeting(request, &reporter, id).await?;
    let (_, opening) = opening(request, &meeting.booking.room).await?;
    request.api.metrics.reservation_asked(Reservation::Shown);
    let ends = terms::ends_by_itself(&meeting, &request.config);
    let conference = Conference::booked(&meeting, &opening, ends, request.context.received_at);
    Ok(Answer::json(&conference, None))
}

/// `DELETE /conference/{id}`: everybody has left. What is booked stays booked.
async fn emptied(request: &Incoming, _: Body) -> Result<Answer, Refused> {
    let known = reporter(request).map(|_| {
        request.api.metrics.reservation_asked(Reservation::Emptied);
        Answer::empty()
    });
    told(request, known)
}

/// Whether the room may open now, as what, and what is booked in it.
async fn opening<'a>(request: &'a Incoming, room: &RoomKey) -> Result<(Booked, Opening<'a>), ApiError> {
    let booked = request.booked(room).await?;
    let opening = request.config.rooms.access.opening(&room.name, &booked);
    match opening {
        Ok(opening) => Ok((booked, opening)),
        Err(closed) => Err(shut(closed, &request.config).into()),
    }
}

/// The meeting, where it is one of the server that asks.
async fn meeting(request: &Incoming, reporter: &Reporter<'_>, id: &str) -> Result<Meeting, ApiError> {
    let id: MeetingId = id.parse().map_err(|_| ApiError::NotFound)?;
    let found = request.api.meetings.get(id).await?;
    found
        .filter(|meeting| reporter.serves(&meeting.booking.room.backend))
        .ok_or(ApiError::NotFound)
}

/// A refusal in the words that the module hands on to people. Without a `conflict_id` a 409 would be no answer to it.
fn told(request: &Incoming, answer: Result<Answer, Refused>) -> Result<Answer, Refused> {
    let refused = match answer {
        Ok(answer) => return Ok(answer),
        Err(refused) => refused,
    };
    refused.count(&request.api.metrics, request.route);
    let language = choose(&request.headers, None, &request.config);
    let message = message(&refused.error, language);
    let answer = Answer::refused_saying(&refused, request.route, &request.context, language, Some(message));
    Ok(match refused.error.status() {
        StatusCode::CONFLICT => answer.with_status(StatusCode::FORBIDDEN),
        _ => answer,
    })
}

/// What people are told at the door: what is wrong between the servers is nothing that they can mend.
fn message(error: &ApiError, language: Language) -> String {
    match (error, language) {
        (ApiError::Meeting(_), _) => error.sentence(language),
        (_, Language::En) => {
            "This room cannot be opened: please tell the administrator of the meeting server.".into()
        }
        (_, Language::Fa) => "این اتاق باز نمی‌شود؛ لطفاً به مدیر سرور جلسات خبر دهید.".into(),
    }
}
