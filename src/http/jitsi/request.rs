//! What programs send to the token routes, and how it becomes grants and bookings.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, FixedOffset};
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::meeting::{Booking, Details, Kind, MeetingType, Slot};
use crate::domain::observation::BackendId;
use crate::domain::{RoomKey, RoomName, Timestamp, UserId};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::field::{idempotency_key, life, required, room, whole};
use crate::http::openapi::form;
use crate::tokens::{AvatarUrl, Email, Features, Grant, Person, PlainText};

/// `POST /api/jitsi/generate-token`
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GenerateToken {
    #[schema(required = true, schema_with = form::room_name)]
    room_name: Option<String>,
    #[schema(required = true, schema_with = form::person_name)]
    user_name: Option<String>,
    /// Goes into the token only where the client is configured so: everyone in the room can read it.
    #[schema(schema_with = form::optional_email)]
    user_email: Option<String>,
    #[schema(schema_with = form::optional_text)]
    user_id: Option<String>,
    #[schema(schema_with = form::optional_address)]
    avatar: Option<String>,
    /// False where nothing is said.
    is_moderator: Option<bool>,
    /// Names the client's appointment; the room alone decides which meeting it is.
    #[serde(rename = "appointmentId")]
    _appointment_id: Option<String>,
    /// Seconds; 7200 where nothing is said, at most what the client may ask for.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 31536000)]
    expires_in: Option<u64>,
    #[schema(schema_with = form::features)]
    features: Option<BTreeMap<String, bool>>,
    #[schema(schema_with = form::optional_name)]
    group: Option<String>,
}

/// `POST /api/jitsi/create-room`
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateRoom {
    #[schema(required = true, schema_with = form::appointment)]
    appointment_id: Option<String>,
    #[schema(schema_with = form::optional_text)]
    therapist_id: Option<String>,
    #[schema(schema_with = form::optional_text)]
    client_id: Option<String>,
    #[schema(schema_with = form::optional_name)]
    therapist_name: Option<String>,
    #[schema(schema_with = form::optional_name)]
    client_name: Option<String>,
    /// Now, where nothing is said; within ten years.
    #[schema(schema_with = form::optional_moment)]
    scheduled_start_time: Option<DateTime<FixedOffset>>,
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 1440)]
    duration_minutes: Option<u32>,
    call_type: Option<CallType>,
}

/// `POST /api/jitsi/validate-token`
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ValidateToken {
    #[schema(required = true, schema_with = form::required_text)]
    token: Option<String>,
    /// The room that the token is to open.
    #[schema(schema_with = form::optional_room_name)]
    room_name: Option<String>,
}

/// Read by way of a text, so that any other value is a wrong type of this field and not a fault of the JSON.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(rename_all = "lowercase")]
enum CallType {
    Video,
    Audio,
}

/// A day is long for a call; longer is a mistake.
const LONGEST_CALL_MINUTES: u32 = 24 * 60;
/// Further away is a mistake; near the end of the calendar, adding to a time would even overflow.
const FURTHEST_START: Duration = Duration::days(3653);
/// Bytes of an appointment's number: it becomes part of the room's name.
const LONGEST_APPOINTMENT: usize = 128;

// === impl GenerateToken ===

impl GenerateToken {
    pub(super) fn grant(&self, caller: &Caller<'_>, now: Timestamp) -> Result<Grant, ApiError> {
        let room = room("roomName", self.room_name.as_deref())?;
        caller.permissions().require_room(&room)?;
        Ok(Grant {
            room,
            user: self.person(caller)?,
            moderator: self.is_moderator.unwrap_or(false),
            group: group(self.group.as_deref(), caller)?,
            features: self.features()?,
            lobby_bypass: false,
            session: None,
            expires_at: now + Duration::seconds(life(self.expires_in, caller.client.max_token_secs)?),
        })
    }

    fn person(&self, caller: &Caller<'_>) -> Result<Person, ApiError> {
        let email = self.user_email.as_deref().filter(|text| !text.is_empty());
        let email = email
            .map(Email::parse)
            .transpose()
            .map_err(ApiError::bad_text("userEmail"))?;
        let avatar = self.avatar.as_deref().filter(|text| !text.is_empty());
        Ok(Person {
            email: email.filter(|_| caller.client.include_email),
            avatar: avatar
                .map(AvatarUrl::parse)
                .transpose()
                .map_err(ApiError::bad_text("avatar"))?,
            ..person(
                ("userName", self.user_name.as_deref()),
                ("userId", self.user_id.as_deref()),
                None,
            )?
        })
    }

    fn features(&self) -> Result<Option<Features>, ApiError> {
        let wanted = self.features.as_ref().filter(|wanted| !wanted.is_empty());
        let complete = |wanted: &BTreeMap<String, bool>| {
            Features::complete(wanted.iter().map(|(name, allowed)| (name.as_str(), *allowed)))
        };
        Ok(wanted.map(complete).transpose()?)
    }
}

// === impl CreateRoom ===

impl CreateRoom {
    pub(super) fn booking(
        &self,
        caller: &Caller<'_>,
        backend: BackendId,
        headers: &HeaderMap,
        (now, default_minutes): (Timestamp, u32),
    ) -> Result<Booking, ApiError> {
        let appointment = self.appointment()?;
        let name = format!(
            "{}-{appointment}-{}",
            caller.client.room_prefix,
            now.timestamp_millis()
        );
        let name = RoomName::parse(&name).map_err(ApiError::bad_name("appointmentId"))?;
        caller.permissions().require_room(&name)?;
        let slot = Slot {
            starts_at: self.starts_at(now)?,
            minutes: self.minutes(default_minutes)?,
        };
        Ok(Booking {
            client: caller.id.clone(),
            kind: Kind::Appointment,
            room: RoomKey { backend, name },
            meeting_type: self.call_type.map_or(MeetingType::Video, MeetingType::from),
            role_context: None,
            slot: Some(slot),
            appointment: Some(appointment.to_owned()),
            idempotency_key: idempotency_key(headers)?,
            continues: None,
            details: Details::default(),
        })
    }

    /// Who moderates, and who comes to see them.
    pub(super) fn people(&self) -> Result<(Person, Person), ApiError> {
        let therapist = person(
            ("therapistName", self.therapist_name.as_deref()),
            ("therapistId", self.therapist_id.as_deref()),
            Some("Therapist"),
        )?;
        let client = person(
            ("clientName", self.client_name.as_deref()),
            ("clientId", self.client_id.as_deref()),
            Some("Client"),
        )?;
        Ok((therapist, client))
    }

    fn appointment(&self) -> Result<&str, ApiError> {
        let text = required("appointmentId", self.appointment_id.as_deref())?;
        match text.len() {
            0..=LONGEST_APPOINTMENT if !text.chars().any(char::is_control) => Ok(text),
            _ => Err(ApiError::Invalid {
                field: "appointmentId",
                why: format!("must have at most {LONGEST_APPOINTMENT} bytes and no control characters"),
            }),
        }
    }

    fn starts_at(&self, now: Timestamp) -> Result<Timestamp, ApiError> {
        let at = self.scheduled_start_time.map_or(now, |at| at.to_utc());
        if (now - FURTHEST_START..=now + FURTHEST_START).contains(&at) {
            return Ok(at);
        }
        Err(ApiError::Invalid {
            field: "scheduledStartTime",
            why: "must be within ten years of now".into(),
        })
    }

    fn minutes(&self, default: u32) -> Result<u32, ApiError> {
        let minutes = self.duration_minutes.unwrap_or(default);
        match minutes {
            1..=LONGEST_CALL_MINUTES => Ok(minutes),
            _ => Err(ApiError::Invalid {
                field: "durationMinutes",
                why: format!("must be from 1 to {LONGEST_CALL_MINUTES}"),
            }),
        }
    }
}

// === impl ValidateToken ===

impl ValidateToken {
    pub(super) fn token(&self) -> Result<&str, ApiError> {
        required("token", self.token.as_deref())
    }

    pub(super) fn room(&self) -> Result<Option<RoomName>, ApiError> {
        let given = self.room_name.as_deref().filter(|name| !name.is_empty());
        given
            .map(RoomName::parse)
            .transpose()
            .map_err(ApiError::bad_name("roomName"))
    }
}

// === impl CallType ===

impl TryFrom<String> for CallType {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "video" => Ok(Self::Video),
            "audio" => Ok(Self::Audio),
            _ => Err("must be video or audio"),
        }
    }
}

impl From<CallType> for MeetingType {
    fn from(call: CallType) -> Self {
        match call {
            CallType::Video => Self::Video,
            CallType::Audio => Self::Audio,
        }
    }
}

/// What somebody gets who is invited to a created room.
pub(super) fn participant(
    user: Person,
    caller: &Caller<'_>,
    room: &RoomName,
    until: Timestamp,
) -> Result<Grant, ApiError> {
    let group = group(None, caller)?;
    Ok(Grant {
        room: room.clone(),
        user,
        moderator: false,
        group,
        features: None,
        lobby_bypass: false,
        session: None,
        expires_at: until,
    })
}

type Field<'a> = (&'static str, Option<&'a str>);

fn person(
    (name_field, name): Field<'_>,
    (id_field, id): Field<'_>,
    or: Option<&str>,
) -> Result<Person, ApiError> {
    let name = required(name_field, name.filter(|name| !name.trim().is_empty()).or(or))?;
    let id = id
        .filter(|id| !id.is_empty())
        .map(UserId::parse)
        .transpose()
        .map_err(ApiError::bad_name(id_field))?;
    Ok(Person {
        id,
        ..Person::named(PlainText::parse(name).map_err(ApiError::bad_text(name_field))?)
    })
}

fn group(wanted: Option<&str>, caller: &Caller<'_>) -> Result<Option<PlainText>, ApiError> {
    let name = wanted
        .filter(|name| !name.is_empty())
        .or(caller.client.group.as_deref());
    name.map(PlainText::parse)
        .transpose()
        .map_err(ApiError::bad_text("group"))
}
