//! What the bus has acknowledged and may still lose.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::ActId;

/// Acknowledged records, gathered by the second, so that a busy hour takes no more memory than a quiet one.
#[derive(Debug, Default)]
pub(super) struct UnsafeYet(VecDeque<Gathered>);

#[derive(Debug)]
struct Gathered {
    since: Instant,
    safe_at: Instant,
    last: ActId,
    count: usize,
}

const GATHER: Duration = Duration::from_secs(1);

// === impl UnsafeYet ===

impl UnsafeYet {
    /// So many records up to `last` were acknowledged now and can be lost for `lose_for`.
    pub fn add(&mut self, now: Instant, lose_for: Duration, last: ActId, count: usize) {
        let safe_at = now + lose_for;
        match self.0.back_mut() {
            Some(newest) if now < newest.since + GATHER => {
                newest.safe_at = safe_at;
                newest.last = last;
                newest.count += count;
            }
            _ => self.0.push_back(Gathered {
                since: now,
                safe_at,
                last,
                count,
            }),
        }
    }

    /// When the first of them are safe.
    pub fn first(&self) -> Option<Instant> {
        self.0.front().map(|first| first.safe_at)
    }

    /// The last record that is safe by now, the first time it is.
    pub fn take_safe(&mut self, now: Instant) -> Option<ActId> {
        let safe = self.0.partition_point(|gathered| gathered.safe_at <= now);
        self.0.drain(..safe).next_back().map(|gathered| gathered.last)
    }

    /// Forgets all of them, since they are sent again; returns how many that are.
    pub fn clear(&mut self) -> usize {
        self.0.drain(..).map(|gathered| gathered.count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn id(n: u8) -> ActId {
        ActId::new(Timestamp::UNIX_EPOCH, [n; 10])
    }

    #[test]
    fn each_is_safe_when_its_time_is_over_and_not_before() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut unsafe_yet = UnsafeYet::default();
        let lose_for = Duration::from_secs(180);
        unsafe_yet.add(at(0), lose_for, id(1), 5);
        unsafe_yet.add(at(900), lose_for, id(2), 5);
        unsafe_yet.add(at(1000), lose_for, id(3), 1);
        assert_eq!(unsafe_yet.first(), Some(at(180_900)), "the youngest of a second");
        assert_eq!(unsafe_yet.take_safe(at(180_899)), None);
        assert_eq!(unsafe_yet.take_safe(at(180_900)), Some(id(2)));
        assert_eq!(unsafe_yet.take_safe(at(180_999)), None);
        assert_eq!(unsafe_yet.clear(), 1);
        assert_eq!(unsafe_yet.first(), None);
    }

    #[test]
    fn a_log_loses_nothing() {
        let now = Instant::now();
        let mut unsafe_yet = UnsafeYet::default();
        unsafe_yet.add(now, Duration::ZERO, id(1), 1);
        assert_eq!(unsafe_yet.take_safe(now), Some(id(1)));
    }
}
