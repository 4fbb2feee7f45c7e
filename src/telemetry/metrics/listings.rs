//! What LiveKit servers list, and how that goes.

use prometheus::{Error, Gauge, IntGauge, Registry};

use super::set::{CounterPairs, registered};
use super::{Timestamp, gauge, saturated, unix_seconds};
use crate::telemetry::label::{ListingOf, ListingResult};

#[derive(Debug)]
pub struct Listings {
    asked: CounterPairs<ListingOf, ListingResult>,
    rooms: IntGauge,
    ghosts: IntGauge,
    last: Gauge,
}

// === impl Listings ===

impl Listings {
    pub(super) fn new(r: &Registry) -> Result<Self, Error> {
        Ok(Self {
            asked: CounterPairs::new(
                r,
                [
                    "usher_livekit_listings_total",
                    "Lists that LiveKit servers were asked for.",
                ],
                ["of", "result"],
            )?,
            rooms: gauge(
                r,
                "usher_livekit_rooms",
                "Rooms of usher that LiveKit servers listed last.",
            )?,
            ghosts: gauge(
                r,
                "usher_livekit_ghost_rooms",
                "Those of them that nothing serves any more.",
            )?,
            last: registered(
                r,
                Gauge::new(
                    "usher_livekit_last_listing_timestamp_seconds",
                    "When rooms were listed last, of the server for which that is longest ago; 0 where none was.",
                )?,
            )?,
        })
    }

    pub fn asked(&self, of: ListingOf, result: ListingResult) {
        self.asked.inc(of, result);
    }

    pub fn set_rooms(&self, count: usize) {
        self.rooms.set(saturated(count));
    }

    pub fn set_ghosts(&self, count: usize) {
        self.ghosts.set(saturated(count));
    }

    pub fn set_last(&self, at: Option<Timestamp>) {
        self.last.set(at.map_or(0.0, unix_seconds));
    }
}
