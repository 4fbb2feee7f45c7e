//! What LiveKit's webhooks say: each taken once, by its id, and answered only when it is on disk.

use super::{Meetings, MeetingsError};
use crate::domain::Verdict;
use crate::domain::report::Notification;

// === impl Meetings ===

impl Meetings {
    /// Takes one webhook.
    pub async fn take_notification(&self, notification: Notification) -> Result<Verdict, MeetingsError> {
        let verdicts = self.observe(&notification.seen).await?;
        Ok(verdicts.into_iter().next_back().unwrap_or(Verdict::Ignored))
    }
}
