//! What is concluded of stays whose end nobody reported, and what no later list of people can take back.

use super::{Arrival, Attendance, End, LeaveReason, Notice, OccupantId, Part, Span, Stay};
use crate::domain::Timestamp;

// === impl Attendance ===

impl Attendance {
    /// That connection, since `entered_at`, is not there any more; it ended unseen, after `since`.
    pub fn give_up(
        &mut self,
        (occupant, part, entered_at): (&OccupantId, &Part, Timestamp),
        since: Timestamp,
        notice: Notice,
    ) {
        let end = End::estimated(since, LeaveReason::Missing, notice);
        self.end_open(|stay| stay.key() == (occupant, part, entered_at), &end);
    }

    /// The server lost that part with everybody in it, after `since`, and began it anew at `at`. Its lists may go on naming
    /// those who were in before; they count no more.
    pub fn lose(&mut self, part: &Part, (since, at): Span, notice: Notice) {
        let end = End::estimated(since, LeaveReason::ServerLost, notice);
        self.end_all_but(part, &[], at, &end);
        let closing = (part.clone(), at);
        if !self.closings.contains(&closing) {
            self.closings.push(closing);
        }
    }

    /// Whether those who were in that part last were put out because the server closed it, as the server itself said.
    pub fn was_shut(&self, part: &Part) -> bool {
        let of_part = |stay: &&Stay| stay.part == *part;
        let ends = || self.people().filter(of_part).filter_map(|stay| stay.end.as_ref());
        let last = ends().map(|end| end.at).max();
        ends().any(|end| Some(end.at) == last && !end.estimated && end.reason == LeaveReason::RoomClosed)
    }

    /// Where the same connection is known to be in another life of the room: a server that names each names connections but
    /// once, and a list of people does not tell in which of two rooms of one name they are.
    pub(super) fn in_another_life(&self, arrival: &Arrival, from: Timestamp) -> Option<usize> {
        if !arrival.part.is_named() {
            return None;
        }
        let first = self
            .stays
            .partition_point(|stay| stay.occupant < arrival.occupant);
        let same = |stay: &Stay| stay.from == from && stay.part.is_named() && stay.part != arrival.part;
        let found = self.of(&arrival.occupant).iter().position(same);
        found.map(|place| first + place)
    }

    /// Whether the stay is over whatever a list of people says: its end was told, or that part of the room was closed or
    /// begun anew after it began.
    pub fn is_over(&self, stay: &Stay) -> bool {
        let closed_after = |(part, at): &(Part, Timestamp)| *part == stay.part && stay.from < *at;
        !stay.is_open() && (!stay.is_guessed_over() || self.closings.iter().any(closed_after))
    }
}
