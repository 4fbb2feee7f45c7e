//! Figures of the listeners: requests by route template, method and status, and how long they took.

use std::sync::OnceLock;
use std::time::Duration;

use http::StatusCode;
use prometheus::{Error, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry};

use super::set::registered;
use crate::telemetry::label::{Label, Method, Route};

/// Counts requests without looking up labels: a table of counters that are made at their first use, so that only
/// combinations that happen are exposed.
#[derive(Debug)]
pub struct HttpMetrics {
    family: IntCounterVec,
    requests: Vec<OnceLock<IntCounter>>,
    durations: Vec<Histogram>,
    panics: IntCounter,
}

/// Statuses with a label of their own. 499 (borrowed from nginx) is a caller that went away before its answer.
const STATUSES: [u16; 32] = [
    101, 200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 411,
    412, 413, 414, 415, 422, 426, 429, 431, 499, 500, 503,
];

/// Seconds. Most answers take well under a millisecond, a durable write a few.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

// === impl HttpMetrics ===

impl HttpMetrics {
    pub(super) fn new(r: &Registry) -> Result<Self, Error> {
        let requests = Opts::new("usher_http_requests_total", "Requests by route template.");
        let durations = HistogramOpts::new(
            "usher_http_request_duration_seconds",
            "Time from the end of the request's head to the start of the answer.",
        );
        let durations = registered(
            r,
            HistogramVec::new(durations.buckets(BUCKETS.to_vec()), &["route"])?,
        )?;
        let panics = IntCounter::new("usher_http_panics_total", "Handlers that panicked.")?;
        let cells = Route::ALL.len() * Method::ALL.len() * (STATUSES.len() + 1);
        Ok(Self {
            family: registered(r, IntCounterVec::new(requests, &["route", "method", "status"])?)?,
            requests: std::iter::repeat_with(OnceLock::new).take(cells).collect(),
            durations: Route::ALL
                .iter()
                .map(|route| durations.with_label_values(&[route.as_str()]))
                .collect(),
            panics: registered(r, panics)?,
        })
    }

    /// One request was answered.
    pub fn answered(&self, route: Route, method: Method, status: StatusCode, took: Duration) {
        self.requests(route, method, status).inc();
        self.durations[route.index()].observe(took.as_secs_f64());
    }

    /// Something was answered that never became a request, such as an unreadable head.
    pub fn unreadable(&self, status: StatusCode) {
        self.requests(Route::Unmatched, Method::Other, status).inc();
    }

    pub fn handler_panicked(&self) {
        self.panics.inc();
    }

    fn requests(&self, route: Route, method: Method, status: StatusCode) -> &IntCounter {
        let place = STATUSES.binary_search(&status.as_u16()).unwrap_or(STATUSES.len());
        let row = route.index() * Method::ALL.len() + method.index();
        self.requests[row * (STATUSES.len() + 1) + place].get_or_init(|| {
            let status = if place < STATUSES.len() {
                status.as_str()
            } else {
                "other"
            };
            self.family
                .with_label_values(&[route.as_str(), method.as_str(), status])
        })
    }
}
