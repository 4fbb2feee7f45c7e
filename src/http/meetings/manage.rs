//! What changes a meeting has in common: who may, on which condition, and that it is seen through.

use super::condition::Condition;
use super::seen;
use crate::domain::{Input, Meeting, MeetingId};
use crate::http::auth::Asker;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::{Incoming, to_the_end};

/// The meeting of that id, if the caller may change it and it is the one that they mean.
pub(super) async fn managed(
    request: &Incoming,
    asker: &Asker<'_>,
    id: &str,
    condition: &Condition,
) -> Result<Meeting, ApiError> {
    let meeting = seen(request, asker, id).await?;
    if !meeting.booking.is_managed_by(asker.viewer()) {
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
