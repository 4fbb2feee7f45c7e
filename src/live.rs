//! Events as they happen, for those who listen now: each hears what they may see.
//!
//! Who writes a meeting only puts its events into the `ring`. One task takes them from there, in order, to the queues of
//! those who may hear them. What cannot be queued is dropped together with its listener, never waited for.

mod crowd;
mod cursor;
mod filter;
mod herald;
mod listener;
mod ring;
mod told;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::bus::envelope;
use crate::domain::access::Viewer;
use crate::domain::{ClientId, Event, Meeting, User, UserId};
use crate::telemetry::Metrics;
use crate::telemetry::label::{ListenerCut, ListenerKind};
use crowd::Crowd;
pub use crowd::{Owner, TooMany};
use cursor::Process;
pub use filter::{Filter, UnknownType};
use listener::Seat;
pub use listener::{Listener, News};
use ring::Ring;
pub use told::Told;

/// Where events are told and listeners sign on; cheap to clone.
#[derive(Debug, Clone)]
pub struct Live(Arc<Hub>);

#[derive(Debug)]
struct Hub {
    /// `source` of the events, as on the bus.
    source: String,
    process: Process,
    metrics: Arc<Metrics>,
    /// Whether events are kept: somebody listens, or did a while ago and may come back.
    awake: AtomicBool,
    ring: Mutex<Ring>,
    /// Locked before the ring where both are needed.
    crowd: Mutex<Crowd>,
    /// Told to the herald when the ring has something new.
    news: Notify,
}

/// Who listens; decides what is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// A program; `is_admin` where it has the scope `admin`.
    Client { id: ClientId, is_admin: bool },
    /// Somebody who has signed in.
    User(User),
}

/// What somebody wants to hear, and how.
#[derive(Debug)]
pub struct Wish<'a> {
    pub audience: Audience,
    /// As it counts against [`TooMany::Address`].
    pub address: IpAddr,
    pub kind: ListenerKind,
    pub filter: Filter,
    /// The id of the last event that was heard: a cursor of ours, or the id of the event itself.
    pub heard: Option<&'a str>,
}

/// Where a listener stands before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The number after which events come.
    pub after: u64,
    /// Events may be missing between the last one that was heard and the first one that comes.
    pub has_gap: bool,
}

// === impl Live ===

impl Live {
    /// `source` is that of the events on the bus; `process` is random, so that cursors of another start are known as such.
    pub fn new(source: String, process: [u8; 4], metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Hub {
            source,
            process: Process::new(process),
            metrics,
            awake: AtomicBool::new(false),
            ring: Mutex::default(),
            crowd: Mutex::default(),
            news: Notify::new(),
        }))
    }

    /// Tells events that are stored, in their order; `meeting` is as it was after the last of them.
    ///
    /// Costs one look where nobody has listened for a while, and never waits for listeners.
    pub fn tell(&self, meeting: &Meeting, events: &[Event]) {
        if events.is_empty() || !self.0.awake.load(Ordering::Acquire) {
            return;
        }
        for event in events {
            let message = envelope::message(meeting, event, &self.0.source);
            let process = self.0.process;
            self.0.ring().push(|number| {
                let cursor = process.cursor(number);
                Told::new(number, &cursor, meeting, event.kind, message)
            });
        }
        self.0.news.notify_one();
    }

    /// Signs a listener on; what is told from now on comes to it, after what it has missed.
    pub fn listen(&self, wish: Wish<'_>) -> Result<(Listener, Start), TooMany> {
        let mut crowd = self.0.crowd();
        let ring = self.0.ring();
        let newest = ring.newest();
        let known = wish.heard.map(|heard| ring.place_of(heard, self.0.process));
        let start = Start {
            after: known.flatten().unwrap_or(newest),
            has_gap: known == Some(None),
        };
        let missed = ring.after(start.after);
        drop(ring);
        let owner = wish.audience.owner();
        let missed = missed
            .into_iter()
            .filter(|told| told.is_for(&wish.audience, wish.filter));
        let missed = missed.collect::<Vec<_>>();
        let seat = Arc::new(Seat::new(wish.audience, wish.filter, newest));
        let place = crowd.admit(owner, wish.address, Arc::clone(&seat))?;
        // Only now: who is turned away wakes nobody.
        self.0.awake.store(true, Ordering::Release);
        drop(crowd);
        self.0.metrics.listeners.came(wish.kind);
        Ok((Listener::new(self.clone(), seat, place, wish.kind, missed), start))
    }

    /// Stops keeping events until somebody listens again. Nobody may listen now.
    fn fall_asleep(&self) {
        let mut ring = self.0.ring();
        self.0.awake.store(false, Ordering::Release);
        ring.clear();
    }

    /// The cursor that stands for everything up to this number.
    pub fn cursor(&self, number: u64) -> String {
        self.0.process.cursor(number)
    }

    /// `source` of the events.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// A listener did not read in time.
    pub fn cut_off(&self, why: ListenerCut) {
        self.0.metrics.listeners.cut(why);
    }
}

// === impl Hub ===

impl Hub {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Audience ===

impl Audience {
    /// As the rules of access see them.
    pub fn viewer(&self) -> Viewer<'_> {
        match self {
            Self::Client { id, is_admin } => Viewer::Client {
                id,
                is_admin: *is_admin,
            },
            Self::User(user) => Viewer::User(user),
        }
    }

    fn owner(&self) -> Owner {
        match self {
            Self::Client { id, .. } => Owner::Client(id.clone()),
            Self::User(user) => Owner::User(UserId::clone(&user.id)),
        }
    }
}
