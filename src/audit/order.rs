//! The order of the records: ids that only grow, and up to where every write has ended.

use std::collections::BTreeSet;
use std::ops::Bound;

use crate::domain::{ActId, Timestamp};

/// Who gives out the ids.
#[derive(Debug)]
pub(super) struct Order {
    last: ActId,
    under_way: BTreeSet<ActId>,
}

// === impl Order ===

impl Order {
    /// Every id from here on is greater than `last`.
    pub fn after(last: ActId) -> Self {
        Self {
            last,
            under_way: BTreeSet::new(),
        }
    }

    /// The id of a record that is about to be written.
    pub fn begin(&mut self, at: Timestamp, random: [u8; 10]) -> ActId {
        self.last = self.last.following(at, random);
        self.under_way.insert(self.last);
        self.last
    }

    /// The write has ended, well or badly.
    pub fn end(&mut self, id: ActId) {
        self.under_way.remove(&id);
    }

    /// Within it nothing is being written, nor will be: whoever reads it now sees all of it in its final order. Writes
    /// that share a flush end in any order, so a later record can be there before an earlier one.
    pub fn horizon(&self) -> Bound<ActId> {
        match self.under_way.first() {
            Some(first) => Bound::Excluded(*first),
            None => Bound::Included(self.last),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeBounds;

    use super::*;

    fn is_settled(order: &Order, id: ActId) -> bool {
        (Bound::Unbounded, order.horizon()).contains(&id)
    }

    #[test]
    fn the_horizon_waits_for_the_slowest_write() {
        let at = Timestamp::UNIX_EPOCH;
        let mut order = Order::after(ActId::FIRST);
        let [first, second, third] = [(); 3].map(|()| order.begin(at, [7; 10]));
        order.end(second);
        assert!(!is_settled(&order, first) && !is_settled(&order, second));
        order.end(first);
        assert!(is_settled(&order, second) && !is_settled(&order, third));
        order.end(third);
        assert!(is_settled(&order, third));
    }

    #[test]
    fn what_begins_while_somebody_reads_lies_beyond_the_horizon() {
        let mut order = Order::after(ActId::FIRST);
        let horizon = order.horizon();
        let late = order.begin(Timestamp::UNIX_EPOCH, [0; 10]);
        assert!(!(Bound::Unbounded, horizon).contains(&late));
    }
}
