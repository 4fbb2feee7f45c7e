//! What repair needs to know of the meetings: the rooms that are followed, and when a server was listed last.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::index::Followed;
use super::{Meetings, MeetingsError};
use crate::domain::Timestamp;
use crate::domain::observation::{BackendId, Part};
use crate::domain::repair::Belief;
use crate::store::{StoreError, Table};

/// When one server was listed last: until then what was believed of it had been compared.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    v: u8,
    at: Timestamp,
}

const VERSION: u8 = 1;

// === impl Meetings ===

impl Meetings {
    /// The rooms of a server that are followed, or were until a moment ago.
    pub(super) fn followed(&self, backend: &BackendId) -> Vec<Followed> {
        self.index(|index| index.followed(backend))
    }

    /// What is believed of a room; with what is over where that is of interest.
    pub(super) async fn belief(&self, room: &Followed, with_past: bool) -> Result<Belief, MeetingsError> {
        let past = room.last.filter(|_| with_past);
        let mut belief = Belief::new(room.room.clone());
        for id in room.living.iter().copied().chain(past) {
            self.get(id)
                .await?
                .into_iter()
                .for_each(|meeting| belief.add(&meeting));
        }
        Ok(belief)
    }

    /// When a webhook about that life of a room was made last, but for those that usher itself gave cause for.
    pub(super) fn heard_of(&self, backend: &BackendId, sid: &str) -> Option<Timestamp> {
        let part = Part::Opening(sid.to_owned());
        self.heard_so_far(|heard| heard.last(backend, &part))
    }

    /// When each LiveKit that is configured was listed last. Where that cannot be read nothing is known; repair says so.
    pub(super) async fn listed_before(&self) -> Result<HashMap<BackendId, Timestamp>, MeetingsError> {
        let config = self.0.config.borrow().clone();
        let mut before = HashMap::new();
        for server in &config.daemon.livekit {
            let backend = BackendId::livekit(&server.name);
            match self.last_listing(&backend).await {
                Ok(at) => before.extend(at.map(|at| (backend, at))),
                Err(MeetingsError::Unreadable(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(before)
    }

    /// When the server was listed last, in this life of usher or the one before.
    pub(super) async fn last_listing(&self, backend: &BackendId) -> Result<Option<Timestamp>, MeetingsError> {
        let Some((bytes, _)) = self.0.store.get(Table::Ingest, &key(backend)).await? else {
            return Ok(None);
        };
        let mark: Mark = serde_json::from_slice(&bytes).map_err(MeetingsError::Unreadable)?;
        Ok(Some(mark.at))
    }

    /// The server was listed, and what was found is stored.
    pub(super) async fn note_listing(&self, backend: &BackendId, at: Timestamp) -> Result<(), MeetingsError> {
        let (store, key) = (&self.0.store, key(backend));
        let mark = serde_json::to_vec(&Mark { v: VERSION, at }).map_err(MeetingsError::Unreadable)?;
        let written = match store.get(Table::Ingest, &key).await? {
            Some((_, revision)) => store.replace(Table::Ingest, &key, mark.into(), revision).await,
            None => store.create(Table::Ingest, &key, mark.into()).await,
        };
        match written {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn key(backend: &BackendId) -> String {
    format!("{}/{}/listing", backend.kind.as_str(), backend.name)
}
