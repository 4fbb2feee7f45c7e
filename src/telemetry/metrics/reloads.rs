//! Whether the configuration that runs is the one on disk.

use prometheus::{Error, Gauge, IntGauge, Registry};

use super::set::{CounterSet, registered};
use super::{Timestamp, gauge, unix_seconds};
use crate::telemetry::label::ReloadResult;

#[derive(Debug)]
pub(super) struct Reloads {
    last_successful: IntGauge,
    last_success_timestamp: Gauge,
    total: CounterSet<ReloadResult>,
}

// === impl Reloads ===

impl Reloads {
    /// What the daemon started with counts as the first success.
    pub(super) fn new(r: &Registry, started: Timestamp) -> Result<Self, Error> {
        let reloads = Self {
            last_successful: gauge(
                r,
                "usher_config_last_reload_successful",
                "0 while the files on disk differ from what runs because they are faulty.",
            )?,
            last_success_timestamp: registered(
                r,
                Gauge::new(
                    "usher_config_last_reload_success_timestamp_seconds",
                    "When the configuration was last read without a fault.",
                )?,
            )?,
            total: CounterSet::new(
                r,
                [
                    "usher_config_reloads_total",
                    "Times that the configuration was read again.",
                ],
                "result",
            )?,
        };
        reloads.succeeded(started);
        Ok(reloads)
    }

    pub(super) fn record(&self, result: ReloadResult, now: Timestamp) {
        self.total.inc(result);
        match result {
            ReloadResult::Applied | ReloadResult::Unchanged => self.succeeded(now),
            ReloadResult::Rejected => self.last_successful.set(0),
        }
    }

    fn succeeded(&self, now: Timestamp) {
        self.last_successful.set(1);
        self.last_success_timestamp.set(unix_seconds(now));
    }
}
