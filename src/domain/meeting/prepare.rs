//! Rooms that are made before people come: LiveKit can be told to let nobody in whose room nobody made.

use super::{Meeting, Order, Policy, Slot, Status};
use crate::domain::Timestamp;
use crate::domain::observation::BackendKind;

// === impl Meeting ===

impl Meeting {
    /// When its room is to be made: as soon as people may come. None where it was ordered already, where people are in, and
    /// on servers that make rooms for whoever comes.
    pub(super) fn prepares_at(&self, policy: &Policy) -> Option<Timestamp> {
        let (ahead, slot) = (policy.made_ahead?, self.booking.slot?);
        let wanted = self.prepared_of != Some(slot) && self.waits_for_people(slot);
        let at = match self.status {
            Status::Scheduled => slot.starts_at.checked_sub_signed(ahead),
            _ => None,
        };
        wanted.then(|| at.unwrap_or(Timestamp::MIN_UTC))
    }

    /// Orders the room to be made. A room that the server closes although people are still expected is made again.
    pub(super) fn prepare(&mut self, policy: &Policy, now: Timestamp) {
        if self.prepares_at(policy).is_none_or(|at| now < at) {
            return;
        }
        self.prepared_of = self.booking.slot;
        let slot = self.booking.slot.filter(|slot| self.may_come(*slot, policy, now));
        self.orders.retain(|order| !matches!(order, Order::Open { .. }));
        self.orders.extend(slot.map(|slot| Order::Open { slot }));
    }

    /// Whether people are expected there at the booked time, and nobody is in.
    pub(super) fn waits_for_people(&self, slot: Slot) -> bool {
        let booking = &self.booking;
        booking.room.backend.kind == BackendKind::Livekit
            && booking.slot == Some(slot)
            && !booking.is_in_person()
            && !self.status.is_final()
            && !self.attendance.is_anybody_in()
    }

    /// Whether people may still come: until the booked end, and those who went on beyond it until their meeting is over, unless
    /// the end is kept.
    pub fn may_come(&self, slot: Slot, policy: &Policy, now: Timestamp) -> bool {
        now < slot.ends_at() || (matches!(self.status, Status::Active { .. }) && !policy.enforce_end)
    }
}
