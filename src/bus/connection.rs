//! How a sender sees the bus come and go, and the pauses it makes while the bus takes nothing.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Bus, NatsState};

/// The connection of the bus, as it comes and goes.
pub struct Connection {
    state: Option<watch::Receiver<NatsState>>,
    epoch: u64,
}

/// Growing pauses between attempts while the bus does not take anything.
#[derive(Debug, Default)]
pub struct Pause {
    failures: u32,
    until: Option<Instant>,
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

// === impl Connection ===

impl Connection {
    pub fn new(bus: &Bus) -> Self {
        let state = bus.state();
        let epoch = state.as_ref().map_or(0, |state| state.borrow().epoch);
        Self { state, epoch }
    }

    /// Whether there is somebody to send to; the log is always there.
    pub fn is_up(&self) -> bool {
        self.state.as_ref().is_none_or(|state| state.borrow().connected)
    }

    /// Whether it was made anew since this was asked last: the other end may have lost what it acknowledged last.
    pub fn is_new(&mut self) -> bool {
        let epoch = self.state.as_ref().map_or(0, |state| state.borrow().epoch);
        epoch != std::mem::replace(&mut self.epoch, epoch)
    }

    /// Waits until there is something new to ask.
    pub async fn changed(&mut self) {
        let gone = match &mut self.state {
            Some(state) => state.changed().await.is_err(),
            None => true,
        };
        if gone {
            std::future::pending::<()>().await;
        }
    }
}

// === impl Pause ===

impl Pause {
    pub fn is_over(&self) -> bool {
        self.until.is_none_or(|until| until <= Instant::now())
    }

    pub async fn over(&self) {
        until(self.until).await;
    }

    /// One more failure begins a pause, longer than the last; during a pause it is nothing new.
    pub fn grow(&mut self) -> Option<Duration> {
        if self.until.is_some() && !self.is_over() {
            return None;
        }
        let pause = (SHORTEST_PAUSE * 2u32.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        self.failures = (self.failures + 1).min(10);
        self.until = Some(Instant::now() + pause);
        Some(pause)
    }
}

/// Waits for a moment, or for ever.
pub async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
