//! Acting on somebody who is in the room of a meeting, at once: muting them, changing what they may do.
//!
//! These are no orders. Whoever asks is told whether it was done, and nothing is tried again later; removing somebody, which
//! has to hold, is one.

use crate::backend::{BackendError, Backends};
use crate::domain::meeting::as_reported;
use crate::domain::observation::BackendKind;
use crate::domain::{Meeting, UserId};

pub use crate::backend::{Media, Permissions};

/// People in rooms; cheap to clone.
#[derive(Debug, Clone)]
pub struct People(Backends);

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error("the person is not in the room")]
    NotInRoom,
    #[error("the meeting server cannot do that")]
    Unsupported,
    #[error("the meeting server did not do it")]
    Failed(#[source] BackendError),
}

// === impl People ===

impl People {
    pub fn new(backends: Backends) -> Self {
        Self(backends)
    }

    /// Mutes what somebody publishes now; returns how many tracks that were.
    pub async fn mute(&self, meeting: &Meeting, who: &UserId, media: Media) -> Result<usize, PeopleError> {
        let service = self.service(meeting).await?;
        let room = &meeting.booking.room.name;
        Ok(service.mute(room, &as_reported(who), media).await?)
    }

    /// Changes what somebody may do until they come in anew; returns on how many connections.
    pub async fn permit(
        &self,
        meeting: &Meeting,
        who: &UserId,
        change: Permissions,
    ) -> Result<usize, PeopleError> {
        let service = self.service(meeting).await?;
        let room = &meeting.booking.room.name;
        Ok(service.permit(room, &as_reported(who), change).await?)
    }

    /// Jitsi has moderators for that, and no route.
    async fn service(&self, meeting: &Meeting) -> Result<crate::backend::livekit::Service, PeopleError> {
        let room = &meeting.booking.room;
        match room.backend.kind {
            BackendKind::Jitsi => Err(PeopleError::Unsupported),
            BackendKind::Livekit => Ok(self.0.livekit(&room.backend).await?),
        }
    }
}

// === impl PeopleError ===

impl From<BackendError> for PeopleError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::NotThere => Self::NotInRoom,
            BackendError::Unsupported => Self::Unsupported,
            error => Self::Failed(error),
        }
    }
}
