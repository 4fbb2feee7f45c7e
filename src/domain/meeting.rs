//! The meeting and its states: scheduled, active, completed, cancelled, missed.
//!
//! [`Meeting::apply`] is the only way to change one. It is pure: the same inputs at the same times give the same meeting
//! and the same events. Facts that are late or repeated are not errors; they are a [`Step`] without events. A final state
//! stays final: what is learned afterwards corrects the figures with one `amended` event.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::attendance::{self, Visit};
use super::event::{Event, EventKind};
use super::observation::{Observation, Part, RoomKey, Source};
use super::{Attendance, ClientId, Figures, MeetingId, Timestamp, UserId};

mod booking;
mod change;
mod due;
mod observe;
mod order;
mod prepare;
mod removal;
mod settle;
#[cfg(test)]
mod tests;

pub use booking::{Appointment, Booking, Confidential, Details, Kind, MeetingType, Slot};
pub use change::Change;
pub use order::{CloseReason, Order};
pub use removal::{Shut, as_reported};

/// A meeting, from booking to its final figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meeting {
    pub id: MeetingId,
    pub booking: Booking,
    pub status: Status,
    pub attendance: Attendance,
    /// When the room was opened and closed on the server, as far as it said.
    #[serde(rename = "sessions", default, skip_serializing_if = "Vec::is_empty")]
    pub openings: Vec<Opening>,
    /// The figures that were told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
    /// The number of the last event.
    pub sequence: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Who told us last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_from: Option<Source>,
    /// An authorised caller said that it is going on although nobody was seen in the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<Timestamp>,
    /// What its meeting server has still to be told; kept until that is done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Order>,
    /// How often it has become another to those who may see it.
    #[serde(default)]
    edition: u64,
    /// Up to which moment people have been told that the booked end is near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned_of: Option<Timestamp>,
    /// For which booked end the room was ordered to close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_of: Option<Timestamp>,
    /// For which booked time the room was ordered to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared_of: Option<Slot>,
    /// When an authorised caller ended it for everyone or called it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_off_at: Option<Timestamp>,
    /// When the meeting was over that it continues: until then the open room was that one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follows: Option<Timestamp>,
    /// Nobody may be in, since the meeting that it continues was over for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut: Option<Shut>,
}

/// Where a meeting stands. Completed, cancelled and missed are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Scheduled,
    Active {
        started_at: Timestamp,
    },
    Completed {
        started_at: Timestamp,
        ended_at: Timestamp,
    },
    Cancelled {
        started_at: Option<Timestamp>,
        at: Timestamp,
    },
    Missed {
        at: Timestamp,
    },
}

/// One life of the room on the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Which it is, where the server names each.
    #[serde(default, skip_serializing_if = "Part::is_main")]
    pub part: Part,
    pub opened_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Whether usher concluded when it was closed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

/// What can happen to a meeting.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A meeting server saw something.
    Observed(Observation),
    /// Time passed; see [`Meeting::next_due`].
    Tick,
    /// By the server's clock it was over before somebody came in again; see [`Meeting::lapses_at`].
    Lapse,
    /// An authorised caller says that it is going on.
    Start,
    /// An authorised caller ends it for everyone.
    End,
    /// An authorised caller calls it off.
    Cancel,
    /// An authorised caller agreed on something else.
    Change(Change),
    /// An authorised caller removes somebody: they are put out, and again whenever they come back.
    Remove(UserId),
    /// An authorised caller lets somebody come again who was removed.
    Readmit(UserId),
    /// The meeting server has been told, or there is no use in telling it any more.
    Done(Order),
}

/// How long usher waits before it draws conclusions (`usher.toml`, `[meetings]`).
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Empty for so long, a room nobody booked is over.
    pub adhoc_grace: Duration,
    /// Empty for so long, a booked meeting is over, but not before its start plus this.
    pub booked_grace: Duration,
    /// Whether the opening of the room starts the meeting, before anybody is in.
    pub active_when_room_opens: bool,
    /// How long before the booked end people are told of it; none where it is zero.
    pub warn_before_end: Duration,
    /// How long before the booked start a room of LiveKit is made; none where those who come make it.
    pub made_ahead: Option<Duration>,
    /// Whether the booked end closes the room.
    pub enforce_end: bool,
    /// Users who may be in no meeting, as meeting servers' reports name them.
    pub switched_off: Arc<BTreeSet<UserId>>,
}

/// The outcome of one input.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub meeting: Meeting,
    /// What subscribers are to be told, in order.
    pub events: Vec<Event>,
    /// Whether the meeting is another than before; if not, nothing needs to be written.
    pub changed: bool,
}

/// A caller asked for a step that the state does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a meeting that is {from} cannot become {to}")]
pub struct TransitionError {
    pub from: &'static str,
    pub to: &'static str,
}

/// How long after a caller's word that it is over the people are seen to go because of that word.
const CLOSING_MOMENT: Duration = Duration::seconds(10);
/// A life of a room that is begun longer than this after it was made is begun for the second time.
const OPENING_MOMENT: Duration = Duration::seconds(10);
/// How long nothing may be heard of a room whose server sends no rosters before its people are given up.
const SILENCE_LIMIT: Duration = Duration::hours(24);

// === impl Meeting ===

impl Meeting {
    /// Books a meeting; the step carries its `scheduled` event.
    pub fn book(id: MeetingId, booking: Booking, now: Timestamp) -> Step {
        let mut meeting = Self::new(id, booking, now);
        let mut teller = settle::Teller::new(now, "client");
        meeting.tell(
            &mut teller,
            settle::Telling::of(EventKind::Scheduled, now, "client", "booked"),
        );
        Step {
            meeting,
            events: teller.events,
            changed: true,
        }
    }

    /// A meeting for a room that people entered without a booking; it tells nothing before somebody is in.
    pub fn unbooked(id: MeetingId, room: RoomKey, continues: Option<&Meeting>, now: Timestamp) -> Self {
        let client = continues.map_or_else(ClientId::adhoc, |earlier| earlier.booking.client.clone());
        let booking = Booking {
            client,
            kind: Kind::Adhoc,
            room,
            meeting_type: continues
                .map(|earlier| earlier.booking.meeting_type)
                .unwrap_or_default(),
            role_context: continues.and_then(|earlier| earlier.booking.role_context.clone()),
            slot: None,
            appointment: continues.and_then(|earlier| earlier.booking.appointment.clone()),
            idempotency_key: None,
            details: continues
                .map(|earlier| earlier.booking.details.of_people())
                .unwrap_or_default(),
            continues: continues.map(|earlier| earlier.id),
        };
        Self {
            follows: continues.and_then(|earlier| earlier.status.settled_at()),
            ..Self::new(id, booking, now)
        }
    }

    fn new(id: MeetingId, booking: Booking, now: Timestamp) -> Self {
        Self {
            id,
            booking,
            status: Status::Scheduled,
            attendance: Attendance::default(),
            openings: Vec::new(),
            figures: None,
            sequence: 0,
            created_at: now,
            updated_at: now,
            heard_from: None,
            declared_at: None,
            orders: Vec::new(),
            edition: 0,
            warned_of: None,
            closed_of: None,
            prepared_of: None,
            called_off_at: None,
            follows: None,
            shut: None,
        }
    }

    /// Takes one input at `now`.
    pub fn apply(mut self, input: &Input, now: Timestamp, policy: &Policy) -> Result<Step, TransitionError> {
        let mut before = self.clone();
        let mut teller = settle::Teller::new(now, self.told_by(input));
        match input {
            Input::Observed(observation) => self.observe(observation, now),
            Input::Tick => self.give_up_when_silent(now),
            Input::Lapse => {}
            Input::Start => self.declare_start(now)?,
            Input::End => self.end_now(now)?,
            Input::Cancel => self.cancel(now, &mut teller)?,
            Input::Change(change) => self.change(change, &mut teller)?,
            Input::Remove(user) => self.remove(user),
            Input::Readmit(user) => self.readmit(user),
            Input::Done(order) => self.orders.retain(|waiting| waiting != order),
        }
        self.settle(input, policy, &mut teller);
        let changed = self != before;
        if changed && self.is_seen_to_differ(&mut before) {
            self.edition += 1;
            self.updated_at = now;
        }
        Ok(Step {
            meeting: self,
            events: teller.events,
            changed,
        })
    }

    /// Who tells what follows from an input.
    fn told_by(&self, input: &Input) -> &'static str {
        match input {
            Input::Observed(seen) => seen.source.as_str(),
            _ => self.heard_from.map_or("client", Source::as_str),
        }
    }

    /// A name for the meeting as it is now: another one whenever those who may see it see something else, and the same
    /// as long as they do not. Good as an entity tag (RFC 9110 section 8.8.3).
    pub fn version(&self) -> String {
        self.edition.to_string()
    }

    /// Whether people may still come together about it: until so long after its end, and never once it was called off.
    pub fn may_be_followed_up(&self, after: Duration, now: Timestamp) -> bool {
        let planned = self.booking.slot.map(|slot| slot.ends_at());
        let ended_at = self.status.settled_at().or(planned);
        let is_called_off = matches!(self.status, Status::Cancelled { .. });
        !is_called_off && ended_at.is_none_or(|at| now <= later(at, after))
    }

    /// The time for which it is on lists: its booked start, or when it was made.
    pub fn listed_at(&self) -> Timestamp {
        let slot = self.booking.slot.map(|slot| slot.starts_at);
        slot.unwrap_or_else(|| self.id.made_at())
    }

    /// Whether they differ in more than what servers still have to be told, which nobody is shown.
    fn is_seen_to_differ(&self, before: &mut Self) -> bool {
        before.orders.clone_from(&self.orders);
        (before.warned_of, before.closed_of) = (self.warned_of, self.closed_of);
        before.prepared_of = self.prepared_of;
        self != before
    }

    /// The figures at `now`, with the time that the room was open until then or until the meeting ended: the union of its
    /// openings, since two can overlap, and of the times that somebody was in.
    fn figures(&self, now: Timestamp) -> Option<Figures> {
        let figures = self.attendance.figures(now)?;
        let until = figures.ended_at;
        let openings = self.openings.iter().map(|opening| {
            let closed_at = opening.closed_at.map_or(until, |at| at.min(until));
            (self.own(opening.opened_at), closed_at)
        });
        let visits = self.attendance.visits(now);
        let open: Vec<_> = openings.chain(visits.iter().map(Visit::span)).collect();
        let unsaid = (until - figures.started_at).num_milliseconds();
        Some(Figures {
            open_millis: if self.openings.is_empty() {
                unsaid
            } else {
                attendance::union(open).num_milliseconds()
            },
            ..figures
        })
    }

    /// From when on an opening of that moment is this meeting's.
    fn own(&self, opened_at: Timestamp) -> Timestamp {
        self.follows.map_or(opened_at, |from| opened_at.max(from))
    }
}

/// A sum that ends with time itself: what is stored must never stop the daemon.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add_signed(by).unwrap_or(Timestamp::MAX_UTC)
}

// === impl Status ===

impl Status {
    /// The word that callers and events use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Active { .. } => "active",
            Self::Completed { .. } => "completed",
            Self::Cancelled { .. } => "cancelled",
            Self::Missed { .. } => "missed",
        }
    }

    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Scheduled | Self::Active { .. })
    }

    pub fn started_at(&self) -> Option<Timestamp> {
        match *self {
            Self::Active { started_at } | Self::Completed { started_at, .. } => Some(started_at),
            Self::Cancelled { started_at, .. } => started_at,
            Self::Scheduled | Self::Missed { .. } => None,
        }
    }

    pub fn ended_at(&self) -> Option<Timestamp> {
        match *self {
            Self::Completed { ended_at, .. } => Some(ended_at),
            Self::Cancelled {
                at,
                started_at: Some(_),
            } => Some(at),
            _ => None,
        }
    }

    /// When it became final.
    pub fn settled_at(&self) -> Option<Timestamp> {
        match *self {
            Self::Completed { ended_at, .. } => Some(ended_at),
            Self::Cancelled { at, .. } | Self::Missed { at } => Some(at),
            Self::Scheduled | Self::Active { .. } => None,
        }
    }
}
