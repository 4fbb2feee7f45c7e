//! Rooms that are listed though nothing serves them: found by a call that only a room's own node answers, and deleted where
//! the configuration says so.

use futures_util::{StreamExt, stream};

use super::look::Look;
use super::server::{AT_ONCE, Server};
use crate::backend::livekit::{LiveRoom, Preparation, Service};
use crate::backend::{BackendError, Backends};
use crate::domain::Timestamp;
use crate::domain::observation::{Part, RoomKey};
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
            if is_served {
                self.note_served(sid, look.at);
            }
        }
        self.watch
            .retain(|sid| look.rooms.iter().any(|(_, room)| room.sid == sid));
    }

    /// Webhooks need to know, too, until when a room was there. A list says nothing of that: the rooms of a node that died stay
    /// on it, and they alone can begin again under their sid.
    fn note_served(&self, sid: String, at: Timestamp) {
        let part = Part::Opening(sid);
        self.repair
            .meetings
            .heard_so_far(|heard| heard.note_served(&self.backend, part, at));
    }

    pub(super) fn candidate<'a>(&self, look: &Look, key: &RoomKey, room: &'a LiveRoom) -> Candidate<'a> {
        let belief = look.belief(key);
        let is_believed = belief.is_some_and(|belief| belief.lives.iter().any(|life| life.sid == room.sid));
        let people = look.people.get(&key.name).into_iter().flatten();
        let mut people = people.filter(|person| person.is_person(look.counting()));
        let has_new_people = people.any(|person| belief.is_none_or(|belief| !belief.knows(&person.sid)));
        let counts_empty = look.booked.contains(key) || self.repair.meetings.policy().active_when_room_opens;
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
            let (backend, sid) = (&self.backend.name, &ghost.sid);
            match self.delete(ghost).await {
                Ok(true) => {
                    self.watch.forget(sid);
                    tracing::info!(backend, sid, "a room that nothing served was deleted");
                }
                Ok(false) => {
                    self.watch.answered(sid, true, look.at);
                    tracing::info!(backend, sid, "somebody came into a room that nothing served");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(backend, sid, error, "a room that nothing serves was not deleted");
                }
            }
        }
    }

    /// A server deletes only what some node serves, so the room is first made again; it comes back under the same sid, with
    /// the people on its list. Whoever else is in it by then keeps it.
    async fn delete(&self, ghost: &Listed) -> Result<bool, BackendError> {
        let (meetings, room) = (&self.repair.meetings, &ghost.room);
        let service = self.repair.backends.livekit(&room.backend).await?;
        let part = Part::Opening(ghost.sid.clone());
        let Some(before) = self.begin_deletion(&service, room, &part).await? else {
            return Ok(false);
        };
        service.open(&room.name, &Preparation::default()).await?;
        let people = service.connected(&room.name).await?;
        if !people.iter().all(|person| before.contains(&person.sid)) {
            meetings.give_up_deletion(&self.backend, &part);
            return Ok(false);
        }
        match service.close(&room.name).await {
            Ok(()) | Err(BackendError::NotThere) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Who is listed although they are not in; none where something serves the room after all. A try that failed half way
    /// goes on with what it knew: the room is served since, by usher's own doing.
    async fn begin_deletion(
        &self,
        service: &Service,
        room: &RoomKey,
        part: &Part,
    ) -> Result<Option<Vec<String>>, BackendError> {
        let meetings = &self.repair.meetings;
        if let Some(listed) = meetings.listed_before_deletion(&self.backend, part) {
            return Ok(Some(listed));
        }
        let listed = service.connected(&room.name).await?;
        let listed: Vec<_> = listed.into_iter().map(|person| person.sid).collect();
        if service.is_served(&room.name).await? {
            return Ok(None);
        }
        meetings.begin_deletion(&self.backend, part, listed.clone());
        Ok(Some(listed))
    }
}

/// Whether the room is served, where that can be learned.
async fn is_served(backends: Backends, room: RoomKey, sid: String) -> Option<(String, bool)> {
    let service = backends.livekit(&room.backend).await.ok()?;
    Some((sid, service.is_served(&room.name).await.ok()?))
}
