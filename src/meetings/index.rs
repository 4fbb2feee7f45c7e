//! Which meeting is meant: room → open meeting, room → the one that ended last, and who is due when. In memory only.

mod rooms;
mod route;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Duration;

use crate::domain::meeting::{MeetingType, Order};
use crate::domain::observation::Part;
use crate::domain::{Meeting, MeetingId, Policy, RoomKey, Status, Timestamp, UserId};

pub(super) use rooms::Followed;
pub(super) use route::Route;

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
    /// Who may not come (any more), as servers report them.
    removed: Vec<UserId>,
    /// See [`Meeting::shut`].
    is_shut: bool,
}

/// What is known of one room.
#[derive(Debug, Default)]
struct Room {
    /// Not final, by booked start; rooms nobody booked first.
    open: Vec<(Option<Timestamp>, MeetingId)>,
    /// The one that ended last, and when.
    last: Option<(Timestamp, MeetingId)>,
    /// The lives of the room that were that one's, where the server names them.
    past: Vec<Part>,
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
            room.past.retain(|_| room.last.is_some());
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
}

/// The lives of the room that a meeting took place in, where the server names them.
fn named_parts(meeting: &Meeting) -> Vec<Part> {
    let stays = meeting.attendance.stays().iter().map(|stay| &stay.part);
    let openings = meeting.openings.iter().map(|opening| &opening.part);
    let named = stays.chain(openings).filter(|part| part.is_named());
    let named: BTreeSet<_> = named.cloned().collect();
    named.into_iter().collect()
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
            self.past = named_parts(meeting);
            // That people came back, and were put out again, is no pardon.
            let before = self.called_off.filter(|_| meeting.shut.is_some());
            self.called_off = CalledOff::of(meeting).or(before);
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
            removed: meeting.booking.details.removed.clone(),
            is_shut: meeting.shut.is_some(),
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
