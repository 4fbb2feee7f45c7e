//! Why a meeting could not be changed.

use crate::domain::TransitionError;
use crate::store::StoreError;

/// Why a meeting could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum MeetingsError {
    #[error("failed to reach the store")]
    Store(#[from] StoreError),
    #[error("the record of a meeting cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error(transparent)]
    Transition(#[from] TransitionError),
    #[error("there is no such meeting")]
    Unknown,
    #[error("the idempotency key was used for another appointment")]
    KeyReused,
    #[error("the meeting is not as the caller has seen it")]
    Outdated,
    #[error("the cursor is none that a list was answered with")]
    BadCursor,
}

// === impl MeetingsError ===

impl MeetingsError {
    /// Whether it is about this one meeting, so that others can go on and trying again does not help.
    pub(super) fn concerns_one_meeting(&self) -> bool {
        let of_record = matches!(
            self,
            Self::Unreadable(_) | Self::Unknown | Self::Transition(_) | Self::KeyReused | Self::Outdated
        );
        of_record
            || matches!(
                self,
                Self::Store(StoreError::TooLarge | StoreError::BadKey | StoreError::Unreadable { .. })
            )
    }
}
