//! Meetings for programs and people: made, read, listed, changed, called off, joined (`http.md` section 5).

mod adhoc;
mod booker;
mod change;
mod condition;
mod create;
pub(super) mod door;
pub(super) mod examples;
mod kept;
mod list;
mod manage;
pub(super) mod pass;
mod people;
mod read;
mod record;
mod status;
pub(super) mod ticket;
mod token;
mod wanted;

use std::str::FromStr;

use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::auth::Asker;
use super::error::ApiError;
use super::{Api, Incoming, answered, get, incoming, post, read};
use crate::domain::{ClientId, Meeting, MeetingId};
use crate::telemetry::label::Route;
pub(super) use booker::Booker;
pub(super) use condition::tag;
pub(super) use door::zone_of;
pub use kept::KeptTokens;
pub(super) use list::{Query, passes};
pub(super) use pass::{JitsiDetails, LiveKitDetails, Pass, join_page};
pub(super) use record::MeetingBody;
pub(super) use wanted::{Medium, ServerKind, invalid, line, minutes, people, start, text, user};

/// One meeting, and how the caller gets into it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MeetingShown)]
struct Shown<'a> {
    meeting: MeetingBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitsi_details: Option<JitsiDetails<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    livekit_details: Option<LiveKitDetails<'a>>,
}

#[derive(OpenApi)]
#[openapi(paths(
    create::create,
    adhoc::create,
    list::all,
    list::of_user,
    read::read,
    change::change,
    status::cancel,
    status::status,
    token::token,
    people::remove,
    people::readmit,
    people::mute,
    people::permit,
))]
pub(super) struct Docs;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let create = post(api, Route::Meetings, warp::path!("api" / "meetings").boxed())
        .then(|request, body| answered(request, body, create::create));
    let adhoc = post(
        api,
        Route::AdHoc,
        warp::path!("api" / "meetings" / "adhoc").boxed(),
    )
    .then(|request, body| answered(request, body, adhoc::create));
    let all = get(api, Route::Meetings, warp::path!("api" / "meetings").boxed()).then(|request, body| {
        answered(request, body, async |request: &Incoming, _| {
            list::all(request).await
        })
    });
    let of_user = warp::path!("api" / "meetings" / "user" / String)
        .and(read(api, Route::MeetingsOfUser))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                list::of_user(request, &id).await
            })
        });
    create
        .or(adhoc)
        .unify()
        .or(all)
        .unify()
        .or(of_user)
        .unify()
        .or(one(api))
        .unify()
        .or(person(api))
        .unify()
        .boxed()
}

/// What stands in the place of an id. The names of routes are none.
struct Named(String);

/// The routes of one meeting.
fn one(api: &Api) -> BoxedFilter<(Answer,)> {
    let path = warp::path!("api" / "meetings" / Named);
    let read = path
        .and(read(api, Route::Meeting))
        .then(|id: Named, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                read::read(request, &id.0).await
            })
        });
    let change =
        path.and(warp::patch())
            .and(incoming(api, Route::Meeting))
            .then(|id: Named, request, body| {
                answered(request, body, async move |request: &Incoming, body| {
                    change::change(request, &id.0, body).await
                })
            });
    let cancel =
        path.and(warp::delete())
            .and(incoming(api, Route::Meeting))
            .then(|id: Named, request, body| {
                answered(request, body, async move |request: &Incoming, _| {
                    status::cancel(request, &id.0).await
                })
            });
    let status = warp::path!("api" / "meetings" / String / "status")
        .and(warp::patch())
        .and(incoming(api, Route::MeetingStatus))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, body| {
                status::status(request, &id, body).await
            })
        });
    let token = warp::path!("api" / "meetings" / String / "token")
        .and(warp::post())
        .and(incoming(api, Route::MeetingToken))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, body| {
                token::token(request, &id, body).await
            })
        });
    read.or(change)
        .unify()
        .or(cancel)
        .unify()
        .or(status)
        .unify()
        .or(token)
        .unify()
        .boxed()
}

/// The routes of somebody who is in a meeting.
fn person(api: &Api) -> BoxedFilter<(Answer,)> {
    let path = warp::path!("api" / "meetings" / String / "people" / String);
    let remove = path
        .and(warp::delete())
        .and(incoming(api, Route::MeetingPerson))
        .then(|id: String, person: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                people::remove(request, &id, &person).await
            })
        });
    let readmit = path
        .and(warp::put())
        .and(incoming(api, Route::MeetingPerson))
        .then(|id: String, person: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                people::readmit(request, &id, &person).await
            })
        });
    let permit = path
        .and(warp::patch())
        .and(incoming(api, Route::MeetingPerson))
        .then(|id: String, person: String, request, body| {
            answered(request, body, async move |request: &Incoming, body| {
                people::permit(request, &id, &person, body).await
            })
        });
    let mute = warp::path!("api" / "meetings" / String / "people" / String / "mute")
        .and(warp::post())
        .and(incoming(api, Route::MeetingMute))
        .then(|id: String, person: String, request, body| {
            answered(request, body, async move |request: &Incoming, body| {
                people::mute(request, &id, &person, body).await
            })
        });
    remove
        .or(readmit)
        .unify()
        .or(permit)
        .unify()
        .or(mute)
        .unify()
        .boxed()
}

// === impl Named ===

impl FromStr for Named {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "adhoc" => Err("is a route of its own"),
            id => Ok(Self(id.to_owned())),
        }
    }
}

/// The meeting of that id, if the caller may see it. To others it does not exist.
pub(super) async fn seen(request: &Incoming, asker: &Asker<'_>, id: &str) -> Result<Meeting, ApiError> {
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

/// The client that calls, or through which the person signed in; for the request log.
pub(super) fn client_of(asker: &Asker<'_>) -> Option<ClientId> {
    match asker {
        Asker::Client(caller) => Some(caller.id.clone()),
        Asker::User(session) => Some(session.client.clone()),
    }
}
