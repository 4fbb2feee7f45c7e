//! Fields that several routes read in the same way, and the form of moments in answers.

use chrono::SecondsFormat;
use http::{HeaderMap, HeaderName};

use super::error::ApiError;
use crate::domain::{RoomName, Timestamp};

/// Seconds that a token lives where the request does not say.
const DEFAULT_LIFE: u64 = 7200;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A text that is there and not blank.
pub(super) fn required<'a>(field: &'static str, text: Option<&'a str>) -> Result<&'a str, ApiError> {
    text.filter(|text| !text.trim().is_empty())
        .ok_or(ApiError::Missing { field })
}

pub(super) fn room(field: &'static str, name: Option<&str>) -> Result<RoomName, ApiError> {
    RoomName::parse(required(field, name)?).map_err(ApiError::bad(field))
}

/// `expiresIn`: seconds that a token lives, at most as many as the client may ask for.
pub(super) fn life(expires_in: Option<u64>, ceiling: u64) -> Result<i64, ApiError> {
    life_or(DEFAULT_LIFE, expires_in, ceiling)
}

/// The same with another life where the request does not say.
pub(super) fn life_or(default: u64, expires_in: Option<u64>, ceiling: u64) -> Result<i64, ApiError> {
    let life = expires_in.unwrap_or(default.min(ceiling));
    match i64::try_from(life) {
        Ok(0) => Err(ApiError::Invalid {
            field: "expiresIn",
            why: "must be at least one second".into(),
        }),
        Ok(seconds) if life <= ceiling => Ok(seconds),
        _ => Err(ApiError::ExpiresInTooLong { ceiling }),
    }
}

/// RFC 3339 in UTC, to the second.
pub(super) fn seconds(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What the caller calls this request, so that it can ask again without getting a second meeting.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let printable = |key: &&str| (1..=128).contains(&key.len()) && !key.contains(char::is_control);
    let key = value.to_str().ok().filter(printable);
    let why = || "must have 1 to 128 printable characters".to_owned();
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| ApiError::Invalid {
            field: "Idempotency-Key",
            why: why(),
        })
}
