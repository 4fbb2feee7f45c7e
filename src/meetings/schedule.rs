//! Time passing: wakes when the next meeting is due and lets the state machine draw its conclusions.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::Sweep;
use super::{Meetings, MeetingsError};
use crate::domain::{Input, MeetingId};

/// After a start, what servers have to report comes first; conclusions wait so long, or the grace time if that is less.
pub(super) const LISTEN_FIRST: Duration = Duration::from_secs(15);
/// A meeting that was due and did not change is looked at again after so long.
const AGAIN: chrono::Duration = chrono::Duration::seconds(1);
/// How often memory of finished meetings is swept, and the store of old ones.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
const MEETINGS_AT_ONCE: usize = 64;

// === impl Meetings ===

impl Meetings {
    /// Runs until `stop`.
    pub async fn run_schedule(&self, stop: CancellationToken) {
        let both = async { tokio::join!(self.follow_time(), self.follow_age()) };
        let _ = stop.run_until_cancelled(both).await;
    }

    async fn follow_time(&self) {
        let grace = self.policy().adhoc_grace.to_std().unwrap_or_default();
        let mut config = self.0.config.clone();
        tokio::time::sleep(LISTEN_FIRST.min(grace)).await;
        loop {
            // First of all: reports without end, each of which changes what is due, must not keep us from it.
            let wait = self.until_next_due();
            if wait.is_zero() {
                self.tick_due().await;
                continue;
            }
            tokio::select! {
                () = self.0.due_changed.notified() => {}
                () = tokio::time::sleep(wait) => {}
                // Every due moment was reckoned with the grace times of before.
                Ok(()) = config.changed() => self.index(|index| index.all_are_due(self.now())),
            }
        }
    }

    async fn follow_age(&self) {
        let mut hour = tokio::time::interval(SWEEP_EVERY);
        let mut sweep = Sweep::default();
        loop {
            hour.tick().await;
            self.sweep(&mut sweep).await;
        }
    }

    fn until_next_due(&self) -> Duration {
        let due = self.index(|index| index.next_due());
        due.map_or(SWEEP_EVERY, |at| (at - self.now()).to_std().unwrap_or_default())
    }

    async fn tick_due(&self) {
        let now = self.now();
        let due = self.index(|index| index.take_due(now, now + AGAIN));
        stream::iter(due)
            .for_each_concurrent(MEETINGS_AT_ONCE, |id| self.tick(id))
            .await;
    }

    async fn tick(&self, id: MeetingId) {
        match self.apply(id, &Input::Tick).await {
            Ok((_, true)) => {}
            Ok((meeting, false)) => {
                let (policy, earliest) = (self.policy(), self.now() + AGAIN);
                self.index(|index| index.postpone(&meeting, &policy, earliest));
            }
            Err(MeetingsError::Unknown) => self.index(|index| index.forget(id)),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(meeting = %id, error, "failed to follow a meeting; trying again");
            }
        }
    }

    /// The work of every hour: forgets what is old, and the next of what leads nowhere.
    pub async fn sweep(&self, sweep: &mut Sweep) {
        self.tidy(sweep).await;
        self.tidy_webhooks().await;
        self.forget_past();
        match self.remove_old().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed meetings older than keep_days"),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "failed to remove old meetings"
            ),
        }
    }

    async fn tidy_webhooks(&self) {
        match self.sweep_webhooks().await {
            Ok(removed) => tracing::debug!(removed, "removed ids of webhooks"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "failed to remove old ids of webhooks");
            }
        }
    }
}
