//! The vocabulary of the audit trail: what somebody did or tried, how it ended, and the id under which it is kept.

use std::fmt;
use std::str::FromStr;

use chrono::Duration;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::time_ordered;
use super::{ClientId, NameError, RoomName, Timestamp, UserId};

/// What somebody did or tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Proved who they are, by password, provider or as a guest.
    Login,
    Logout,
    /// Traded a refresh token.
    Refresh,
    /// Had a token checked.
    Validate,
    /// Was given a token for a room.
    Issue,
    /// Removed somebody from a meeting.
    Remove,
    /// Let somebody come to a meeting again.
    Readmit,
    /// Muted somebody in a room.
    Mute,
    /// Changed what somebody may do in a room.
    Permit,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Success,
    /// Refused, for [`Act::reason`].
    Refused,
    /// Could not be done.
    Failed,
}

/// One act. It holds no token, no password, and no name that was tried in vain: people type passwords into the wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// When it happened.
    pub at: Timestamp,
    pub action: Action,
    pub outcome: Outcome,
    /// A stable word of a closed set, such as `wrong_credentials`; none for success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Whom somebody else did it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    /// Of the caller, after trusted proxies.
    pub address: String,
    pub request_id: String,
}

/// The id of an audit record: a version 7 UUID, greater than those of all records before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActId(Uuid);

/// The bits of a UUID behind version and variant that count up within a millisecond.
const TAIL: u128 = (1 << 62) - 1;

// === impl Action ===

impl Action {
    pub const ALL: [Self; 9] = [
        Self::Login,
        Self::Logout,
        Self::Refresh,
        Self::Validate,
        Self::Issue,
        Self::Remove,
        Self::Readmit,
        Self::Mute,
        Self::Permit,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Refresh => "refresh",
            Self::Validate => "validate",
            Self::Issue => "issue",
            Self::Remove => "remove",
            Self::Readmit => "readmit",
            Self::Mute => "mute",
            Self::Permit => "permit",
        }
    }
}

// === impl Outcome ===

impl Outcome {
    pub const ALL: [Self; 3] = [Self::Success, Self::Refused, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

// === impl ActId ===

impl ActId {
    /// The lowest id of all.
    pub const FIRST: Self = Self(Uuid::nil());

    /// An id for an act of this moment; `random` fills the part that is not time.
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        Self(time_ordered(at, random))
    }

    /// The same, but greater than this id, also where two acts share a millisecond or the clock was set back
    /// (RFC 9562, section 6.2: the tail is the counter).
    pub fn following(self, at: Timestamp, random: [u8; 10]) -> Self {
        let fresh = Self::new(at, random);
        let bits = self.0.as_u128();
        if fresh > self {
            fresh
        } else if bits & TAIL < TAIL {
            Self(Uuid::from_u128(bits + 1))
        } else {
            Self::new(self.made_at() + Duration::milliseconds(1), random)
        }
    }

    /// The moment in the id, to the millisecond: that of the act, or a later one that an id before it had.
    pub fn made_at(self) -> Timestamp {
        let millis = (self.0.as_u128() >> 80) & ((1 << 48) - 1);
        Timestamp::from_timestamp_millis(i64::try_from(millis).unwrap_or_default()).unwrap_or_default()
    }

    pub fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl FromStr for ActId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Uuid::try_parse(text).map(Self).map_err(|_| NameError::NotUuid)
    }
}

impl fmt::Display for ActId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_timestamp_millis(millis).unwrap()
    }

    #[test]
    fn words_are_those_of_the_stored_form() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.as_str());
        }
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }

    #[test]
    fn the_last_id_of_a_millisecond_is_followed_by_the_next_millisecond() {
        let last = ActId::new(at(1_795_222_218_123), [255; 10]);
        let next = last.following(at(1_795_222_218_123), [0; 10]);
        assert!(next > last);
        assert_eq!(next.made_at(), at(1_795_222_218_124));
    }

    proptest! {
        #[test]
        fn ids_only_grow(moments in prop::collection::vec((0..1_000_i64, any::<[u8; 10]>()), 1..50)) {
            let mut last = ActId::FIRST;
            for (millis, random) in moments {
                let next = last.following(at(millis), random);
                prop_assert!(next > last && next.to_string() > last.to_string());
                prop_assert!(next.made_at() >= at(millis), "never before its act");
                prop_assert_eq!(next.to_string().parse(), Ok(next));
                prop_assert_eq!(ActId::from_bytes(next.to_bytes()), next);
                prop_assert_eq!(uuid::Uuid::from_bytes(next.to_bytes()).get_version_num(), 7);
                last = next;
            }
        }
    }
}
