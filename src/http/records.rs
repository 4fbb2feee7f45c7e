//! Records of use: who was at a meeting, what a client used day by day, and the invitation to put into a calendar.

mod invitation;

use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::{Api, Incoming, answered, read};
use crate::telemetry::label::Route;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    warp::path!("api" / "meetings" / String / "invite.ics")
        .and(read(api, Route::MeetingInvitation))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                invitation::invitation(request, &id).await
            })
        })
        .boxed()
}
