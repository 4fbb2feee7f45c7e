//! Which pages may call: the origins listed for the clients, and never `*`.
//!
//! A preflight carries no credential, so it is answered for any listed origin; whether the origin belongs to the client
//! that really calls is looked at with the credential.

use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method};
use tokio::sync::watch;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Config;

const PREFLIGHT_CACHE: Duration = Duration::from_secs(600);

/// The layer for the public listener; it follows the configuration.
pub fn layer(config: watch::Receiver<Arc<Config>>) -> CorsLayer {
    let listed = move |origin: &HeaderValue| {
        let config = config.borrow();
        config
            .clients
            .values()
            .flat_map(|client| &client.origins)
            .any(|known| known.as_bytes() == origin.as_bytes())
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| listed(origin)))
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            IF_MATCH,
        ])
        .expose_headers([HeaderName::from_static("x-request-id"), ETAG, RETRY_AFTER])
        .max_age(PREFLIGHT_CACHE)
}
