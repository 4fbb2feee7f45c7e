//! What LiveKit tells by webhook, and how late.

use std::time::Duration;

use prometheus::{Error, Histogram, Registry};

use super::histogram;
use super::set::CounterPairs;
use crate::telemetry::label::{Verdict, WebhookEvent};

#[derive(Debug)]
pub struct Webhooks {
    taken: CounterPairs<WebhookEvent, Verdict>,
    lag: Histogram,
}

/// Seconds. LiveKit tries 5 times in 15 seconds, and drops what has waited for 30.
const LAG_BUCKETS: [f64; 8] = [1.0, 2.0, 3.0, 5.0, 10.0, 16.0, 30.0, 60.0];

// === impl Webhooks ===

impl Webhooks {
    pub(super) fn new(r: &Registry) -> Result<Self, Error> {
        Ok(Self {
            taken: CounterPairs::new(
                r,
                [
                    "usher_livekit_webhooks_total",
                    "Webhooks of LiveKit; those that were refused unread count as other events.",
                ],
                ["event", "verdict"],
            )?,
            lag: histogram(
                r,
                "usher_livekit_webhook_lag_seconds",
                "Time from LiveKit's making a webhook, in whole seconds, to its arrival.",
                &LAG_BUCKETS,
            )?,
        })
    }

    /// One webhook was answered.
    pub fn answered(&self, event: WebhookEvent, verdict: Verdict) {
        self.taken.inc(event, verdict);
    }

    /// One that was signed came so long after it was made.
    pub fn came_after(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }
}
