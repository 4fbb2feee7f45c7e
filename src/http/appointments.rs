//! Appointments: meetings as hospitals and calendar front ends speak of them (`http.md` section 5).

mod create;
mod read;
mod record;
mod time;

use serde::Serialize;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::auth::Asker;
use super::error::ApiError;
use super::meetings::{JitsiDetails, LiveKitDetails, Pass, client_of, tag};
use super::{Api, Incoming, answered, post, read};
use crate::domain::Meeting;
use crate::domain::meeting::Kind;
use crate::telemetry::label::Route;
use record::AppointmentBody;

/// One appointment, and how the caller gets into it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    appointment: AppointmentBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitsi_details: Option<JitsiDetails<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    livekit_details: Option<LiveKitDetails<'a>>,
}

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let create = post(
        api,
        Route::Appointments,
        warp::path!("api" / "appointments").boxed(),
    )
    .then(|request, body| answered(request, body, create::create));
    let of_user = warp::path!("api" / "appointments" / "user" / String)
        .and(read(api, Route::AppointmentsOfUser))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                read::of_user(request, &id).await
            })
        });
    let one = warp::path!("api" / "appointments" / String)
        .and(read(api, Route::Appointment))
        .then(|id: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                read::read(request, &id).await
            })
        });
    create.or(of_user).unify().or(one).unify().boxed()
}

/// Answers with one appointment, as the caller sees it.
async fn show(request: &Incoming, asker: &Asker<'_>, meeting: &Meeting) -> Result<Answer, ApiError> {
    let pass = Pass::of(request, asker, meeting).await?;
    let body = Shown {
        appointment: AppointmentBody::new(request, asker, meeting, &pass),
        jitsi_details: pass.jitsi(),
        livekit_details: pass.livekit(),
    };
    Ok(Answer::success(&body, client_of(asker)).with_etag(tag(meeting)))
}

/// Whether it was made here, with a doctor or a hospital to it.
fn is_appointment(meeting: &Meeting) -> bool {
    meeting.booking.kind == Kind::Appointment && meeting.booking.details.appointment.is_some()
}
