//! The operations listener: `/live`, `/ready` and `/metrics`, for supervision on loopback.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use warp::Filter;

use super::server::{Clock, Edge, Listener, RequestContext, RequestOutcome, refusal};
use crate::telemetry::label::Route;
use crate::telemetry::{Metrics, Readiness};

/// The text format that Prometheus reads.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

type Answer = Response<String>;

/// Answers on the operations listener until it is told to stop.
pub async fn serve(
    listener: Listener,
    edge: Edge,
    readiness: Readiness,
    soft: CancellationToken,
    hard: CancellationToken,
) {
    let routes = routes(edge.metrics.clone(), readiness, edge.clock.clone());
    listener.serve(warp::service(routes), edge, soft, hard).await;
}

/// All routes of the operations listener; every request is answered.
pub fn routes(
    metrics: Arc<Metrics>,
    readiness: Readiness,
    clock: Clock,
) -> impl Filter<Extract = (impl warp::Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let live = read("live").map(|| told(StatusCode::OK, &json!({"status": "live"}), Route::Live));
    let ready = read("ready").map(move || ready(&readiness));
    let figures = read("metrics").map(move || figures(&metrics, &clock));
    let nothing = warp::ext::optional().map(|context: Option<RequestContext>| nothing_here(context.as_ref()));
    live.or(ready).unify().or(figures).unify().or(nothing).unify()
}

/// GET or HEAD of `/{name}`.
fn read(name: &'static str) -> impl Filter<Extract = (), Error = warp::Rejection> + Clone {
    let method = warp::get().or(warp::head()).unify();
    warp::path(name).and(warp::path::end()).and(method)
}

fn ready(readiness: &Readiness) -> Answer {
    let missing = readiness.missing();
    if missing.is_empty() {
        told(StatusCode::OK, &json!({"status": "ready"}), Route::Ready)
    } else {
        let body = json!({"status": "not_ready", "missing": missing});
        told(StatusCode::SERVICE_UNAVAILABLE, &body, Route::Ready)
    }
}

fn figures(metrics: &Metrics, clock: &Clock) -> Answer {
    let mut answer = match metrics.render(clock.now()) {
        Ok(text) => plain(StatusCode::OK, text),
        Err(error) => {
            tracing::error!(%error, "cannot render the metrics");
            plain(StatusCode::INTERNAL_SERVER_ERROR, String::new())
        }
    };
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(PROMETHEUS_TEXT));
    answer.extensions_mut().insert(RequestOutcome::of(Route::Metrics));
    answer
}

fn nothing_here(context: Option<&RequestContext>) -> Answer {
    let id = context.map_or("", |context| context.id.as_str());
    let answer = refusal(StatusCode::NOT_FOUND, "not_found", "There is nothing here.", id);
    answer.map(|body| String::from_utf8_lossy(&body).into_owned())
}

fn told(status: StatusCode, body: &Value, route: Route) -> Answer {
    let mut answer = plain(status, body.to_string());
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.extensions_mut().insert(RequestOutcome::of(route));
    answer
}

fn plain(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
