//! Changes on condition: only if the meeting is the one that the caller has seen (RFC 9110 section 13.1.1).

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue};

use crate::domain::Meeting;

/// What `If-Match` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// Nothing, or `*`: any meeting that is there.
    Any,
    /// One of these versions. What is no strong tag of ours is among them as it is, and fits nothing.
    OneOf(Vec<String>),
}

// === impl Condition ===

impl Condition {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(IF_MATCH).iter();
        let tags: Vec<_> = lines
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
            .map(|tag| String::from_utf8_lossy(tag.trim_ascii()).into_owned())
            .collect();
        if tags.is_empty() || tags.iter().any(|tag| tag == "*") {
            Self::Any
        } else {
            Self::OneOf(tags)
        }
    }

    pub(super) fn allows(&self, meeting: &Meeting) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.contains(&quoted(meeting)),
        }
    }
}

/// The entity tag of what the meeting is now.
pub(in crate::http) fn tag(meeting: &Meeting) -> HeaderValue {
    HeaderValue::from_str(&quoted(meeting)).expect("versions are digits")
}

fn quoted(meeting: &Meeting) -> String {
    format!("\"{}\"", meeting.version())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&'static str]) -> Condition {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_static(line));
        }
        Condition::of(&headers)
    }

    #[test]
    fn tags_are_compared_as_they_are() {
        assert_eq!(of(&[]), Condition::Any);
        assert_eq!(of(&["*"]), Condition::Any);
        let listed = ["\"1\"", "W/\"2\"", "\"3\""].map(str::to_owned).to_vec();
        assert_eq!(of(&["\"1\", W/\"2\"", "\"3\""]), Condition::OneOf(listed));
        assert_eq!(
            of(&[""]),
            Condition::OneOf(vec![String::new()]),
            "and fits nothing"
        );
    }
}
