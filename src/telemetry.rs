//! What the daemon says about itself: log lines, metrics, and whether it is ready.

pub mod label;
pub mod log;
pub mod metrics;
mod readiness;

pub use metrics::Metrics;
pub use readiness::{Latch, Readiness};
