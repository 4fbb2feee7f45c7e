//! The last events, for those who come back after a while: bounded by number and by bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cursor::Process;
use super::told::Told;

#[derive(Debug)]
pub(super) struct Ring {
    events: VecDeque<Arc<Told>>,
    bytes: usize,
    /// The last number that was given out.
    newest: u64,
    /// The highest number that is not here any more; whoever has heard less has a gap.
    dropped: u64,
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    events: usize,
    bytes: usize,
}

// === impl Ring ===

impl Default for Ring {
    fn default() -> Self {
        Self::holding(Limits {
            events: 4096,
            bytes: 8 << 20,
        })
    }
}

impl Ring {
    fn holding(limits: Limits) -> Self {
        Self {
            events: VecDeque::new(),
            bytes: 0,
            newest: 0,
            dropped: 0,
            limits,
        }
    }

    /// Gives the event the next number and keeps it, in the place of the oldest ones.
    pub fn push(&mut self, make: impl FnOnce(u64) -> Told) {
        self.newest += 1;
        let told = make(self.newest);
        self.bytes += told.cost();
        self.events.push_back(Arc::new(told));
        while self.events.len() > self.limits.events || self.bytes > self.limits.bytes {
            let Some(oldest) = self.events.pop_front() else {
                return;
            };
            self.bytes -= oldest.cost();
            self.dropped = oldest.number;
        }
    }

    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Whether everything that came after this number is here.
    pub fn covers(&self, number: u64) -> bool {
        (self.dropped..=self.newest).contains(&number)
    }

    /// The number up to which somebody has heard everything; `None` where that cannot be told any more.
    pub fn place_of(&self, heard: &str, process: Process) -> Option<u64> {
        let number = process.number(heard).or_else(|| {
            let is = |told: &&Arc<Told>| told.id == heard;
            self.events.iter().rev().find(is).map(|told| told.number)
        });
        number.filter(|number| self.covers(*number))
    }

    /// What came after that number, as far as it is here.
    pub fn after(&self, number: u64) -> Vec<Arc<Told>> {
        let first = self.events.partition_point(|told| told.number <= number);
        self.events.range(first..).cloned().collect()
    }

    /// The one that came right after that number.
    pub fn next(&self, number: u64) -> Option<Arc<Told>> {
        let first = self.events.partition_point(|told| told.number <= number);
        self.events.get(first).cloned()
    }

    /// Drops everything; what is told until the next event counts as missed.
    pub fn clear(&mut self) {
        self.newest += 1;
        self.dropped = self.newest;
        self.bytes = 0;
        self.events = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::told::tests::told;
    use super::*;

    const PROCESS: [u8; 4] = [1; 4];

    fn ring(events: usize, bytes: usize) -> Ring {
        Ring::holding(Limits { events, bytes })
    }

    fn numbers(events: &[Arc<Told>]) -> Vec<u64> {
        events.iter().map(|told| told.number).collect()
    }

    #[test]
    fn an_event_is_found_by_its_cursor_and_by_its_own_id() {
        let mut ring = ring(10, usize::MAX);
        (0..3).for_each(|_| ring.push(told));
        let process = Process::new(PROCESS);
        assert_eq!(ring.place_of(&process.cursor(2), process), Some(2));
        assert_eq!(ring.place_of(&ring.events[1].id, process), Some(2));
        assert_eq!(
            ring.place_of(&process.cursor(0), process),
            Some(0),
            "before the first"
        );
        for unknown in [&process.cursor(4), &Process::new([2; 4]).cursor(2), "", "x-1"] {
            assert_eq!(ring.place_of(unknown, process), None, "{unknown}");
        }
    }

    #[test]
    fn what_is_forgotten_is_a_gap_for_whoever_comes_back() {
        let mut ring = ring(10, usize::MAX);
        ring.push(told);
        ring.clear();
        assert!(!ring.covers(1));
        assert!(ring.covers(ring.newest()));
        assert!(ring.after(ring.newest()).is_empty());
    }

    #[test]
    fn bytes_are_a_limit_too() {
        let mut ring = ring(100, 3 * told(1).cost());
        (0..9).for_each(|_| ring.push(told));
        assert_eq!(numbers(&ring.after(0)), [7, 8, 9]);
    }

    proptest! {
        /// Whoever resumes from a number that is covered gets each later event once, in order; any other has a gap.
        #[test]
        fn nothing_is_lost_or_repeated(limit in 1usize..20, pushed in 0u64..60, cleared in any::<bool>(), heard in 0u64..70) {
            let mut ring = ring(limit, usize::MAX);
            for at in 0..pushed {
                if cleared && at == pushed / 2 {
                    ring.clear();
                }
                ring.push(told);
            }
            prop_assert!(ring.events.len() <= limit);
            if ring.covers(heard) {
                prop_assert_eq!(numbers(&ring.after(heard)), (heard + 1..=ring.newest()).collect::<Vec<_>>());
            } else {
                prop_assert!(heard > ring.newest() || heard < ring.events.front().map_or(u64::MAX, |told| told.number - 1));
            }
        }
    }
}
