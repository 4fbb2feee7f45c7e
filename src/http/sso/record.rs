//! What people and their programs do, as the audit trail writes it down before they are answered.

use crate::audit::{Act, Action, Outcome};
use crate::domain::{ClientId, RoomName, UserId};
use crate::http::Incoming;
use crate::http::error::ApiError;

/// One act, still without what the request says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deed<'a> {
    pub(super) action: Action,
    pub(super) ending: Ending,
    pub(super) client: Option<&'a ClientId>,
    /// Never a name that was only tried.
    pub(super) user: Option<&'a UserId>,
    pub(super) room: Option<&'a RoomName>,
}

/// How it ended; with the stable word for why it did not go well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Success,
    Refused(&'static str),
    Failed(&'static str),
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

// === impl Deed ===

impl Deed<'_> {
    /// The whole act, for the trail.
    pub(super) fn of(self, request: &Incoming) -> Act {
        let (outcome, reason) = self.ending.outcome();
        Act {
            at: request.context.received_at,
            action: self.action,
            outcome,
            reason,
            client: self.client.cloned(),
            user: self.user.cloned(),
            room: self.room.cloned(),
            address: request.context.address.to_string(),
            request_id: request.context.id.as_str().to_owned(),
        }
    }
}
