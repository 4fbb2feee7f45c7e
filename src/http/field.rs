//! Fields that several routes read in the same way, and the form of moments in answers.

use chrono::{SecondsFormat, Timelike};
use chrono_tz::Tz;
use http::{HeaderMap, HeaderName};
use serde::de::{Deserialize, Deserializer, Error};

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

/// A whole number that may be left out, or be written with a fraction of zero: JSON has one kind of number, and some
/// languages write `7200.0`.
pub(super) fn whole<'de, D: Deserializer<'de>, N: TryFrom<u64>>(
    deserializer: D,
) -> Result<Option<N>, D::Error> {
    /// The first whole number that two doubles in a row are further apart than one.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let float = number
        .as_f64()
        .filter(|float| float.fract() == 0.0 && (0.0..EXACT).contains(float));
    let whole = number.as_u64().or(float.map(|float| float as u64));
    let fitting = whole.and_then(|whole| N::try_from(whole).ok());
    fitting
        .map(Some)
        .ok_or_else(|| D::Error::custom("a whole number is expected"))
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

/// As people are told it, in a zone that is named: to the minute, and no sooner than it is.
pub(super) fn in_zone(at: Timestamp, zone: Tz) -> String {
    let into_minute = i64::from(at.second()) * 1000 + i64::from(at.timestamp_subsec_millis());
    let rest = match into_minute {
        0 => chrono::Duration::zero(),
        past => chrono::Duration::milliseconds(60_000 - past),
    };
    let whole = at.checked_add_signed(rest).unwrap_or(at);
    let local = whole.with_timezone(&zone);
    format!("{} ({zone})", local.format("%Y-%m-%d %H:%M"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_the_time_of_their_zone() {
        let told = |at: &str, zone: Tz| in_zone(at.parse().unwrap(), zone);
        let tehran = Tz::Asia__Tehran;
        assert_eq!(
            told("2026-11-21T11:15:00Z", tehran),
            "2026-11-21 14:45 (Asia/Tehran)"
        );
        assert_eq!(told("2026-11-21T11:15:00Z", Tz::UTC), "2026-11-21 11:15 (UTC)");
        assert_eq!(
            told("2026-11-21T23:59:00.250Z", Tz::UTC),
            "2026-11-22 00:00 (UTC)",
            "not before it opens"
        );
        let summer = told("2026-07-01T12:00:01Z", Tz::Europe__Berlin);
        assert_eq!(summer, "2026-07-01 14:01 (Europe/Berlin)");
        assert!(
            told("+262142-12-31T23:59:59Z", tehran).contains("262142"),
            "the end of time is no fault"
        );
    }
}
