//! Who follows events live.

use prometheus::{Error, IntCounter, Registry};

use super::counter;
use super::set::{CounterSet, GaugeSet};
use crate::telemetry::label::{ListenerCut, ListenerKind};

#[derive(Debug)]
pub struct Listeners {
    now: GaugeSet<ListenerKind>,
    heard: IntCounter,
    cut: CounterSet<ListenerCut>,
}

// === impl Listeners ===

impl Listeners {
    pub(super) fn new(r: &Registry) -> Result<Self, Error> {
        Ok(Self {
            now: GaugeSet::new(r, ["usher_listeners", "Listeners of live events now."], "kind")?,
            heard: counter(
                r,
                "usher_listeners_events_total",
                "Events told to listeners, counted once for each listener.",
            )?,
            cut: CounterSet::new(
                r,
                [
                    "usher_listeners_cut_total",
                    "Listeners cut off because they did not read.",
                ],
                "reason",
            )?,
        })
    }

    pub fn came(&self, kind: ListenerKind) {
        self.now.get(kind).inc();
    }

    pub fn went(&self, kind: ListenerKind) {
        self.now.get(kind).dec();
    }

    /// So many listeners were told an event.
    pub fn heard(&self, listeners: u64) {
        self.heard.inc_by(listeners);
    }

    pub fn cut(&self, why: ListenerCut) {
        self.cut.inc(why);
    }
}
