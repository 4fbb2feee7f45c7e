//! Moving between the main room and breakout rooms is a leave and an entry on the wire, but no leaving of the meeting.

use super::{Attendance, End, Stay, Told};
use crate::domain::Timestamp;
use crate::domain::observation::{LeaveReason, Part};

// === impl Stay ===

impl Stay {
    /// Whether somebody could have come into `next` from here, without having left the meeting.
    fn leads_to(&self, next: &Self) -> bool {
        let in_reach = |end: &End| end.at + end.reason.move_window() >= next.from;
        self.can_go_on_in(&next.part) && self.from <= next.from && self.end.as_ref().is_none_or(in_reach)
    }

    /// Whoever says that he moves may be back before the part he was in between is heard of: each component of a server
    /// reports by itself.
    pub(super) fn can_go_on_in(&self, part: &Part) -> bool {
        let moves = |end: &End| end.reason == LeaveReason::Switching;
        self.part != *part || self.end.as_ref().is_some_and(moves)
    }
}

// === impl Attendance ===

impl Attendance {
    /// Whether `stay` ended only to go on in another part of the meeting.
    pub(in crate::domain) fn goes_on(&self, stay: &Stay) -> bool {
        self.continuations(stay).next().is_some()
    }

    /// The stays in which somebody goes on who left `stay`.
    fn continuations<'a>(&'a self, stay: &'a Stay) -> impl Iterator<Item = &'a Stay> {
        let ends_later = |end: &End, other: &Stay| {
            let later = |ended| ended > end.at || (ended == end.at && other.key() > stay.key());
            other.ended_at().is_none_or(later)
        };
        let goes_on_in = move |other: &Stay, end: &End| {
            let until = end.at + end.reason.move_window();
            stay.can_go_on_in(&other.part)
                && other.from <= until
                && other.from >= stay.from
                && ends_later(end, other)
        };
        let end = stay.end.as_ref();
        let others = self.of(&stay.occupant).iter();
        others.filter(move |other| end.is_some_and(|end| goes_on_in(other, end)))
    }

    /// Whether `stay` is part of a visit whose beginning was told: the person came over from another part of the meeting,
    /// or went over to one that was heard of first.
    pub(in crate::domain) fn is_of_told_visit(&self, stay: &Stay) -> bool {
        let went_on = |other: &Stay| {
            let elsewhere = |next: &Stay| next.key() != stay.key() && next.told != Told::Nothing;
            self.continuations(other).any(elsewhere)
        };
        let is_in = |other: &Stay| match other.told {
            Told::Nothing => false,
            Told::Joined => true,
            // Its leave was told, unless the person was known to go on.
            Told::Left => went_on(other),
        };
        let came_from = |other: &Stay| other.leads_to(stay) && is_in(other);
        let went_to = |other: &Stay| other.told == Told::Joined && stay.leads_to(other);
        let others = self
            .of(&stay.occupant)
            .iter()
            .filter(|other| other.key() != stay.key());
        others.into_iter().any(|other| came_from(other) || went_to(other))
    }

    /// When the visit began that `stay` belongs to: moves between parts of the meeting are followed back.
    pub(in crate::domain) fn visit_began(&self, stay: &Stay) -> Timestamp {
        let mut first = stay;
        let before = |next: &Stay| {
            let of_one = self.of(&next.occupant).iter();
            of_one
                .filter(|other| other.from < next.from && other.leads_to(next))
                .min_by_key(|other| other.from)
        };
        while let Some(earlier) = before(first) {
            first = earlier;
        }
        first.from
    }
}
