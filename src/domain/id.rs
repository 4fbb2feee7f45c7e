//! Names parsed once, at the edge: what exists as one of these types is valid everywhere else.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::Timestamp;

/// A room in the form that Jitsi compares: NFKC, lower case, percent-encoded, lower case again.
///
/// That is what `getBackendSafeRoomName` of jitsi-meet (`react/features/base/util/uri.ts`) makes of a room, and what
/// Prosody compares with the `room` claim. The form is a fixed point: parsing it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomName(String);

/// The id of a meeting: a version 7 UUID, so ids sort by the time of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MeetingId(Uuid);

/// The id of a client, which is also a token of NATS subjects: 1 to 64 of `a-z 0-9 - _`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

/// The id of a person as the client or the identity source names it: 1 to 256 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(String);

/// Why a text is not a name of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("must not be empty")]
    Empty,
    #[error("must not be longer than {0} bytes")]
    TooLong(usize),
    #[error("must not contain {0:?}")]
    Forbidden(char),
    #[error("must not contain control characters")]
    Control,
    #[error("must be a UUID")]
    NotUuid,
    #[error("\"adhoc\" stands for rooms that nobody booked")]
    Reserved,
}

/// What `encodeURIComponent` leaves as it is (ECMA-262, section 19.2.6.4).
const URI_COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What jitsi-meet cuts out of a room in an address (`_ROOM_EXCLUDE_PATTERN` in the same file), and `/`, which ends it.
/// A name with one of these would open another room than the one that was asked for; `*` would even mean every room.
const STRIPPED_BY_JITSI: &str = ":?#[]@!$&'()*+,;=></\"\\";

// === impl RoomName ===

impl RoomName {
    /// Longest accepted form, in bytes: the limit of an XMPP node is 1023 (RFC 7622), that of a file name 255.
    pub const MAX_BYTES: usize = 255;

    /// Turns what a person or a program wrote into the form that Jitsi compares.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.len() > Self::MAX_BYTES * 3 {
            return Err(NameError::TooLong(Self::MAX_BYTES));
        }
        let name = decoded(text).nfkc().collect::<String>().to_lowercase();
        if name.chars().any(char::is_control) {
            return Err(NameError::Control);
        }
        if let Some(found) = name.chars().find(|c| STRIPPED_BY_JITSI.contains(*c)) {
            return Err(NameError::Forbidden(found));
        }
        Self::bounded(
            utf8_percent_encode(&name, URI_COMPONENT)
                .to_string()
                .to_lowercase(),
        )
    }

    /// A room of a tenant, both as an address names them: `[tenant]room`.
    pub fn in_tenant(tenant: &str, room: &str) -> Result<Self, NameError> {
        Self::bounded(format!("[{}]{}", Self::parse(tenant)?, Self::parse(room)?))
    }

    /// Takes the node of a room's address as a meeting server reports it, such as `[acme]caf%c3%a9`.
    ///
    /// The server has normalised it already; a tenant in brackets stays part of the name.
    pub fn from_node(node: &str) -> Result<Self, NameError> {
        if node.chars().any(char::is_control) {
            return Err(NameError::Control);
        }
        Self::bounded(node.to_lowercase())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tenant, where the room has one, and the name without it, as in `[tenant]room`.
    pub fn split(&self) -> (Option<&str>, &str) {
        let parts = self.0.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        parts.map_or((None, &self.0), |(tenant, room)| (Some(tenant), room))
    }

    /// Whether jicofo opened the room only to see whether a bridge answers.
    pub fn is_health_check(&self) -> bool {
        self.0.starts_with("__jicofo-health-check")
    }

    fn bounded(name: String) -> Result<Self, NameError> {
        match name.len() {
            0 => Err(NameError::Empty),
            1..=Self::MAX_BYTES => Ok(Self(name)),
            _ => Err(NameError::TooLong(Self::MAX_BYTES)),
        }
    }
}

impl TryFrom<String> for RoomName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::from_node(&text)
    }
}

/// Brings a room name, or a part of one, into the form that Jitsi compares.
pub(super) fn normal_form(text: &str) -> Result<String, NameError> {
    let name = decoded(text).nfkc().collect::<String>().to_lowercase();
    if name.chars().any(char::is_control) {
        return Err(NameError::Control);
    }
    if let Some(found) = name.chars().find(|c| STRIPPED_BY_JITSI.contains(*c)) {
        return Err(NameError::Forbidden(found));
    }
    Ok(utf8_percent_encode(&name, URI_COMPONENT)
        .to_string()
        .to_lowercase())
}

/// What `decodeURIComponent` makes of it; a text that is not percent-encoding throughout is taken as it is.
fn decoded(text: &str) -> Cow<'_, str> {
    let hex = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    let encoded = text.match_indices('%').all(|(at, _)| hex(at + 1) && hex(at + 2));
    match percent_decode_str(text).decode_utf8() {
        Ok(plain) if encoded => plain,
        _ => text.into(),
    }
}

/// A version 7 UUID of that millisecond (RFC 9562 section 5.7); `random` fills the part that is not time.
pub fn time_ordered(at: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

// === impl MeetingId ===

impl MeetingId {
    /// A new id for a meeting made at `now`; `random` fills the part that is not time.
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self(time_ordered(now, random))
    }

    /// When it was made, to the millisecond.
    pub fn made_at(self) -> Timestamp {
        let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |at| at.to_unix());
        Timestamp::from_timestamp(i64::try_from(seconds).unwrap_or_default(), nanos).unwrap_or_default()
    }
}

impl FromStr for MeetingId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Uuid::try_parse(text).map(Self).map_err(|_| NameError::NotUuid)
    }
}

// === impl ClientId ===

impl ClientId {
    /// Who rooms belong to that nobody booked.
    pub const ADHOC: &str = "adhoc";

    /// The client of rooms that nobody booked.
    pub fn adhoc() -> Self {
        Self(Self::ADHOC.to_owned())
    }

    pub fn is_adhoc(&self) -> bool {
        self.0 == Self::ADHOC
    }

    /// Takes the id of a configured client; [`ClientId::ADHOC`] is reserved.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match Self::try_from(text.to_owned())? {
            id if id.is_adhoc() => Err(NameError::Reserved),
            id => Ok(id),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        match text.chars().find(|c| !allowed(*c)) {
            Some(found) => Err(NameError::Forbidden(found)),
            None if text.is_empty() => Err(NameError::Empty),
            None if text.len() > 64 => Err(NameError::TooLong(64)),
            None => Ok(Self(text)),
        }
    }
}

// === impl UserId ===

impl UserId {
    const MAX_BYTES: usize = 256;

    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text {
            "" => Err(NameError::Empty),
            _ if text.len() > Self::MAX_BYTES => Err(NameError::TooLong(Self::MAX_BYTES)),
            _ if text.chars().any(char::is_control) => Err(NameError::Control),
            _ => Ok(Self(text.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UserId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

// === conversions that are the same for all ===

macro_rules! text {
    ($($name:ident),*) => {$(
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

text!(RoomName, ClientId, UserId);

impl fmt::Display for MeetingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn room(text: &str) -> String {
        RoomName::parse(text).map_or_else(|e| format!("error: {e}"), String::from)
    }

    #[test]
    fn room_names_take_the_form_that_jitsi_compares() {
        assert_eq!(room("Team1"), "team1");
        assert_eq!(room("Café"), "caf%c3%a9");
        assert_eq!(room("cafe\u{301}"), "caf%c3%a9", "NFKC joins the accent");
        assert_eq!(room("CAF%C3%89"), "caf%c3%a9", "an encoded name is decoded first");
        assert_eq!(room("Ｔｅａｍ　１"), "team%201", "full-width letters fold");
        assert_eq!(room("اتاق ۱"), "%d8%a7%d8%aa%d8%a7%d9%82%20%db%b1");
        assert_eq!(room("100%"), "100%25");
        assert_eq!(room("%41%zz"), "%2541%25zz", "not an encoding throughout");
        assert_eq!(room("a_b-c.d~e"), "a_b-c.d~e");
    }

    #[test]
    fn names_that_would_open_another_room_are_refused() {
        assert_eq!(room("*"), "error: must not contain '*'");
        assert_eq!(room("a/b"), "error: must not contain '/'");
        assert_eq!(room("%2e%2e%2f"), "error: must not contain '/'");
        assert_eq!(room("[acme]alpha"), "error: must not contain '['");
        assert_eq!(room(" "), "error: must not be empty");
        assert_eq!(room("a\u{0}b"), "error: must not contain control characters");
        assert_eq!(room(&"ü".repeat(128)), "error: must not be longer than 255 bytes");
    }

    #[test]
    fn ids_of_meetings_sort_by_time_and_remember_it() {
        let at = |millis| Timestamp::from_timestamp_millis(millis).unwrap();
        let earlier = MeetingId::new(at(1_795_222_218_123), [255; 10]);
        let later = MeetingId::new(at(1_795_222_218_124), [0; 10]);
        assert!(earlier < later);
        assert_eq!(earlier.made_at(), at(1_795_222_218_123));
        assert_eq!(earlier.to_string().parse(), Ok(earlier));
    }

    #[test]
    fn client_ids_are_tokens_of_subjects() {
        assert!(ClientId::parse("ataraxia-1_x").is_ok());
        assert_eq!(ClientId::parse("adhoc"), Err(NameError::Reserved));
        assert_eq!(ClientId::parse("a.b"), Err(NameError::Forbidden('.')));
        assert_eq!(ClientId::parse("a>"), Err(NameError::Forbidden('>')));
    }

    proptest! {
        #[test]
        fn the_form_is_a_fixed_point(text in "\\PC{0,40}") {
            if let Ok(name) = RoomName::parse(&text) {
                prop_assert_eq!(RoomName::parse(name.as_str()), Ok(name.clone()));
                prop_assert!(name.as_str().is_ascii());
            }
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>()) {
            let _ = RoomName::parse(&text).and_then(|n| RoomName::from_node(n.as_str()));
            let _ = ClientId::parse(&text);
            let _ = UserId::parse(&text);
        }
    }
}
