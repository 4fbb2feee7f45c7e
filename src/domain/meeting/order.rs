//! What a meeting server has to be told: kept with the meeting, so that it is done although the server or usher is away now.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::{Meeting, Policy, Slot, Status};
use crate::domain::observation::OccupantId;
use crate::domain::{Timestamp, UserId};

/// Something to be done in the room on the meeting server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Make the room for people who may come from now on. Pointless once somebody is in, or after the booked end.
    Open { slot: Slot },
    /// Tell the people in the room that the booked end is near. Pointless after it.
    Warn { ends_at: Timestamp },
    /// Put everybody out and close the room.
    Close { since: Timestamp, why: CloseReason },
    /// Put one connection of somebody out who was removed from the meeting.
    Remove {
        /// As the server reports them.
        who: UserId,
        occupant: OccupantId,
        since: Timestamp,
    },
}

/// Why a room is closed; the people in it are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    Cancelled,
    /// An authorised caller ended it for everyone.
    Ended,
    /// The booked end has come.
    TimeIsUp,
}

// === impl Order ===

impl Order {
    /// Whether it is about the end of the room.
    pub fn is_close(&self) -> bool {
        matches!(self, Self::Close { .. })
    }
}

// === impl Meeting ===

impl Meeting {
    /// Whether its room has been ordered to close and nobody has said yet that it did.
    pub fn is_closing(&self) -> bool {
        self.orders.iter().any(Order::is_close)
    }

    /// The room is to be closed; nothing else has to be said in it any more.
    pub(super) fn order_close(&mut self, since: Timestamp, why: CloseReason) {
        self.orders = vec![Order::Close { since, why }];
    }

    /// The server says that it closed the room at `at`, for whatever reason.
    pub(super) fn room_has_closed(&mut self, at: Timestamp) {
        self.orders
            .retain(|order| !matches!(order, Order::Close { since, .. } if *since <= at));
    }

    /// Takes back what time has made pointless, and orders what it asks for.
    pub(super) fn keep_to_time(&mut self, policy: &Policy, now: Timestamp) {
        let end = self.booked_end();
        let is_over = self.status.is_final();
        let time_is_up = !is_over && policy.enforce_end && end.is_some_and(|end| end <= now);
        let mut orders = std::mem::take(&mut self.orders);
        orders.retain(|order| match order {
            Order::Open { slot } => self.waits_for_people(*slot) && self.may_come(*slot, policy, now),
            Order::Warn { ends_at } => !is_over && end == Some(*ends_at) && now < *ends_at,
            Order::Close { why, .. } => time_is_up || self.shut.is_some() || *why != CloseReason::TimeIsUp,
            Order::Remove { who, occupant, .. } => !is_over && self.has_to_go(who, occupant, policy),
        });
        self.orders = orders;
        self.prepare(policy, now);
        if self.warns_at(policy).is_some_and(|at| at <= now) {
            self.warned_of = end;
            let in_time = end.filter(|ends_at| now < *ends_at);
            self.orders.extend(in_time.map(|ends_at| Order::Warn { ends_at }));
        }
        if self.closes_at(policy).is_some_and(|at| at <= now) {
            self.closed_of = end;
            self.order_close(now, CloseReason::TimeIsUp);
        }
        self.put_out(policy, now);
    }

    /// When people are to be told that the booked end is near; none while nobody is in, or once it was ordered.
    pub(super) fn warns_at(&self, policy: &Policy) -> Option<Timestamp> {
        let end = self.booked_end_of_people(policy)?;
        let wanted = policy.warn_before_end > Duration::zero() && self.warned_of != Some(end);
        let at = end
            .checked_sub_signed(policy.warn_before_end)
            .unwrap_or(Timestamp::MIN_UTC);
        wanted.then_some(at)
    }

    /// When the room is to be closed because the booked end has come; none while nobody is in, or once it was ordered.
    pub(super) fn closes_at(&self, policy: &Policy) -> Option<Timestamp> {
        self.booked_end_of_people(policy)
            .filter(|end| policy.enforce_end && self.closed_of != Some(*end))
    }

    /// Whether the room is closed because usher keeps the booked end.
    pub(super) fn is_kept_end(&self) -> bool {
        self.closed_of.is_some() && self.closed_of == self.booked_end()
    }

    /// The booked end, as long as it concerns somebody.
    fn booked_end_of_people(&self, policy: &Policy) -> Option<Timestamp> {
        let active = matches!(self.status, Status::Active { .. });
        self.booked_end().filter(|_| active && self.is_occupied(policy))
    }

    fn booked_end(&self) -> Option<Timestamp> {
        self.booking.slot.map(|slot| slot.ends_at())
    }
}
