//! Which meeting is meant: room → open meeting, room → the one that ended last, and who is due when. In memory only.

mod rooms;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Duration;

use crate::domain::meeting::{MeetingType, Order};
use crate::domain::observation::{Arrival, Observation, Part, Role, What};
use crate::domain::{Meeting, MeetingId, Policy, RoomKey, Status, Timestamp};

/// How long a finished meeting can still be corrected or continued.
pub(super) const RECENT: Duration = Duration::hours(24);

/// Of the meetings whose time is now in one room, so many are looked at; who books more at once has lost track too.
const MOST_AT_ONCE: usize = 8;

/// The index, built from one scan and kept by the single writer.
#[derive(Debug, Default)]
pub(super) struct Index {
    meetings: HashMap<MeetingId, Entry>,
    rooms: HashMap<RoomKey, Room>,
    due: BTreeSet<(Timestamp, MeetingId)>,
    /// What servers have still to be told, final meetings among them.
    orders: BTreeMap<MeetingId, Vec<Order>>,
    census: Census,
}

/// How many meetings and people there are now.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Census {
    pub(super) scheduled: usize,
    pub(super) active: usize,
    pub(super) people: usize,
}

/// Which meeting an observation belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
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

#[derive(Debug)]
struct Entry {
    due: Option<Timestamp>,
    /// When it began, as far as is known.
    since: Option<Timestamp>,
    /// See [`Meeting::lapses_at`].
    lapses_at: Option<Timestamp>,
    counts: Census,
    meeting_type: MeetingType,
    /// Parts of the room where people are.
    parts: Vec<Part>,
}

/// What is known of one room.
#[derive(Debug, Default)]
struct Room {
    /// Not final, by booked start; rooms nobody booked first.
    open: Vec<(Option<Timestamp>, MeetingId)>,
    /// The one that ended last, and when.
    last: Option<(Timestamp, MeetingId)>,
    /// That one, if a caller ended it or called it off; remembered longer.
    called_off: Option<CalledOff>,
}

/// A meeting that speaks against tokens from before.
#[derive(Debug, Clone, Copy)]
struct CalledOff {
    at: Timestamp,
    /// The later of that and the booked end. Tokens are made ahead, and the longest is counted from there.
    over_at: Timestamp,
    meeting: MeetingId,
}

// === impl Index ===

impl Index {
    /// Takes down where a meeting stands now.
    pub(super) fn put(&mut self, meeting: &Meeting, policy: &Policy, now: Timestamp) {
        if meeting.booking.is_in_person() {
            return;
        }
        self.remove_entry(meeting.id);
        if !meeting.orders.is_empty() {
            self.orders.insert(meeting.id, meeting.orders.clone());
        }
        let room = self.rooms.entry(meeting.booking.room.clone()).or_default();
        room.open.retain(|(_, id)| *id != meeting.id);
        match meeting.status.settled_at() {
            None => room.open(meeting),
            Some(at) if at > now - RECENT || meeting.called_off_at.is_some() => room.settled(at, meeting),
            Some(_) => {}
        }
        if !meeting.status.is_final() {
            let entry = Entry::new(meeting, policy);
            self.census.add(entry.counts);
            self.due.extend(entry.due.map(|at| (at, meeting.id)));
            self.meetings.insert(meeting.id, entry);
        }
    }

    /// A meeting that is not in the store any more is nobody's concern.
    pub(super) fn forget(&mut self, id: MeetingId) {
        self.remove_entry(id);
        self.rooms
            .values_mut()
            .for_each(|room| room.open.retain(|(_, open)| *open != id));
    }

    fn remove_entry(&mut self, id: MeetingId) {
        self.orders.remove(&id);
        if let Some(entry) = self.meetings.remove(&id) {
            self.census.subtract(entry.counts);
            if let Some(at) = entry.due {
                self.due.remove(&(at, id));
            }
        }
    }

    /// Forgets rooms whose last meeting ended too long ago to be corrected, and those that were called off when no token
    /// of `longest` life can be left of those made for the booked time.
    pub(super) fn forget_old(&mut self, now: Timestamp, longest: Duration) {
        self.rooms.retain(|_, room| {
            room.last = room.last.filter(|(at, _)| *at > now - RECENT);
            room.called_off = room
                .called_off
                .filter(|called_off| called_off.over_at > now - longest);
            !room.open.is_empty() || room.last.is_some() || room.called_off.is_some()
        });
    }

    pub(super) fn census(&self) -> Census {
        self.census
    }

    /// When the next meeting is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The meetings that are due; each is looked at again no sooner than `again`, unless it changes.
    pub(super) fn take_due(&mut self, now: Timestamp, again: Timestamp) -> Vec<MeetingId> {
        let due: Vec<_> = self
            .due
            .iter()
            .take_while(|(at, _)| *at <= now)
            .copied()
            .collect();
        for &(at, id) in &due {
            self.due.remove(&(at, id));
            self.due.insert((again, id));
            if let Some(entry) = self.meetings.get_mut(&id) {
                entry.due = Some(again);
            }
        }
        due.into_iter().map(|(_, id)| id).collect()
    }

    /// Has every open meeting looked at again.
    pub(super) fn all_are_due(&mut self, now: Timestamp) {
        self.due = self.meetings.keys().map(|id| (now, *id)).collect();
        self.meetings.values_mut().for_each(|entry| entry.due = Some(now));
    }

    /// A meeting that was due and did not change is looked at when it is due by now, but not at once.
    pub(super) fn postpone(&mut self, meeting: &Meeting, policy: &Policy, earliest: Timestamp) {
        if let Some(entry) = self.meetings.get_mut(&meeting.id) {
            if let Some(known) = entry.due {
                self.due.remove(&(known, meeting.id));
            }
            entry.lapses_at = meeting.lapses_at(policy);
            entry.due = meeting.next_due(policy).map(|due| due.max(earliest));
            self.due.extend(entry.due.map(|at| (at, meeting.id)));
        }
    }

    /// What servers have still to be told.
    pub(super) fn orders(&self) -> &BTreeMap<MeetingId, Vec<Order>> {
        &self.orders
    }

    /// Whether people are still being put out of a room whose meeting is over.
    fn is_closing(&self, id: MeetingId) -> bool {
        let orders = self.orders.get(&id).map(Vec::as_slice).unwrap_or_default();
        orders.iter().any(Order::is_close)
    }

    /// Finds the meeting that an observation is about.
    pub(super) fn route(&self, seen: &Observation, policy: &Policy) -> Route {
        let room = self.rooms.get(&seen.room);
        let open = room.and_then(|room| room.current(seen.at));
        let last = room.and_then(|room| room.last);
        let new = || Route::New {
            continues: last.map(|(_, id)| id),
        };
        let of_open = || open.map(|id| self.going_on(id, seen));
        let since = open.and_then(|id| self.meetings.get(&id)?.since);
        // What is seen of a room that is being closed is about the meeting that it was closed for.
        let closing = last.filter(|(_, id)| since.is_none() && self.is_closing(*id));
        let of_last = |began: Timestamp| {
            let late =
                last.filter(|(ended_at, _)| began <= *ended_at && since.is_none_or(|since| began < since));
            late.map(|(_, id)| Route::Known(id))
        };
        match &seen.what {
            What::Entered(arrival) if arrival.role == Role::Recorder => of_open().unwrap_or(Route::Nobody),
            What::Entered(arrival) => of_last(arrival.entered_at.unwrap_or(seen.at))
                .or_else(of_open)
                .unwrap_or_else(new),
            What::Left(departure) => match departure.entered_at {
                Some(entered_at) => of_last(entered_at).or_else(of_open).unwrap_or_else(new),
                None => of_open().unwrap_or(Route::Stale),
            },
            What::RoomOpened { .. } if policy.active_when_room_opens => of_open().unwrap_or_else(new),
            What::Roster { present, .. } if present.iter().any(|arrival| arrival.role == Role::Person) => {
                let known = closing.filter(|(ended_at, _)| are_from_before(present, *ended_at));
                let of_closing = known.map(|(_, id)| Route::Known(id));
                of_closing.or_else(of_open).unwrap_or_else(new)
            }
            What::RoomClosed { .. } => {
                let of_last_one = || last.map(|(_, id)| Route::Known(id));
                let of_closing = closing.map(|(_, id)| Route::Known(id));
                of_closing
                    .or_else(|| of_last(seen.at))
                    .or_else(of_open)
                    .or_else(of_last_one)
                    .unwrap_or(Route::Nobody)
            }
            What::RoomOpened { .. } | What::Aborted(_) | What::Roster { .. } | What::Vanished { .. } => {
                of_open().unwrap_or(Route::Nobody)
            }
        }
    }

    /// The open meeting, unless it was over when somebody came in.
    fn going_on(&self, id: MeetingId, seen: &Observation) -> Route {
        let lapses_at = self.meetings.get(&id).and_then(|entry| entry.lapses_at);
        // Where facts overtake each other, an emptiness may only be one that has not been filled yet.
        let lapses_at = lapses_at.filter(|_| seen.source.is_ordered());
        let lapsed = |came_at: Timestamp| lapses_at.is_some_and(|lapses_at| lapses_at < came_at);
        match &seen.what {
            What::Entered(arrival) if lapsed(arrival.entered_at.unwrap_or(seen.at)) => Route::Lapsed(id),
            What::Left(departure) if departure.entered_at.is_some_and(lapsed) => Route::Lapsed(id),
            _ => Route::Known(id),
        }
    }
}

/// Whether everybody came in before that moment, so that they are of the meeting that ended then.
fn are_from_before(present: &[Arrival], ended_at: Timestamp) -> bool {
    let came_before = |arrival: &Arrival| arrival.entered_at.is_some_and(|at| at <= ended_at);
    present.iter().all(came_before)
}

// === impl Room ===

impl Room {
    fn open(&mut self, meeting: &Meeting) {
        let started = meeting.status.started_at().is_some();
        let starts_at = meeting
            .booking
            .slot
            .map(|slot| slot.starts_at)
            .filter(|_| !started);
        let index = self
            .open
            .partition_point(|known| *known < (starts_at, meeting.id));
        self.open.insert(index, (starts_at, meeting.id));
    }

    fn settled(&mut self, at: Timestamp, meeting: &Meeting) {
        let newer = self
            .last
            .is_none_or(|(known, known_id)| at >= known || known_id == meeting.id);
        if newer {
            self.last = Some((at, meeting.id));
            self.called_off = CalledOff::of(meeting);
        }
    }

    /// The one that is going on, else the booked one that is next or was last to begin before `at`.
    fn current(&self, at: Timestamp) -> Option<MeetingId> {
        let begun = self
            .open
            .partition_point(|(starts_at, _)| starts_at.is_none_or(|starts_at| starts_at <= at));
        let going_on = self.open.first().filter(|(starts_at, _)| starts_at.is_none());
        let candidate = going_on.or_else(|| self.open.get(begun.saturating_sub(1)));
        candidate.map(|(_, id)| *id)
    }
}

// === impl CalledOff ===

impl CalledOff {
    fn of(meeting: &Meeting) -> Option<Self> {
        let at = meeting.called_off_at?;
        let slot = meeting.booking.slot;
        Some(Self {
            at,
            over_at: slot.map_or(at, |slot| at.max(slot.ends_at())),
            meeting: meeting.id,
        })
    }
}

// === impl Entry, Census ===

impl Entry {
    fn new(meeting: &Meeting, policy: &Policy) -> Self {
        let stays = meeting.attendance.stays().iter().filter(|stay| stay.is_open());
        let open = meeting
            .openings
            .iter()
            .filter(|opening| opening.closed_at.is_none());
        // A server that names its openings is asked about each, even one that nobody is in.
        let openings = open.filter(|opening| policy.active_when_room_opens || !opening.part.is_main());
        let openings = openings.map(|opening| opening.part.clone());
        let mut parts: Vec<_> = stays.map(|stay| stay.part.clone()).chain(openings).collect();
        parts.sort();
        parts.dedup();
        let active = matches!(meeting.status, Status::Active { .. });
        let people = usize::try_from(meeting.attendance.people_now()).unwrap_or(usize::MAX);
        Self {
            due: meeting.next_due(policy),
            since: meeting.status.started_at(),
            lapses_at: meeting.lapses_at(policy),
            counts: Census {
                scheduled: usize::from(!active),
                active: usize::from(active),
                people,
            },
            meeting_type: meeting.booking.meeting_type,
            parts,
        }
    }
}

impl Census {
    fn add(&mut self, other: Self) {
        self.scheduled += other.scheduled;
        self.active += other.active;
        self.people += other.people;
    }

    fn subtract(&mut self, other: Self) {
        self.scheduled -= other.scheduled;
        self.active -= other.active;
        self.people -= other.people;
    }
}
