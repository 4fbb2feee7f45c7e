//! The only writer of meetings: load, apply, write on condition, and again when somebody was faster.
//!
//! A meeting is stored together with its unsent events, so one durable write makes both. Who has written tells the
//! [`outbox`]; time passing is the business of [`schedule`]; what servers report comes in through [`report`].

pub mod acting;
pub mod agenda;
mod booking;
mod deletion;
mod door;
mod error;
mod index;
mod listing;
mod measure;
mod observe;
pub mod outbox;
pub mod people;
mod record;
pub mod repair;
pub mod report;
mod retention;
mod rooms;
pub mod schedule;
mod sweep;
mod usage;
pub mod webhook;

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Duration;
use tokio::sync::{Notify, Semaphore, mpsc, watch};

use crate::config::{Config, daemon};
use crate::domain::meeting::Order;
use crate::domain::{Ambient, Event, Input, Meeting, MeetingId, Policy, RoomKey, Step, Timestamp};
use crate::live::Live;
use crate::store::{Revision, Store, StoreError, Table};
use crate::telemetry::Metrics;

pub use booking::BookedMeeting;
pub use error::MeetingsError;
use index::Index;
use record::Record;
pub use sweep::Sweep;
use webhook::Heard;

/// The meetings of this deployment; cheap to clone.
#[derive(Clone)]
pub struct Meetings(Arc<Inner>);

struct Inner {
    store: Store,
    index: Mutex<Index>,
    /// One writer at a time for each room, so that the conditional write seldom fails.
    rooms: Vec<tokio::sync::Mutex<()>>,
    config: watch::Receiver<Arc<Config>>,
    metrics: Arc<Metrics>,
    live: Live,
    ambient: Ambient,
    /// Tells the outbox that a meeting has events to send.
    written: mpsc::UnboundedSender<Written>,
    /// Wakes the schedule when the next due moment may have changed.
    due_changed: Notify,
    reports: Semaphore,
    /// Wakes those who tell meeting servers what to do.
    orders_changed: Notify,
    /// When LiveKit's rooms gave a sign of life.
    heard: Mutex<Heard>,
    deletions: deletion::Deletions,
}

/// A durable write left events to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub meeting: MeetingId,
    /// The number of the last event that is stored with it.
    pub last: u64,
    /// The number of the first event that is still stored with it.
    pub first: u64,
    /// When the oldest of them was learned of.
    pub since: Timestamp,
}

/// More rooms than this may share a lock; they only wait for one another.
const ROOM_LOCKS: usize = 1024;

// === impl Meetings ===

impl Meetings {
    /// Reads every stored meeting once and builds the index.
    ///
    /// The receiver is for the [`outbox`]; it holds every event that was not sent before the last stop.
    pub async fn open(
        store: Store,
        config: watch::Receiver<Arc<Config>>,
        metrics: Arc<Metrics>,
        live: Live,
        ambient: Ambient,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Written>), MeetingsError> {
        let (written, events) = mpsc::unbounded_channel();
        let inner = Inner {
            store,
            index: Mutex::new(Index::default()),
            rooms: std::iter::repeat_with(Default::default)
                .take(ROOM_LOCKS)
                .collect(),
            config,
            metrics,
            live,
            ambient,
            written,
            due_changed: Notify::new(),
            reports: Semaphore::new(usage::REPORTS_AT_ONCE),
            orders_changed: Notify::new(),
            heard: Mutex::default(),
            deletions: deletion::Deletions::default(),
        };
        let meetings = Self(Arc::new(inner));
        meetings.read_all().await?;
        meetings.forget_past();
        let before = meetings.listed_before().await?;
        meetings.heard_so_far(|heard| *heard = Heard::since(before));
        Ok((meetings, events))
    }

    async fn read_all(&self) -> Result<(), MeetingsError> {
        let is_unlisted = self.is_unlisted().await?;
        let mut scan = self.0.store.scan(Table::Meetings, None);
        loop {
            let page = scan.next(1000).await?;
            if page.is_empty() && is_unlisted {
                self.all_are_listed().await?;
            }
            if page.is_empty() {
                return Ok(());
            }
            if is_unlisted {
                let records = page.iter().filter_map(|entry| Record::read(&entry.value).ok());
                self.list_stored(records.map(|record| record.meeting)).await?;
            }
            for entry in page {
                // Long finished meetings are the bulk; nothing but their end is looked at.
                if self.is_of_the_past(&entry.value) {
                    continue;
                }
                match Record::read(&entry.value) {
                    Ok(record) => self.note(&record, None),
                    Err(error) if record::is_newer(&entry.value) => {
                        return Err(MeetingsError::Unreadable(error));
                    }
                    Err(error) => {
                        tracing::error!(meeting = entry.key, %error, "a stored meeting cannot be read; left alone")
                    }
                }
            }
        }
    }

    /// Whether a record can neither change any more nor speak against a token that is still good.
    fn is_of_the_past(&self, record: &[u8]) -> bool {
        let glance = record::glance(record);
        let longest = self.0.config.borrow().longest_token();
        glance.is_some_and(|glance| {
            let is_done = glance.is_settled_before(self.now() - index::RECENT);
            is_done && !glance.speaks_after(self.now() - longest)
        })
    }

    /// The meeting with that id.
    pub async fn get(&self, id: MeetingId) -> Result<Option<Meeting>, MeetingsError> {
        Ok(self.load(id).await?.map(|(record, _)| record.meeting))
    }

    /// An input that is about one meeting: time, or an authorised caller. Returns the meeting and whether it changed.
    pub async fn apply(&self, id: MeetingId, input: &Input) -> Result<(Meeting, bool), MeetingsError> {
        self.apply_if(id, input, |_| true).await
    }

    /// The same, unless the meeting as it is by then is not what `expected` wants: [`MeetingsError::Outdated`].
    pub async fn apply_if(
        &self,
        id: MeetingId,
        input: &Input,
        expected: impl Fn(&Meeting) -> bool,
    ) -> Result<(Meeting, bool), MeetingsError> {
        let Some(room) = self.room_of(id).await? else {
            return Err(MeetingsError::Unknown);
        };
        let _turn = self.turn(&room).await;
        self.apply_in_turn(id, input, expected).await
    }

    async fn apply_in_turn(
        &self,
        id: MeetingId,
        input: &Input,
        expected: impl Fn(&Meeting) -> bool,
    ) -> Result<(Meeting, bool), MeetingsError> {
        let policy = self.policy();
        let change = |meeting: Meeting, now| {
            if !expected(&meeting) {
                return Err(MeetingsError::Outdated);
            }
            let step = meeting.apply(input, now, &policy)?;
            let answer = (step.meeting.clone(), step.changed);
            Ok((step, answer))
        };
        self.change(id, change).await
    }

    /// Drops the events up to `last`, which are safe where they went.
    pub async fn forget_sent(&self, id: MeetingId, last: u64) -> Result<(), MeetingsError> {
        loop {
            let Some((mut record, revision)) = self.load(id).await? else {
                return Ok(());
            };
            let before = record.outbox.len();
            record.outbox.retain(|event| event.sequence > last);
            if record.outbox.len() == before {
                return Ok(());
            }
            match self
                .0
                .store
                .replace(Table::Meetings, &id.to_string(), record.bytes(), revision)
                .await
            {
                Err(StoreError::Conflict) => {}
                done => return Ok(done.map(|_| ())?),
            }
        }
    }

    /// The stored events of a meeting after `after`, with the meeting they belong to.
    pub async fn unsent(
        &self,
        id: MeetingId,
        after: u64,
    ) -> Result<Option<(Meeting, Vec<Event>)>, MeetingsError> {
        let Some((record, _)) = self.load(id).await? else {
            return Ok(None);
        };
        let events = record
            .outbox
            .into_iter()
            .filter(|event| event.sequence > after)
            .collect();
        Ok(Some((record.meeting, events)))
    }

    /// Load, apply, write on condition; again if another write came first.
    async fn change<T>(
        &self,
        id: MeetingId,
        apply: impl Fn(Meeting, Timestamp) -> Applied<T>,
    ) -> Result<T, MeetingsError> {
        loop {
            let (record, revision) = self.load(id).await?.ok_or(MeetingsError::Unknown)?;
            let listed_before = agenda::keys(&record.meeting);
            let (step, answer) = apply(record.meeting, self.now())?;
            if !step.changed {
                return Ok(answer);
            }
            let events = step.events.len();
            let record = Record::new(step, record.outbox);
            let keys = agenda::keys(&record.meeting);
            let listed = self
                .begin_to_list(keys.difference(&listed_before).cloned())
                .await?;
            match self
                .0
                .store
                .replace(Table::Meetings, &id.to_string(), record.bytes(), revision)
                .await
            {
                Ok(_) => {
                    self.stored(&record, events);
                    self.finish_listing(listed).await?;
                    self.unlist(listed_before.difference(&keys)).await;
                    return Ok(answer);
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn create(&self, step: Step) -> Result<(), MeetingsError> {
        let events = step.events.len();
        let record = Record::new(step, Vec::new());
        let key = record.meeting.id.to_string();
        let listed = self.begin_to_list(agenda::keys(&record.meeting)).await?;
        self.0.store.create(Table::Meetings, &key, record.bytes()).await?;
        self.stored(&record, events);
        self.finish_listing(listed).await
    }

    async fn load(&self, id: MeetingId) -> Result<Option<(Record, Revision)>, MeetingsError> {
        let Some((bytes, revision)) = self.0.store.get(Table::Meetings, &id.to_string()).await? else {
            return Ok(None);
        };
        Ok(Some((
            Record::read(&bytes).map_err(MeetingsError::Unreadable)?,
            revision,
        )))
    }

    /// What follows a durable write: listeners, index, outbox, schedule, metrics.
    fn stored(&self, record: &Record, new_events: usize) {
        let told = &record.outbox[record.outbox.len() - new_events..];
        told.iter()
            .for_each(|event| measure::count(&self.0.metrics, &record.meeting, event));
        self.0.live.tell(&record.meeting, told);
        self.note(record, told.first());
        self.0.due_changed.notify_one();
    }

    /// Takes down where the meeting stands, and which of its events are to be sent, `first_new` before all.
    fn note(&self, record: &Record, first_new: Option<&Event>) {
        let policy = self.policy();
        let now = self.now();
        let (census, orders_changed) = self.index(|index| {
            let before = index.orders().get(&record.meeting.id).cloned();
            index.put(&record.meeting, &policy, now);
            (
                index.census(),
                before.as_ref() != index.orders().get(&record.meeting.id),
            )
        });
        measure::show(&self.0.metrics, census);
        if orders_changed {
            self.0.orders_changed.notify_one();
        }
        if let (Some(first), Some(last)) = (record.outbox.first(), record.outbox.last()) {
            let written = Written {
                meeting: record.meeting.id,
                first: first.sequence,
                last: last.sequence,
                since: first_new.unwrap_or(first).observed_at,
            };
            // The outbox is gone only while the process stops; the events stay in the record.
            let _ = self.0.written.send(written);
        }
    }

    async fn room_of(&self, id: MeetingId) -> Result<Option<RoomKey>, MeetingsError> {
        Ok(self.get(id).await?.map(|meeting| meeting.booking.room))
    }

    async fn turn(&self, room: &RoomKey) -> tokio::sync::MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        room.hash(&mut hasher);
        let locks = self.0.rooms.len() as u64;
        let slot = usize::try_from(hasher.finish() % locks).unwrap_or_default();
        self.0.rooms[slot].lock().await
    }

    /// What meeting servers have still to be told, meeting by meeting.
    fn orders(&self) -> BTreeMap<MeetingId, Vec<Order>> {
        self.index(|index| index.orders().clone())
    }

    fn index<T>(&self, look: impl FnOnce(&mut Index) -> T) -> T {
        look(&mut self.0.index.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn policy(&self) -> Policy {
        policy(&self.0.config.borrow())
    }

    fn now(&self) -> Timestamp {
        self.0.ambient.now()
    }
}

fn policy(config: &Config) -> Policy {
    let (daemon, switched_off) = (&config.daemon, Arc::clone(&config.switched_off));
    let config = &daemon.meetings;
    let makes_rooms = daemon.livekit.iter().any(|server| server.create_rooms);
    let early = Duration::minutes(i64::from(config.early_join_minutes));
    Policy {
        adhoc_grace: Duration::seconds(i64::from(config.adhoc_grace_secs)),
        booked_grace: Duration::seconds(i64::from(config.booked_grace_secs)),
        active_when_room_opens: config.activate_on == daemon::ActivateOn::RoomStarted,
        warn_before_end: Duration::minutes(i64::from(config.warn_before_end_minutes)),
        made_ahead: makes_rooms.then_some(early),
        enforce_end: config.enforce_end,
        switched_off,
    }
}

/// A step and what the caller wants to know of it.
type Applied<T> = Result<(Step, T), MeetingsError>;
