//! People who may not be in a room: put out, and put out again whenever they come back.
//!
//! Some were removed from the meeting or are switched off altogether. They are known as meeting servers' reports name them, so
//! an e-mail address is a fingerprint here. Of some rooms it is everybody: the meeting is over for everyone, and its room stays
//! shut for a while. A token that is still good lets people in once more; so each connection that is seen is ordered to be
//! ended, once.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Booking, CloseReason, Details, Meeting, Order, Policy};
use crate::domain::observation::{OccupantId, Role, without_address_id};
use crate::domain::{Timestamp, UserId};

/// For how long nobody may be in a room whose meeting is over for everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shut {
    pub until: Timestamp,
    pub why: CloseReason,
}

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

    /// Orders everybody out who is in and may not be: one by one, or by closing the room where nobody may be in. A closing that
    /// is under way may miss whoever comes meanwhile, so each coming asks for its own.
    pub(super) fn put_out(&mut self, policy: &Policy, now: Timestamp) {
        let shut = self.shut_for(policy, now);
        if self.status.is_final() || (shut.is_none() && self.is_closing()) {
            return;
        }
        let removed = &self.booking.details.removed;
        let mut came_again = false;
        for stay in self.attendance.stays_mut() {
            let user = stay.person.user.as_ref();
            let who = user.filter(|user| policy.keeps_out(user) || removed.contains(user));
            let is_shut_out = shut.is_some() && stay.role == Role::Person;
            let has_to_go = stay.is_open() && (is_shut_out || who.is_some());
            let was_told_to = std::mem::replace(&mut stay.has_to_go, has_to_go);
            let is_new = has_to_go && !was_told_to;
            came_again |= is_new && is_shut_out;
            let who = who.filter(|_| is_new && shut.is_none());
            self.orders.extend(who.map(|who| Order::Remove {
                who: who.clone(),
                occupant: stay.occupant.clone(),
                since: now,
            }));
        }
        if let Some(why) = shut.filter(|_| came_again) {
            self.order_close(now, why);
        }
    }

    /// Whether somebody is in who was switched off since: nothing happens in the room that would bring it up.
    pub(super) fn has_somebody_to_put_out(&self, policy: &Policy) -> bool {
        let mut stays = self.attendance.stays().iter();
        let is_kept_out = |user: &UserId| policy.keeps_out(user);
        !policy.switched_off.is_empty()
            && !self.is_closing()
            && stays.any(|stay| {
                stay.is_open() && !stay.has_to_go && stay.person.user.as_ref().is_some_and(is_kept_out)
            })
    }

    /// Why nobody may be in now, if that is so.
    fn shut_for(&self, policy: &Policy, now: Timestamp) -> Option<CloseReason> {
        let kept_end = self.booking.slot.filter(|_| policy.enforce_end);
        let time_is_up = kept_end.is_some_and(|slot| slot.ends_at() <= now);
        let shut = self.shut.filter(|shut| now < shut.until);
        let of_earlier = shut.map(|shut| shut.why);
        of_earlier.or_else(|| time_is_up.then_some(CloseReason::TimeIsUp))
    }

    /// Whether a connection of somebody still has to be ended.
    pub(super) fn has_to_go(&self, who: &UserId, occupant: &OccupantId, policy: &Policy) -> bool {
        let mut stays = self.attendance.stays().iter();
        (policy.keeps_out(who) || self.booking.details.removed.contains(who))
            && stays.any(|stay| stay.occupant == *occupant && stay.is_open() && stay.has_to_go)
    }
}

// === impl Policy ===

impl Policy {
    /// Whether somebody may be in no meeting at all; named as reports are written down.
    fn keeps_out(&self, user: &UserId) -> bool {
        self.switched_off.contains(user)
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
