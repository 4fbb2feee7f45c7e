//! `POST /api/meetings/adhoc`: a room at once. With `appointmentId`, for the people of that appointment, each with the
//! rights that they have there.

use chrono::Duration;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::booker::Booker;
use super::wanted::{Medium, ServerKind, line, minutes, people, text};
use super::{Shown, examples, seen, show};
use crate::domain::meeting::{Booking, Details, Kind, MeetingType, Slot};
use crate::domain::{Meeting, RoomKey};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::{Asker, MAY_BOOK};
use crate::http::body::Body;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::field::whole;
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

#[derive(Deserialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdHocMeeting)]
struct AdHoc {
    /// The id of an appointment, or of another meeting, that the caller may see.
    appointment_id: Option<String>,
    #[schema(schema_with = form::people)]
    participants: Option<Vec<String>>,
    #[schema(schema_with = form::people)]
    hosts: Option<Vec<String>>,
    /// One that is configured, such as `patient-doctor`; it says who may create it.
    role_context: Option<String>,
    #[schema(schema_with = form::title)]
    title: Option<String>,
    #[schema(schema_with = form::long_text)]
    description: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 1440)]
    duration_minutes: Option<u32>,
    meeting_type: Option<Medium>,
    backend: Option<ServerKind>,
    #[schema(schema_with = form::optional_text)]
    created_by: Option<String>,
}

/// So long after its end an appointment still gives its people a room.
const FOLLOWED_UP: Duration = Duration::days(1);

/// Opens a room at once, without a booking
///
/// With `appointmentId` it is for the people of that appointment, each with the rights that they have there. That is open
/// until a day after the appointment, and not once it was called off.
#[utoipa::path(
    post,
    path = Route::AdHoc.as_str(),
    operation_id = "create_adhoc_meeting",
    tag = tag::MEETINGS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params((
            "Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[ -~]+$",
            description = "1 to 128 printable characters; the same key is answered with the same meeting.",
        )),
    request_body(content = Option<AdHoc>, description = "May be left out.", example = json!({"title": "A quick call", "participants": ["client-456"], "meetingType": "audio"})),
    responses((status = 201, description = "The meeting, with the way in for the caller.", body = Success<Shown>, headers(("ETag" = String, description = "Changes with the meeting; for `If-Match`.")), example = json!(examples::shown()))),
    extensions(("x-errors" = json!(["missing_field", "invalid_field", "unknown_role_context", "role_context_forbidden", "unknown_server", "guests_not_allowed", "idempotency_key_reused", "unavailable", "not_organiser"]))),
)]
pub(super) async fn create(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_BOOK).await?;
    let created = create_for(request, &asker, body).await;
    created.map_err(|error| asker.refused(error))
}

async fn create_for(request: &Incoming, asker: &Asker<'_>, body: Body) -> Result<Answer, ApiError> {
    let booker = Booker::new(request, asker)?;
    let wanted: AdHoc = body.json_if_any().await?;
    let appointment = match wanted.appointment_id.as_deref() {
        Some(id) => Some(seen(request, asker, id).await.map_err(unknown)?),
        None => None,
    };
    if let Some(appointment) = &appointment {
        require_current(request, appointment)?;
    }
    if let Some(appointment) = &appointment
        && !appointment.booking.is_managed_by(asker.viewer())
    {
        wanted.require_no_other_people()?;
    }
    let booking = wanted.booking(request, &booker, appointment.as_ref())?;
    let meeting = booker.book(request.api.ambient.meeting_id(), booking).await;
    let meeting = meeting.map_err(unknown)?;
    Ok(show(request, asker, &meeting)
        .await?
        .with_status(StatusCode::CREATED))
}

/// Of an appointment that the caller may not see, it is told what is told of one that is not there.
fn unknown(error: ApiError) -> ApiError {
    match error {
        ApiError::NotFound => super::wanted::invalid("appointmentId", "must name an appointment of yours"),
        other => other,
    }
}

/// The people of an appointment call each other before it, at it, and shortly after.
fn require_current(request: &Incoming, appointment: &Meeting) -> Result<(), ApiError> {
    match appointment.may_be_followed_up(FOLLOWED_UP, request.context.received_at) {
        true => Ok(()),
        false => {
            let why = "must name an appointment that was not called off, and is over for a day at most";
            Err(super::wanted::invalid("appointmentId", why))
        }
    }
}

// === impl AdHoc ===

impl AdHoc {
    /// Whoever does not organise the appointment calls the people of it, and nobody else.
    fn require_no_other_people(&self) -> Result<(), MeetingRefusal> {
        match (&self.participants, &self.hosts) {
            (None, None) => Ok(()),
            _ => Err(MeetingRefusal::NotOrganiser),
        }
    }

    /// It is booked for now, so that it is over like any other, or missed when nobody comes.
    fn booking(
        &self,
        request: &Incoming,
        booker: &Booker<'_>,
        appointment: Option<&Meeting>,
    ) -> Result<Booking, ApiError> {
        let of_appointment = appointment.map(|meeting| &meeting.booking);
        let default = request.config.daemon.meetings.default_minutes;
        let wanted = self
            .duration_minutes
            .map(|wanted| minutes("durationMinutes", wanted));
        let slot = Slot {
            starts_at: request.context.received_at,
            minutes: wanted.transpose()?.unwrap_or(default),
        };
        let medium = self.meeting_type.map(|medium| medium.0);
        let medium = medium.or(of_appointment.map(|booking| booking.meeting_type));
        let context = booker.role_context(self.role_context.as_deref())?;
        Ok(Booking {
            client: of_appointment.map_or_else(|| booker.client(), |booking| booking.client.clone()),
            kind: Kind::Adhoc,
            room: RoomKey {
                backend: booker.backend(self.backend.map(|kind| kind.0))?,
                name: booker.room()?,
            },
            meeting_type: medium.unwrap_or(MeetingType::Video),
            role_context: context.or_else(|| of_appointment?.role_context.clone()),
            slot: Some(slot),
            appointment: None,
            idempotency_key: booker.idempotency_key()?,
            continues: None,
            details: self.details(booker, of_appointment)?,
        })
    }

    fn details(&self, booker: &Booker<'_>, appointment: Option<&Booking>) -> Result<Details, ApiError> {
        let own = people("participants", self.participants.as_deref())?;
        let hosts = people("hosts", self.hosts.as_deref())?;
        let mut details = match appointment {
            // Who calls is no host for that.
            Some(booking) => booking.details.of_people(),
            None => Details {
                created_by: booker.creator(self.created_by.as_deref())?,
                ..Details::default()
            },
        };
        details.title = line("title", self.title.as_deref())?.or(details.title);
        details.description = text("description", self.description.as_deref())?;
        let participants = details.participants.clone().into_iter().chain(own).collect();
        let hosts = details.hosts.clone().into_iter().chain(hosts).collect();
        details.name_people(participants, hosts);
        Ok(details)
    }
}
