//! The words of the trail as the labels of its metric, which knows nothing of the domain.

use crate::domain::{Action, Outcome};
use crate::telemetry::label::{AuditAction, AuditOutcome};

pub(super) fn action(action: Action) -> AuditAction {
    match action {
        Action::Login => AuditAction::Login,
        Action::Logout => AuditAction::Logout,
        Action::Refresh => AuditAction::Refresh,
        Action::Validate => AuditAction::Validate,
        Action::Issue => AuditAction::Issue,
        Action::Remove => AuditAction::Remove,
        Action::Readmit => AuditAction::Readmit,
        Action::Mute => AuditAction::Mute,
        Action::Permit => AuditAction::Permit,
    }
}

pub(super) fn outcome(outcome: Outcome) -> AuditOutcome {
    match outcome {
        Outcome::Success => AuditOutcome::Success,
        Outcome::Refused => AuditOutcome::Refused,
        Outcome::Failed => AuditOutcome::Failed,
    }
}
