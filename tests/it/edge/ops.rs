//! The operations routes, as supervision sees them.

use std::sync::Arc;

use chrono::DateTime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher::http::ops;
use usher::http::server::{Clock, Edge, Limits, Listener, RequestIds, TrustedProxies};
use usher::telemetry::metrics::Build;
use usher::telemetry::{Metrics, Readiness};

use crate::web;

async fn get(address: &str, path: &str) -> (u16, String) {
    let client = web::client().build().unwrap();
    let answer = client
        .get(format!("http://{address}{path}"))
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn live_ready_and_metrics() {
    let readiness = Readiness::new();
    let (store, nats) = (readiness.part("store"), readiness.part("listener"));
    let metrics = Arc::new(Metrics::new(Build::CURRENT, DateTime::UNIX_EPOCH).unwrap());
    let clock = Clock::new(|| DateTime::UNIX_EPOCH);
    let routes = ops::routes(metrics.clone(), readiness, clock.clone());
    let (trusted_proxies, request_ids) = (TrustedProxies::none(), RequestIds::new(1));
    let edge = Edge {
        metrics,
        clock,
        trusted_proxies,
        request_ids,
        limits: Limits::default(),
    };
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().to_string();
    let mut server = JoinSet::new();
    server.spawn(listener.serve(
        warp::service(routes),
        edge,
        CancellationToken::new(),
        CancellationToken::new(),
    ));

    assert_eq!(
        get(&address, "/live").await,
        (200, r#"{"status":"live"}"#.to_owned())
    );
    let (status, body) = get(&address, "/ready").await;
    assert_eq!(status, 503);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"status": "not_ready", "missing": ["store", "listener"]})
    );
    store.set();
    nats.set();
    assert_eq!(
        get(&address, "/ready/").await,
        (200, r#"{"status":"ready"}"#.to_owned())
    );

    let (status, figures) = get(&address, "/metrics").await;
    assert_eq!(status, 200);
    assert!(
        figures.contains(r#"usher_http_requests_total{method="GET",route="/ready",status="503"} 1"#),
        "{figures}"
    );
    let (status, body) = get(&address, "/nothing").await;
    assert_eq!(status, 404);
    assert!(body.contains(r#""code":"not_found""#), "{body}");
}
