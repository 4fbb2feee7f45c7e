//! What goes on over a socket once the head of an answer is out, in place of HTTP: a body that has no end in sight, or
//! another protocol.
//!
//! Such a connection lives for hours and says little, and the buffers of the protocol are most of what a connection costs.
//! So the protocol is taken down as soon as the kernel has the head, and what follows has the bare socket.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Left in the extensions of a response by its route; the response has no body of its own.
///
/// A status of 101 hands the socket over as it is (RFC 9110 section 7.8); after any other the body of the answer follows.
#[derive(Clone)]
pub struct Sequel(Arc<Mutex<Option<Begin>>>);

/// What the sequel is given.
#[derive(Debug)]
pub struct BareSocket {
    pub stream: TcpStream,
    /// What the caller has sent since its request, as far as it was read.
    pub heard: Bytes,
    /// Whether the body goes on in chunks (RFC 9112 section 7.1), which also says where it ends.
    pub chunked: bool,
    /// Cancelled when the listener ends; the sequel ends with it, at once.
    pub stop: CancellationToken,
}

/// What the kernel keeps for one caller that does not read, in bytes (it doubles the number; socket(7), `SO_SNDBUF`). By itself
/// it would take megabytes for each.
const SEND_BUFFER: usize = 32 << 10;

/// A sequel that has its socket.
pub(super) type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

type Begin = Box<dyn FnOnce(BareSocket) -> Running + Send>;

// === impl Sequel ===

impl Sequel {
    pub fn new<F>(run: impl FnOnce(BareSocket) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(Mutex::new(Some(Box::new(move |socket| {
            Box::pin(run(socket))
        })))))
    }

    /// Hands the socket over; a second time nothing is left to be run.
    pub(super) fn begin(&self, socket: BareSocket) -> Option<Running> {
        let begin = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        begin.map(|begin| begin(socket))
    }
}

impl fmt::Debug for Sequel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sequel")
    }
}

// === impl BareSocket ===

impl BareSocket {
    /// `heard` is copied: it is a piece of the protocol's buffer, and would keep all of it.
    pub(super) fn new(stream: TcpStream, heard: &[u8], chunked: bool, stop: CancellationToken) -> Self {
        if let Err(error) = set_socket_send_buffer_size(&stream, SEND_BUFFER) {
            tracing::debug!(%error, "cannot limit what the kernel keeps for a caller");
        }
        Self {
            stream,
            heard: Bytes::copy_from_slice(heard),
            chunked,
            stop,
        }
    }
}
