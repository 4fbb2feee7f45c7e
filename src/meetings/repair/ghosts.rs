//! Rooms that are listed though nothing serves them: found by a call that only a room's own node answers, and deleted where
//! the configuration says so.

use futures_util::{StreamExt, stream};

use super::server::{AT_ONCE, Look, Server};
use crate::backend::livekit::{LiveRoom, Preparation};
use crate::backend::{BackendError, Backends};
use crate::domain::observation::{Part, RoomKey};
use crate::domain::participant::Participant;
use crate::domain::repair::{Candidate, Listed, Listing, Trust};

// === impl Server ===

impl Server {
    /// Asks those rooms for a sign of life of which nothing has been heard for long, or of which only the list tells.
    pub(super) async fn probe(&mut self, look: &Look) {
        let mut calls = Vec::new();
        for (key, room) in &look.rooms {
            let candidate = self.candidate(look, key, room);
            if self.watch.asks(&candidate, look.at) {
                calls.push(is_served(
                    self.repair.backends.clone(),
                    key.clone(),
                    room.sid.clone(),
                ));
            }
        }
        let answers: Vec<_> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
        for (sid, is_served) in answers.into_iter().flatten() {
            self.watch.answered(&sid, is_served, look.at);
        }
        self.watch
            .retain(|sid| look.rooms.iter().any(|(_, room)| room.sid == sid));
    }

    pub(super) fn candidate<'a>(&self, look: &Look, key: &RoomKey, room: &'a LiveRoom) -> Candidate<'a> {
        let belief = look.belief(key);
        let is_believed = belief.is_some_and(|belief| belief.lives.iter().any(|life| life.sid == room.sid));
        let people = look.people.get(&key.name).into_iter().flatten();
        let mut people = people.filter(|person| person.is_person(look.counting()));
        let has_new_people = people.any(|person| belief.is_none_or(|belief| !belief.knows(&person.sid)));
        let counts_empty = look.booked.contains(key) || self.policy().active_when_room_opens;
        let is_new = belief.is_none_or(|belief| !belief.has_heard_of(&room.sid));
        Candidate {
            sid: &room.sid,
            heard_at: self.repair.meetings.heard_of(&self.backend, &room.sid),
            has_news: has_new_people || (counts_empty && is_new),
            is_believed,
        }
    }

    /// Deletes the rooms that nothing serves, where that is wanted.
    pub(super) async fn delete_ghosts(&mut self, look: &Look, listing: &Listing) {
        if !look.section.delete_ghosts {
            return;
        }
        for ghost in &listing.rooms {
            if !matches!(ghost.trust, Trust::Ghost { .. }) {
                continue;
            }
            let Some(people) = look.people.get(&ghost.room.name) else {
                continue;
            };
            let backend = &self.backend.name;
            match self.delete(ghost, people).await {
                Ok(true) => {
                    self.watch.forget(&ghost.sid);
                    tracing::info!(backend, sid = ghost.sid, "a room that nothing served was deleted");
                }
                Ok(false) => tracing::info!(
                    backend,
                    sid = ghost.sid,
                    "somebody came into a room that nothing served"
                ),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        backend,
                        sid = ghost.sid,
                        error,
                        "a room that nothing serves was not deleted"
                    );
                }
            }
        }
    }

    /// A server deletes only what some node serves, so the room is first made again; it comes back under the same sid, with
    /// the people on its list. Whoever comes in at that moment keeps it.
    async fn delete(&self, ghost: &Listed, before: &[Participant]) -> Result<bool, BackendError> {
        let (meetings, room) = (&self.repair.meetings, &ghost.room);
        let part = Part::Opening(ghost.sid.clone());
        meetings.begin_deletion(&self.backend, &part);
        let service = self.repair.backends.livekit_in(room)?;
        service.open(&room.name, &Preparation::default()).await?;
        let people = service.active(&room.name).await?;
        let was_listed = |person: &Participant| before.iter().any(|known| known.sid == person.sid);
        if !people.iter().all(was_listed) {
            meetings.give_up_deletion(&self.backend, &part);
            return Ok(false);
        }
        match service.close(&room.name).await {
            Ok(()) | Err(BackendError::NotThere) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Whether the room is served, where that can be learned.
async fn is_served(backends: Backends, room: RoomKey, sid: String) -> Option<(String, bool)> {
    let service = backends.livekit_in(&room).ok()?;
    Some((sid, service.is_served(&room.name).await.ok()?))
}
