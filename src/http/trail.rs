//! What people and programs do, as the audit trail writes it down before they are answered.

use http::StatusCode;

use super::Incoming;
use super::auth::Caller;
use super::error::ApiError;
use crate::audit::{Act, Action, Audit, Outcome};
use crate::signin::Session;

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
            person: None,
            room: None,
            address: self.context.address.to_string(),
            request_id: self.context.id.as_str().to_owned(),
        }
    }

    /// A program asks for a token.
    pub(super) fn issue_to(&self, caller: &Caller<'_>) -> Act {
        Act {
            client: Some(caller.id.clone()),
            ..self.act(Action::Issue, Ending::Success)
        }
    }

    /// A person asks for a token.
    pub(super) fn issue_for(&self, session: &Session) -> Act {
        Act {
            client: Some(session.client.clone()),
            user: Some(session.user.id.clone()),
            ..self.act(Action::Issue, Ending::Success)
        }
    }

    pub(super) async fn ended<T>(&self, act: Act, result: Result<T, ApiError>) -> Result<T, ApiError> {
        ended(&self.api.audit, act, result).await
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

/// Writes down how an act ended; durable when this returns. What could not be understood is none: nothing was decided.
pub(super) async fn ended<T>(audit: &Audit, act: Act, result: Result<T, ApiError>) -> Result<T, ApiError> {
    let act = match &result {
        Ok(_) => Some(act),
        Err(error) => refused(act, error),
    };
    if let Some(act) = act {
        audit.record(act).await?;
    }
    result
}

fn refused(act: Act, error: &ApiError) -> Option<Act> {
    let (outcome, reason) = Ending::of(error).outcome();
    let is_understood = error.status() != StatusCode::BAD_REQUEST;
    is_understood.then_some(Act {
        outcome,
        reason,
        ..act
    })
}
