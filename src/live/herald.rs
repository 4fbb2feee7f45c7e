//! The one task that carries events from the ring to the listeners' queues, and reminds each listener now and then.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Live;

/// How far the herald is.
#[derive(Debug, Default)]
struct Herald {
    /// Everything up to this number has been queued.
    position: u64,
    /// Which share of the listeners is reminded next.
    turn: usize,
    /// For how many ticks nobody has listened.
    quiet: u32,
}

/// One share of the listeners is reminded each second, so that they do not all write at once, and each is within this
/// many seconds. Proxies give up after 30 s of silence or more.
const SHARES: usize = 20;
const TICK: Duration = Duration::from_secs(1);
/// So many seconds after the last listener went, nobody is expected back, and events are no longer kept.
const PATIENCE: u32 = 600;

// === impl Live ===

impl Live {
    /// Tells everyone what they may hear until `stop`. Whenever `rules` changes, every listener has a look whether it still may
    /// listen.
    pub async fn run<R>(self, mut rules: watch::Receiver<R>, stop: CancellationToken) {
        let mut herald = Herald::default();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.0.news.notified() => herald.tell(&self).await,
                Ok(()) = rules.changed() => herald.remind_all(&self),
                _ = ticks.tick() => herald.tick(&self),
            }
        }
    }
}

// === impl Herald ===

impl Herald {
    /// Everything that is new, to everyone whom it is for.
    async fn tell(&mut self, live: &Live) {
        while self.tell_one(live) {
            // With thousands of listeners an event takes milliseconds; others want the processor too.
            tokio::task::yield_now().await;
        }
    }

    /// The next event; false when there is none.
    fn tell_one(&mut self, live: &Live) -> bool {
        let crowd = live.0.crowd();
        let ring = live.0.ring();
        if !ring.covers(self.position) {
            // More happens than can be told. Everyone knows, and nobody waits.
            self.position = ring.newest();
            crowd.seats().for_each(|seat| seat.gap(self.position));
            return false;
        }
        let Some(told) = ring.next(self.position) else {
            return false;
        };
        drop(ring);
        self.position = told.number;
        let mut heard = 0;
        for seat in crowd.seats() {
            match seat.offer(&told) {
                Ok(was_for_it) => heard += u64::from(was_for_it),
                Err(why) => live.cut_off(why),
            }
        }
        live.0.metrics.listeners.heard(heard);
        true
    }

    fn tick(&mut self, live: &Live) {
        let crowd = live.0.crowd();
        self.quiet = if crowd.is_empty() { self.quiet + 1 } else { 0 };
        if self.quiet == PATIENCE {
            live.fall_asleep();
            self.position = live.0.ring().newest();
        }
        crowd
            .share(self.turn, SHARES)
            .for_each(|seat| seat.pulse(self.position));
        self.turn = (self.turn + 1) % SHARES;
    }

    fn remind_all(&self, live: &Live) {
        live.0.crowd().seats().for_each(|seat| seat.pulse(self.position));
    }
}
