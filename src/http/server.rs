//! The front door: sockets, time-outs, limits, and what is the same for every request whatever its route.
//!
//! A [`Listener`] is bound early, so its address is known, and later serves any tower service, such as
//! `warp::service(routes)`. Routes find a [`RequestContext`] in the request's extensions and leave a [`RequestOutcome`] in
//! those of the response.

mod body;
mod caller;
mod connection;
mod exchange;
mod refusal;
mod request_id;
mod sequel;
mod stage;
mod timed_stream;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Body;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

pub use body::RequestBody;
pub use caller::TrustedProxies;
pub use exchange::{Clock, Edge, RequestContext, RequestOutcome};
pub(super) use refusal::refusal;
pub use request_id::{RequestId, RequestIds};
use sequel::Running;
pub use sequel::{BareSocket, Sequel};

/// A bound socket that does not answer yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    pub address: SocketAddr,
    pub source: io::Error,
}

/// What one caller may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte of a request's head to its last.
    pub head: Duration,
    /// From the end of the head to the end of the body.
    pub body: Duration,
    /// Without any request, before the first one too.
    pub idle: Duration,
    /// How long an idle connection keeps its buffers; without them it costs a fifth.
    pub park: Duration,
    /// Open connections; further ones wait in the kernel until one of these ends.
    pub connections: usize,
}

/// Anything that answers requests of the door: a bound under one name.
pub trait Routes<B>:
    tower::Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

/// The body of an answer.
pub trait AnswerBody:
    Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static
{
}

/// The open connections; each ends with what follows it, if something does.
type Connections = JoinSet<Option<Running>>;

/// Callers that may wait in the kernel; it caps this at `net.core.somaxconn`, usually 4096.
const BACKLOG: u32 = 4096;

/// How long to wait after a failed accept. Out of file descriptors, trying at once would only burn a core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

// === impl Listener ===

impl Listener {
    /// Takes the address, port 0 for any free one. Must be called within a runtime.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let bound = || {
            let socket = if address.is_ipv4() {
                TcpSocket::new_v4()?
            } else {
                TcpSocket::new_v6()?
            };
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            let socket = socket.listen(BACKLOG)?;
            let address = socket.local_addr()?;
            Ok(Self { socket, address })
        };
        bound().map_err(|source| BindError { address, source })
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers callers until `soft` is cancelled and every connection has finished what it had, or until `hard` is.
    pub async fn serve<S, B>(self, service: S, edge: Edge, soft: CancellationToken, hard: CancellationToken)
    where
        S: Routes<B>,
        B: AnswerBody,
    {
        let edge = Arc::new(edge);
        let mut connections = Connections::new();
        let mut failing = false;
        loop {
            let full = connections.len() >= edge.limits.connections;
            tokio::select! {
                biased;
                () = soft.cancelled() => break,
                Some(ended) = connections.join_next() => go_on(&mut connections, ended),
                accepted = self.socket.accept(), if !full => match accepted {
                    Ok((stream, peer)) => {
                        failing = false;
                        let stop = soft.child_token();
                        connections.spawn(connection::serve(stream, peer, service.clone(), edge.clone(), stop));
                        if connections.len() == edge.limits.connections {
                            tracing::warn!(limit = edge.limits.connections, "connection limit reached");
                        }
                    }
                    Err(error) => pause_after(&error, &mut failing).await,
                },
            }
        }
        drop(self.socket);
        finish(connections, hard).await;
    }
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            park: Duration::from_secs(2),
            connections: 20_000,
        }
    }
}

// === impl Routes ===

impl<S, B> Routes<B> for S where
    S: tower::Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

// === impl AnswerBody ===

impl<B> AnswerBody for B where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + Unpin + 'static
{
}

async fn finish(mut connections: Connections, hard: CancellationToken) {
    let drained = async {
        while let Some(ended) = connections.join_next().await {
            go_on(&mut connections, ended);
        }
    };
    let cut = tokio::select! {
        () = drained => false,
        () = hard.cancelled() => true,
    };
    if cut && !connections.is_empty() {
        tracing::warn!(
            connections = connections.len(),
            "cutting off connections that have not finished"
        );
        connections.shutdown().await;
    }
}

/// Runs what follows on a connection, in a task that holds nothing else; the one that spoke HTTP was a few KiB larger.
///
/// Handlers' panics are caught earlier; one that arrives here is a fault of the door itself, and costs one connection.
fn go_on(connections: &mut Connections, ended: Result<Option<Running>, JoinError>) {
    match ended {
        Ok(Some(sequel)) => {
            connections.spawn(async {
                sequel.await;
                None
            });
        }
        Ok(None) => {}
        Err(error) if error.is_panic() => tracing::error!("a connection's task panicked"),
        Err(_) => {}
    }
}

/// A caller that gave up before it was accepted is no reason to wait; anything else is a shortage.
async fn pause_after(error: &io::Error, failing: &mut bool) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        return;
    }
    if !std::mem::replace(failing, true) {
        tracing::error!(%error, "cannot accept connections, trying again");
    }
    sleep(ACCEPT_PAUSE).await;
}

/// Answers are small and complete, so waiting to fill a packet would only delay them.
fn send_at_once(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot switch off delayed sending");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_in_use_is_an_error_that_names_it() {
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr();
        assert_ne!(address.port(), 0);
        let error = Listener::bind(address).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::AddrInUse);
        assert_eq!(error.to_string(), format!("cannot listen on {address}"));
    }
}
