//! One listener: a bounded queue between the herald, who never waits, and whoever writes to the socket.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::vec;

use super::told::Told;
use super::{Audience, Filter, Live};
use crate::telemetry::label::{ListenerCut, ListenerKind};

/// The listener's end; signs off when it is dropped.
#[derive(Debug)]
pub struct Listener {
    live: Live,
    seat: Arc<Seat>,
    place: usize,
    kind: ListenerKind,
    /// What had happened when it came.
    missed: vec::IntoIter<Arc<Told>>,
}

/// What a listener is told next.
#[derive(Debug)]
pub enum News {
    Event(Arc<Told>),
    /// Nothing happened for a while, or something changed about who may listen: time to look whether this one still may.
    Pulse {
        /// Everything up to here that is for this listener has come.
        up_to: u64,
    },
    /// More happened than is kept, before it could be told.
    Gap {
        up_to: u64,
    },
    /// It did not take what it was told; nothing comes any more.
    CutOff,
}

/// The herald's end.
#[derive(Debug)]
pub(super) struct Seat(Mutex<State>);

#[derive(Debug)]
struct State {
    audience: Audience,
    filter: Filter,
    /// The number up to which the listener got everything when it came.
    from: u64,
    waiting: VecDeque<Arc<Told>>,
    bytes: usize,
    pulse: Option<u64>,
    gap: Option<u64>,
    is_cut: bool,
    waker: Option<Waker>,
}

/// What one listener may leave lying: a burst of a busy hospital, over a connection that stalls for a moment.
const MOST_WAITING: usize = 512;
const MOST_BYTES: usize = 1 << 20;

// === impl Listener ===

impl Listener {
    pub(super) fn new(
        live: Live,
        seat: Arc<Seat>,
        place: usize,
        kind: ListenerKind,
        missed: Vec<Arc<Told>>,
    ) -> Self {
        Self {
            live,
            seat,
            place,
            kind,
            missed: missed.into_iter(),
        }
    }

    /// Waits for what comes next. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> News {
        match self.missed.next() {
            Some(told) if !self.seat.state().is_cut => News::Event(told),
            _ => poll_fn(|cx| self.seat.state().poll_next(cx)).await,
        }
    }

    /// Waits until the listener is cut off; for whoever is in the middle of writing.
    pub async fn cut(&self) {
        poll_fn(|cx| self.seat.state().poll_cut(cx)).await;
    }

    /// Who listens may have changed: other roles, for example.
    pub fn is_now(&self, audience: Audience) {
        self.seat.state().audience = audience;
    }

    /// The hub that it listens to.
    pub fn live(&self) -> &Live {
        &self.live
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.live.0.crowd().leave(self.place);
        self.live.0.metrics.listeners.went(self.kind);
    }
}

// === impl Seat ===

impl Seat {
    pub fn new(audience: Audience, filter: Filter, from: u64) -> Self {
        Self(Mutex::new(State {
            audience,
            filter,
            from,
            waiting: VecDeque::new(),
            bytes: 0,
            pulse: None,
            gap: None,
            is_cut: false,
            waker: None,
        }))
    }

    /// Queues the event if it is for this listener; tells whether it was.
    pub fn offer(&self, told: &Arc<Told>) -> Result<bool, ListenerCut> {
        let mut state = self.state();
        if state.is_cut || told.number <= state.from || !told.is_for(&state.audience, state.filter) {
            return Ok(false);
        }
        state.bytes += told.cost();
        state.waiting.push_back(Arc::clone(told));
        let is_full = state.waiting.len() > MOST_WAITING || state.bytes > MOST_BYTES;
        if is_full {
            state.cut();
        }
        state.wake();
        if is_full {
            Err(ListenerCut::QueueFull)
        } else {
            Ok(true)
        }
    }

    pub fn pulse(&self, up_to: u64) {
        let mut state = self.state();
        state.pulse = Some(up_to);
        state.wake();
    }

    pub fn gap(&self, up_to: u64) {
        let mut state = self.state();
        state.gap = Some(up_to);
        state.wake();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        if self.is_cut {
            return Poll::Ready(News::CutOff);
        }
        if let Some(told) = self.waiting.pop_front() {
            self.bytes -= told.cost();
            self.spare_memory();
            return Poll::Ready(News::Event(told));
        }
        if let Some(up_to) = self.gap.take() {
            return Poll::Ready(News::Gap { up_to });
        }
        if let Some(up_to) = self.pulse.take() {
            return Poll::Ready(News::Pulse { up_to });
        }
        self.wait(cx)
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_cut {
            return Poll::Ready(());
        }
        self.wait(cx)
    }

    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn cut(&mut self) {
        self.is_cut = true;
        self.waiting = VecDeque::new();
        self.bytes = 0;
    }

    /// Most listeners wait most of the time, and need no queue then.
    fn spare_memory(&mut self) {
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::super::told::tests::told;
    use super::*;
    use crate::domain::ClientId;

    fn seat(from: u64) -> Seat {
        let audience = Audience::Client {
            id: ClientId::parse("ataraxia").unwrap(),
            is_admin: false,
        };
        Seat::new(audience, Filter::default(), from)
    }

    fn next(seat: &Seat) -> Option<News> {
        poll_fn(|cx| seat.state().poll_next(cx)).now_or_never()
    }

    #[test]
    fn what_was_there_before_the_listener_is_not_told_twice() {
        let seat = seat(2);
        assert_eq!(seat.offer(&Arc::new(told(2))), Ok(false));
        assert_eq!(seat.offer(&Arc::new(told(3))), Ok(true));
        assert!(matches!(next(&seat), Some(News::Event(told)) if told.number == 3));
        assert!(next(&seat).is_none());
    }

    #[test]
    fn a_full_queue_is_the_end_and_holds_nothing() {
        let seat = seat(0);
        let offered = (1..).map(|number| seat.offer(&Arc::new(told(number))));
        let taken = offered.take_while(Result::is_ok).count();
        assert_eq!(taken, MOST_WAITING);
        assert_eq!(seat.state().waiting.capacity(), 0);
        assert!(matches!(next(&seat), Some(News::CutOff)));
        assert_eq!(seat.offer(&Arc::new(told(9999))), Ok(false));
    }

    #[test]
    fn somebody_who_is_writing_hears_of_the_cut() {
        let seat = seat(0);
        let mut cut = pin!(poll_fn(|cx| seat.state().poll_cut(cx)));
        assert!(cut.as_mut().now_or_never().is_none());
        seat.state().cut();
        assert!(cut.now_or_never().is_some());
    }

    #[test]
    fn events_come_before_the_pulse_that_followed_them() {
        let seat = seat(0);
        seat.offer(&Arc::new(told(1))).unwrap();
        seat.pulse(1);
        assert!(matches!(next(&seat), Some(News::Event(_))));
        assert!(matches!(next(&seat), Some(News::Pulse { up_to: 1 })));
        assert!(next(&seat).is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_taken_in_time_comes_in_order(takes in proptest::collection::vec(0usize..4, 1..200)) {
            let (seat, mut number, mut heard) = (seat(0), 0, Vec::new());
            for takes in takes {
                for _ in 0..2 {
                    number += 1;
                    seat.offer(&Arc::new(told(number))).unwrap();
                }
                for _ in 0..takes {
                    if let Some(News::Event(told)) = next(&seat) {
                        heard.push(told.number);
                    }
                }
            }
            while let Some(News::Event(told)) = next(&seat) {
                heard.push(told.number);
            }
            prop_assert_eq!(heard, (1..=number).collect::<Vec<_>>());
            prop_assert_eq!(seat.state().bytes, 0);
        }
    }
}
