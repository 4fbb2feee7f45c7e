//! How what a meeting server saw, or what a caller asks for, changes what is known of a meeting.

use super::{
    CLOSING_MOMENT, CloseReason, Input, Meeting, OPENING_MOMENT, Opening, Status, TransitionError, later,
};
use crate::domain::Timestamp;
use crate::domain::attendance::{End, Notice};
use crate::domain::event::EventKind;
use crate::domain::meeting::settle::{Teller, Telling};
use crate::domain::observation::{LeaveReason, Observation, Part, Source, What};

impl Meeting {
    pub(super) fn observe(&mut self, seen: &Observation, now: Timestamp) {
        let left_at = self.moment_of_leaving(seen.at);
        // A list only fills in what its server's own words have left out.
        if seen.source != Source::Listing || self.heard_from.is_none() {
            self.heard_from = Some(seen.source);
        }
        let notice = Notice {
            source: seen.source,
            at: now,
        };
        let attendance = &mut self.attendance;
        match &seen.what {
            What::RoomOpened {
                part,
                opened_at,
                since,
            } => self.room_has_opened(seen, (part, *opened_at, *since), notice),
            // A list is about this moment: what was only guessed gives way.
            What::Entered(arrival) if seen.source == Source::Listing && !self.status.is_final() => {
                attendance.believe_present(std::slice::from_ref(arrival), seen.at, notice);
            }
            What::Entered(arrival) => attendance.enter(arrival, seen.at, notice),
            What::Left(departure) => attendance.leave(departure, left_at, notice),
            What::Aborted(departure) if attendance.has_open(departure) => {
                attendance.leave(departure, left_at, notice);
            }
            What::Aborted(_) => {}
            What::RoomClosed { part, opened_at, .. } => {
                self.part_has_closed((part, *opened_at), seen.at, notice);
            }
            What::Roster {
                part,
                opened_at,
                present,
                since,
            } => {
                attendance.believe_present(present, seen.at, notice);
                attendance.keep_only(part, present, (*since, seen.at), notice);
                if let Some(opened_at) = opened_at.filter(|_| part.is_room()) {
                    self.open_session(part, opened_at);
                }
            }
            What::Vanished { part, since } => {
                attendance.keep_only(part, &[], (*since, seen.at), notice);
                self.close_session(part, None, (*since, true));
            }
            What::Gone {
                occupant,
                part,
                entered_at,
                since,
            } => attendance.give_up((occupant, part, *entered_at), *since, notice),
        }
    }

    /// Who is put out because a caller ended the meeting goes a moment later than that. The caller's word is the end; the
    /// server's only confirms it.
    fn moment_of_leaving(&self, at: Timestamp) -> Timestamp {
        let called_off = self.called_off_at.filter(|_| self.status.is_final());
        called_off
            .filter(|off| *off <= at && at <= later(*off, CLOSING_MOMENT))
            .unwrap_or(at)
    }

    fn room_has_opened(
        &mut self,
        seen: &Observation,
        (part, opened_at, since): (&Part, Option<Timestamp>, Timestamp),
        notice: Notice,
    ) {
        let is_loss = self.is_loss(seen);
        self.open_session(part, opened_at.unwrap_or(seen.at));
        if is_loss {
            self.attendance.lose(part, (since, seen.at), notice);
            self.lose_openings(part, (since, seen.at));
            self.open_session(part, seen.at);
        }
    }

    fn part_has_closed(
        &mut self,
        (part, opened_at): (&Part, Option<Timestamp>),
        at: Timestamp,
        notice: Notice,
    ) {
        self.attendance.close(part, at, notice);
        self.close_session(part, opened_at, (at, false));
        if part.is_room() && !self.has_another_life(part) {
            self.room_has_closed(at);
        }
    }

    /// Whether the server begins a life of the room again that it had begun before: it lost it with everybody inside.
    ///
    /// LiveKit says so with the same sid and the moment at which the room was first made. Told twice, it is one loss.
    pub fn is_loss(&self, seen: &Observation) -> bool {
        let What::RoomOpened { part, opened_at, .. } = &seen.what else {
            return false;
        };
        let known = || self.openings.iter().filter(|opening| opening.part == *part);
        let is_told = known().any(|opening| opening.opened_at == seen.at);
        let made_at = known().map(|opening| opening.opened_at).chain(*opened_at).min();
        part.is_named() && !is_told && made_at.is_some_and(|made_at| later(made_at, OPENING_MOMENT) < seen.at)
    }

    /// Whether the room is open in another life than that one, of which the server will tell the end by itself.
    fn has_another_life(&self, part: &Part) -> bool {
        let is_other = |opening: &Opening| opening.part.is_named() && opening.part != *part;
        self.openings
            .iter()
            .any(|opening| is_other(opening) && opening.closed_at.is_none())
    }

    fn open_session(&mut self, part: &Part, opened_at: Timestamp) {
        let known = |opening: &Opening| opening.part == *part && opening.opened_at == opened_at;
        if !self.openings.iter().any(known) {
            self.openings.push(Opening {
                part: part.clone(),
                opened_at,
                closed_at: None,
                estimated: false,
            });
            self.openings.sort_by_key(|opening| opening.opened_at);
        }
    }

    /// What the server says of the end outweighs what was concluded.
    fn close_session(
        &mut self,
        part: &Part,
        opened_at: Option<Timestamp>,
        (closed_at, estimated): (Timestamp, bool),
    ) {
        if !part.is_room() {
            return;
        }
        self.prepared_of = None;
        let is_known = part.is_named() && self.openings.iter().any(|opening| opening.part == *part);
        opened_at
            .filter(|_| !is_known)
            .into_iter()
            .for_each(|at| self.open_session(part, at));
        let fits = |opening: &Opening| match opened_at {
            Some(opened_at) if !part.is_named() => opening.opened_at == opened_at,
            _ => opening.opened_at <= closed_at || estimated,
        };
        let is_open = |opening: &Opening| opening.closed_at.is_none() || (opening.estimated && !estimated);
        let latest = self
            .openings
            .iter_mut()
            .rfind(|opening| opening.part == *part && is_open(opening) && fits(opening));
        latest
            .into_iter()
            .for_each(|opening| opening.close(closed_at, estimated));
    }

    /// What was open of that part before `at` was lost with its server, after `since`.
    fn lose_openings(&mut self, part: &Part, (since, at): (Timestamp, Timestamp)) {
        let lost = |opening: &&mut Opening| opening.part == *part && opening.opened_at < at;
        let open = self
            .openings
            .iter_mut()
            .filter(|opening| opening.closed_at.is_none());
        open.filter(lost).for_each(|opening| opening.close(since, true));
    }

    /// A server that sends no rosters and says nothing for a day has lost the people it reported.
    pub(super) fn give_up_when_silent(&mut self, now: Timestamp) {
        if self.silent_from().is_some_and(|from| from <= now) {
            let heard = self.updated_at;
            self.attendance
                .end_all(&End::estimated(heard, LeaveReason::Missing, self.notice(now)));
            self.close_session(&Part::Main, None, (heard, true));
        }
    }

    pub(super) fn declare_start(&mut self, now: Timestamp) -> Result<(), TransitionError> {
        match self.status {
            Status::Scheduled => self.declared_at = Some(now),
            Status::Active { .. } => {}
            _ => return Err(self.no_way_to("active")),
        }
        Ok(())
    }

    pub(super) fn end_now(&mut self, now: Timestamp) -> Result<(), TransitionError> {
        match self.status {
            Status::Active { .. } => self.put_everybody_out(now, CloseReason::Ended),
            Status::Completed { .. } => {}
            _ => return Err(self.no_way_to("completed")),
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self, now: Timestamp, teller: &mut Teller) -> Result<(), TransitionError> {
        match self.status {
            Status::Scheduled | Status::Active { .. } => {
                let started_at = self.status.started_at();
                if started_at.is_some() || self.prepared_of.is_some() {
                    self.put_everybody_out(now, CloseReason::Cancelled);
                }
                self.called_off_at = Some(now);
                self.tell_comings_and_goings(teller, true);
                self.status = Status::Cancelled { started_at, at: now };
                self.figures = self.attendance.figures(now);
                self.tell(
                    teller,
                    Telling::of(EventKind::Cancelled, now, "client", "cancelled"),
                );
                Ok(())
            }
            Status::Cancelled { .. } => Ok(()),
            _ => Err(self.no_way_to("cancelled")),
        }
    }

    fn put_everybody_out(&mut self, now: Timestamp, why: CloseReason) {
        self.called_off_at = Some(now);
        self.order_close(now, why);
        self.attendance
            .end_all(&End::estimated(now, LeaveReason::RoomClosed, self.notice(now)));
    }

    /// Something that nobody reported, learned by usher itself.
    pub(super) fn notice(&self, now: Timestamp) -> Notice {
        Notice {
            source: self.heard_from.unwrap_or(Source::Prosody),
            at: now,
        }
    }

    pub(super) fn no_way_to(&self, to: &'static str) -> TransitionError {
        TransitionError {
            from: self.status.as_str(),
            to,
        }
    }
}

// === impl Opening, Input ===

impl Opening {
    fn close(&mut self, at: Timestamp, estimated: bool) {
        self.closed_at = Some(at.max(self.opened_at));
        self.estimated = estimated;
    }
}

impl Input {
    /// Whether it closes the meeting for everyone at once, without a grace time.
    pub(super) fn ends_for_everyone(&self) -> bool {
        match self {
            Self::End => true,
            Self::Observed(seen) => seen.what.ends_for_everyone(),
            Self::Tick | Self::Lapse | Self::Start | Self::Cancel | Self::Done(_) => false,
            Self::Change(_) | Self::Remove(_) | Self::Readmit(_) => false,
        }
    }
}
