//! What is the same for every request: its id, its caller, its line in the log, its place in the figures, and an answer
//! even when the route panics.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::CONNECTION;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, StatusCode, Uri, Version};
use tokio::time::Instant;
use tower::ServiceExt;

use super::body::{RequestBody, ResponseBody};
use super::caller::TrustedProxies;
use super::refusal::{INTERNAL_ERROR_CODE, TIMEOUT_CODE, body_timeout, internal_error};
use super::request_id::{RequestId, RequestIds, X_REQUEST_ID};
use super::sequel::Sequel;
use super::stage::Connection;
use super::{AnswerBody, Limits, Routes};
use crate::domain::{ClientId, Timestamp};
use crate::telemetry::Metrics;
use crate::telemetry::label::{Label, Method, Route};

/// What all connections of a listener share.
#[derive(Debug)]
pub struct Edge {
    pub metrics: Arc<Metrics>,
    pub clock: Clock,
    pub trusted_proxies: TrustedProxies,
    pub request_ids: RequestIds,
    pub limits: Limits,
}

/// Tells the time, since time is an argument.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

/// What a route may know about its request beyond the request itself: `warp::ext::get::<RequestContext>()`.
#[derive(Debug, Clone)]
pub struct RequestContext {
    pub id: RequestId,
    /// The caller's address, as far as trusted proxies vouch for it.
    pub address: IpAddr,
    pub received_at: Timestamp,
}

/// What a route tells about its answer, left in the extensions of the response; without it the route is
/// [`Route::Unmatched`].
#[derive(Debug, Clone)]
pub struct RequestOutcome {
    pub route: Route,
    /// Who called, once that is known.
    pub client: Option<ClientId>,
    /// The code of the refusal, if it was one.
    pub reason: Option<&'static str>,
}

/// A request that must be counted and logged in the end, whatever becomes of it.
struct Record {
    edge: Arc<Edge>,
    id: RequestId,
    method: Method,
    started: Instant,
    answered: bool,
}

/// A caller that went away before its answer; the number is nginx's.
const CLIENT_CLOSED_REQUEST: u16 = 499;

// === impl Clock ===

impl Clock {
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

// === impl RequestOutcome ===

impl RequestOutcome {
    /// An answer of `route` about which nothing else is known.
    pub fn of(route: Route) -> Self {
        Self {
            route,
            client: None,
            reason: None,
        }
    }
}

// === impl Record ===

impl Record {
    fn answered(mut self, status: StatusCode, outcome: &RequestOutcome) {
        self.answered = true;
        self.tell(status, outcome);
    }

    fn tell(&self, status: StatusCode, outcome: &RequestOutcome) {
        let took = self.started.elapsed();
        self.edge
            .metrics
            .http
            .answered(outcome.route, self.method, status, took);
        let (method, route, status) = (self.method.as_str(), outcome.route.as_str(), status.as_u16());
        let duration_ms = took.as_micros() as f64 / 1000.0;
        let request_id = self.id.as_str();
        let client = outcome.client.as_ref().map(ClientId::as_str);
        let reason = outcome.reason;
        if outcome.route.is_supervision() {
            tracing::debug!(
                method,
                route,
                status,
                duration_ms,
                request_id,
                "{method} {route} {status}"
            );
        } else {
            tracing::info!(
                method,
                route,
                status,
                duration_ms,
                request_id,
                client,
                reason,
                "{method} {route} {status}"
            );
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.answered {
            let status = StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or_default();
            self.tell(status, &RequestOutcome::of(Route::Unmatched));
        }
    }
}

/// Answers one request; always.
pub(super) async fn answer<S: Routes<B>, B: AnswerBody>(
    edge: Arc<Edge>,
    connection: Arc<Connection>,
    service: S,
    request: Request<RequestBody>,
) -> Result<Response<ResponseBody<B>>, Infallible> {
    let id = edge.request_ids.id_for(request.headers());
    let record = Record {
        id: id.clone(),
        method: request.method().into(),
        started: Instant::now(),
        answered: false,
        edge: edge.clone(),
    };
    // What is asked for with HEAD has no body, however long that would be.
    let body = (request.method() != http::Method::HEAD).then_some(request.version());
    let request = prepared(request, &edge, &connection, &id);
    let answered = AssertUnwindSafe(service.oneshot(request)).catch_unwind().await;
    let (mut response, outcome) = match answered {
        Ok(Ok(response)) if !connection.body_was_cut() => told(response, &connection, body),
        Ok(_) => own(body_timeout(&id), TIMEOUT_CODE, &connection),
        Err(_) => {
            edge.metrics.http.handler_panicked();
            tracing::error!(request_id = id.as_str(), "the handler of request {id} panicked");
            own(internal_error(&id), INTERNAL_ERROR_CODE, &connection)
        }
    };
    response.headers_mut().insert(X_REQUEST_ID, id.header_value());
    record.answered(response.status(), &outcome);
    Ok(response)
}

/// The request as routes see it.
fn prepared(
    mut request: Request<RequestBody>,
    edge: &Edge,
    connection: &Connection,
    id: &RequestId,
) -> Request<RequestBody> {
    let address = edge.trusted_proxies.caller(connection.peer, request.headers());
    let context = RequestContext {
        id: id.clone(),
        address,
        received_at: edge.clock.now(),
    };
    request.extensions_mut().insert(context);
    if request.uri().path_and_query().is_none() {
        // The form of CONNECT, `host:port` (RFC 9112, section 3.2.3): it asks for nothing here, and routes want a path.
        *request.uri_mut() = Uri::from_static("/");
    } else if let Some(uri) = without_trailing_slash(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// A route's answer and what the route told about it; `version` is how a body would be written.
fn told<B>(
    mut response: Response<B>,
    connection: &Arc<Connection>,
    version: Option<Version>,
) -> (Response<ResponseBody<B>>, RequestOutcome) {
    let outcome = response.extensions_mut().remove();
    let response = match (response.extensions_mut().remove::<Sequel>(), version) {
        (Some(sequel), Some(version)) => {
            connection.is_followed_by(sequel, version == Version::HTTP_11);
            if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                // Callers keep a connection for their next request otherwise, and lose that at the end of this one.
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            response.map(|_| ResponseBody::of_sequel(connection.clone()))
        }
        _ => response.map(|body| ResponseBody::of_route(body, connection.clone())),
    };
    (response, outcome.unwrap_or(RequestOutcome::of(Route::Unmatched)))
}

/// An answer of the door itself.
fn own<B>(
    response: Response<Bytes>,
    reason: &'static str,
    connection: &Arc<Connection>,
) -> (Response<ResponseBody<B>>, RequestOutcome) {
    let response = response.map(|body| ResponseBody::of_door(body, connection.clone()));
    (
        response,
        RequestOutcome {
            reason: Some(reason),
            ..RequestOutcome::of(Route::Unmatched)
        },
    )
}

/// `/path/?query` as `/path?query`; `None` where there is nothing to take away.
fn without_trailing_slash(uri: &Uri) -> Option<Uri> {
    let bare = uri.path().strip_suffix('/')?;
    if bare.is_empty() || bare.ends_with('/') {
        return None;
    }
    let path_and_query: PathAndQuery = match uri.query() {
        Some(query) => format!("{bare}?{query}").parse().ok()?,
        None => bare.parse().ok()?,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_trailing_slash_is_taken_away() {
        let bare = |uri: &str| without_trailing_slash(&uri.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(bare("/sso/login/?a=b/").as_deref(), Some("/sso/login?a=b/"));
        assert_eq!(bare("/sso/login/").as_deref(), Some("/sso/login"));
        assert_eq!(bare("http://h/x/").as_deref(), Some("http://h/x"));
        for unchanged in ["/", "//", "/sso/login", "/sso//", "*", "/sso?next=/"] {
            assert_eq!(bare(unchanged), None, "{unchanged}");
        }
    }
}
