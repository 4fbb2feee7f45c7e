//! Fields of bookings as callers send them: bounded, and each fault named.

use chrono::{DateTime, Duration, FixedOffset};
use serde::Deserialize;

use crate::domain::meeting::MeetingType;
use crate::domain::observation::BackendKind;
use crate::domain::{Timestamp, UserId};
use crate::http::error::ApiError;

/// `meetingType`. Read by way of a text, so that any other value is a wrong type of this field and not a fault of the JSON.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::http) struct Medium(pub(in crate::http) MeetingType);

/// `backend`: the kind of meeting server.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(in crate::http) struct ServerKind(pub(in crate::http) BackendKind);

/// Characters of a title, and of the longer texts.
pub(in crate::http) const TITLE: usize = 200;
pub(in crate::http) const TEXT: usize = 4000;
/// People whom a booking names.
const MOST_PEOPLE: usize = 200;
/// A day is long for a meeting; longer is a mistake.
const LONGEST_MINUTES: u32 = 24 * 60;
/// Further away is a mistake; near the end of the calendar, adding to a time would even overflow.
const FURTHEST: Duration = Duration::days(3653);

/// A text of one line; none where it is absent or blank.
pub(in crate::http) fn line(field: &'static str, text: Option<&str>) -> Result<Option<String>, ApiError> {
    bounded(field, text, TITLE, |_| false)
}

/// A text of several lines; none where it is absent or blank.
pub(in crate::http) fn text(field: &'static str, text: Option<&str>) -> Result<Option<String>, ApiError> {
    bounded(field, text, TEXT, |c| matches!(c, '\n' | '\r' | '\t'))
}

fn bounded(
    field: &'static str,
    text: Option<&str>,
    most: usize,
    is_layout: fn(char) -> bool,
) -> Result<Option<String>, ApiError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.chars().any(|c| c.is_control() && !is_layout(c)) {
        return Err(invalid(field, "must not contain control characters"));
    }
    if text.chars().count() > most {
        return Err(invalid(
            field,
            format!("must not be longer than {most} characters"),
        ));
    }
    Ok(Some(text.to_owned()))
}

/// The ids of several people; nobody where the list is absent.
pub(in crate::http) fn people(field: &'static str, ids: Option<&[String]>) -> Result<Vec<UserId>, ApiError> {
    let ids = ids.unwrap_or_default();
    if ids.len() > MOST_PEOPLE {
        return Err(invalid(
            field,
            format!("must not name more than {MOST_PEOPLE} people"),
        ));
    }
    let parsed = ids.iter().map(|id| UserId::parse(id));
    parsed.collect::<Result<_, _>>().map_err(ApiError::bad(field))
}

/// The id of one person; nobody where it is absent or empty.
pub(in crate::http) fn user(field: &'static str, id: Option<&str>) -> Result<Option<UserId>, ApiError> {
    let id = id.filter(|id| !id.is_empty()).map(UserId::parse);
    id.transpose().map_err(ApiError::bad(field))
}

/// A booked start.
pub(in crate::http) fn start(
    field: &'static str,
    at: DateTime<FixedOffset>,
    now: Timestamp,
) -> Result<Timestamp, ApiError> {
    let at = at.to_utc();
    if (now - FURTHEST..=now + FURTHEST).contains(&at) {
        Ok(at)
    } else {
        Err(invalid(field, "must be within ten years of now"))
    }
}

/// How long it is booked for.
pub(in crate::http) fn minutes(field: &'static str, minutes: u32) -> Result<u32, ApiError> {
    match minutes {
        1..=LONGEST_MINUTES => Ok(minutes),
        _ => Err(invalid(field, format!("must be from 1 to {LONGEST_MINUTES}"))),
    }
}

pub(in crate::http) fn invalid(field: &'static str, why: impl Into<String>) -> ApiError {
    let why = why.into();
    ApiError::Invalid { field, why }
}

// === impl Medium, ServerKind ===

impl TryFrom<String> for Medium {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "video" => Ok(Self(MeetingType::Video)),
            "audio" => Ok(Self(MeetingType::Audio)),
            "chat" => Ok(Self(MeetingType::Chat)),
            _ => Err("must be video, audio or chat"),
        }
    }
}

impl TryFrom<String> for ServerKind {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "jitsi" => Ok(Self(BackendKind::Jitsi)),
            "livekit" => Ok(Self(BackendKind::Livekit)),
            _ => Err("must be jitsi or livekit"),
        }
    }
}
