//! Waiting rooms: who waits before which meeting, and who has been let in. In memory: people who wait ask again and again,
//! so after a restart they are back within seconds; who had been let in and is not in yet is let in once more.

mod room;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Duration;

pub use crate::domain::access::Decision;
use crate::domain::{MeetingId, Timestamp, UserId};
use room::{Full, Room};
pub use room::{Waiter, Waiting};

/// The waiting rooms of all meetings; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct WaitingRooms(Arc<Mutex<Rooms>>);

#[derive(Debug, Default)]
struct Rooms {
    rooms: HashMap<MeetingId, Room>,
    /// When rooms of which nobody thinks any more were last swept out.
    swept_at: Option<Timestamp>,
}

/// There is no place for one more: so many wait that something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many people are waiting")]
pub struct Crowded;

/// Meetings that people can wait for at the same time. When there are so many, the one in which nobody has done anything for
/// longest makes place, unless somebody waits there.
const MOST_ROOMS: usize = 10_000;
/// How long a room is kept in which nobody does anything; who was let in is let in again until then.
const KEPT: Duration = Duration::hours(12);
/// How often the quiet rooms are looked for.
const SWEEP: Duration = Duration::minutes(1);

// === impl WaitingRooms ===

impl WaitingRooms {
    /// Somebody asks to be let in, or asks again.
    pub fn wait(&self, meeting: MeetingId, waiter: Waiter, now: Timestamp) -> Result<(), Crowded> {
        let mut rooms = self.lock();
        let room = rooms.room(meeting, now).ok_or(Crowded)?;
        room.wait(waiter, now).map_err(|Full| Crowded)
    }

    /// Somebody who moderates goes in: they are the host when they are seen there.
    pub fn note_moderator(&self, meeting: MeetingId, user: &UserId, now: Timestamp) {
        if let Some(room) = self.lock().room(meeting, now) {
            room.note_moderator(user, now);
        }
    }

    /// Whether somebody has gone in as a moderator.
    pub fn is_moderator(&self, meeting: MeetingId, moderates: impl FnMut(&UserId) -> bool) -> bool {
        let rooms = self.lock();
        let room = rooms.rooms.get(&meeting);
        room.is_some_and(|room| room.moderators().any(moderates))
    }

    /// What was decided about somebody, if anything was.
    pub fn decision(&self, meeting: MeetingId, user: &UserId) -> Option<Decision> {
        self.lock().rooms.get(&meeting)?.decision(user)
    }

    /// Decides about one person; false where that person never asked.
    pub fn decide(
        &self,
        meeting: MeetingId,
        user: &UserId,
        (decision, by): (Decision, &str),
        now: Timestamp,
    ) -> bool {
        let mut rooms = self.lock();
        let room = rooms.rooms.get_mut(&meeting);
        room.is_some_and(|room| room.decide(user, decision, by, now))
    }

    /// Lets everybody in who waits now.
    pub fn admit_all(&self, meeting: MeetingId, by: &str, now: Timestamp) {
        if let Some(room) = self.lock().rooms.get_mut(&meeting) {
            room.admit_all(by, now);
        }
    }

    /// Who waits now, longest first; who has been let in, and who not.
    pub fn list(&self, meeting: MeetingId, now: Timestamp) -> Vec<Waiting> {
        let rooms = self.lock();
        let room = rooms.rooms.get(&meeting);
        room.map(|room| room.list(now)).unwrap_or_default()
    }

    /// The person is in, or has gone: waits no more. What was decided stays.
    pub fn leave(&self, meeting: MeetingId, user: &UserId) {
        if let Some(room) = self.lock().rooms.get_mut(&meeting) {
            room.leave(user);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Rooms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Rooms ===

impl Rooms {
    /// The room of a meeting, made if there is place for it.
    fn room(&mut self, meeting: MeetingId, now: Timestamp) -> Option<&mut Room> {
        if self.swept_at.is_none_or(|at| now - at >= SWEEP) {
            self.sweep(now);
        }
        if !self.rooms.contains_key(&meeting) && self.rooms.len() >= MOST_ROOMS {
            self.evict(now)?;
        }
        Some(self.rooms.entry(meeting).or_insert_with(|| Room::new(now)))
    }

    /// Gives up the room that has been idle for longest; none where somebody waits in each.
    fn evict(&mut self, now: Timestamp) -> Option<()> {
        let idle = self.rooms.iter().filter(|(_, room)| !room.is_waited_in(now));
        let (longest, _) = idle.min_by_key(|(_, room)| room.touched_at())?;
        let longest = *longest;
        self.rooms.remove(&longest).map(drop)
    }

    fn sweep(&mut self, now: Timestamp) {
        self.rooms.retain(|_, room| now - room.touched_at() < KEPT);
        self.rooms.shrink_to_fit();
        self.swept_at = Some(now);
    }
}

#[cfg(test)]
mod tests;
