//! When a meeting is over by itself: what time alone makes of it.

use chrono::Duration;

use super::{Meeting, Policy, SILENCE_LIMIT, Status, later};
use crate::domain::Timestamp;
use crate::domain::attendance::{End, Told};

// === impl Meeting ===

impl Meeting {
    /// When [`Input::Tick`](super::Input::Tick) is needed next, if nothing else happens.
    pub fn next_due(&self, policy: &Policy) -> Option<Timestamp> {
        // What happens at a hospital is not seen from here; only people say what became of it.
        if self.status.is_final() || self.booking.is_in_person() {
            return None;
        }
        let leaves = self
            .attendance
            .stays()
            .iter()
            .filter(|stay| stay.told == Told::Joined);
        let announce = leaves
            .filter_map(|stay| stay.end.as_ref())
            .map(End::announced_from)
            .min();
        let over = match self.status {
            Status::Scheduled => self
                .booking
                .slot
                .map(|slot| later(slot.ends_at(), policy.booked_grace)),
            _ => self.over_at(policy).or_else(|| self.silent_from()),
        };
        let told = self.warns_at(policy).into_iter().chain(self.closes_at(policy));
        let made = self.prepares_at(policy);
        let put_out = self.has_somebody_to_put_out(policy).then_some(self.updated_at);
        let acts = told.chain(made).chain(put_out);
        announce.into_iter().chain(over).chain(acts).min()
    }

    /// When it is over by the clock of the server, because it stays empty; none while somebody is in.
    ///
    /// Whoever comes in after that opens another meeting, even where usher was away at the time.
    pub fn lapses_at(&self, policy: &Policy) -> Option<Timestamp> {
        if !matches!(self.status, Status::Active { .. }) || self.is_occupied(policy) {
            return None;
        }
        let grace = self.grace(policy);
        let ends = self.attendance.people().filter_map(|stay| stay.end.as_ref());
        let left = ends
            .map(|end| later(end.at, grace.max(end.reason.move_window())))
            .max();
        let emptied = left.or_else(|| self.declared_end().map(|at| later(at, grace)));
        let booked = self.booking.slot.map(|slot| later(slot.starts_at, grace));
        emptied.into_iter().chain(booked).max()
    }

    /// When usher concludes that: facts may reach it late and in a row, and what was learned a moment ago is not yet the
    /// whole story.
    pub(super) fn over_at(&self, policy: &Policy) -> Option<Timestamp> {
        let ends = self.attendance.people().filter_map(|stay| stay.end.as_ref());
        let patience = self.grace(policy).min(Duration::seconds(10));
        let noticed = ends.map(|end| end.noticed_at).max().map(|at| later(at, patience));
        let untold = self.attendance.people().filter(|stay| stay.told != Told::Left);
        let announced = untold
            .filter_map(|stay| stay.end.as_ref())
            .map(End::announced_from);
        self.lapses_at(policy)
            .into_iter()
            .chain(noticed)
            .chain(announced)
            .max()
            .filter(|_| !self.is_occupied(policy))
    }

    /// Whether somebody is in, or the open room itself counts as the meeting.
    pub(super) fn is_occupied(&self, policy: &Policy) -> bool {
        let room_counts = policy.active_when_room_opens && self.attendance.people().next().is_none();
        self.attendance.is_anybody_in()
            || (room_counts && self.openings.iter().any(|opening| opening.closed_at.is_none()))
    }

    pub(super) fn declared_end(&self) -> Option<Timestamp> {
        let slot_end = self.booking.slot.map(|slot| slot.ends_at());
        let declared = self.declared_at.or(self.status.started_at());
        declared.map(|at| slot_end.map_or(at, |end| end.max(at)))
    }

    pub(super) fn silent_from(&self) -> Option<Timestamp> {
        let silent = self.heard_from.is_some_and(|source| !source.sends_rosters());
        silent.then(|| self.updated_at + SILENCE_LIMIT)
    }

    fn grace(&self, policy: &Policy) -> Duration {
        if self.booking.slot.is_some() {
            policy.booked_grace
        } else {
            policy.adhoc_grace
        }
    }
}
