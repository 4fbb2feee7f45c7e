//! People who are removed from a meeting: put out, and put out again whenever they come back.
//!
//! They are known as meeting servers' reports name them, so an e-mail address is a fingerprint here. A token that is still
//! good lets them in once more; so each connection of theirs that is seen is ordered to be ended, once.

use std::collections::BTreeSet;

use super::{Booking, Details, Meeting, Order};
use crate::domain::observation::{OccupantId, without_address_id};
use crate::domain::{Timestamp, UserId};

/// Of more people than this, those who were removed first are forgotten.
const MOST_REMOVED: usize = 1000;

// === impl Meeting ===

impl Meeting {
    pub(super) fn remove(&mut self, user: &UserId) {
        self.booking.details.remove(user);
    }

    /// They may come again. Who is in by a token from before stays in.
    pub(super) fn readmit(&mut self, user: &UserId) {
        let user = as_reported(user);
        self.booking.details.removed.retain(|removed| *removed != user);
        let theirs = |stay: &&mut crate::domain::attendance::Stay| stay.person.user.as_ref() == Some(&user);
        let stays = self.attendance.stays_mut().iter_mut().filter(theirs);
        stays.for_each(|stay| stay.has_to_go = false);
    }

    /// Other people take part now than `before`: who was taken off is removed, and who is new may come again.
    pub(super) fn follow_the_list(&mut self, before: &BTreeSet<UserId>) {
        let booking = &self.booking;
        let now: BTreeSet<_> = booking.details.participants.iter().cloned().collect();
        let may_not_come = |user: &&UserId| !booking.is_open_to(user);
        let gone: Vec<_> = before.difference(&now).filter(may_not_come).cloned().collect();
        gone.iter().for_each(|user| self.remove(user));
        now.difference(before).for_each(|user| self.readmit(user));
    }

    /// Orders everybody out who is in and was removed.
    pub(super) fn put_out_the_removed(&mut self, now: Timestamp) {
        let removed = &self.booking.details.removed;
        if removed.is_empty() || self.status.is_final() || self.is_closing() {
            return;
        }
        for stay in self.attendance.stays_mut() {
            let who = stay.person.user.as_ref().filter(|user| removed.contains(user));
            let Some(who) = who.filter(|_| stay.is_open() && !stay.has_to_go) else {
                continue;
            };
            self.orders.push(Order::Remove {
                who: who.clone(),
                occupant: stay.occupant.clone(),
                since: now,
            });
            stay.has_to_go = true;
        }
    }

    /// Whether a connection of somebody still has to be ended.
    pub(super) fn has_to_go(&self, who: &UserId, occupant: &OccupantId) -> bool {
        let mut stays = self.attendance.stays().iter();
        self.booking.details.removed.contains(who)
            && stays.any(|stay| stay.occupant == *occupant && stay.is_open() && stay.has_to_go)
    }
}

// === impl Booking, Details ===

impl Booking {
    /// Whether somebody may not come (any more), whatever seat they have.
    pub fn is_removed(&self, user: &UserId) -> bool {
        let removed = &self.details.removed;
        !removed.is_empty() && removed.contains(&as_reported(user))
    }
}

impl Details {
    fn remove(&mut self, user: &UserId) {
        let user = as_reported(user);
        if self.removed.contains(&user) {
            return;
        }
        if self.removed.len() >= MOST_REMOVED {
            self.removed.remove(0);
        }
        self.removed.push(user);
    }
}

/// The id as a meeting server's reports are written down.
pub fn as_reported(user: &UserId) -> UserId {
    UserId::parse(&without_address_id(user.as_str())).unwrap_or_else(|_| user.clone())
}
