//! One connection, from its first byte to its last.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::body::RequestBody;
use super::exchange::{Edge, answer};
use super::refusal::head_timeout;
use super::sequel::{BareSocket, Running};
use super::stage::Connection;
use super::timed_stream::TimedStream;
use super::{AnswerBody, Routes, send_at_once};

/// Longest head, in bytes: room for a token of 8 KiB in a header and another in the path, far below hyper's 400 KiB.
/// The number of headers is left at hyper's 100, because setting it moves them from the stack to the heap.
const MAX_HEAD_BYTES: usize = 32 << 10;

/// How long, and for how much, a caller is heard out that still sends when everything has been said.
const LINGER: Duration = Duration::from_secs(2);
const MAX_UNHEARD_BYTES: u64 = 4 << 20;

/// What one caller's task holds.
struct Conversation<S> {
    service: S,
    edge: Arc<Edge>,
    connection: Arc<Connection>,
    stop: CancellationToken,
}

/// How a turn of a conversation ended.
enum Turn {
    /// The caller is idle, and its socket can do without the protocol.
    Idle(TcpStream),
    Sequel(Running),
    Over,
}

// === impl Turn ===

impl Turn {
    fn over_to(sequel: Option<Running>) -> Self {
        sequel.map_or(Self::Over, Self::Sequel)
    }
}

// === impl Conversation ===

impl<S> Conversation<S> {
    /// Waits for a byte; false when there will be none, in time.
    ///
    /// A caller that is idle costs a task and a socket; buffers come with its next byte.
    async fn is_spoken_to(&self, stream: &TcpStream) -> bool {
        let deadline = self.connection.idle_since() + self.edge.limits.idle;
        let mut byte = [0];
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            peeked = timeout_at(deadline, stream.peek(&mut byte)) => matches!(peeked, Ok(Ok(1))),
        }
    }

    /// Answers requests, until the caller has been idle for a while, something else follows, or all is over.
    async fn talk<B>(&self, stream: TcpStream) -> Turn
    where
        S: Routes<B>,
        B: AnswerBody,
    {
        let timed = TimedStream::new(stream, self.connection.clone(), self.edge.limits);
        let answers = service_fn({
            let (edge, connection, service) =
                (self.edge.clone(), self.connection.clone(), self.service.clone());
            move |request: Request<Incoming>| {
                // Here and not in the answer, which does not run before the socket is read again.
                let request = request.map(|incoming| RequestBody::new(incoming, connection.clone()));
                answer(edge.clone(), connection.clone(), service.clone(), request)
            }
        });
        let mut exchanges = protocol().serve_connection(TokioIo::new(timed), answers);
        let ended = tokio::select! {
            biased;
            ended = until_sequel(&mut exchanges, &self.connection) => ended,
            () = self.stop.cancelled() => {
                Pin::new(&mut exchanges).graceful_shutdown();
                until_sequel(&mut exchanges, &self.connection).await
            }
        };
        let parts = exchanges.into_parts();
        let socket = parts.io.into_inner().into_socket();
        match (ended, self.connection.sequel()) {
            (Ok(()), Some((sequel, chunked))) => {
                let stop = self.stop.clone();
                let socket = BareSocket::new(socket, &parts.read_buf, *chunked, stop);
                Turn::over_to(sequel.begin(socket))
            }
            (Ok(()), None) if self.connection.unpark() => Turn::Idle(socket),
            (Ok(()), None) => self.part(socket).await,
            (Err(error), _) => {
                report(&error, &self.edge, &self.connection, &socket);
                self.part(socket).await
            }
        }
    }

    async fn part(&self, mut socket: TcpStream) -> Turn {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            _ = timeout(LINGER, hear_out(&mut socket)) => {}
        }
        Turn::Over
    }
}

/// Serves one caller until it leaves, is too slow, or `stop` asks for the end after the answer in progress. Returns what
/// follows, if something does.
pub(super) async fn serve<S: Routes<B>, B: AnswerBody>(
    mut stream: TcpStream,
    peer: SocketAddr,
    service: S,
    edge: Arc<Edge>,
    stop: CancellationToken,
) -> Option<Running> {
    send_at_once(&stream);
    let connection = Arc::new(Connection::new(peer.ip().to_canonical()));
    let conversation = Conversation {
        service,
        edge,
        connection,
        stop,
    };
    while conversation.is_spoken_to(&stream).await {
        // Boxed, since most of a task would be room for what it does seldom: callers are idle most of the time.
        match Box::pin(conversation.talk(stream)).await {
            Turn::Idle(socket) => stream = socket,
            Turn::Sequel(sequel) => return Some(sequel),
            Turn::Over => return None,
        }
    }
    None
}

/// Lets the protocol run until it ends, or until the kernel has the head of an answer that is followed by something else.
async fn until_sequel<P>(exchanges: &mut P, connection: &Connection) -> P::Output
where
    P: Future<Output = hyper::Result<()>> + Unpin,
{
    poll_fn(|cx| match Pin::new(&mut *exchanges).poll(cx) {
        Poll::Pending if connection.is_for_sequel() => Poll::Ready(Ok(())),
        polled => polled,
    })
    .await
}

/// Ends our side and reads what is still on its way. Closing a socket with unread bytes resets it, and a reset
/// makes the caller lose an answer that it has not read yet, such as "too large".
async fn hear_out(socket: &mut TcpStream) -> io::Result<u64> {
    socket.shutdown().await?;
    tokio::io::copy(&mut socket.take(MAX_UNHEARD_BYTES), &mut tokio::io::sink()).await
}

/// `pipeline_flush` stays off: with it, hyper 1.12 never sends its answer to a head that it cannot read.
fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol.header_read_timeout(None).max_buf_size(MAX_HEAD_BYTES);
    protocol
}

/// Whatever goes wrong here is between the caller and its network, so it is counted and not worth a line of its own.
fn report(error: &hyper::Error, edge: &Edge, connection: &Connection, socket: &TcpStream) {
    tracing::debug!(%error, "connection ended early");
    if connection.head_was_cut() {
        edge.metrics.http.unreadable(StatusCode::REQUEST_TIMEOUT);
        // A caller whose socket has no room for this is not reading.
        let _ = socket.try_write(&head_timeout(&edge.request_ids.make()));
    } else if error.is_parse_too_large() {
        edge.metrics
            .http
            .unreadable(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    } else if error.is_parse() {
        edge.metrics.http.unreadable(StatusCode::BAD_REQUEST);
    }
}
