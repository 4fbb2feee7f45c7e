//! The join page of a meeting, and its waiting room.

mod door;
mod here;
mod host;
mod page;
mod policy;
mod ticket;

use utoipa::OpenApi;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::error::ApiError;
use super::sso::paged;
use super::{Api, Incoming, answered, incoming, read};
use crate::domain::{Meeting, MeetingId};
use crate::telemetry::label::Route;
pub(super) use door::{Arrival, decision};
pub(super) use host::host;

#[derive(OpenApi)]
#[openapi(paths(page::show, page::enter, here::here, host::list, host::admit))]
pub(super) struct Docs;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    pages(api).or(waiting(api)).unify().boxed()
}

fn pages(api: &Api) -> BoxedFilter<(Answer,)> {
    let show = warp::path!("m" / String)
        .and(read(api, Route::JoinPage))
        .then(|id: String, request, body| {
            paged(request, body, async move |request: &Incoming, _| {
                page::show(request, &id).await
            })
        });
    let enter = warp::path!("m" / String)
        .and(warp::post())
        .and(incoming(api, Route::JoinPage))
        .then(|id: String, request, body| {
            paged(request, body, async move |request: &Incoming, _| {
                page::enter(request, &id).await
            })
        });
    show.or(enter).unify().boxed()
}

fn waiting(api: &Api) -> BoxedFilter<(Answer,)> {
    let here = warp::path!("api" / "meetings" / String / "waiting")
        .and(warp::post())
        .and(incoming(api, Route::MeetingWaiting))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, body| {
                here::here(request, &id, body).await
            })
        });
    let list = warp::path!("api" / "meetings" / String / "waiting")
        .and(read(api, Route::MeetingWaiting))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                host::list(request, &id).await
            })
        });
    let admit = warp::path!("api" / "meetings" / String / "admit")
        .and(warp::post())
        .and(incoming(api, Route::MeetingAdmit))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, body| {
                host::admit(request, &id, body).await
            })
        });
    here.or(list).unify().or(admit).unify().boxed()
}

/// The meeting that an address names; whether the caller may know of it is asked next.
async fn meeting_at(request: &Incoming, id: &str) -> Result<Meeting, ApiError> {
    let id: MeetingId = id.parse().map_err(|_| ApiError::NotFound)?;
    let meeting = request.api.meetings.get(id).await?;
    meeting.ok_or(ApiError::NotFound)
}
