//! Writes down in the audit trail how a request for tokens ended.

use http::StatusCode;

use crate::audit::{Act, Action, Audit};
use crate::http::Incoming;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::trail::Ending;
use crate::signin::Session;

// === impl Incoming ===

impl Incoming {
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
