//! Numbered batches of a meeting server: taken once, in order, and answered only when everything is on disk.
//!
//! What a batch says is idempotent by itself; the stored number only saves work and finds gaps. Rosters close the
//! difference between what is believed and what the server says.

use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{Meetings, MeetingsError};
use crate::domain::Timestamp;
use crate::domain::observation::{Observation, RoomKey, Source, What};
use crate::domain::report::{Batch, Fact, Numbered, Receipt, RoomList, Verdict};
use crate::store::{Revision, StoreError, Table};

/// How far one component was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cursor {
    v: u8,
    instance: String,
    /// The highest number that is stored.
    stored: u64,
    /// The server's time of the last event.
    heard_at: Option<Timestamp>,
}

/// How many rooms of one batch are written at a time, so that they share flushes.
const ROOMS_AT_ONCE: usize = 64;
const VERSION: u8 = 1;

// === impl Meetings ===

impl Meetings {
    /// Takes a batch. The receipt goes out after everything in it is durable.
    pub async fn take(&self, batch: Batch) -> Result<(Receipt, Vec<Verdict>), MeetingsError> {
        let key = format!(
            "{}/{}/{}",
            batch.backend.kind.as_str(),
            batch.backend.name,
            batch.host
        );
        let (cursor, revision) = self.cursor(&key, &batch.instance).await?;
        let fresh: Vec<_> = batch
            .events
            .into_iter()
            .filter(|event| event.number > cursor.stored)
            .collect();
        let gap = has_gap(&fresh, cursor.stored) || revision.is_none();
        let stored = fresh.last().map_or(cursor.stored, |event| event.number);
        let heard_at = fresh
            .iter()
            .filter_map(|event| event.fact.at())
            .max()
            .max(cursor.heard_at);
        let roster = gap && !fresh.iter().any(|event| matches!(event.fact, Fact::Rooms(_)));
        let verdicts = self.take_facts(fresh, cursor.heard_at).await?;
        let next = Cursor {
            v: VERSION,
            instance: batch.instance,
            stored,
            heard_at,
        };
        if next != cursor || revision.is_none() {
            self.advance(&key, &next, revision).await?;
        }
        Ok((Receipt { stored, roster }, verdicts))
    }

    async fn cursor(&self, key: &str, instance: &str) -> Result<(Cursor, Option<Revision>), MeetingsError> {
        let fresh = |heard_at| Cursor {
            v: VERSION,
            instance: instance.to_owned(),
            stored: 0,
            heard_at,
        };
        let Some((bytes, revision)) = self.0.store.get(Table::Ingest, key).await? else {
            return Ok((fresh(None), None));
        };
        let cursor: Cursor = serde_json::from_slice(&bytes).map_err(MeetingsError::Unreadable)?;
        let cursor = if cursor.instance == instance {
            cursor
        } else {
            fresh(cursor.heard_at)
        };
        Ok((cursor, Some(revision)))
    }

    async fn advance(
        &self,
        key: &str,
        next: &Cursor,
        revision: Option<Revision>,
    ) -> Result<(), MeetingsError> {
        let bytes = serde_json::to_vec(next)
            .map_err(MeetingsError::Unreadable)?
            .into();
        let written = match revision {
            Some(revision) => self.0.store.replace(Table::Ingest, key, bytes, revision).await,
            None => self.0.store.create(Table::Ingest, key, bytes).await,
        };
        match written {
            // The same component reported twice at once; both batches are stored, and the number only saves work.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Rooms run side by side, the facts of one room in order; a list of rooms waits for all that came before it.
    async fn take_facts(
        &self,
        events: Vec<Numbered>,
        heard_at: Option<Timestamp>,
    ) -> Result<Vec<Verdict>, MeetingsError> {
        let mut verdicts = Vec::with_capacity(events.len());
        let mut rooms: Vec<(RoomKey, Vec<Observation>)> = Vec::new();
        for event in events {
            match event.fact {
                Fact::Observed(seen) => gather(&mut rooms, with_estimate(seen, heard_at)),
                Fact::Rooms(list) => {
                    verdicts.extend(self.observe_rooms(std::mem::take(&mut rooms)).await?);
                    verdicts.extend(self.close_missing(list, heard_at).await?);
                }
                Fact::Ignored => verdicts.push(Verdict::Ignored),
                Fact::Rejected(reason) => {
                    tracing::warn!(
                        number = event.number,
                        reason,
                        "a reported event makes no sense and is dropped"
                    );
                    verdicts.push(Verdict::Rejected);
                }
            }
        }
        verdicts.extend(self.observe_rooms(rooms).await?);
        Ok(verdicts)
    }

    /// A room that cannot be followed does not hold up the others, and none is left half way by another's failure.
    pub(super) async fn observe_rooms(
        &self,
        rooms: Vec<(RoomKey, Vec<Observation>)>,
    ) -> Result<Vec<Verdict>, MeetingsError> {
        let observed = stream::iter(rooms).map(|(room, seen)| async move {
            match self.observe(&seen).await {
                Err(error) if error.concerns_one_meeting() => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(
                        backend = room.backend.name,
                        error,
                        "a room cannot be followed; its facts are dropped"
                    );
                    Ok(vec![Verdict::Rejected; seen.len()])
                }
                observed => observed,
            }
        });
        let verdicts: Vec<_> = observed.buffer_unordered(ROOMS_AT_ONCE).collect().await;
        Ok(verdicts.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// Where people are believed to be in a room that the server does not have, they are gone.
    async fn close_missing(
        &self,
        list: RoomList,
        heard_at: Option<Timestamp>,
    ) -> Result<Vec<Verdict>, MeetingsError> {
        let believed = self.occupied(&list.backend, list.of_breakouts);
        let missing = believed.into_iter().filter(|known| !list.rooms.contains(known));
        let since = heard_at.unwrap_or(list.at);
        let gone = missing.map(|(room, part)| {
            let what = What::Vanished { part, since };
            (
                room.clone(),
                vec![Observation {
                    room,
                    at: list.at,
                    source: Source::Prosody,
                    what,
                }],
            )
        });
        self.observe_rooms(gone.collect()).await
    }
}

fn gather(rooms: &mut Vec<(RoomKey, Vec<Observation>)>, seen: Observation) {
    match rooms.iter_mut().find(|(room, _)| *room == seen.room) {
        Some((_, known)) => known.push(seen),
        None => rooms.push((seen.room.clone(), vec![seen])),
    }
}

/// Whoever is missing from a roster left after the server was last heard.
fn with_estimate(mut seen: Observation, heard_at: Option<Timestamp>) -> Observation {
    if let (What::Roster { since, .. }, Some(heard_at)) = (&mut seen.what, heard_at) {
        *since = heard_at.min(*since);
    }
    seen
}

fn has_gap(fresh: &[Numbered], stored: u64) -> bool {
    let mut expected = stored + 1;
    fresh.iter().any(|event| {
        let gap = event.number != expected;
        expected = event.number + 1;
        gap
    })
}

// === impl Fact ===

impl Fact {
    fn at(&self) -> Option<Timestamp> {
        match self {
            Self::Observed(seen) => Some(seen.at),
            Self::Rooms(list) => Some(list.at),
            Self::Ignored | Self::Rejected(_) => None,
        }
    }
}
