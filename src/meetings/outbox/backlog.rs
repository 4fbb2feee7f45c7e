//! What waits to be sent, meeting by meeting.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::Written;
use crate::domain::{MeetingId, Timestamp};

/// Meetings with events that were not acknowledged yet, or not long enough ago.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    meetings: HashMap<MeetingId, Waiting>,
    /// Whose turn it is, oldest first; each at most once.
    queue: VecDeque<MeetingId>,
    /// Since when the oldest event of each meeting waits.
    ages: BTreeSet<(Timestamp, MeetingId)>,
    waiting: usize,
    /// How often everything was sent again; what an earlier round says is acknowledged may be lost.
    round: u64,
}

/// One meeting's turn to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) meeting: MeetingId,
    /// The number of the last event that need not be sent.
    pub(super) after: u64,
    /// The number of the last event to send; one that was stored a moment ago gets a turn when it is announced.
    pub(super) last: u64,
    round: u64,
}

/// The numbers of one meeting's stored events.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// Everything before it was dropped from the record.
    first: u64,
    acknowledged: u64,
    last: u64,
    since: Timestamp,
    place: Place,
}

/// Where a meeting is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Idle,
    Queued,
    Sending,
    /// Its next event cannot be sent as it is.
    Aside,
}

// === impl Backlog ===

impl Backlog {
    /// Events were stored.
    pub(super) fn add(&mut self, news: Written) {
        let before = news.first - 1;
        let new = Waiting {
            first: news.first,
            acknowledged: before,
            last: before,
            since: news.since,
            place: Place::Idle,
        };
        self.meetings.entry(news.meeting).or_insert(new);
        self.change(news.meeting, |waiting| {
            if waiting.is_done() {
                waiting.since = news.since;
            }
            waiting.last = waiting.last.max(news.last);
        });
    }

    /// The next turn; its meeting has no other before [`Backlog::acknowledged`].
    pub(super) fn next(&mut self) -> Option<Turn> {
        while let Some(meeting) = self.queue.pop_front() {
            if let Some(waiting) = self
                .meetings
                .get_mut(&meeting)
                .filter(|waiting| waiting.place == Place::Queued)
            {
                waiting.place = Place::Sending;
                return Some(Turn {
                    meeting,
                    after: waiting.acknowledged,
                    last: waiting.last,
                    round: self.round,
                });
            }
        }
        None
    }

    /// A turn ended; everything up to `last` is acknowledged. False when it began before everything was sent again, so
    /// that it says nothing about what is stored now.
    pub(super) fn acknowledged(&mut self, turn: Turn, last: u64) -> bool {
        let counts = turn.round == self.round;
        self.change(turn.meeting, |waiting| {
            waiting.place = Place::Idle;
            if counts {
                waiting.acknowledged = waiting.acknowledged.max(last.min(waiting.last));
            }
        });
        counts
    }

    /// The next event of this meeting cannot be sent as it is: no further turn before everything is sent again.
    pub(super) fn set_aside(&mut self, meeting: MeetingId) {
        if let Some(waiting) = self.meetings.get_mut(&meeting) {
            waiting.place = Place::Aside;
        }
    }

    /// The number of the last event that is acknowledged and is not being sent again.
    pub(super) fn acknowledged_of(&self, meeting: MeetingId) -> u64 {
        self.meetings
            .get(&meeting)
            .map_or(0, |waiting| waiting.acknowledged)
    }

    /// The record holds nothing up to `last` any more.
    pub(super) fn forgotten(&mut self, meeting: MeetingId, last: u64) {
        self.change(meeting, |waiting| {
            waiting.first = waiting.first.max(last + 1);
            waiting.acknowledged = waiting.acknowledged.max(last);
        });
        if self
            .meetings
            .get(&meeting)
            .is_some_and(|waiting| waiting.is_done() && waiting.first > waiting.last)
        {
            self.meetings.remove(&meeting);
        }
    }

    /// The bus may have lost what it acknowledged: everything that is still stored goes out again.
    pub(super) fn send_again(&mut self) {
        self.round += 1;
        let meetings: Vec<_> = self.meetings.keys().copied().collect();
        for meeting in meetings {
            self.change(meeting, |waiting| {
                waiting.acknowledged = waiting.first - 1;
                if waiting.place == Place::Aside {
                    waiting.place = Place::Idle;
                }
            });
        }
    }

    /// How many events wait for their acknowledgement.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Since when the oldest of them waits.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.ages.first().map(|(since, _)| *since)
    }

    /// Changes one meeting's numbers and keeps the sums and the queue in step.
    fn change(&mut self, meeting: MeetingId, change: impl FnOnce(&mut Waiting)) {
        let Some(waiting) = self.meetings.get_mut(&meeting) else {
            return;
        };
        self.waiting -= waiting.count();
        self.ages.remove(&(waiting.since, meeting));
        change(waiting);
        self.waiting += waiting.count();
        if !waiting.is_done() {
            self.ages.insert((waiting.since, meeting));
            if waiting.place == Place::Idle {
                waiting.place = Place::Queued;
                self.queue.push_back(meeting);
            }
        }
    }
}

// === impl Waiting ===

impl Waiting {
    fn count(&self) -> usize {
        usize::try_from(self.last - self.acknowledged).unwrap_or(usize::MAX)
    }

    fn is_done(&self) -> bool {
        self.count() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> MeetingId {
        MeetingId::new(Timestamp::UNIX_EPOCH, [n; 10])
    }

    fn written(n: u8, first: u64, last: u64) -> Written {
        Written {
            meeting: id(n),
            first,
            last,
            since: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_meeting_has_one_turn_at_a_time() {
        let mut backlog = Backlog::default();
        backlog.add(written(1, 1, 2));
        backlog.add(written(1, 1, 3));
        let turn = backlog.next().unwrap();
        assert_eq!(
            (turn.meeting, turn.after, turn.last, backlog.next()),
            (id(1), 0, 3, None)
        );
        backlog.add(written(1, 1, 4));
        assert!(backlog.acknowledged(turn, 3));
        assert_eq!((backlog.waiting(), backlog.next().unwrap().after), (1, 3));
    }

    #[test]
    fn what_an_old_connection_acknowledged_is_sent_again() {
        let mut backlog = Backlog::default();
        backlog.add(written(1, 1, 3));
        let turn = backlog.next().unwrap();
        assert!(backlog.acknowledged(turn, 2));
        let late = backlog.next().unwrap();
        backlog.send_again();
        assert!(
            !backlog.acknowledged(late, 3),
            "it was said before the connection broke"
        );
        assert_eq!(
            (
                backlog.waiting(),
                backlog.next().unwrap().after,
                backlog.acknowledged_of(id(1))
            ),
            (3, 0, 0)
        );
    }

    #[test]
    fn what_is_forgotten_leaves_no_trace() {
        let mut backlog = Backlog::default();
        backlog.add(written(1, 1, 3));
        let turn = backlog.next().unwrap();
        backlog.acknowledged(turn, 3);
        backlog.send_again();
        backlog.forgotten(id(1), 3);
        assert_eq!(
            (backlog.waiting(), backlog.oldest(), backlog.next()),
            (0, None, None)
        );
        assert!(backlog.meetings.is_empty() && backlog.ages.is_empty());
    }

    #[test]
    fn a_meeting_set_aside_waits_for_the_next_connection() {
        let mut backlog = Backlog::default();
        backlog.add(written(1, 1, 1));
        let turn = backlog.next().unwrap();
        backlog.acknowledged(turn, 0);
        backlog.set_aside(id(1));
        backlog.add(written(1, 1, 2));
        assert_eq!((backlog.next(), backlog.waiting()), (None, 2));
        backlog.send_again();
        assert_eq!(backlog.next().unwrap().after, 0);
    }
}
