//! Writes down in the audit trail how a request for tokens ended.

use http::StatusCode;

use crate::audit::{Act, Action, Audit, Outcome};
use crate::http::Incoming;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::signin::Session;

// === impl Incoming ===

impl Incoming {
    /// An act of this request that went well; who did what with which room is for the handler to say.
    pub(super) fn act(&self, action: Action) -> Act {
        Act {
            at: self.context.received_at,
            action,
            outcome: Outcome::Success,
            reason: None,
            client: None,
            user: None,
            room: None,
            address: self.context.address.to_string(),
            request_id: self.context.id.as_str().to_owned(),
        }
    }

    /// A program asks for a token.
    pub(super) fn issue_to(&self, caller: &Caller<'_>) -> Act {
        Act {
            client: Some(caller.id.clone()),
            ..self.act(Action::Issue)
        }
    }

    /// A person asks for a token.
    pub(super) fn issue_for(&self, session: &Session) -> Act {
        Act {
            client: Some(session.client.clone()),
            user: Some(session.user.id.clone()),
            ..self.act(Action::Issue)
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
    let outcome = match error.status() {
        StatusCode::BAD_REQUEST => return None,
        status if status.is_server_error() => Outcome::Failed,
        _ => Outcome::Refused,
    };
    Some(Act {
        outcome,
        reason: Some(error.code().to_owned()),
        ..act
    })
}
