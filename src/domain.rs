//! The rules of the trade, pure: no I/O, no clock, no async.

pub mod access;
pub mod act;
pub mod ambient;
pub mod attendance;
pub mod event;
mod hex;
pub mod id;
pub mod meeting;
pub mod next;
pub mod observation;
pub mod participant;
pub mod repair;
pub mod report;
pub mod usage;
pub mod user;

pub use act::{Act, ActId, Action, Outcome};
pub use ambient::Ambient;
pub use attendance::{Attendance, Figures, Stay};
pub use event::{Cause, Event, EventKind};
pub use hex::hex;
pub use id::{ClientId, MeetingId, NameError, RoomName, UserId};
pub use meeting::{Booking, Input, Meeting, Policy, Status, Step, TransitionError};
pub use next::Next;
pub use observation::{Observation, RoomKey, Source};
pub use report::Verdict;
pub use user::{SessionId, User};

/// A moment in UTC; the only representation of time in usher.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

#[cfg(test)]
pub(crate) mod samples;
