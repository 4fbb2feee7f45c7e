//! What LiveKit lists → what is believed: differences are closed with facts that say so.

use tokio_util::sync::CancellationToken;

use super::Meetings;
use crate::backend::Backends;

/// Compares for as long as it runs.
#[derive(Clone)]
pub struct Repair {
    #[expect(dead_code, reason = "under construction")]
    meetings: Meetings,
    #[expect(dead_code, reason = "under construction")]
    backends: Backends,
}

// === impl Repair ===

impl Repair {
    pub fn new(meetings: Meetings, backends: Backends) -> Self {
        Self { meetings, backends }
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        stop.cancelled().await;
    }
}
