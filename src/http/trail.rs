//! What people and programs do, as the audit trail writes it down before they are answered.

use super::Incoming;
use super::error::ApiError;
use crate::audit::{Act, Action, Outcome};

/// How it ended; with the stable word for why it did not go well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Success,
    Refused(&'static str),
    Failed(&'static str),
}

// === impl Incoming ===

impl Incoming {
    /// An act of this request. Who did what with which room is for the handler to add; never a name that was only tried.
    pub(super) fn act(&self, action: Action, ending: Ending) -> Act {
        let (outcome, reason) = ending.outcome();
        Act {
            at: self.context.received_at,
            action,
            outcome,
            reason,
            client: None,
            user: None,
            room: None,
            address: self.context.address.to_string(),
            request_id: self.context.id.as_str().to_owned(),
        }
    }
}

// === impl Ending ===

impl Ending {
    pub(super) fn of(error: &ApiError) -> Self {
        if error.status().is_server_error() {
            Self::Failed(error.code())
        } else {
            Self::Refused(error.code())
        }
    }

    pub(super) fn outcome(self) -> (Outcome, Option<String>) {
        match self {
            Self::Success => (Outcome::Success, None),
            Self::Refused(reason) => (Outcome::Refused, Some(reason.to_owned())),
            Self::Failed(reason) => (Outcome::Failed, Some(reason.to_owned())),
        }
    }
}
