//! A socket whose reads fail when the caller takes longer over a stage than it may, and end when it is idle: the socket is
//! then parked without the buffers of the protocol, which are most of what a connection costs.
//!
//! The clock is read and the timer touched only when a read has to wait, so a request that arrives in one piece costs
//! neither. A timer that fires early (the stage has changed since) is put off, not replaced.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;
use super::stage::{Connection, Period, Stage};

#[derive(Debug)]
pub(super) struct TimedStream {
    socket: TcpStream,
    connection: Arc<Connection>,
    limits: Limits,
    period: Period,
    since: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

// === impl TimedStream ===

impl TimedStream {
    pub fn new(socket: TcpStream, connection: Arc<Connection>, limits: Limits) -> Self {
        let period = connection.period();
        Self {
            socket,
            connection,
            limits,
            period,
            since: Instant::now(),
            timer: None,
        }
    }

    pub fn into_socket(self) -> TcpStream {
        self.socket
    }

    /// Completes when the present stage has lasted too long.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<Stage> {
        let period = self.connection.period();
        if period != self.period {
            self.period = period;
            self.since = Instant::now();
        }
        let stage = period.stage();
        loop {
            let deadline = self.deadline(stage);
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if timer.deadline() > deadline {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            if now >= deadline && stage != Stage::Busy {
                return Poll::Ready(stage);
            }
            if now >= deadline {
                self.since = now;
            }
            let again = self.deadline(stage);
            if let Some(timer) = &mut self.timer {
                timer.as_mut().reset(again);
            }
        }
    }

    fn deadline(&self, stage: Stage) -> Instant {
        let soon = self.limits.park.min(self.limits.idle);
        match stage {
            Stage::Idle if self.connection.is_write_blocked() => {
                self.connection.idle_since() + self.limits.idle
            }
            Stage::Idle => self.connection.idle_since() + soon,
            Stage::Head => self.since + self.limits.head,
            Stage::Body => self.since + self.limits.body,
            // Our own time is not limited here, but nothing reads when it ends and idleness begins: look again then.
            Stage::Busy => self.since + soon,
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.socket).poll_read(cx, buffer) {
            if buffer.filled().len() > before {
                self.connection.bytes_arrived();
            }
            return Poll::Ready(read);
        }
        let stage = ready!(self.poll_overdue(cx));
        if stage == Stage::Idle && !self.connection.is_write_blocked() {
            // To the protocol above this is a plain end; the socket stays open, see `poll_shutdown`.
            self.connection.park();
            return Poll::Ready(Ok(()));
        }
        self.connection.cut(stage);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.connection.write_went(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connection.is_parked() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.connection.write_went(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
