//! Whether a room may open now, and as what: what is booked there decides, else the rules.

use std::fmt;

use super::entry::{RoomRules, Unbooked};
use super::phase::{Phase, Window};
use crate::domain::{Booking, Meeting, RoomName, Status, Timestamp};

/// What is booked in a room, as whoever stands at its door finds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Booked {
    /// Nothing; the rules alone decide.
    Nothing,
    /// The meeting there was ended for everyone or called off, and there is no other.
    Over(Box<Meeting>),
    /// Its time comes.
    Later {
        meeting: Box<Meeting>,
        opens_at: Timestamp,
    },
    /// Its time is now, or it goes on.
    Now(Box<Meeting>),
}

/// As what a room opens.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Opening<'a> {
    /// The most people who may be in at once.
    pub max_people: Option<u32>,
    /// Whether people wait until a moderator lets them in.
    pub lobby: bool,
    /// What people have to say at the door.
    pub password: Option<&'a RoomPassword>,
}

/// Why a room stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    #[error("the room opens later")]
    TooEarly { opens_at: Timestamp },
    #[error("the meeting was ended or called off")]
    Over,
    #[error("nobody has booked this room")]
    NotBooked,
}

/// What opens a room to those who know it. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct RoomPassword(String);

/// Why a text is no password of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 128 characters, and no control characters")]
pub struct PasswordError;

/// Characters; people type it.
const LONGEST_PASSWORD: usize = 128;

// === impl RoomRules ===

impl RoomRules {
    /// Whether the room may open. Nobody needs to book the room of a channel.
    pub fn opening(&self, room: &RoomName, booked: &Booked) -> Result<Opening<'_>, Closed> {
        if !self.is_channel(room) {
            booked.require_time()?;
            let denied = self.said(room, |rule| rule.unbooked) == Some(Unbooked::Deny);
            if denied && *booked == Booked::Nothing {
                return Err(Closed::NotBooked);
            }
        }
        Ok(Opening {
            max_people: self.said(room, |rule| rule.max_people),
            lobby: self.waits(room).to_be_let_in,
            password: self.said(room, |rule| rule.password.as_ref()),
        })
    }
}

// === impl Booked ===

impl Booked {
    /// What counts at `at` among the meetings of one room: those that are not over, and the one that was over last.
    ///
    /// A meeting that goes on comes before one whose time it is, and that before one whose time comes. Rooms that people
    /// entered by themselves are nobody's booking; but while they are in, no later booking shuts the room behind them.
    pub fn of(meetings: Vec<Meeting>, window: Window, at: Timestamp) -> Self {
        let in_use = meetings
            .iter()
            .any(|meeting| goes_on(meeting) && !meeting.booking.is_arranged());
        let of_each = meetings
            .into_iter()
            .filter(|meeting| meeting.booking.is_arranged())
            .map(|meeting| Self::of_one(meeting, window, at));
        let found = of_each.max_by(|a, b| a.weight().cmp(&b.weight()));
        match found {
            Some(Self::Later { .. }) if in_use => Self::Nothing,
            Some(found) => found,
            None => Self::Nothing,
        }
    }

    /// The meeting that it is about, if it is about one.
    pub fn meeting(&self) -> Option<&Meeting> {
        match self {
            Self::Nothing => None,
            Self::Over(meeting) | Self::Now(meeting) | Self::Later { meeting, .. } => Some(meeting),
        }
    }

    pub(super) fn booking(&self) -> Option<&Booking> {
        self.meeting().map(|meeting| &meeting.booking)
    }

    /// Refuses whoever comes before the room opens, or after the meeting is over for everyone.
    pub(super) fn require_time(&self) -> Result<(), Closed> {
        match self {
            Self::Nothing | Self::Now(_) => Ok(()),
            Self::Over(_) => Err(Closed::Over),
            Self::Later { opens_at, .. } => Err(Closed::TooEarly { opens_at: *opens_at }),
        }
    }

    fn of_one(meeting: Meeting, window: Window, at: Timestamp) -> Self {
        let phase = window.phase(&meeting, at);
        let meeting = Box::new(meeting);
        match phase {
            Phase::InPerson | Phase::Over { is_shut: false, .. } => Self::Nothing,
            Phase::Over { is_shut: true, .. } => Self::Over(meeting),
            Phase::Early { opens_at }
            | Phase::Left {
                opens_at: Some(opens_at),
            } => Self::Later { meeting, opens_at },
            Phase::Open | Phase::Left { opens_at: None } => Self::Now(meeting),
        }
    }

    /// What counts more is larger; of two that come later, the next one.
    fn weight(&self) -> (u8, bool, std::cmp::Reverse<Option<Timestamp>>) {
        let goes_on = self.meeting().is_some_and(goes_on);
        let (rank, opens_at) = match self {
            Self::Nothing => (0, None),
            Self::Over(_) => (1, None),
            Self::Later { opens_at, .. } => (2, Some(*opens_at)),
            Self::Now(_) => (3, None),
        };
        (rank, goes_on, std::cmp::Reverse(opens_at))
    }
}

fn goes_on(meeting: &Meeting) -> bool {
    matches!(meeting.status, Status::Active { .. })
}

// === impl RoomPassword ===

impl RoomPassword {
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        let length = text.chars().count();
        if length == 0 || length > LONGEST_PASSWORD || text.contains(char::is_control) {
            return Err(PasswordError);
        }
        Ok(Self(text.to_owned()))
    }

    /// For the meeting server, which asks people for it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RoomPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomPassword(…)")
    }
}

#[cfg(test)]
pub(super) mod tests;
