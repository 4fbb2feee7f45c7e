//! The `Metrics` struct: every figure of the daemon, in one registry of its own.
//!
//! It is built once, passed to whoever has something to count, and read by `/metrics`. Children of labelled metrics are
//! looked up when it is built, so counting is one atomic addition.

mod admission;
mod listeners;
mod listings;
mod reloads;
mod requests;
mod set;
mod webhooks;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use prometheus::{
    Error, Gauge, Histogram, HistogramOpts, IntCounter, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use super::label::{
    AuditAction, AuditOutcome, Correction, Label, MeetingStatus, OrderKind, OrderResult, ReloadResult,
    Reservation, SignInMethod, SignInResult, Source, TokenCheck, TokenKind, TokenResult, Verdict,
};
use admission::Admission;
pub use listeners::Listeners;
pub use listings::Listings;
use reloads::Reloads;
pub use requests::HttpMetrics;
use set::{CounterPairs, CounterSet, GaugeSet, registered};
pub use webhooks::Webhooks;

/// All figures of the daemon; names and labels are listed in the documentation for operators.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub http: HttpMetrics,
    pub listeners: Listeners,
    pub listings: Listings,
    pub webhooks: Webhooks,
    admission: Admission,
    events: Events,
    meetings: GaugeSet<MeetingStatus>,
    people: IntGauge,
    meeting_duration: Histogram,
    ingest: CounterPairs<Source, Verdict>,
    corrections: CounterSet<Correction>,
    reservations: CounterSet<Reservation>,
    orders: CounterPairs<OrderKind, OrderResult>,
    orders_waiting: IntGauge,
    config: Reloads,
    store: StoreMetrics,
}

/// The version of the running program, for `usher_build_info`.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    pub version: &'static str,
    /// The commit it was built from, where the build was told.
    pub revision: &'static str,
}

#[derive(Debug)]
struct Events {
    published: IntCounter,
    waiting: IntGauge,
    oldest_waiting: Gauge,
    /// Unix milliseconds; [`NOTHING_WAITS`] when there is none. The age grows although nobody reports, so it is
    /// worked out when it is read.
    oldest_since: AtomicI64,
    nats_connected: IntGauge,
}

#[derive(Debug)]
struct StoreMetrics {
    flush: Histogram,
    writes: IntCounter,
}

type Timestamp = chrono::DateTime<chrono::Utc>;

const NOTHING_WAITS: i64 = i64::MAX;

/// Seconds. From the calls that stay in the room to those that run through a working day.
const MEETING_BUCKETS: [f64; 11] = [
    60.0, 300.0, 600.0, 900.0, 1800.0, 2700.0, 3600.0, 5400.0, 7200.0, 14_400.0, 28_800.0,
];

/// Seconds. An fdatasync takes from 0.1 ms (NVMe with a capacitor) to hundreds of milliseconds (a busy disk).
const FLUSH_BUCKETS: [f64; 11] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5,
];

// === impl Metrics ===

impl Metrics {
    /// Fails only when two metrics share a name, which the first start of a changed program shows.
    pub fn new(build: Build, started: Timestamp) -> Result<Self, Error> {
        let registry = Registry::new();
        let r = &registry;
        record_build(r, build)?;
        record_start(r, started)?;
        Ok(Self {
            http: HttpMetrics::new(r)?,
            listeners: Listeners::new(r)?,
            listings: Listings::new(r)?,
            webhooks: Webhooks::new(r)?,
            admission: Admission::new(r)?,
            events: Events::new(r)?,
            meetings: GaugeSet::new(r, ["usher_meetings", "Meetings that are not over."], "status")?,
            people: gauge(r, "usher_people", "People in meetings now.")?,
            meeting_duration: histogram(
                r,
                "usher_meeting_duration_seconds",
                "Time that somebody was in, of completed meetings.",
                &MEETING_BUCKETS,
            )?,
            ingest: CounterPairs::new(
                r,
                ["usher_ingest_total", "Reports of meeting servers."],
                ["source", "verdict"],
            )?,
            corrections: counted(
                r,
                "usher_corrections_total",
                "Facts that were concluded because nobody had reported them.",
                "kind",
            )?,
            reservations: counted(
                r,
                "usher_reservations_total",
                "Questions of meeting servers whether a room may open.",
                "result",
            )?,
            orders: CounterPairs::new(
                r,
                ["usher_orders_total", "What meeting servers were told to do."],
                ["kind", "result"],
            )?,
            orders_waiting: gauge(
                r,
                "usher_orders_waiting",
                "What meeting servers have still to be told.",
            )?,
            config: Reloads::new(r, started)?,
            store: StoreMetrics::new(r)?,
            registry,
        })
    }

    pub fn token_requested(&self, kind: TokenKind, result: TokenResult) {
        self.admission.tokens.inc(kind, result);
    }

    pub fn token_checked(&self, found: TokenCheck) {
        self.admission.token_checks.inc(found);
    }

    pub fn signed_in(&self, method: SignInMethod, result: SignInResult) {
        self.admission.signins.inc(method, result);
    }

    pub fn event_published(&self) {
        self.events.published.inc();
    }

    /// How many events are stored and not yet acknowledged by the bus, and since when the oldest of them waits.
    pub fn set_events_waiting(&self, count: usize, oldest_since: Option<Timestamp>) {
        self.events.waiting.set(saturated(count));
        let millis = oldest_since.map_or(NOTHING_WAITS, |since| since.timestamp_millis());
        self.events.oldest_since.store(millis, Ordering::Relaxed);
    }

    /// One more audit record is stored, and waits to be sent.
    pub fn audit_recorded(&self, action: AuditAction, outcome: AuditOutcome) {
        self.admission.audit_records.inc(action, outcome);
        self.admission.audit_waiting.inc();
    }

    /// So many audit records are to be sent, for the first time since the start or once more.
    pub fn audit_waits(&self, count: usize) {
        self.admission.audit_waiting.add(saturated(count));
    }

    /// So many of them were acknowledged by the bus.
    pub fn audit_published(&self, count: usize) {
        self.admission.audit_waiting.sub(saturated(count));
    }

    /// Shows whether NATS is connected from here on. Without it the metric is absent: where no NATS is configured, its
    /// absence is not a fault.
    pub fn show_nats(&self) -> Result<(), Error> {
        self.registry
            .register(Box::new(self.events.nats_connected.clone()))
    }

    pub fn set_nats_connected(&self, connected: bool) {
        self.events.nats_connected.set(connected.into());
    }

    pub fn set_meetings(&self, status: MeetingStatus, count: usize) {
        self.meetings.get(status).set(saturated(count));
    }

    pub fn set_people(&self, count: usize) {
        self.people.set(saturated(count));
    }

    /// A meeting is over in which somebody was in for `duration`.
    pub fn meeting_completed(&self, duration: Duration) {
        self.meeting_duration.observe(duration.as_secs_f64());
    }

    pub fn ingested(&self, source: Source, verdict: Verdict) {
        self.ingest.inc(source, verdict);
    }

    pub fn corrected(&self, correction: Correction) {
        self.corrections.inc(correction);
    }

    pub fn reservation_asked(&self, result: Reservation) {
        self.reservations.inc(result);
    }

    pub fn ordered(&self, kind: OrderKind, result: OrderResult) {
        self.orders.inc(kind, result);
    }

    pub fn set_orders_waiting(&self, count: usize) {
        self.orders_waiting.set(saturated(count));
    }

    pub fn config_reloaded(&self, result: ReloadResult, now: Timestamp) {
        self.config.record(result, now);
    }

    /// One flush made `writes` durable together and took `took`.
    pub fn store_flushed(&self, writes: u64, took: Duration) {
        self.store.writes.inc_by(writes);
        self.store.flush.observe(took.as_secs_f64());
    }

    /// The Prometheus text format, version 0.0.4.
    pub fn render(&self, now: Timestamp) -> Result<String, Error> {
        self.events.refresh_age(now);
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

// === impl Build ===

impl Build {
    /// What this program was built as.
    pub const CURRENT: Self = Self {
        version: env!("CARGO_PKG_VERSION"),
        revision: match option_env!("USHER_REVISION") {
            Some(revision) => revision,
            None => "unknown",
        },
    };
}

// === impl Events ===

impl Events {
    fn new(r: &Registry) -> Result<Self, Error> {
        Ok(Self {
            published: counter(
                r,
                "usher_events_published_total",
                "Events that the bus acknowledged.",
            )?,
            waiting: gauge(
                r,
                "usher_events_waiting",
                "Events stored and not yet acknowledged by the bus.",
            )?,
            oldest_waiting: registered(
                r,
                Gauge::new(
                    "usher_events_oldest_waiting_seconds",
                    "Age of the oldest waiting event, else 0.",
                )?,
            )?,
            oldest_since: AtomicI64::new(NOTHING_WAITS),
            nats_connected: IntGauge::new("usher_nats_connected", "1 while NATS is connected.")?,
        })
    }

    fn refresh_age(&self, now: Timestamp) {
        let since = self.oldest_since.load(Ordering::Relaxed);
        let millis = now.timestamp_millis().saturating_sub(since).max(0);
        self.oldest_waiting.set(millis as f64 / 1000.0);
    }
}

// === impl StoreMetrics ===

impl StoreMetrics {
    fn new(r: &Registry) -> Result<Self, Error> {
        Ok(Self {
            flush: histogram(
                r,
                "usher_store_flush_seconds",
                "Time of one flush to disk.",
                &FLUSH_BUCKETS,
            )?,
            writes: counter(r, "usher_store_writes_total", "Writes that were made durable.")?,
        })
    }
}

fn record_build(r: &Registry, build: Build) -> Result<(), Error> {
    let opts = Opts::new("usher_build_info", "Always 1; the labels say what runs.");
    let info = registered(r, IntGaugeVec::new(opts, &["version", "revision"])?)?;
    info.with_label_values(&[build.version, build.revision]).set(1);
    Ok(())
}

fn record_start(r: &Registry, started: Timestamp) -> Result<(), Error> {
    let help = "When the process started, as seconds since 1970.";
    registered(r, Gauge::new("process_start_time_seconds", help)?)?.set(unix_seconds(started));
    Ok(())
}

fn counted<L: Label>(r: &Registry, name: &str, help: &str, label: &str) -> Result<CounterSet<L>, Error> {
    CounterSet::new(r, [name, help], label)
}

fn counter(r: &Registry, name: &str, help: &str) -> Result<IntCounter, Error> {
    registered(r, IntCounter::new(name, help)?)
}

fn gauge(r: &Registry, name: &str, help: &str) -> Result<IntGauge, Error> {
    registered(r, IntGauge::new(name, help)?)
}

fn histogram(r: &Registry, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, Error> {
    registered(
        r,
        Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?,
    )
}

fn saturated(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unix_seconds(time: Timestamp) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests;
