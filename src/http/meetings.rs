//! Meetings for programs and people: made, read, listed, changed, called off, joined (`http.md` section 5).

mod booker;
mod create;
pub(super) mod door;
pub(super) mod pass;
mod read;
mod record;
pub(super) mod ticket;
mod token;
mod wanted;

use std::str::FromStr;

use http::HeaderValue;
use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::auth::Asker;
use super::error::ApiError;
use super::{Api, Incoming, answered, post, read};
use crate::domain::{ClientId, Meeting, MeetingId};
use crate::telemetry::label::Route;
use pass::{JitsiDetails, LiveKitDetails, Pass};
use record::MeetingBody;

/// One meeting, and how the caller gets into it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    meeting: MeetingBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitsi_details: Option<JitsiDetails<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    livekit_details: Option<LiveKitDetails<'a>>,
}

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let create = post(api, Route::Meetings, warp::path!("api" / "meetings").boxed())
        .then(|request, body| answered(request, body, create::create));
    let read = warp::path!("api" / "meetings" / String)
        .and(read(api, Route::Meeting))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                read::read(request, &id).await
            })
        });
    let token = warp::path!("api" / "meetings" / String / "token")
        .and(warp::post())
        .and(super::incoming(api, Route::MeetingToken))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, body| {
                token::token(request, &id, body).await
            })
        });
    create.or(read).unify().or(token).unify().boxed()
}

/// The meeting of that id, if the caller may see it. To others it does not exist.
async fn seen(request: &Incoming, asker: &Asker<'_>, id: &str) -> Result<Meeting, ApiError> {
    let id = MeetingId::from_str(id).map_err(|_| ApiError::NotFound)?;
    let meeting = request.api.meetings.get(id).await?;
    meeting
        .filter(|meeting| meeting.booking.is_seen_by(asker.viewer()))
        .ok_or(ApiError::NotFound)
}

/// Answers with one meeting, as the caller sees it.
async fn show(request: &Incoming, asker: &Asker<'_>, meeting: &Meeting) -> Result<Answer, ApiError> {
    let pass = Pass::of(request, asker, meeting).await?;
    let body = Shown {
        meeting: MeetingBody::new(request, meeting, &pass),
        jitsi_details: pass.jitsi(),
        livekit_details: pass.livekit(),
    };
    Ok(Answer::success(&body, client_of(asker)).with_etag(tag(meeting)))
}

/// The entity tag of what the meeting is now.
fn tag(meeting: &Meeting) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", meeting.version())).expect("versions are letters and digits")
}

/// The client that calls, or through which the person signed in; for the request log.
fn client_of(asker: &Asker<'_>) -> Option<ClientId> {
    match asker {
        Asker::Client(caller) => Some(caller.id.clone()),
        Asker::User(session) => Some(session.client.clone()),
    }
}
