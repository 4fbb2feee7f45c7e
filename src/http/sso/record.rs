//! What people and their programs do goes into the audit trail before they are answered.

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

    fn outcome(self) -> (Outcome, Option<String>) {
        match self {
            Self::Success => (Outcome::Success, None),
            Self::Refused(reason) => (Outcome::Refused, Some(reason.to_owned())),
            Self::Failed(reason) => (Outcome::Failed, Some(reason.to_owned())),
        }
    }
}

/// Durable when it returns. Where the trail cannot be written, nothing happens that belongs into it.
pub(super) async fn record(request: &Incoming, deed: Deed<'_>) -> Result<(), ApiError> {
    let (outcome, reason) = deed.ending.outcome();
    let act = Act {
        at: request.context.received_at,
        action: deed.action,
        outcome,
        reason,
        client: deed.client.cloned(),
        user: deed.user.cloned(),
        room: deed.room.cloned(),
        address: request.context.address.to_string(),
        request_id: request.context.id.as_str().to_owned(),
    };
    Ok(request.api.audit.record(act).await?)
}
