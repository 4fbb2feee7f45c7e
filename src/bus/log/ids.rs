//! The ids that were written last, so that what is published again is not written again.

use std::collections::{HashSet, VecDeque};

use serde::Deserialize;

/// A set that forgets the oldest beyond its size.
#[derive(Debug, Default)]
pub(super) struct RecentIds {
    known: HashSet<String>,
    order: VecDeque<String>,
}

#[derive(Deserialize)]
struct Line {
    id: String,
}

/// More than the outbox publishes again after a restart; about 1 MiB of memory.
const REMEMBERED: usize = 8192;

// === impl RecentIds ===

impl RecentIds {
    pub fn contains(&self, id: &str) -> bool {
        self.known.contains(id)
    }

    pub fn insert(&mut self, id: &str) {
        if !self.known.insert(id.to_owned()) {
            return;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > REMEMBERED {
            let oldest = self.order.pop_front();
            oldest.map(|id| self.known.remove(&id));
        }
    }

    /// Takes the ids of whole lines; what is not an event is passed over.
    pub fn learn(&mut self, lines: &[u8]) {
        let lines = lines.split(|byte| *byte == b'\n');
        for line in lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok()) {
            self.insert(&line.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut ids = RecentIds::default();
        for n in 0..=REMEMBERED {
            ids.insert(&n.to_string());
            ids.insert(&n.to_string());
        }
        assert!(!ids.contains("0"));
        assert!(ids.contains("1") && ids.contains(&REMEMBERED.to_string()));
        assert_eq!(ids.known.len(), REMEMBERED);
    }

    #[test]
    fn lines_that_are_no_events_are_passed_over() {
        let mut ids = RecentIds::default();
        ids.learn(b"half\"}\n{\"id\":\"a\",\"x\":1}\nnoise\n{\"id\":\"b\"}\n");
        assert!(ids.contains("a") && ids.contains("b"));
        assert_eq!(ids.known.len(), 2);
    }
}
