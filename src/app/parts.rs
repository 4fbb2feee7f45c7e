//! The long-lived tasks of the daemon, each under its name.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{App, event_source};
use crate::bus::{Bus, NatsState};
use crate::config::{Config, Outcome, Watcher};
use crate::domain::Timestamp;
use crate::http::server::{Clock, Edge, Limits, Listener, RequestIds, TrustedProxies};
use crate::http::{self, Api, ops};
use crate::lifecycle::{Lifecycle, Reload};
use crate::meetings::acting::Acting;
use crate::meetings::outbox::Outbox;
use crate::meetings::repair::Repair;
use crate::store::Store;
use crate::telemetry::label::ReloadResult;
use crate::telemetry::{Latch, Metrics, Readiness};
use crate::tokens::Keyring;

/// How often the store is asked whether it still takes writes.
const STORE_CHECK: Duration = Duration::from_secs(1);

// === impl App ===

impl App {
    /// Spawns every part; the daemon lives as long as all of them do.
    pub(super) fn spawn_all(self) -> Lifecycle {
        let Self {
            mut lifecycle,
            api,
            readiness,
            store,
            bus,
            written,
            publisher,
            watcher,
            keyring,
            backends,
            public,
            ops,
        } = self;
        let soft = lifecycle.soft();
        listen(&mut lifecycle, &api, readiness, (public, ops));
        let source = event_source(&api.config.borrow());
        let outbox = Outbox::new(
            api.meetings.clone(),
            Arc::clone(&bus),
            Arc::clone(&api.metrics),
            source,
        );
        lifecycle.spawn("outbox", outbox.run(written, soft.clone()));
        let meetings = api.meetings.clone();
        let stop = soft.clone();
        lifecycle.spawn("schedule", async move { meetings.run_schedule(stop).await });
        lifecycle.spawn("live", api.live.clone().run(api.config.clone(), soft.clone()));
        let repair = Repair::new(api.meetings.clone(), backends.clone());
        lifecycle.spawn("repair", repair.run(soft.clone()));
        let acting = Acting::new(api.meetings.clone(), backends);
        lifecycle.spawn("orders", acting.run(soft.clone()));
        lifecycle.spawn("bus", look_after(bus, Arc::clone(&api.metrics), soft.clone()));
        lifecycle.spawn("store", watch_store(store.0, store.1, soft.clone()));
        lifecycle.spawn("keys", renew_keys(api.config.clone(), keyring, soft.clone()));
        let signin = api.signin.clone();
        let stop = soft.clone();
        lifecycle.spawn("sessions", async move { signin.run_sweep(stop).await });
        lifecycle.spawn("audit", publisher.run(soft.clone()));
        let sweep = api.audit.clone().run_sweep(api.config.clone(), soft.clone());
        lifecycle.spawn("audit sweep", sweep);
        let limits = Arc::clone(&api.limits);
        let stop = soft.clone();
        lifecycle.spawn("limits", async move { limits.run_sweep(stop).await });
        if let (Some(watcher), Some(reloads)) = (watcher, lifecycle.reloads()) {
            lifecycle.spawn("configuration", follow_files(watcher, reloads, api, soft));
        }
        lifecycle
    }
}

fn listen(
    lifecycle: &mut Lifecycle,
    api: &Api,
    readiness: Readiness,
    (public, ops_listener): (Listener, Listener),
) {
    let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
    let config = api.config.clone();
    let trusts = move |peer| {
        config
            .borrow()
            .daemon
            .http
            .trusted_proxies
            .iter()
            .any(|known| known.contains(&peer))
    };
    let edge = edge(api, TrustedProxies::new(trusts));
    let answering = http::serve(public, api.clone(), edge, soft.clone(), hard.clone());
    lifecycle.spawn("public listener", answering);
    let edge = self::edge(api, TrustedProxies::none());
    lifecycle.spawn(
        "operations listener",
        ops::serve(ops_listener, edge, readiness, soft, hard),
    );
}

fn edge(api: &Api, trusted_proxies: TrustedProxies) -> Edge {
    Edge {
        metrics: Arc::clone(&api.metrics),
        clock: clock(api),
        trusted_proxies,
        request_ids: RequestIds::new(u64::from_ne_bytes(api.ambient.random())),
        limits: Limits::default(),
    }
}

fn clock(api: &Api) -> Clock {
    Clock::new(api.ambient.now)
}

/// Keeps the connection prepared and shows in the metrics whether it is there.
async fn look_after(bus: Arc<Bus>, metrics: Arc<Metrics>, stop: CancellationToken) {
    let shown = async {
        match bus.state() {
            Some(state) => show(state, &metrics).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = bus.maintain() => {}
        () = shown => {}
    }
}

async fn show(mut state: watch::Receiver<NatsState>, metrics: &Metrics) {
    loop {
        metrics.set_nats_connected(state.borrow_and_update().connected);
        if state.changed().await.is_err() {
            return;
        }
    }
}

/// Ready as long as the store takes writes.
async fn watch_store(store: Store, latch: Latch, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(STORE_CHECK);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if store.is_writable() {
            latch.set()
        } else {
            latch.clear()
        }
    }
}

/// Parses the keys again whenever the configuration changed. The configuration was checked with the same parser, so a
/// fault here would be one of the machine; the last good keys stay.
async fn renew_keys(
    mut config: watch::Receiver<Arc<Config>>,
    keyring: watch::Sender<Arc<Keyring>>,
    stop: CancellationToken,
) {
    while let Some(Ok(())) = stop.run_until_cancelled(config.changed()).await {
        match Keyring::new(&config.borrow_and_update()) {
            Ok(keys) => drop(keyring.send_replace(Arc::new(keys))),
            Err(faults) => tracing::error!(?faults, "failed to renew the keys; the last good ones stay"),
        }
    }
    stop.cancelled().await;
}

async fn follow_files(
    watcher: Watcher,
    reloads: tokio::sync::mpsc::Receiver<Reload>,
    api: Api,
    stop: CancellationToken,
) {
    let now: fn() -> Timestamp = api.ambient.now;
    let observe = move |outcome: &Outcome| {
        let result = match outcome {
            Outcome::Unchanged => ReloadResult::Unchanged,
            Outcome::Applied { .. } => ReloadResult::Applied,
            Outcome::Rejected(_) => ReloadResult::Rejected,
        };
        api.metrics.config_reloaded(result, now());
    };
    watcher.run(stop, reloads, observe).await;
}
