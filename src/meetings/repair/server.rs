//! One LiveKit server: a look at what it lists, what follows from it, and when to look again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{EVERY, Found, Repair};
use crate::backend::BackendError;
use crate::domain::Timestamp;
use crate::domain::observation::{BackendId, What};
use crate::domain::repair::{Comparison, Finding, Watch};
use crate::meetings::MeetingsError;

/// Looks at one server until it is told to stop.
pub(super) struct Server {
    pub(super) repair: Repair,
    pub(super) backend: BackendId,
    stop: CancellationToken,
    wake: Arc<Notify>,
    comparison: Comparison,
    pub(super) watch: Watch,
    pauses: Pauses,
}

/// How long until the next look.
#[derive(Debug, Default)]
struct Pauses {
    failures: u32,
}

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookError {
    #[error("its rooms could not be listed: {0}")]
    NotListed(#[from] BackendError),
    #[error("what is believed could not be read, or what was found not be written: {0}")]
    Store(#[from] MeetingsError),
}

/// How many lists of people are asked for at a time, and how many rooms are written.
pub(super) const AT_ONCE: usize = 16;
/// What has just begun is not taken for missed: the webhook about it may be on its way.
const FRESH: chrono::Duration = chrono::Duration::seconds(5);
/// After a failure, or where something was too fresh.
const SOON: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

// === impl Server ===

impl Server {
    pub(super) fn new(
        repair: &Repair,
        backend: BackendId,
        (stop, wake): (CancellationToken, Arc<Notify>),
    ) -> Self {
        Self {
            repair: repair.clone(),
            backend,
            stop,
            wake,
            comparison: Comparison::default(),
            watch: Watch::default(),
            pauses: Pauses::default(),
        }
    }

    pub(super) async fn follow(mut self) {
        let (stop, wake) = (self.stop.clone(), Arc::clone(&self.wake));
        let looking = async {
            self.remember().await;
            loop {
                let pause = self.look_again().await;
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = wake.notified() => {}
                }
            }
        };
        stop.run_until_cancelled(looking).await;
    }

    /// Goes on from the last list before the start.
    async fn remember(&mut self) {
        match self.repair.meetings.last_listing(&self.backend).await {
            Ok(before) => self.comparison = Comparison::since(before),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(
                    backend = self.backend.name,
                    error,
                    "failed to read when it was listed last"
                );
            }
        }
    }

    /// One look; returns how long to wait for the next.
    async fn look_again(&mut self) -> Duration {
        match self.look().await {
            Ok(is_fresh) => {
                if self.pauses.failures > 0 {
                    tracing::info!(backend = self.backend.name, "the server lists its rooms again");
                }
                self.pauses.after_success(is_fresh)
            }
            Err(error) => {
                let pause = self.pauses.after_failure();
                let error = &error as &dyn std::error::Error;
                let (backend, retry_in) = (&self.backend.name, pause);
                // Once is enough: for how long it lasts is shown by the metrics, and its end by the line above.
                if self.pauses.failures == 1 {
                    tracing::warn!(
                        backend,
                        error,
                        ?retry_in,
                        "a look at what the server lists failed"
                    );
                } else {
                    tracing::debug!(
                        backend,
                        error,
                        ?retry_in,
                        "a look at what the server lists failed again"
                    );
                }
                pause
            }
        }
    }

    /// Compares once; whether something was too fresh to be judged.
    async fn look(&mut self) -> Result<bool, LookError> {
        let Some(look) = self.ask().await? else {
            return Ok(false);
        };
        self.probe(&look).await;
        let listing = self.listing(&look);
        let heard = |sid: &str| self.repair.meetings.heard_of(&self.backend, sid);
        let findings = self.comparison.compare(&listing, &look.beliefs, &heard);
        let (fresh, settled): (Vec<_>, Vec<_>) = findings
            .into_iter()
            .partition(|finding| is_fresh(finding, look.at));
        self.apply(settled).await?;
        self.delete_ghosts(&look, &listing).await;
        self.repair.meetings.note_listing(&self.backend, look.at).await?;
        let found = Found {
            at: look.at,
            rooms: look.rooms.len(),
            ghosts: self.watch.ghosts(),
        };
        self.repair.show(&self.backend, Some(found));
        Ok(!fresh.is_empty())
    }
}

/// Whether what was found may yet be reported.
fn is_fresh(finding: &Finding, now: Timestamp) -> bool {
    let began = match &finding.seen.what {
        What::Entered(arrival) => arrival.entered_at,
        What::RoomOpened { opened_at, .. } => *opened_at,
        _ => None,
    };
    began.is_some_and(|began| now - began < FRESH)
}

// === impl Pauses ===

impl Pauses {
    /// Soon again after a failure: a server that was away has seldom nothing to tell.
    fn after_success(&mut self, is_fresh: bool) -> Duration {
        let was_away = std::mem::take(&mut self.failures) > 0;
        if was_away || is_fresh { SOON } else { EVERY }
    }

    fn after_failure(&mut self) -> Duration {
        let pause = SHORTEST_PAUSE * 2u32.saturating_pow(self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        pause.min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_while_the_server_is_away_and_end_with_a_second_look() {
        let mut pauses = Pauses::default();
        assert_eq!(pauses.after_success(false), EVERY);
        let failed = [(); 7].map(|()| pauses.after_failure().as_secs());
        assert_eq!(failed, [2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pauses.after_success(false), SOON);
        assert_eq!(pauses.after_success(false), EVERY);
        assert_eq!(pauses.after_success(true), SOON, "something may yet be reported");
    }
}
