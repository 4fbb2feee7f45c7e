//! Bodies that tell their connection when they end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::stage::{Connection, Period};

/// The body of a request, as routes receive it.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    connection: Arc<Connection>,
    period: Period,
}

/// The body of an answer: a route's, or one of the door itself.
#[derive(Debug)]
pub(super) struct ResponseBody<B> {
    source: Source<B>,
    connection: Arc<Connection>,
}

#[derive(Debug)]
enum Source<B> {
    Route(B),
    Door(Full<Bytes>),
    /// Written to the bare socket, see [`Sequel`](super::Sequel); here it has no end.
    Sequel,
}

// === impl RequestBody ===

impl RequestBody {
    pub(super) fn new(incoming: Incoming, connection: Arc<Connection>) -> Self {
        let period = connection.request_begins(!incoming.is_end_stream());
        Self {
            incoming,
            connection,
            period,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.incoming).poll_frame(cx);
        if matches!(frame, Poll::Ready(None)) {
            self.connection.body_ends(self.period);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.connection.body_ends(self.period);
    }
}

// === impl ResponseBody ===

impl<B> ResponseBody<B> {
    pub fn of_route(body: B, connection: Arc<Connection>) -> Self {
        Self {
            source: Source::Route(body),
            connection,
        }
    }

    pub fn of_sequel(connection: Arc<Connection>) -> Self {
        Self {
            source: Source::Sequel,
            connection,
        }
    }

    pub fn of_door(body: Bytes, connection: Arc<Connection>) -> Self {
        Self {
            source: Source::Door(Full::new(body)),
            connection,
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.source {
            Source::Route(body) => Pin::new(body).poll_frame(cx),
            Source::Door(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Source::Sequel => {
                self.connection.body_is_wanted();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Route(body) => body.is_end_stream(),
            Source::Door(body) => body.is_end_stream(),
            Source::Sequel => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Route(body) => body.size_hint(),
            Source::Door(body) => body.size_hint(),
            Source::Sequel => SizeHint::default(),
        }
    }
}

impl<B> Drop for ResponseBody<B> {
    fn drop(&mut self) {
        self.connection.answer_ends();
    }
}
