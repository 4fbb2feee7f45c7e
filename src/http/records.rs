//! Records of use: who was at a meeting, what a client used day by day, and the invitation to put into a calendar.

mod attendance;
mod invitation;
mod sheet;
mod usage;

use utoipa::OpenApi;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::{Api, Incoming, answered, get, read};
use crate::telemetry::label::Route;

#[derive(OpenApi)]
#[openapi(paths(attendance::attendance, usage::usage, invitation::invitation))]
pub(super) struct Docs;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let attendance = warp::path!("api" / "meetings" / String / "attendance")
        .and(read(api, Route::MeetingAttendance))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                attendance::attendance(request, &id).await
            })
        });
    let usage = get(api, Route::Usage, warp::path!("api" / "usage").boxed()).then(|request, body| {
        answered(request, body, async |request: &Incoming, _| {
            usage::usage(request).await
        })
    });
    let invitation = warp::path!("api" / "meetings" / String / "invite.ics")
        .and(read(api, Route::MeetingInvitation))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                invitation::invitation(request, &id).await
            })
        });
    attendance.or(usage).unify().or(invitation).unify().boxed()
}
