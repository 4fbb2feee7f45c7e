//! What LiveKit's webhooks say: each taken once, by its id, and answered only when it is on disk.
//!
//! What they say is idempotent by itself: stays are known by who, where and since when. So a webhook is applied first and
//! its id kept after; a crash in between makes LiveKit repeat what changes nothing any more.

mod heard;

use std::sync::PoisonError;

use chrono::Duration;
use futures_util::{StreamExt, stream};

use super::{Meetings, MeetingsError};
use crate::domain::observation::{Observation, What};
use crate::domain::report::{Notification, Subject};
use crate::domain::{RoomKey, Timestamp, Verdict};
use crate::store::{Entry, StoreError, Table};

pub(super) use heard::Heard;

/// How long ids are kept. LiveKit repeats for 15 seconds; two days cover what somebody repeats by hand.
const KEPT: Duration = Duration::hours(48);
/// How many ids are read at a time, and how many are removed at a time, so that they share flushes.
const PAGE: usize = 1000;
const AT_ONCE: usize = 64;

// === impl Meetings ===

impl Meetings {
    /// Takes one webhook.
    pub async fn take_notification(&self, notification: Notification) -> Result<Verdict, MeetingsError> {
        let part = match &notification.about {
            Subject::Life(room, part) if self.is_followed(room) => part.clone(),
            Subject::Life(..) | Subject::Foreign => return Ok(Verdict::Foreign),
            Subject::Nothing => return Ok(Verdict::Ignored),
        };
        let Notification {
            backend,
            id,
            created_at,
            seen,
            ..
        } = notification;
        let is_our_doing = seen.as_ref().is_some_and(|seen| self.is_of_deletion(seen));
        let alive_at = self.heard_so_far(|heard| heard.last_alive(&backend, &part, created_at));
        let verdict = match seen {
            Some(seen) => self.take_once(id, with_evidence(seen, alive_at)).await?,
            None => Verdict::Ignored,
        };
        // Last: of two copies that come at once the second must not take the first for a sign of life.
        if !is_our_doing {
            self.heard_so_far(|heard| heard.note(&backend, &part, created_at));
        }
        Ok(verdict)
    }

    async fn take_once(&self, id: Option<String>, seen: Observation) -> Result<Verdict, MeetingsError> {
        let backend = &seen.room.backend;
        let key = id.map(|id| format!("{}/{}/{id}", backend.kind.as_str(), backend.name));
        if let Some(key) = &key
            && self.was_taken(key).await?
        {
            return Ok(Verdict::Repeated);
        }
        let verdict = self.observe_one(seen).await?;
        if let Some(key) = key {
            self.keep_id(&key).await?;
        }
        Ok(verdict)
    }

    /// Whether usher follows what happens in a room of LiveKit: one that fits the patterns of its server, or has a meeting.
    fn is_followed(&self, room: &RoomKey) -> bool {
        let config = self.0.config.borrow().clone();
        let server = config.daemon.livekit_named(&room.backend.name);
        let fits =
            server.is_some_and(|server| server.rooms.iter().any(|pattern| pattern.matches(&room.name)));
        fits || self.index(|index| index.knows(room))
    }

    /// A room that cannot be followed costs its own facts only: LiveKit would repeat them in vain, and hold up what comes next.
    async fn observe_one(&self, seen: Observation) -> Result<Verdict, MeetingsError> {
        let verdicts = self.observe_rooms(vec![(seen.room.clone(), vec![seen])]).await?;
        Ok(verdicts.into_iter().next_back().unwrap_or(Verdict::Ignored))
    }

    async fn was_taken(&self, key: &str) -> Result<bool, MeetingsError> {
        match self.0.store.get(Table::Seen, key).await {
            Ok(found) => Ok(found.is_some()),
            // To take it twice does no harm.
            Err(StoreError::Unreadable { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn keep_id(&self, key: &str) -> Result<(), MeetingsError> {
        let taken_at = self.now().timestamp_millis().to_string();
        match self.0.store.create(Table::Seen, key, taken_at.into()).await {
            // The same webhook came twice at once, by two addresses.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn heard_so_far<T>(&self, look: impl FnOnce(&mut Heard) -> T) -> T {
        look(&mut self.0.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Removes the ids of webhooks that nobody repeats any more; returns how many those were.
    pub(super) async fn sweep_webhooks(&self) -> Result<usize, MeetingsError> {
        let past = self.now() - KEPT;
        self.heard_so_far(|heard| heard.forget_before(past));
        let mut scan = self.0.store.scan(Table::Seen, None);
        let mut removed = 0;
        loop {
            let page = scan.next(PAGE).await?;
            if page.is_empty() {
                return Ok(removed);
            }
            let old = page.into_iter().filter(|entry| !is_taken_since(entry, past));
            let removals = old.map(|entry| self.forget_id(entry));
            let gone: Vec<_> = stream::iter(removals).buffer_unordered(AT_ONCE).collect().await;
            for gone in gone {
                removed += usize::from(gone?);
            }
        }
    }

    async fn forget_id(&self, entry: Entry) -> Result<bool, MeetingsError> {
        match self.0.store.remove(Table::Seen, &entry.key, entry.revision).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Where a life of a room begins although it was known to be going on, its node was lost: those who were in are known to have
/// been until something was heard last.
fn with_evidence(mut seen: Observation, alive_at: Option<Timestamp>) -> Observation {
    if let (What::RoomOpened { since, .. }, Some(alive_at)) = (&mut seen.what, alive_at) {
        *since = alive_at.min(*since);
    }
    seen
}

fn is_taken_since(entry: &Entry, past: Timestamp) -> bool {
    let taken_at = std::str::from_utf8(&entry.value)
        .ok()
        .and_then(|text| text.parse().ok());
    taken_at.is_some_and(|millis: i64| millis >= past.timestamp_millis())
}
