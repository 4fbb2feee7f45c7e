//! Puts everything together: configuration → store, bus, meetings, keys, listeners. Nothing runs before all is built.

mod parts;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::SubsecRound;
use tokio::sync::{mpsc, watch};

use crate::audit::{Audit, Publisher};
use crate::backend::Backends;
use crate::bus::log::LogLimits;
use crate::bus::{Bus, BusError, LogBus, NatsBus};
use crate::config::{Complaint, Config, Environment, Source, Watcher};
use crate::domain::{Ambient, ClientId, Timestamp};
use crate::http::server::{BindError, Listener};
use crate::http::{Api, KeptTokens};
use crate::lifecycle::Lifecycle;
use crate::live::Live;
use crate::meetings::people::People;
use crate::meetings::{Meetings, MeetingsError, Written};
use crate::signin::{SignIn, SignInError};
use crate::store::{OpenError, Store, StoreError};
use crate::telemetry::metrics::Build;
use crate::telemetry::{Latch, Metrics, Readiness};
use crate::tokens::Keyring;
use crate::waiting::WaitingRooms;

/// What a daemon is made from.
pub struct Plan {
    pub config: Config,
    /// Where it was read and is read again; none where it never changes (`--dev`).
    pub source: Option<Source>,
    /// Loopback callers without a credential act as this client.
    pub stand_in: Option<ClientId>,
    pub ambient: Ambient,
}

/// A daemon that is built and bound, but does not run yet.
pub struct App {
    lifecycle: Lifecycle,
    api: Api,
    readiness: Readiness,
    store: (Store, Latch),
    bus: Arc<Bus>,
    written: mpsc::UnboundedReceiver<Written>,
    publisher: Publisher,
    watcher: Option<Watcher>,
    keyring: watch::Sender<Arc<Keyring>>,
    backends: Backends,
    public: Listener,
    ops: Listener,
}

/// Why a daemon cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot take over the signals of the process")]
    Signals(#[source] std::io::Error),
    #[error("cannot watch the configuration")]
    Watch(#[source] std::io::Error),
    #[error("cannot make the metrics")]
    Metrics(#[from] prometheus::Error),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error("cannot prepare the bus")]
    Bus(#[from] BusError),
    #[error("cannot read the stored meetings")]
    Meetings(#[from] MeetingsError),
    #[error("cannot read the stored sessions")]
    SignIn(#[from] SignInError),
    #[error("cannot read the audit trail")]
    Audit(#[source] StoreError),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error("a key cannot be used: {0}")]
    Key(String),
}

/// The configuration in `dir`, with the checks that need to parse keys.
pub fn source(dir: &Path, environment: Environment) -> Source {
    Source::new(dir, environment).with_check(unusable_keys)
}

fn unusable_keys(config: &Config) -> Vec<Complaint> {
    let faults = Keyring::new(config).err().unwrap_or_default();
    faults
        .iter()
        .map(|fault| Complaint {
            key: fault.section().into(),
            message: fault.to_string(),
        })
        .collect()
}

/// The clock and the random numbers of the daemon.
pub fn ambient() -> Ambient {
    Ambient { now, random }
}

/// The present, to the millisecond: finer than any meeting server reports, and readable in events.
#[expect(
    clippy::disallowed_methods,
    reason = "the one clock of the daemon; everything else is handed the time"
)]
fn now() -> Timestamp {
    chrono::Utc::now().trunc_subsecs(3)
}

fn random(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes)
        .expect("the kernel gives random numbers once it is up, and usher starts after that");
}

// === impl App ===

impl App {
    /// Builds every part and takes both addresses; must be called within a runtime.
    pub async fn bind(plan: Plan) -> Result<Self, StartError> {
        let lifecycle = Lifecycle::new().map_err(StartError::Signals)?;
        let (config, watcher) = configuration(plan.config, plan.source)?;
        let daemon = config.borrow().daemon.clone();
        let public = Listener::bind(daemon.http.listen)?;
        let ops = Listener::bind(daemon.ops.listen)?;
        let readiness = Readiness::new();
        let latch = readiness.part("store");
        let metrics = Arc::new(Metrics::new(Build::CURRENT, plan.ambient.now())?);
        let store = open_store(&daemon, &metrics).await?;
        let bus = Arc::new(bus(&daemon, &metrics).await?);
        let live = live(&config, &metrics, plan.ambient);
        let (current, shown) = (config.clone(), Arc::clone(&metrics));
        let opened = Meetings::open(store.clone(), current, shown, live.clone(), plan.ambient);
        let (meetings, written) = opened.await?;
        let signin = SignIn::open(store.clone(), config.clone(), plan.ambient).await?;
        let (audit, publisher) = trail(&store, &metrics, &bus, &config, plan.ambient).await?;
        let (keyring, current_keys) = keys(&config)?;
        let backends = Backends::new(config.clone(), current_keys.clone(), plan.ambient);
        let api = Api {
            config,
            keyring: current_keys,
            meetings,
            people: People::new(backends.clone()),
            signin,
            audit,
            live,
            waiting: WaitingRooms::default(),
            metrics,
            limits: Arc::default(),
            kept: KeptTokens::default(),
            ambient: plan.ambient,
            stand_in: plan.stand_in,
        };
        Ok(Self {
            lifecycle,
            api,
            readiness,
            store: (store, latch),
            bus,
            written,
            publisher,
            watcher,
            keyring,
            backends,
            public,
            ops,
        })
    }

    /// Where the public listener is.
    pub fn public_addr(&self) -> SocketAddr {
        self.public.local_addr()
    }

    /// Where the operations listener is.
    pub fn ops_addr(&self) -> SocketAddr {
        self.ops.local_addr()
    }

    /// Signs a token as the API would, for the greeting of `--dev`.
    pub fn keyring(&self) -> Arc<Keyring> {
        self.api.keyring.borrow().clone()
    }

    /// Runs until the process is asked to stop or a part of it dies.
    pub async fn run(self) -> ExitCode {
        self.spawn_all()
            .run_until_stopped(Lifecycle::DEFAULT_DEADLINE)
            .await
    }
}

type Current = watch::Receiver<Arc<Config>>;

fn configuration(config: Config, source: Option<Source>) -> Result<(Current, Option<Watcher>), StartError> {
    let config = Arc::new(config);
    match source {
        Some(source) => {
            let (watcher, current) = Watcher::start(source, config).map_err(StartError::Watch)?;
            Ok((current, Some(watcher)))
        }
        None => Ok((watch::channel(config).1, None)),
    }
}

fn live(config: &Current, metrics: &Arc<Metrics>, ambient: Ambient) -> Live {
    let source = event_source(&config.borrow());
    Live::new(source, ambient.random(), Arc::clone(metrics))
}

async fn open_store(daemon: &crate::config::Daemon, metrics: &Arc<Metrics>) -> Result<Store, OpenError> {
    let metrics = Arc::clone(metrics);
    let observe = move |flush: crate::store::Flush| metrics.store_flushed(flush.writes as u64, flush.took);
    Store::open(&daemon.store, observe).await
}

type CurrentKeys = watch::Receiver<Arc<Keyring>>;

fn keys(config: &Current) -> Result<(watch::Sender<Arc<Keyring>>, CurrentKeys), StartError> {
    let keys = Keyring::new(&config.borrow()).map_err(|faults| StartError::Key(format!("{faults:?}")))?;
    Ok(watch::channel(Arc::new(keys)))
}

async fn bus(daemon: &crate::config::Daemon, metrics: &Metrics) -> Result<Bus, StartError> {
    match &daemon.nats {
        Some(nats) => {
            metrics.show_nats()?;
            Ok(Bus::Nats(NatsBus::connect(nats).await?))
        }
        None => {
            let limits = LogLimits::keeping_days(LOG_DAYS);
            Ok(Bus::Log(LogBus::open(&daemon.store.path, limits)?))
        }
    }
}

async fn trail(
    store: &Store,
    metrics: &Arc<Metrics>,
    bus: &Arc<Bus>,
    config: &Current,
    ambient: Ambient,
) -> Result<(Audit, Publisher), StartError> {
    let audit = Audit::open(store.clone(), Arc::clone(metrics), ambient).await;
    let audit = audit.map_err(StartError::Audit)?;
    let source = event_source(&config.borrow());
    let publisher = Publisher::open(audit.clone(), Arc::clone(bus), source).await;
    Ok((audit, publisher.map_err(StartError::Audit)?))
}

/// How long rotated event logs are kept.
const LOG_DAYS: u32 = 30;

/// `source` of the CloudEvents: the deployment they come from.
fn event_source(config: &Config) -> String {
    format!(
        "usher/{}",
        config
            .daemon
            .jitsi
            .first()
            .map_or("unknown", |jitsi| jitsi.domain.as_str())
    )
}
