//! Where a connection is in its exchange of requests and answers, as the time-outs need to know it.
//!
//! HTTP/1 has one exchange at a time, so one word per connection is enough. The word also counts changes: two idle times
//! are different even when nobody looked in between.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::sequel::Sequel;

/// What is being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The next request.
    Idle,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
    /// Ourselves.
    Busy,
}

/// One stage of one exchange; equal only to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period(u32);

/// What the socket, the request and the answer of one connection share.
#[derive(Debug)]
pub(super) struct Connection {
    /// The other end of the socket.
    pub peer: IpAddr,
    opened: Instant,
    period: AtomicU32,
    /// Milliseconds since `opened`: nobody reads from the socket when an answer ends, so nobody else would note it.
    idle_since: AtomicU64,
    parked: AtomicBool,
    head_cut: AtomicBool,
    body_cut: AtomicBool,
    /// Whether the protocol still holds bytes that the caller has not taken; it keeps them until a write goes through.
    write_blocked: AtomicBool,
    /// What follows in place of the protocol, and whether the body goes on in chunks.
    sequel: OnceLock<(Sequel, bool)>,
    /// The head of the answer before the sequel has been written, to the socket or to the protocol's buffer.
    head_written: AtomicBool,
}

const STAGE_BITS: u32 = 2;

// === impl Period ===

impl Period {
    pub fn stage(self) -> Stage {
        match self.0 % (1 << STAGE_BITS) {
            0 => Stage::Idle,
            1 => Stage::Head,
            2 => Stage::Body,
            _ => Stage::Busy,
        }
    }

    fn next(self, stage: Stage) -> Self {
        let count = (self.0 >> STAGE_BITS).wrapping_add(1);
        Self(count << STAGE_BITS | stage as u32)
    }
}

// === impl Connection ===

impl Connection {
    pub fn new(peer: IpAddr) -> Self {
        Self {
            peer,
            opened: Instant::now(),
            idle_since: AtomicU64::new(0),
            period: AtomicU32::new(Stage::Idle as u32),
            parked: AtomicBool::new(false),
            head_cut: AtomicBool::new(false),
            body_cut: AtomicBool::new(false),
            write_blocked: AtomicBool::new(false),
            sequel: OnceLock::new(),
            head_written: AtomicBool::new(false),
        }
    }

    pub fn period(&self) -> Period {
        Period(self.period.load(Relaxed))
    }

    pub fn bytes_arrived(&self) {
        let now = self.period();
        if now.stage() == Stage::Idle {
            self.enter(now.next(Stage::Head));
        }
    }

    /// The head is complete; the period that begins is the body's, if there is one.
    pub fn request_begins(&self, has_body: bool) -> Period {
        let stage = if has_body { Stage::Body } else { Stage::Busy };
        let period = self.period().next(stage);
        self.enter(period);
        period
    }

    /// The body is complete or nobody wants it. One that outlives its exchange changes nothing any more.
    pub fn body_ends(&self, period: Period) {
        let busy = period.next(Stage::Busy);
        // Failure means that the exchange went on without it.
        let _ = self.period.compare_exchange(period.0, busy.0, Relaxed, Relaxed);
    }

    pub fn answer_ends(&self) {
        let millis = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.idle_since.store(millis, Relaxed);
        self.enter(self.period().next(Stage::Idle));
    }

    /// When the last answer ended, or the connection began.
    pub fn idle_since(&self) -> Instant {
        self.opened + Duration::from_millis(self.idle_since.load(Relaxed))
    }

    /// The time of the stage is over.
    pub fn cut(&self, stage: Stage) {
        match stage {
            Stage::Head => self.head_cut.store(true, Relaxed),
            Stage::Body => self.body_cut.store(true, Relaxed),
            Stage::Idle | Stage::Busy => {}
        }
    }

    /// Puts the connection aside: the protocol ends, the socket stays.
    pub fn park(&self) {
        self.parked.store(true, Relaxed);
    }

    /// Whether the connection was put aside; asking takes it up again.
    pub fn unpark(&self) -> bool {
        self.parked.swap(false, Relaxed)
    }

    pub fn is_parked(&self) -> bool {
        self.parked.load(Relaxed)
    }

    pub fn head_was_cut(&self) -> bool {
        self.head_cut.load(Relaxed)
    }

    pub fn body_was_cut(&self) -> bool {
        self.body_cut.load(Relaxed)
    }

    pub fn write_went(&self, is_blocked: bool) {
        self.write_blocked.store(is_blocked, Relaxed);
    }

    pub fn is_write_blocked(&self) -> bool {
        self.write_blocked.load(Relaxed)
    }

    /// An answer has a sequel. It is the last one of its connection.
    pub fn is_followed_by(&self, sequel: Sequel, chunked: bool) {
        // There is no second one: what follows the first is not HTTP any more.
        let _ = self.sequel.set((sequel, chunked));
    }

    /// The protocol asks for the body, so it has written the head.
    pub fn body_is_wanted(&self) {
        self.head_written.store(true, Relaxed);
    }

    /// Whether the kernel has the head of an answer that is followed by something else.
    pub fn is_for_sequel(&self) -> bool {
        self.head_written.load(Relaxed) && !self.is_write_blocked() && self.sequel.get().is_some()
    }

    pub fn sequel(&self) -> Option<&(Sequel, bool)> {
        self.sequel.get()
    }

    fn enter(&self, period: Period) {
        self.period.store(period.0, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn connection() -> Connection {
        Connection::new(Ipv4Addr::LOCALHOST.into())
    }

    #[test]
    fn an_exchange_passes_its_stages() {
        let connection = connection();
        let idle = connection.period();
        assert_eq!(idle.stage(), Stage::Idle);
        connection.bytes_arrived();
        let head = connection.period();
        assert_eq!(head.stage(), Stage::Head);
        connection.bytes_arrived();
        assert_eq!(connection.period(), head);
        let body = connection.request_begins(true);
        assert_eq!(connection.period().stage(), Stage::Body);
        connection.body_ends(body);
        assert_eq!(connection.period().stage(), Stage::Busy);
        connection.answer_ends();
        assert_eq!(connection.period().stage(), Stage::Idle);
        assert_ne!(connection.period(), idle);
    }

    #[test]
    fn a_body_that_outlives_its_exchange_changes_nothing() {
        let connection = connection();
        let first = connection.request_begins(true);
        connection.answer_ends();
        connection.body_ends(first);
        assert_eq!(connection.period().stage(), Stage::Idle);
        connection.request_begins(true);
        connection.body_ends(first);
        assert_eq!(connection.period().stage(), Stage::Body);
    }
}
