//! `GET /api/appointments/{id}` and `GET /api/appointments/user/{id}`: the same with links.

use serde::Serialize;
use utoipa::ToSchema;

use super::record::AppointmentBody;
use super::{Shown, examples, is_appointment, show};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::MAY_READ;
use crate::http::error::ApiError;
use crate::http::meetings::{Query, client_of, passes, seen};
use crate::http::openapi::tag;
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

#[derive(Serialize, ToSchema)]
#[schema(as = Appointments)]
struct Listed<'a> {
    appointments: Vec<AppointmentBody<'a>>,
    /// Null at the end.
    #[schema(required = true)]
    next_cursor: Option<&'a str>,
}

/// Shows an appointment, with links made for the caller
#[utoipa::path(
    get,
    path = Route::Appointment.as_str(),
    operation_id = "read_appointment",
    tag = tag::APPOINTMENTS,
    security(("api_key" = ["meetings:read"]), ("client" = ["meetings:read"]), ("user" = []), ("session" = [])),
    params(("appointment" = String, Path, format = "uuid", description = "The id of the appointment.")),
    responses((status = 200, description = "The appointment, as the caller sees it.", body = Success<Shown>, headers(("ETag" = String, description = "Changes with the meeting; for `If-Match`.")), example = json!(examples::shown()))),
    extensions(("x-errors" = json!(["not_found", "unavailable"]))),
)]
pub(super) async fn read(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let meeting = seen(request, &asker, id).await?;
        match is_appointment(&meeting) {
            true => show(request, &asker, &meeting).await,
            false => Err(ApiError::NotFound),
        }
    };
    answer.await.map_err(|error| asker.refused(error))
}

/// Lists the appointments of a person by their time
///
/// From `from` on forward, else backward from the latest.
#[utoipa::path(
    get,
    path = Route::AppointmentsOfUser.as_str(),
    operation_id = "list_appointments_of_user",
    tag = tag::APPOINTMENTS,
    security(("api_key" = ["meetings:read"]), ("client" = ["meetings:read"]), ("user" = []), ("session" = [])),
    params(
        ("user" = String, Path, description = "The id of the person."),
        ("status" = Option<String>, Query, pattern = "^(scheduled|active|completed|cancelled|missed)$", description = "Only those."),
        ("from" = Option<String>, Query, format = DateTime, description = "Not before this moment."),
        ("to" = Option<String>, Query, format = DateTime, description = "Before this moment."),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "So many at once; 50 where nothing is said."),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of an answer."),
    ),
    responses((status = 200, description = "Those that the caller may see; there may be fewer than `limit` although more follow.", body = Success<Listed>, example = json!(examples::listed()))),
    extensions(("x-errors" = json!(["invalid_field", "not_found", "unavailable"]))),
)]
pub(super) async fn of_user(request: &Incoming, id: &str) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_READ).await?;
    let answer = async {
        let (owner, query) = Query::parse(&request.query, true)?.of_person(&asker, id)?;
        let mut page = query.page(request, &asker, &owner).await?;
        page.meetings.retain(is_appointment);
        let passes = passes(request, &asker, &page.meetings);
        let bodies = page.meetings.iter().zip(&passes);
        let body = Listed {
            appointments: bodies
                .map(|(meeting, pass)| AppointmentBody::new(request, &asker, meeting, pass))
                .collect(),
            next_cursor: page.next.as_deref(),
        };
        Ok(Answer::success(&body, client_of(&asker)))
    };
    answer.await.map_err(|error: ApiError| asker.refused(error))
}
