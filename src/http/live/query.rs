//! What a listener asks for: `?meeting=`, `?type=`, and from where on.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};
use url::form_urlencoded;

use crate::domain::MeetingId;
use crate::http::error::ApiError;
use crate::live::Filter;

/// A query that was understood; names that are not known are passed over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) filter: Filter,
    /// The id of the last event that the caller has heard. What is no id of ours is told apart later: it leaves a gap.
    pub(super) heard: Option<String>,
}

/// Sent by browsers when they come back (HTML standard, section 9.2.4).
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// The same for those who cannot set headers.
const HEARD: &str = "lastEventId";
/// Longest id that is looked at, in bytes; ours have 57 at most.
const LONGEST: usize = 128;

// === impl Query ===

impl Query {
    pub(super) fn parse(text: &str, headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut filter = Filter::default();
        let mut heard = None;
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "meeting" => filter.meeting = Some(meeting(&value, filter.meeting)?),
                "type" => add_types(&mut filter, &value)?,
                HEARD => heard = Some(value),
                _ => {}
            }
        }
        // The address of a page that comes back is the old one; the header is new.
        let header = headers.get(LAST_EVENT_ID);
        let header = header.map(|value| Cow::Borrowed(value.to_str().unwrap_or("?")));
        let heard = header.or(heard).filter(|heard| !heard.is_empty());
        Ok(Self {
            filter,
            heard: heard.map(|heard| {
                if heard.len() > LONGEST {
                    "?".into()
                } else {
                    heard.into_owned()
                }
            }),
        })
    }
}

fn meeting(text: &str, before: Option<MeetingId>) -> Result<MeetingId, ApiError> {
    let field = "meeting";
    if before.is_some() {
        let why = "must not be there twice".into();
        return Err(ApiError::Invalid { field, why });
    }
    text.parse().map_err(ApiError::bad_name(field))
}

/// `type` may be there several times, and each may name several kinds.
fn add_types(filter: &mut Filter, names: &str) -> Result<(), ApiError> {
    for name in names.split(',') {
        filter.add_type(name.trim()).map_err(ApiError::bad("type"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Query, ApiError> {
        Query::parse(text, &HeaderMap::new())
    }

    fn filter(types: &[&str]) -> Filter {
        let mut filter = Filter::default();
        types.iter().for_each(|name| filter.add_type(name).unwrap());
        filter
    }

    #[test]
    fn types_add_up_however_they_are_written() {
        let expected = filter(&["completed", "participant.joined"]);
        for text in [
            "type=completed&type=participant.joined",
            "type=completed,participant.joined",
            "type=participant.joined,%20usher.meeting.completed.v1&colour=blue",
        ] {
            assert_eq!(parse(text).unwrap().filter, expected, "{text}");
        }
    }

    #[test]
    fn the_header_is_newer_than_the_address() {
        let mut headers = HeaderMap::new();
        headers.insert(LAST_EVENT_ID, HeaderValue::from_static("feed0001-7"));
        let query = Query::parse("lastEventId=feed0001-3", &headers).unwrap();
        assert_eq!(query.heard.as_deref(), Some("feed0001-7"));
        assert_eq!(
            parse("lastEventId=feed0001-3").unwrap().heard.as_deref(),
            Some("feed0001-3")
        );
        assert_eq!(parse("lastEventId=").unwrap().heard, None);
        let long = parse(&format!("lastEventId={}", "x".repeat(LONGEST + 1))).unwrap();
        assert_eq!(
            long.heard.as_deref(),
            Some("?"),
            "still somebody who has heard something"
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, field) in [
            ("type=knock", "type"),
            ("type=", "type"),
            ("type=completed,", "type"),
            ("meeting=1", "meeting"),
            (
                "meeting=0199d9a0-0000-7000-8000-000000000000&meeting=0199d9a0-0000-7000-8000-000000000000",
                "meeting",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().field(), Some(field), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_query_is_too_strange(text in any::<String>(), value in "\\PC{0,12}") {
            let _ = parse(&text);
            for name in ["meeting", "type", "lastEventId"] {
                let _ = parse(&format!("{name}={value}"));
            }
        }
    }
}
