//! An appointment as callers see it: the meeting, what makes it an appointment, and the names of calendar front ends.
//!
//! What is written about the patient is there for those who may read it; to others the names themselves are absent.

use serde::Serialize;
use serde_json::Value;

use super::time::{date_in, time_in};
use crate::domain::meeting::Appointment;
use crate::domain::{Meeting, Timestamp, UserId};
use crate::http::Incoming;
use crate::http::auth::Asker;
use crate::http::meetings::{MeetingBody, Pass, zone_of};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppointmentBody<'a> {
    #[serde(flatten)]
    meeting: MeetingBody<'a>,
    hospital: Option<&'a str>,
    department: Option<&'a str>,
    doctor: Option<&'a UserId>,
    patient: Option<&'a UserId>,
    appointment_type: &'static str,
    /// As the clocks show it in `timezone`.
    appointment_date: Option<String>,
    appointment_time: Option<String>,
    timezone: String,
    is_video_call: bool,
    meeting_link: Option<String>,
    video_call_room_name: Option<&'a str>,
    video_call_url: Option<String>,
    #[serde(rename = "videoCallJWT")]
    video_call_jwt: Option<&'a str>,
    video_call_type: Option<&'static str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    health: Option<Health<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health<'a> {
    reason_for_visit: Option<&'a str>,
    patient_details: Option<Value>,
}

pub(super) const VIRTUAL: &str = "virtual";
pub(super) const IN_PERSON: &str = "in-person";

// === impl AppointmentBody ===

impl<'a> AppointmentBody<'a> {
    pub(super) fn new(
        request: &Incoming,
        asker: &Asker<'_>,
        meeting: &'a Meeting,
        pass: &'a Pass<'_>,
    ) -> Self {
        let booking = &meeting.booking;
        let appointment = booking.details.appointment.as_ref();
        let of = |part: fn(&'a Appointment) -> Option<&'a str>| appointment.and_then(part);
        let zone = zone_of(meeting, &request.config);
        let in_zone = |shown: fn(Timestamp, chrono_tz::Tz) -> String| {
            booking.slot.map(|slot| shown(slot.starts_at, zone))
        };
        let has_room = !booking.is_in_person();
        let reads_health = booking.health_is_read_by(asker.viewer());
        Self {
            meeting: MeetingBody::new(request, meeting, pass),
            hospital: of(|appointment| appointment.hospital.as_deref()),
            department: of(|appointment| appointment.department.as_deref()),
            doctor: appointment.and_then(|appointment| appointment.doctor.as_ref()),
            patient: appointment.and_then(|appointment| appointment.patient.as_ref()),
            appointment_type: if has_room { VIRTUAL } else { IN_PERSON },
            appointment_date: in_zone(date_in),
            appointment_time: in_zone(time_in),
            timezone: zone.to_string(),
            is_video_call: has_room,
            meeting_link: pass.link(),
            video_call_room_name: has_room.then(|| booking.room.name.as_str()),
            video_call_url: pass.link(),
            video_call_jwt: pass.token(),
            video_call_type: has_room.then(|| booking.meeting_type.as_str()),
            health: appointment.filter(|_| reads_health).map(Health::of),
        }
    }
}

// === impl Health ===

impl<'a> Health<'a> {
    fn of(appointment: &'a Appointment) -> Self {
        let details = appointment.patient_details.as_ref();
        Self {
            reason_for_visit: appointment
                .reason_for_visit
                .as_ref()
                .map(|reason| reason.expose()),
            patient_details: details.and_then(|details| serde_json::from_str(details.expose()).ok()),
        }
    }
}
