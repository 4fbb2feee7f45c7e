//! What changes a meeting has in common: who may, on which condition, and that it is seen through.

use super::condition::Condition;
use super::seen;
use crate::domain::{Input, Meeting, MeetingId};
use crate::http::auth::Asker;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::{Incoming, to_the_end};

/// What somebody wants to do with a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Change,
    CallOff,
}

/// The meeting of that id, if the caller may do that with it and it is the one that they mean.
pub(super) async fn managed(
    request: &Incoming,
    asker: &Asker<'_>,
    id: &str,
    (deed, condition): (Deed, &Condition),
) -> Result<Meeting, ApiError> {
    let meeting = seen(request, asker, id).await?;
    let (booking, viewer) = (&meeting.booking, asker.viewer());
    let may = match deed {
        Deed::Change => booking.is_managed_by(viewer),
        Deed::CallOff => booking.is_called_off_by(viewer, &meeting.status),
    };
    if !may {
        return Err(MeetingRefusal::NotOrganiser.into());
    }
    if !condition.allows(&meeting) {
        return Err(MeetingRefusal::Outdated.into());
    }
    Ok(meeting)
}

/// Applies the input, unless the meeting is not what is expected by then; also when the caller is gone.
pub(super) async fn apply(
    request: &Incoming,
    id: MeetingId,
    input: Input,
    expected: impl Fn(&Meeting) -> bool + Send + Sync + 'static,
) -> Result<Meeting, ApiError> {
    let meetings = request.api.meetings.clone();
    let applied = to_the_end(async move { meetings.apply_if(id, &input, expected).await });
    let (meeting, _) = applied.await??;
    Ok(meeting)
}
