//! One look at a server: what it lists of usher's rooms, who is in them, and what is believed of that.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, stream};

use super::server::{AT_ONCE, LookError, Server};
use crate::backend::livekit::LiveRoom;
use crate::backend::{BackendError, Backends};
use crate::config::daemon::LiveKit;
use crate::domain::observation::RoomKey;
use crate::domain::participant::{Counting, Participant};
use crate::domain::repair::{Belief, Beliefs, Listed, Listing};
use crate::domain::{RoomName, Timestamp};
use crate::meetings::MeetingsError;
use crate::meetings::index::Followed;
use crate::telemetry::label::{ListingOf, ListingResult};

/// What a server lists of the rooms that usher follows or would follow.
pub(super) struct Look {
    pub(super) at: Timestamp,
    pub(super) section: LiveKit,
    pub(super) rooms: Vec<(RoomKey, LiveRoom)>,
    pub(super) people: HashMap<RoomName, Vec<Participant>>,
    pub(super) beliefs: Beliefs,
    /// Where somebody has booked.
    pub(super) booked: HashSet<RoomKey>,
}

// === impl Server ===

impl Server {
    /// What the server lists, and what is believed of it by then; none when it is not configured any more.
    pub(super) async fn ask(&self) -> Result<Option<Look>, LookError> {
        let Some(section) = self.section() else {
            return Ok(None);
        };
        let at = self.repair.meetings.now();
        let asked = self.repair.backends.livekit(&self.backend).await;
        let listed = match asked {
            Ok(service) => service.rooms().await,
            Err(error) => Err(error),
        };
        self.count(ListingOf::Rooms, &listed);
        let followed = self.repair.meetings.followed(&self.backend);
        let rooms = self.ours(listed?, &section, &followed);
        let people = self.people(&rooms).await;
        // Read after the lists: who left in between is known to have left.
        let beliefs = self.beliefs(&rooms).await?;
        let booked = followed.into_iter().filter(|followed| followed.is_booked);
        let booked = booked.map(|followed| followed.room).collect();
        Ok(Some(Look {
            at,
            section,
            rooms,
            people,
            beliefs,
            booked,
        }))
    }

    /// What is believed of the rooms that are listed, and of those that should be.
    async fn beliefs(&self, rooms: &[(RoomKey, LiveRoom)]) -> Result<Beliefs, MeetingsError> {
        let listed: HashSet<_> = rooms.iter().map(|(room, _)| room).collect();
        let mut beliefs = Beliefs::new();
        for followed in self.repair.meetings.followed(&self.backend) {
            let is_listed = listed.contains(&followed.room);
            if !is_listed && followed.living.is_empty() {
                continue;
            }
            match self.repair.meetings.belief(&followed, is_listed).await {
                Ok(belief) => drop(beliefs.insert(followed.room, belief)),
                Err(error) if error.concerns_one_meeting() => self.cannot_follow(&error),
                Err(error) => return Err(error),
            }
        }
        Ok(beliefs)
    }

    fn section(&self) -> Option<LiveKit> {
        let config = self.repair.meetings.0.config.borrow();
        config.daemon.livekit_named(&self.backend.name).cloned()
    }

    /// The rooms that are usher's business: their names are in its normal form, and they have a meeting or fit the patterns.
    fn ours(
        &self,
        listed: Vec<LiveRoom>,
        section: &LiveKit,
        followed: &[Followed],
    ) -> Vec<(RoomKey, LiveRoom)> {
        let followed: HashSet<_> = followed.iter().map(|followed| &followed.room).collect();
        let key = |room: LiveRoom| {
            let name = RoomName::from_node(&room.name).ok()?;
            let is_normal = name.as_str() == room.name;
            let backend = self.backend.clone();
            is_normal.then_some((RoomKey { backend, name }, room))
        };
        let fits = |name: &RoomName| section.rooms.iter().any(|pattern| pattern.matches(name));
        let ours = listed.into_iter().filter_map(key);
        ours.filter(|(key, _)| followed.contains(key) || fits(&key.name))
            .collect()
    }

    /// Who is in those rooms, where that can be learned.
    async fn people(&self, rooms: &[(RoomKey, LiveRoom)]) -> HashMap<RoomName, Vec<Participant>> {
        let rooms: HashSet<RoomKey> = rooms.iter().map(|(room, _)| room.clone()).collect();
        let calls = rooms
            .into_iter()
            .map(|room| people(self.repair.backends.clone(), room));
        let calls: Vec<_> = calls.collect();
        let asked: Vec<_> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
        asked
            .iter()
            .for_each(|(_, people)| self.count(ListingOf::People, people));
        let answered = asked
            .into_iter()
            .filter_map(|(name, people)| Some((name, people.ok()?)));
        answered.collect()
    }

    pub(super) fn listing(&self, look: &Look) -> Listing {
        let rooms = look.rooms.iter().map(|(key, room)| Listed {
            room: key.clone(),
            sid: room.sid.clone(),
            opened_at: room.opened_at,
            trust: self.watch.trust(&self.candidate(look, key, room)),
        });
        Listing {
            at: look.at,
            rooms: rooms.collect(),
            people: look.people.clone(),
            counting: look.counting(),
        }
    }

    fn count<T>(&self, of: ListingOf, result: &Result<T, BackendError>) {
        let result = match result {
            // That the room is gone by now is an answer too.
            Ok(_) | Err(BackendError::NotThere) => ListingResult::Ok,
            Err(BackendError::Away(_) | BackendError::Strange) => ListingResult::Away,
            Err(_) => ListingResult::Refused,
        };
        self.repair.meetings.0.metrics.listings.asked(of, result);
    }
}

// === impl Look ===

impl Look {
    pub(super) fn counting(&self) -> Counting {
        Counting {
            callers: self.section.callers_are_people,
        }
    }

    pub(super) fn belief(&self, room: &RoomKey) -> Option<&Belief> {
        self.beliefs.get(room)
    }
}

async fn people(backends: Backends, room: RoomKey) -> (RoomName, Result<Vec<Participant>, BackendError>) {
    let people = match backends.livekit(&room.backend).await {
        Ok(service) => service.active(&room.name).await,
        Err(error) => Err(error),
    };
    (room.name, people)
}
