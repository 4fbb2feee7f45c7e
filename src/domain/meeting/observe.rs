//! How what a meeting server saw, or what a caller asks for, changes what is known of a meeting.

use super::{CLOSING_MOMENT, CloseReason, Input, Meeting, Opening, Status, TransitionError, later};
use crate::domain::Timestamp;
use crate::domain::attendance::{End, Notice};
use crate::domain::event::EventKind;
use crate::domain::meeting::settle::{Teller, Telling};
use crate::domain::observation::{LeaveReason, Observation, Part, Source, What};

impl Meeting {
    pub(super) fn observe(&mut self, seen: &Observation, now: Timestamp) {
        let left_at = self.moment_of_leaving(seen.at);
        self.heard_from = Some(seen.source);
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
            } => {
                if matches!(part, Part::Opening(_)) {
                    attendance.keep_only(part, &[], (*since, seen.at), notice);
                }
                self.open_session(part, opened_at.unwrap_or(seen.at));
            }
            What::Entered(arrival) => attendance.enter(arrival, seen.at, notice),
            What::Left(departure) => attendance.leave(departure, left_at, notice),
            What::Aborted(departure) if attendance.has_open(departure) => {
                attendance.leave(departure, left_at, notice);
            }
            What::Aborted(_) => {}
            What::RoomClosed { part, opened_at, .. } => {
                attendance.close(part, seen.at, notice);
                self.close_session(part, *opened_at, seen.at);
                if part.is_room() {
                    self.room_has_closed(seen.at);
                }
            }
            What::Roster {
                part,
                opened_at,
                present,
                since,
            } => {
                attendance.believe_present(present, seen.at, notice);
                attendance.keep_only(part, present, (*since, seen.at), notice);
                opened_at
                    .filter(|_| part.is_room())
                    .into_iter()
                    .for_each(|at| self.open_session(part, at));
            }
            What::Vanished { part, since } => {
                attendance.keep_only(part, &[], (*since, seen.at), notice);
                self.close_session(part, None, *since);
            }
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

    fn open_session(&mut self, part: &Part, opened_at: Timestamp) {
        let known = |opening: &Opening| opening.part == *part && opening.opened_at == opened_at;
        if !self.openings.iter().any(known) {
            self.openings.push(Opening {
                part: part.clone(),
                opened_at,
                closed_at: None,
            });
            self.openings.sort_by_key(|opening| opening.opened_at);
        }
    }

    fn close_session(&mut self, part: &Part, opened_at: Option<Timestamp>, closed_at: Timestamp) {
        if !part.is_room() {
            return;
        }
        self.prepared_of = None;
        opened_at.into_iter().for_each(|at| self.open_session(part, at));
        let ended = |opening: &&mut Opening| match opened_at {
            Some(opened_at) => opening.opened_at == opened_at,
            None => opening.opened_at <= closed_at,
        };
        let opening = self
            .openings
            .iter_mut()
            .filter(|opening| opening.closed_at.is_none() && opening.part == *part)
            .rfind(ended);
        opening
            .into_iter()
            .for_each(|opening| opening.closed_at = Some(closed_at));
    }

    /// A server that sends no rosters and says nothing for a day has lost the people it reported.
    pub(super) fn give_up_when_silent(&mut self, now: Timestamp) {
        if self.silent_from().is_some_and(|from| from <= now) {
            let heard = self.updated_at;
            self.attendance
                .end_all(&End::estimated(heard, LeaveReason::Missing, self.notice(now)));
            self.close_session(&Part::Main, None, heard);
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
