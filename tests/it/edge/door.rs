//! A door with trivial routes on a free port, and callers that speak raw bytes.

use std::future::Future;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use chrono::DateTime;
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use usher::domain::ClientId;
use usher::http::server::{
    Clock, Edge, Limits, Listener, RequestContext, RequestIds, RequestOutcome, TrustedProxies,
};
use usher::telemetry::Metrics;
use usher::telemetry::label::Route;
use usher::telemetry::metrics::Build;
use warp::Filter;

use crate::patience;
use crate::ports::free_port;

/// Bytes of the answer of `/big`, more than the kernel takes at once.
pub const BIG: usize = 16 << 20;

/// A served listener, hard-stopped when dropped.
pub struct Door {
    pub address: SocketAddr,
    pub metrics: Arc<Metrics>,
    pub soft: CancellationToken,
    pub hard: CancellationToken,
    /// Told when a request to `/gate` is inside; see [`Door::open_gate`].
    pub entered: Arc<Notify>,
    gate: Arc<Notify>,
    server: JoinSet<()>,
}

/// One connection that writes and reads raw bytes.
pub struct Caller(TcpStream);

// === impl Door ===

impl Door {
    pub fn start(limits: Limits) -> Self {
        Self::start_trusting(limits, TrustedProxies::none())
    }

    pub fn start_trusting(limits: Limits, trusted_proxies: TrustedProxies) -> Self {
        let metrics = Arc::new(Metrics::new(Build::CURRENT, DateTime::UNIX_EPOCH).unwrap());
        let edge = Edge {
            metrics: metrics.clone(),
            clock: Clock::new(|| DateTime::UNIX_EPOCH),
            trusted_proxies,
            request_ids: RequestIds::new(7),
            limits,
        };
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, free_port()).into()).unwrap();
        let address = listener.local_addr();
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        let (entered, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let service = warp::service(routes(entered.clone(), gate.clone()));
        let mut server = JoinSet::new();
        server.spawn(listener.serve(service, edge, soft.clone(), hard.clone()));
        Self {
            address,
            metrics,
            soft,
            hard,
            entered,
            gate,
            server,
        }
    }

    pub async fn connect(&self) -> Caller {
        Caller(soon(TcpStream::connect(self.address)).await.unwrap())
    }

    /// A connection that has spoken before the listener looks at it, so that no pause of this machine is taken for idleness.
    /// Only for a test that runs on one thread: the listener cannot look in between.
    pub fn connect_saying(&self, bytes: impl AsRef<[u8]>) -> Caller {
        let mut socket = std::net::TcpStream::connect(self.address).unwrap();
        socket.write_all(bytes.as_ref()).unwrap();
        socket.set_nonblocking(true).unwrap();
        Caller(TcpStream::from_std(socket).unwrap())
    }

    /// Sends one request (with `Connection: close` added by the caller) and reads to the end.
    pub async fn ask(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut caller = self.connect().await;
        caller.send(bytes).await;
        caller.read_to_end().await
    }

    /// Lets one request to `/gate` out.
    pub fn open_gate(&self) {
        self.gate.notify_one();
    }

    /// Waits until the listener has ended.
    pub async fn ended(&mut self) {
        soon(self.server.join_next()).await.unwrap().unwrap();
    }

    pub fn figures(&self) -> String {
        self.metrics.render(DateTime::UNIX_EPOCH).unwrap()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.hard.cancel();
    }
}

// === impl Caller ===

impl Caller {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.0.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Reads until `end` has come.
    pub async fn read_until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !String::from_utf8_lossy(&text).ends_with(end) {
            let read = soon(self.0.read_buf(&mut text)).await.unwrap();
            assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&text));
        }
        String::from_utf8(text).unwrap()
    }

    /// Writes, not minding that the other side may have closed.
    pub async fn drip(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = soon(self.0.write_all(bytes.as_ref())).await;
    }

    /// Waits for whatever comes next.
    pub async fn read_available(&mut self) -> String {
        let mut text = Vec::new();
        let _ = soon(self.0.read_buf(&mut text)).await;
        String::from_utf8(text).unwrap()
    }

    /// Reads until the other side closes; a reset counts as closing.
    pub async fn read_to_end(&mut self) -> String {
        let mut text = Vec::new();
        while let Ok(1..) = soon(self.0.read_buf(&mut text)).await {}
        String::from_utf8(text).unwrap()
    }
}

/// Trusts exactly `address`.
pub fn trusting(address: &str) -> TrustedProxies {
    let trusted: IpAddr = address.parse().unwrap();
    TrustedProxies::new(move |address| address == trusted)
}

/// Fails the test when it takes unreasonably long.
pub async fn soon<T>(wait: impl Future<Output = T>) -> T {
    patience::soon("what the listener must bring about", wait).await
}

fn routes(
    entered: Arc<Notify>,
    gate: Arc<Notify>,
) -> impl Filter<Extract = (impl warp::Reply,), Error = warp::Rejection> + Clone {
    let hello = warp::path!("hello").and(warp::query::raw().or(warp::any().map(String::new)).unify());
    let hello = hello.map(|query: String| format!("hello {query}"));
    let echo = warp::path!("echo")
        .and(warp::body::bytes())
        .map(|body: bytes::Bytes| body.to_vec());
    let who = warp::path!("who")
        .and(warp::ext::get())
        .map(|who: RequestContext| {
            let mut response = Response::new(format!("{} {} {}", who.id, who.address, who.received_at));
            let client = Some(ClientId::parse("ataraxia").unwrap());
            let outcome = RequestOutcome {
                route: Route::AsapKey,
                client,
                reason: Some("expired"),
            };
            response.extensions_mut().insert(outcome);
            response
        });
    let panics = warp::path!("panic").map(|| -> String { panic!("on purpose") });
    let gate = warp::path!("gate").then(move || {
        let (entered, gate) = (entered.clone(), gate.clone());
        async move {
            entered.notify_one();
            gate.notified().await;
            "through"
        }
    });
    let big = warp::path!("big").map(|| vec![b'x'; BIG]);
    hello.or(big).or(echo).or(who).or(panics).or(gate)
}
