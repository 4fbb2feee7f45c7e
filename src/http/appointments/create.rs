//! `POST /api/appointments`: somebody comes to see a doctor, by video, by audio, or in person.

use chrono_tz::Tz;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::record::{IN_PERSON, VIRTUAL};
use super::show;
use super::time::{date, moment, time, zone};
use crate::domain::meeting::{Appointment, Booking, Confidential, Details, Kind, MeetingType, Slot};
use crate::domain::{MeetingId, RoomKey, UserId};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::auth::{Asker, MAY_BOOK};
use crate::http::body::Body;
use crate::http::error::ApiError;
use crate::http::field::required;
use crate::http::meetings::{Booker, Medium, ServerKind, invalid, line, minutes, people, start, text, user};
use crate::http::refused::Refused;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateAppointment {
    hospital: Option<String>,
    department: Option<String>,
    doctor: Option<String>,
    /// Absent: whoever books for themselves.
    patient: Option<String>,
    appointment_type: Option<Way>,
    appointment_date: Option<String>,
    appointment_time: Option<String>,
    timezone: Option<String>,
    duration_minutes: Option<u32>,
    reason_for_visit: Option<String>,
    patient_details: Option<Value>,
    /// Says it where `appointmentType` does not.
    is_video_call: Option<bool>,
    video_call_type: Option<Medium>,
    title: Option<String>,
    participants: Option<Vec<String>>,
    role_context: Option<String>,
    backend: Option<ServerKind>,
    created_by: Option<String>,
}

/// Read by way of a text, so that any other is a wrong type of this field.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
enum Way {
    Virtual,
    InPerson,
}

/// Bytes of what is written about a patient.
const LONGEST_DETAILS: usize = 16 * 1024;

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
