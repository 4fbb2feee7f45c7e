//! `POST /api/appointments`: somebody comes to see a doctor, by video, by audio, or in person.

use chrono_tz::Tz;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::record::{IN_PERSON, VIRTUAL};
use super::time::{date, moment, time, zone};
use super::{Shown, examples, show};
use crate::domain::meeting::{Appointment, Booking, Confidential, Details, Kind, MeetingType, Slot};
use crate::domain::{MeetingId, RoomKey, UserId};
use crate::http::Incoming;
use crate::http::answer::{Answer, Success};
use crate::http::auth::{Asker, MAY_BOOK};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::field::{required, whole};
use crate::http::meetings::{Booker, Medium, ServerKind, invalid, line, minutes, people, start, text, user};
use crate::http::openapi::{form, tag};
use crate::http::refused::Refused;
use crate::telemetry::label::{Label, Route};

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CreateAppointment {
    #[schema(schema_with = form::title)]
    hospital: Option<String>,
    #[schema(schema_with = form::title)]
    department: Option<String>,
    #[schema(schema_with = form::optional_text)]
    doctor: Option<String>,
    /// Absent: whoever books for themselves.
    #[schema(schema_with = form::optional_text)]
    patient: Option<String>,
    appointment_type: Option<Way>,
    #[schema(required = true, schema_with = form::date)]
    appointment_date: Option<String>,
    /// `10:00 AM` or `14:30`, as the clocks show it in `timezone`.
    #[schema(required = true, schema_with = form::time)]
    appointment_time: Option<String>,
    /// An IANA name, such as `Europe/Berlin`; the configured one, where nothing is said.
    timezone: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 1440)]
    duration_minutes: Option<u32>,
    #[schema(schema_with = form::long_text)]
    reason_for_visit: Option<String>,
    /// Any JSON, 16 KiB at most. Like the reason, it is shown to those alone who may read it.
    #[schema(value_type = Option<Value>)]
    patient_details: Option<Value>,
    /// Says it where `appointmentType` does not.
    is_video_call: Option<bool>,
    video_call_type: Option<Medium>,
    #[schema(schema_with = form::title)]
    title: Option<String>,
    #[schema(schema_with = form::people)]
    participants: Option<Vec<String>>,
    /// One that is configured, such as `patient-doctor`; it says who may create it.
    role_context: Option<String>,
    backend: Option<ServerKind>,
    #[schema(schema_with = form::optional_text)]
    created_by: Option<String>,
}

/// Read by way of a text, so that any other is a wrong type of this field.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(as = AppointmentType, rename_all = "kebab-case")]
enum Way {
    Virtual,
    InPerson,
}

/// Bytes of what is written about a patient.
const LONGEST_DETAILS: usize = 16 * 1024;

/// Books an appointment with a doctor, by video, by audio or in person
#[utoipa::path(
    post,
    path = Route::Appointments.as_str(),
    operation_id = "create_appointment",
    tag = tag::APPOINTMENTS,
    security(("api_key" = ["meetings:write"]), ("client" = ["meetings:write"]), ("user" = []), ("session" = [])),
    params((
            "Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 128, pattern = "^[ -~]+$",
            description = "1 to 128 printable characters; the same key is answered with the same meeting.",
        )),
    request_body(content = CreateAppointment, example = json!({
        "hospital": "hospital-1",
        "department": "cardiology",
        "doctor": "therapist-123",
        "patient": "client-456",
        "appointmentType": "virtual",
        "appointmentDate": "2026-11-14",
        "appointmentTime": "11:00 AM",
        "timezone": "Europe/Berlin",
        "reasonForVisit": "Chest pain",
        "isVideoCall": true,
        "videoCallType": "video",
    })),
    responses((status = 201, description = "The appointment; one in person has no room.", body = Success<Shown>, headers(("ETag" = String, description = "Changes with the meeting; for `If-Match`.")), example = json!(examples::shown()))),
    extensions(("x-errors" = json!(["missing_field", "invalid_field", "unknown_role_context", "role_context_forbidden", "unknown_server", "guests_not_allowed", "idempotency_key_reused", "unavailable"]))),
)]
pub(super) async fn create(request: &Incoming, body: Body) -> Result<Answer, Refused> {
    let asker = request.asker(MAY_BOOK).await?;
    let created = create_for(request, &asker, body).await;
    created.map_err(|error| asker.refused(error))
}

async fn create_for(request: &Incoming, asker: &Asker<'_>, body: Body) -> Result<Answer, ApiError> {
    let booker = Booker::new(request, asker)?;
    let wanted: CreateAppointment = body.json().await?;
    let id = request.api.ambient.meeting_id();
    let comer = asker.viewer().as_patient();
    let booking = wanted.booking(request, &booker, comer, id)?;
    let meeting = booker.book(id, booking).await?;
    Ok(show(request, asker, &meeting)
        .await?
        .with_status(StatusCode::CREATED))
}

// === impl CreateAppointment ===

impl CreateAppointment {
    /// `comer` is who calls, if they come for themselves.
    fn booking(
        &self,
        request: &Incoming,
        booker: &Booker<'_>,
        comer: Option<&UserId>,
        id: MeetingId,
    ) -> Result<Booking, ApiError> {
        let zone = self.zone(request)?;
        Ok(Booking {
            slot: Some(self.slot(request, zone)?),
            details: self.details(booker, self.appointment(zone, comer)?)?,
            role_context: booker.role_context(self.role_context.as_deref())?,
            client: booker.client(),
            kind: Kind::Appointment,
            room: RoomKey {
                backend: booker.backend(self.backend.map(|kind| kind.0))?,
                name: booker.appointment_room(id)?,
            },
            meeting_type: self.video_call_type.map_or(MeetingType::Video, |medium| medium.0),
            appointment: None,
            idempotency_key: booker.idempotency_key()?,
            continues: None,
        })
    }

    fn zone(&self, request: &Incoming) -> Result<Tz, ApiError> {
        match self.timezone.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => zone(name),
            None => Ok(request.config.daemon.meetings.timezone),
        }
    }

    fn slot(&self, request: &Incoming, zone: Tz) -> Result<Slot, ApiError> {
        let date = date(required("appointmentDate", self.appointment_date.as_deref())?)?;
        let time = time(required("appointmentTime", self.appointment_time.as_deref())?)?;
        let starts_at = moment(date, time, zone)?;
        let wanted = self
            .duration_minutes
            .map(|wanted| minutes("durationMinutes", wanted));
        Ok(Slot {
            starts_at: start("appointmentDate", starts_at.into(), request.context.received_at)?,
            minutes: wanted
                .transpose()?
                .unwrap_or(request.config.daemon.meetings.default_minutes),
        })
    }

    fn details(&self, booker: &Booker<'_>, appointment: Appointment) -> Result<Details, ApiError> {
        let mut details = Details {
            title: line("title", self.title.as_deref())?,
            created_by: booker.creator(self.created_by.as_deref())?,
            appointment: Some(appointment),
            ..Details::default()
        };
        details.name_people(people("participants", self.participants.as_deref())?, Vec::new());
        Ok(details)
    }

    fn appointment(&self, zone: Tz, comer: Option<&UserId>) -> Result<Appointment, ApiError> {
        let patient = user("patient", self.patient.as_deref())?;
        let reason = text("reasonForVisit", self.reason_for_visit.as_deref())?;
        Ok(Appointment {
            hospital: line("hospital", self.hospital.as_deref())?,
            department: line("department", self.department.as_deref())?,
            doctor: user("doctor", self.doctor.as_deref())?,
            patient: patient.or_else(|| comer.cloned()),
            in_person: self.is_in_person(),
            time_zone: Some(zone.to_string()),
            reason_for_visit: reason.map(Confidential::new),
            patient_details: self.patient_details()?.map(Confidential::new),
        })
    }

    fn is_in_person(&self) -> bool {
        match self.appointment_type {
            Some(way) => way == Way::InPerson,
            None => self.is_video_call == Some(false),
        }
    }

    fn patient_details(&self) -> Result<Option<String>, ApiError> {
        let Some(details) = self.patient_details.as_ref().filter(|details| !details.is_null()) else {
            return Ok(None);
        };
        let text = details.to_string();
        if text.len() > LONGEST_DETAILS {
            let why = format!("must not be longer than {LONGEST_DETAILS} bytes");
            return Err(invalid("patientDetails", why));
        }
        Ok(Some(text))
    }
}

// === impl Way ===

impl TryFrom<String> for Way {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            VIRTUAL => Ok(Self::Virtual),
            IN_PERSON => Ok(Self::InPerson),
            _ => Err("must be virtual or in-person"),
        }
    }
}
