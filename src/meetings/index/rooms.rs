//! Questions about one room, or about the rooms of one server.

use super::{Index, MOST_AT_ONCE, Room};
use crate::domain::meeting::MeetingType;
use crate::domain::observation::{BackendId, Part};
use crate::domain::{MeetingId, RoomKey, Timestamp, UserId};

/// A room of a server, as far as its meetings are of interest to what the server lists.
#[derive(Debug, Clone)]
pub(in crate::meetings) struct Followed {
    pub(in crate::meetings) room: RoomKey,
    /// Whether a meeting is open or booked there.
    pub(in crate::meetings) is_booked: bool,
    /// The open ones that people are in, or whose room is open.
    pub(in crate::meetings) living: Vec<MeetingId>,
    /// The one that ended last, while it can still be corrected.
    pub(in crate::meetings) last: Option<MeetingId>,
}

// === impl Index ===

impl Index {
    /// Another meeting than `id` that is going on in the room.
    pub(in crate::meetings) fn other_in(&self, room: &RoomKey, id: MeetingId) -> Option<MeetingId> {
        let open = self.rooms.get(room).map(|room| room.open.as_slice());
        let mut going_on = open.unwrap_or_default().iter();
        let other = going_on.find(|(starts_at, other)| starts_at.is_none() && *other != id);
        other.map(|(_, other)| *other)
    }

    /// The rooms of a backend in whose main part, or breakout parts, people are believed to be.
    pub(in crate::meetings) fn occupied(
        &self,
        backend: &BackendId,
        of_breakouts: bool,
    ) -> Vec<(RoomKey, Part)> {
        let rooms = self.rooms.iter().filter(|(key, _)| key.backend == *backend);
        let open = rooms.flat_map(|(key, room)| room.open.iter().map(move |(_, id)| (key, id)));
        let parts = open.flat_map(|(key, id)| {
            let parts = self
                .meetings
                .get(id)
                .map(|entry| entry.parts.as_slice())
                .unwrap_or_default();
            parts.iter().map(move |part| (key.clone(), part.clone()))
        });
        parts.filter(|(_, part)| part.is_room() != of_breakouts).collect()
    }

    /// Whether a meeting is booked or goes on in the room, or was there not long ago.
    pub(in crate::meetings) fn knows(&self, room: &RoomKey) -> bool {
        let known = self.rooms.get(room);
        known.is_some_and(|room| !room.open.is_empty() || room.last.is_some())
    }

    /// The rooms of a backend that are followed, or were until a moment ago.
    pub(in crate::meetings) fn followed(&self, backend: &BackendId) -> Vec<Followed> {
        let rooms = self.rooms.iter().filter(|(key, _)| key.backend == *backend);
        let followed = rooms.map(|(key, room)| Followed {
            room: key.clone(),
            is_booked: !room.open.is_empty(),
            living: self.living(room),
            last: room.last.map(|(_, id)| id),
        });
        followed
            .filter(|followed| followed.is_booked || followed.last.is_some())
            .collect()
    }

    /// The meetings of the room that people are in, or whose room is open.
    fn living(&self, room: &Room) -> Vec<MeetingId> {
        let lives = |id: &MeetingId| self.meetings.get(id).is_some_and(|entry| !entry.parts.is_empty());
        room.open.iter().map(|(_, id)| *id).filter(lives).collect()
    }

    /// The type of the meeting that is open in the room.
    pub(in crate::meetings) fn type_of_room(&self, room: &RoomKey) -> MeetingType {
        let open = self.rooms.get(room).and_then(|room| room.open.first());
        let entry = open.and_then(|(_, id)| self.meetings.get(id));
        entry.map(|entry| entry.meeting_type).unwrap_or_default()
    }

    /// The meetings that may decide whether the room opens: the one that goes on, the last of those that begin until
    /// `until`, the next one after them, and the one that was over last.
    pub(in crate::meetings) fn about(&self, room: &RoomKey, until: Timestamp) -> Vec<MeetingId> {
        let Some(room) = self.rooms.get(room) else {
            return Vec::new();
        };
        let begun = room
            .open
            .partition_point(|(starts_at, _)| starts_at.is_none_or(|starts_at| starts_at <= until));
        let unbegun = room.open.get(begun);
        let begun = &room.open[..begun];
        let going_on = begun.first();
        let latest = begun.iter().skip(1).rev().take(MOST_AT_ONCE);
        let open = going_on.into_iter().chain(latest).chain(unbegun);
        let called_off = || room.called_off.map(|called_off| called_off.meeting);
        let last = room.last.map(|(_, id)| id).or_else(called_off);
        open.map(|(_, id)| *id).chain(last).collect()
    }

    /// Whether the last meeting of the room was ended or called off by a caller, not before `issued_at`, and no other is
    /// open there but one of people who came back to it.
    pub(in crate::meetings) fn is_called_off(&self, room: &RoomKey, issued_at: Timestamp) -> bool {
        let is_shut = |id: &MeetingId| self.meetings.get(id).is_some_and(|entry| entry.is_shut);
        let room = self.rooms.get(room);
        let room = room.filter(|room| room.open.iter().all(|(_, id)| is_shut(id)));
        room.and_then(|room| room.called_off)
            .is_some_and(|called_off| called_off.at >= issued_at)
    }

    /// The last meeting of the room, if a caller ended it or called it off; known longer than it can be continued.
    pub(in crate::meetings) fn called_off_in(&self, room: &RoomKey) -> Option<MeetingId> {
        let called_off = self.rooms.get(room)?.called_off?;
        Some(called_off.meeting)
    }

    /// Whether somebody was removed from the meeting that they would come to at `at`; named as servers report them.
    pub(in crate::meetings) fn is_removed(&self, room: &RoomKey, user: &UserId, at: Timestamp) -> bool {
        let current = self.rooms.get(room).and_then(|room| room.current(at));
        let meeting = current.and_then(|id| self.meetings.get(&id));
        meeting.is_some_and(|entry| entry.removed.contains(user))
    }
}
