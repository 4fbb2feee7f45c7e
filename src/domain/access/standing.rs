//! Where somebody stands before a meeting: too early, waiting, ready to go in, too late.

use super::entry::Waits;
use super::phase::Phase;
use crate::domain::Timestamp;

/// What speaks for somebody who wants to come in, beside their seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Moderates, or may walk past every waiting room.
    pub passes: bool,
    /// Was taken out of the meeting by somebody who manages it.
    pub is_removed: bool,
    pub decision: Option<Decision>,
}

/// What a host says to somebody who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Admitted,
    Denied,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Cancelled,
    /// It took place, or nobody came; or its end has come and is kept.
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

// === impl Phase ===

impl Phase {
    /// Where one person stands; `host_is_in` is asked only where it matters.
    pub fn standing(self, waits: Waits, claim: Claim, host_is_in: impl FnOnce() -> bool) -> Standing {
        match self {
            Self::InPerson => Standing::InPerson,
            Self::Early { .. } | Self::Open if claim.is_removed => Standing::Removed,
            Self::Early { opens_at } => Standing::TooEarly { opens_at },
            Self::Open => claim.standing(waits, host_is_in),
            Self::Over {
                is_cancelled: true, ..
            } => Standing::Cancelled,
            Self::Left { .. } | Self::Over { .. } => Standing::Over,
        }
    }
}

// === impl Claim ===

impl Claim {
    /// Before a door that is open.
    fn standing(self, waits: Waits, host_is_in: impl FnOnce() -> bool) -> Standing {
        match self.decision {
            _ if self.passes => Standing::Ready,
            Some(Decision::Admitted) => Standing::Ready,
            Some(Decision::Denied) => Standing::Denied,
            None if waits.for_host && !host_is_in() => Standing::Waiting(Reason::Host),
            None if waits.to_be_let_in => Standing::Waiting(Reason::Admission),
            None => Standing::Ready,
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

#[cfg(test)]
mod tests;
