//! Readiness: the daemon is ready when each of its parts has said so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The parts that must be ready, in the order in which they were named. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    parts: Arc<Mutex<Vec<Part>>>,
}

/// One part's own switch, off at first. A part that drops it without a word stays as it was.
#[derive(Debug)]
pub struct Latch(Arc<AtomicBool>);

#[derive(Debug)]
struct Part {
    name: &'static str,
    ready: Arc<AtomicBool>,
}

// === impl Readiness ===

impl Readiness {
    pub fn new() -> Self {
        Self::default()
    }

    /// Names a part that must be ready before the daemon is.
    pub fn part(&self, name: &'static str) -> Latch {
        let ready = Arc::new(AtomicBool::new(false));
        let part = Part {
            name,
            ready: ready.clone(),
        };
        self.parts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(part);
        Latch(ready)
    }

    /// The parts that are not ready; empty when the daemon is.
    pub fn missing(&self) -> Vec<&'static str> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = parts.iter().filter(|part| !part.ready.load(Ordering::Acquire));
        missing.map(|part| part.name).collect()
    }
}

// === impl Latch ===

impl Latch {
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// For a part that can lose what it had.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_when_every_part_is() {
        let readiness = Readiness::new();
        let (store, listener) = (readiness.part("store"), readiness.part("listener"));
        assert_eq!(readiness.missing(), ["store", "listener"]);
        store.set();
        assert_eq!(readiness.missing(), ["listener"]);
        listener.set();
        assert!(readiness.missing().is_empty());
        store.clear();
        drop(store);
        assert_eq!(readiness.missing(), ["store"]);
    }
}
