//! Where somebody stands before a meeting: too early, waiting, ready to go in, too late. Pure.

use chrono::Duration;

use super::Decision;
use crate::domain::meeting::Meeting;
use crate::domain::{Status, Timestamp};

/// What the rules say about coming in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// How long before the booked start people may come in.
    pub early: Duration,
    /// Whether people wait until somebody who moderates is in.
    pub wait_for_host: bool,
    /// Whether each person waits until somebody who moderates lets them in.
    pub lobby: bool,
}

/// Who wants to come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor {
    /// Moderates, or may walk past every waiting room.
    pub passes: bool,
    pub decision: Option<Decision>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Cancelled,
    /// It took place, or nobody came.
    Over,
    /// People meet elsewhere; there is no room.
    InPerson,
    TooEarly {
        opens_at: Timestamp,
    },
    Waiting(Reason),
    /// Somebody who moderates did not let the person in.
    Denied,
    /// Somebody who manages the meeting removed the person from it.
    Removed,
    Ready,
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nobody who moderates is in yet.
    Host,
    /// Somebody who moderates has to let the person in.
    Admission,
}

// === impl Door ===

impl Door {
    /// Where the visitor stands at `now`; `host_is_in` is asked only where it matters.
    pub fn standing(
        &self,
        meeting: &Meeting,
        visitor: Visitor,
        host_is_in: impl FnOnce() -> bool,
        now: Timestamp,
    ) -> Standing {
        if let Some(closed) = closed(meeting) {
            return closed;
        }
        if let Some(opens_at) = self.opens_at(meeting).filter(|opens_at| now < *opens_at) {
            return Standing::TooEarly { opens_at };
        }
        match visitor.decision {
            _ if visitor.passes => Standing::Ready,
            Some(Decision::Admitted) => Standing::Ready,
            Some(Decision::Denied) => Standing::Denied,
            None if self.wait_for_host && !host_is_in() => Standing::Waiting(Reason::Host),
            None if self.lobby => Standing::Waiting(Reason::Admission),
            None => Standing::Ready,
        }
    }

    /// Whether the rules make anybody wait for somebody.
    pub fn holds_people(&self) -> bool {
        self.wait_for_host || self.lobby
    }

    /// From when on people may come in; none where they may at any time, as into a meeting that is going on.
    pub fn opens_at(&self, meeting: &Meeting) -> Option<Timestamp> {
        let slot = meeting
            .booking
            .slot
            .filter(|_| meeting.status == Status::Scheduled)?;
        slot.starts_at.checked_sub_signed(self.early)
    }
}

fn closed(meeting: &Meeting) -> Option<Standing> {
    let in_person = |appointment: &crate::domain::meeting::Appointment| appointment.in_person;
    match meeting.status {
        Status::Cancelled { .. } => Some(Standing::Cancelled),
        Status::Completed { .. } | Status::Missed { .. } => Some(Standing::Over),
        Status::Scheduled | Status::Active { .. } => {
            let appointment = meeting.booking.details.appointment.as_ref();
            appointment.is_some_and(in_person).then_some(Standing::InPerson)
        }
    }
}

// === impl Standing, Reason ===

impl Standing {
    /// The stable word for callers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Over => "over",
            Self::InPerson => "in_person",
            Self::TooEarly { .. } => "too_early",
            Self::Waiting(_) => "waiting",
            Self::Denied => "denied",
            Self::Removed => "removed",
            Self::Ready => "ready",
        }
    }
}

impl Reason {
    /// The stable word for callers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Admission => "admission",
        }
    }
}
