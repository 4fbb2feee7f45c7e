//! Which meeting an observation is about: the one that goes on, one that ended a moment ago, or a new one.

use super::{Index, Room};
use crate::domain::observation::{Arrival, Observation, Part, Role, Source, What};
use crate::domain::{MeetingId, Policy, Timestamp};

/// Which meeting an observation belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::meetings) enum Route {
    Known(MeetingId),
    /// Nobody booked it and none is open; `continues` ended in the same room not long ago.
    New {
        continues: Option<MeetingId>,
    },
    /// By the server's clock it was over before this; it has to be completed first.
    Lapsed(MeetingId),
    /// It concerns no meeting.
    Nobody,
    /// The meeting it is about is no longer followed.
    Stale,
}

/// What is known of the room that an observation is about.
struct Place<'a> {
    index: &'a Index,
    seen: &'a Observation,
    room: Option<&'a Room>,
    /// The meeting of that moment.
    open: Option<MeetingId>,
    /// When it began, as far as is known.
    since: Option<Timestamp>,
    /// The one that ended last, and when.
    last: Option<(Timestamp, MeetingId)>,
}

// === impl Index ===

impl Index {
    /// Finds the meeting that an observation is about.
    pub(in crate::meetings) fn route(&self, seen: &Observation, policy: &Policy) -> Route {
        let place = Place::new(self, seen);
        match &seen.what {
            What::Entered(arrival) if arrival.role == Role::Recorder => place.open_or(Route::Nobody),
            // A list is about this moment: who is in now is of the meeting that is now.
            What::Entered(arrival) if seen.source == Source::Listing => {
                place.of_present(std::slice::from_ref(arrival))
            }
            What::Entered(arrival) => place.since(arrival.entered_at.unwrap_or(seen.at)),
            What::Left(departure) => match departure.entered_at {
                Some(entered_at) => place.since(entered_at),
                None => place.open_or(Route::Stale),
            },
            What::Roster { present, .. } if present.iter().any(|arrival| arrival.role == Role::Person) => {
                place.of_present(present)
            }
            What::RoomOpened { part, .. } if policy.active_when_room_opens => place.of_opening(part),
            What::RoomClosed { part, .. } => place.of_closing(part),
            What::Vanished { part, .. } | What::Gone { part, .. } if part.is_named() => {
                place.living_in(part).unwrap_or(Route::Nobody)
            }
            What::RoomOpened { part, .. }
            | What::Roster { part, .. }
            | What::Vanished { part, .. }
            | What::Gone { part, .. } => place.living_or_open(part),
            What::Aborted(departure) => place.living_or_open(&departure.part),
        }
    }
}

// === impl Place ===

impl<'a> Place<'a> {
    fn new(index: &'a Index, seen: &'a Observation) -> Self {
        let room = index.rooms.get(&seen.room);
        let open = room.and_then(|room| room.current(seen.at));
        Self {
            index,
            seen,
            room,
            open,
            since: open.and_then(|id| index.meetings.get(&id)?.since),
            last: room.and_then(|room| room.last),
        }
    }

    fn open_or(&self, otherwise: Route) -> Route {
        self.of_open().unwrap_or(otherwise)
    }

    /// Somebody came in at `began`.
    fn since(&self, began: Timestamp) -> Route {
        self.of_last(began)
            .or_else(|| self.of_open())
            .unwrap_or_else(|| self.new_one())
    }

    /// Those people are in now.
    fn of_present(&self, present: &[Arrival]) -> Route {
        let known = self
            .being_closed()
            .filter(|(ended_at, _)| are_from_before(present, *ended_at));
        let of_closing = known.map(|(_, id)| Route::Known(id));
        of_closing
            .or_else(|| self.of_open())
            .unwrap_or_else(|| self.new_one())
    }

    /// The room opened, which begins a meeting.
    fn of_opening(&self, part: &Part) -> Route {
        let of_last = || self.past(part).and_then(|_| self.of_last(self.seen.at));
        self.living_in(part)
            .or_else(of_last)
            .or_else(|| self.of_open())
            .unwrap_or_else(|| self.new_one())
    }

    fn of_closing(&self, part: &Part) -> Route {
        let known = |known: Option<(Timestamp, MeetingId)>| known.map(|(_, id)| Route::Known(id));
        self.living_in(part)
            .or_else(|| known(self.past(part)))
            .or_else(|| known(self.being_closed()))
            .or_else(|| self.of_last(self.seen.at))
            .or_else(|| self.of_open())
            .or_else(|| known(self.last))
            .unwrap_or(Route::Nobody)
    }

    fn living_or_open(&self, part: &Part) -> Route {
        self.living_in(part)
            .or_else(|| self.of_open())
            .unwrap_or(Route::Nobody)
    }

    fn new_one(&self) -> Route {
        Route::New {
            continues: self.last.map(|(_, id)| id),
        }
    }

    /// The open meeting, unless it was over when somebody came in.
    fn of_open(&self) -> Option<Route> {
        self.open.map(|id| self.going_on(id))
    }

    fn going_on(&self, id: MeetingId) -> Route {
        let lapses_at = self.index.meetings.get(&id).and_then(|entry| entry.lapses_at);
        // Where facts overtake each other, an emptiness may only be one that has not been filled yet.
        let lapses_at = lapses_at.filter(|_| self.seen.source.is_ordered());
        let lapsed = |came_at: Timestamp| lapses_at.is_some_and(|lapses_at| lapses_at < came_at);
        match &self.seen.what {
            What::Entered(arrival) if lapsed(arrival.entered_at.unwrap_or(self.seen.at)) => Route::Lapsed(id),
            What::Left(departure) if departure.entered_at.is_some_and(lapsed) => Route::Lapsed(id),
            _ => Route::Known(id),
        }
    }

    /// The meeting that ended last, where what began at `began` was before its end and before the open one.
    fn of_last(&self, began: Timestamp) -> Option<Route> {
        let is_late = |ended_at: Timestamp| began <= ended_at && self.since.is_none_or(|since| began < since);
        let last = self.last.filter(|(ended_at, _)| is_late(*ended_at));
        last.map(|(_, id)| Route::Known(id))
    }

    /// What is seen of a room that is being closed is about the meeting that it was closed for.
    fn being_closed(&self) -> Option<(Timestamp, MeetingId)> {
        self.last
            .filter(|(_, id)| self.since.is_none() && self.index.is_closing(*id))
    }

    /// The meeting that ended last, where it took place in that life of the room.
    fn past(&self, part: &Part) -> Option<(Timestamp, MeetingId)> {
        let is_past = self.room.is_some_and(|room| room.past.contains(part));
        self.last.filter(|_| is_past)
    }

    /// The open meeting that takes place in that life of the room, where the server names each.
    fn living_in(&self, part: &Part) -> Option<Route> {
        let lives = |id: &MeetingId| {
            let entry = self.index.meetings.get(id);
            part.is_named() && entry.is_some_and(|entry| entry.parts.contains(part))
        };
        let open = self.room?.open.iter().map(|(_, id)| *id);
        open.into_iter().find(lives).map(Route::Known)
    }
}

/// Whether everybody came in before that moment, so that they are of the meeting that ended then.
fn are_from_before(present: &[Arrival], ended_at: Timestamp) -> bool {
    let came_before = |arrival: &Arrival| arrival.entered_at.is_some_and(|at| at <= ended_at);
    present.iter().all(came_before)
}

#[cfg(test)]
mod tests;
