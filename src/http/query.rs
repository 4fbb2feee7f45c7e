//! Queries of lists: what several routes read from behind the `?`, each part checked and each fault named.

use std::borrow::Cow;

use chrono::DateTime;
use url::form_urlencoded;

use super::error::ApiError;
use crate::domain::Timestamp;

/// The parts of a query, in their order.
pub(super) struct Parts<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// Answers hold so many records where the caller says nothing else.
pub(super) const LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

// === impl Parts ===

impl<'a> Parts<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).collect())
    }

    /// The one value of that name, if it is there.
    pub(super) fn one(&self, name: &'static str) -> Result<Option<&str>, ApiError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(invalid(name, "must not be there twice")),
            (value, None) => Ok(value.map(|(_, value)| value.as_ref())),
        }
    }
}

/// What `read` makes of a value that is there.
pub(super) fn field<T>(
    name: &'static str,
    text: Option<&str>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, ApiError> {
    let value = text.map(read).transpose();
    value.map_err(|why| invalid(name, why))
}

fn invalid(field: &'static str, why: impl Into<String>) -> ApiError {
    ApiError::Invalid {
        field,
        why: why.into(),
    }
}

/// A name of some kind.
pub(super) fn name<T, E: ToString>(
    parse: impl Fn(&str) -> Result<T, E>,
) -> impl Fn(&str) -> Result<T, String> {
    move |text| parse(text).map_err(|error| error.to_string())
}

/// RFC 3339 with any offset. The `+` of one that was not encoded has become a space.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let offset = text.len().checked_sub("+00:00".len());
    let text = match offset.and_then(|at| text.split_at_checked(at)) {
        Some((time, offset)) if offset.starts_with(' ') => format!("{time}+{}", &offset[1..]),
        _ => text.to_owned(),
    };
    let moment = DateTime::parse_from_rfc3339(&text);
    moment
        .map(|moment| moment.to_utc())
        .map_err(|_| "must be a moment like 2026-11-14T10:42:03Z".into())
}

/// How many records an answer holds at most.
pub(super) fn limit(text: &str) -> Result<usize, String> {
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| format!("must be a whole number from 1 to {MAX_LIMIT}"))
}
