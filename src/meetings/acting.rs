//! Orders → meeting server → done: what the people in a room are to be told, and rooms that are to be closed.
//!
//! An order stays in its meeting's record until the server was told, so it survives a server that is away and a stop of
//! usher. Each meeting is followed by itself, with growing pauses; none waits for another, beyond a bound on the calls that
//! one server gets at a time.

mod words;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::schedule::LISTEN_FIRST;
use super::{Meetings, MeetingsError};
use crate::backend::livekit::Preparation;
use crate::backend::{BackendError, Backends};
use crate::config::Config;
use crate::domain::meeting::{Kind, Order, Slot};
use crate::domain::observation::BackendId;
use crate::domain::{Input, Meeting, MeetingId, Timestamp};
use crate::telemetry::label::{Label, OrderKind, OrderResult};

/// Carries out orders for as long as it runs.
#[derive(Clone)]
pub struct Acting(Arc<Inner>);

struct Inner {
    meetings: Meetings,
    backends: Backends,
    /// Calls at a time, server by server.
    turns: Mutex<HashMap<BackendId, Arc<Semaphore>>>,
}

/// A meeting that is being followed.
struct Followed {
    /// As they were when it was woken last.
    orders: Vec<Order>,
    wake: Arc<Notify>,
}

/// How a meeting's orders go on.
enum Next {
    Nothing,
    /// One order less.
    Done,
    /// The room is being closed; the server will say when it is.
    Closing(Order),
    Failed(BackendError),
}

/// Growing pauses of one meeting.
struct Pauses(Duration);

const CALLS_AT_ONCE: usize = 16;
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long a server that was told to close a room may take to report it.
const CLOSED_WITHIN: Duration = Duration::from_secs(10);
/// How long somebody who was reported may be missing on the server's list of those who are in.
const LISTED_WITHIN: chrono::Duration = chrono::Duration::minutes(2);
/// How long a room that is made ahead stays although nobody comes, at least and at most.
const SHORTEST_LIFE: Duration = Duration::from_secs(60);
const LONGEST_LIFE: Duration = Duration::from_secs(8 * 24 * 60 * 60);
/// How much longer than its meeting a room stays that everybody has left, so that the meeting is over first.
const MARGIN: Duration = Duration::from_secs(60);
/// After so long nobody can be in any more for the meeting's sake.
const GIVEN_UP_AFTER: chrono::Duration = chrono::Duration::hours(24);

// === impl Acting ===

impl Acting {
    pub fn new(meetings: Meetings, backends: Backends) -> Self {
        Self(Arc::new(Inner {
            meetings,
            backends,
            turns: Mutex::default(),
        }))
    }

    /// Runs until `stop`; calls that have begun are ended in order.
    pub async fn run(self, stop: CancellationToken) {
        let waiting = self.0.meetings.orders().values().map(Vec::len).sum();
        self.0.meetings.0.metrics.set_orders_waiting(waiting);
        // What servers have to report comes first: the room may have been closed while usher was away.
        let grace = self.0.meetings.policy().adhoc_grace.to_std().unwrap_or_default();
        let first = tokio::time::sleep(LISTEN_FIRST.min(grace));
        if stop.run_until_cancelled(first).await.is_none() {
            return;
        }
        let mut config = self.0.meetings.0.config.clone();
        let mut followed: HashMap<MeetingId, Followed> = HashMap::new();
        let mut following = FuturesUnordered::new();
        while !stop.is_cancelled() {
            for (id, wake) in self.look(&mut followed) {
                following.push(self.clone().follow(id, wake, stop.clone()));
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.0.meetings.0.orders_changed.notified() => {}
                Some(id) = following.next() => drop(followed.remove(&id)),
                // What was wrong may have been set right.
                Ok(()) = config.changed() => followed.values().for_each(|known| known.wake.notify_one()),
            }
        }
        while following.next().await.is_some() {}
    }

    /// Finds the meetings that nobody follows yet, and wakes those whose orders have changed.
    fn look(&self, followed: &mut HashMap<MeetingId, Followed>) -> Vec<(MeetingId, Arc<Notify>)> {
        let orders: BTreeMap<_, _> = self.0.meetings.orders();
        let waiting = orders.values().map(Vec::len).sum();
        self.0.meetings.0.metrics.set_orders_waiting(waiting);
        for (id, known) in followed.iter_mut() {
            let now = orders.get(id).cloned().unwrap_or_default();
            if known.orders != now {
                known.orders = now;
                known.wake.notify_one();
            }
        }
        let mut new = Vec::new();
        for (id, orders) in orders {
            followed.entry(id).or_insert_with(|| {
                let wake = Arc::new(Notify::new());
                new.push((id, Arc::clone(&wake)));
                Followed { orders, wake }
            });
        }
        new
    }

    /// Carries out one meeting's orders, one after the other, until there is none.
    async fn follow(self, id: MeetingId, wake: Arc<Notify>, stop: CancellationToken) -> MeetingId {
        let mut pauses = Pauses(SHORTEST_PAUSE);
        loop {
            let next = self.step(id).await;
            let pause = match next {
                Ok(Next::Nothing) | Err(MeetingsError::Unknown) => return id,
                Ok(Next::Done) => {
                    pauses = Pauses(SHORTEST_PAUSE);
                    continue;
                }
                Ok(Next::Closing(order)) => {
                    self.until_closed(id, &order, &wake, &stop).await;
                    if stop.is_cancelled() {
                        return id;
                    }
                    match self.done(id, order).await {
                        Ok(()) => continue,
                        Err(error) => pauses.after(id, &error),
                    }
                }
                Ok(Next::Failed(error)) => pauses.after(id, &error),
                Err(error) => pauses.after(id, &error),
            };
            tokio::select! {
                () = stop.cancelled() => return id,
                () = wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Tries to carry out one order of a meeting: the first, but that a person who cannot be put out holds up nothing behind
    /// them.
    async fn step(&self, id: MeetingId) -> Result<Next, MeetingsError> {
        let Some(meeting) = self.0.meetings.get(id).await? else {
            self.0.meetings.index(|index| index.forget(id));
            return Ok(Next::Nothing);
        };
        let mut outcome = Next::Nothing;
        for order in meeting.orders.clone() {
            let may_wait = matches!(order, Order::Remove { .. });
            outcome = self.try_order(&meeting, order).await?;
            if !(may_wait && matches!(outcome, Next::Failed(_))) {
                return Ok(outcome);
            }
        }
        Ok(outcome)
    }

    async fn try_order(&self, meeting: &Meeting, order: Order) -> Result<Next, MeetingsError> {
        let id = meeting.id;
        if let Some(why) = self.pointless(meeting, &order).await? {
            tracing::warn!(meeting = %id, order = order.kind().as_str(), why, "an order was given up");
            return self.over(id, order, OrderResult::GivenUp).await;
        }
        match self.tell(meeting, &order).await {
            Ok(()) if order.is_close() && meeting.heard_from.is_some() => {
                self.count(id, &order, OrderResult::Done);
                Ok(Next::Closing(order))
            }
            Ok(()) => self.over(id, order, OrderResult::Done).await,
            // LiveKit's lists are behind what it reports; who goes by themselves takes the order off.
            Err(error @ BackendError::NotThere) if self.may_turn_up(&order) => Ok(self.failed(&order, error)),
            Err(BackendError::NotThere) => self.over(id, order, OrderResult::NotThere).await,
            Err(error) if error.is_temporary() => Ok(self.failed(&order, error)),
            Err(_) => self.over(id, order, OrderResult::NotConfigured).await,
        }
    }

    fn failed(&self, order: &Order, error: BackendError) -> Next {
        let metrics = &self.0.meetings.0.metrics;
        metrics.ordered(order.kind(), OrderResult::Failed);
        Next::Failed(error)
    }

    /// Whether somebody who is not there as the server says can be there all the same, since they came a moment ago.
    fn may_turn_up(&self, order: &Order) -> bool {
        let now = self.0.meetings.now();
        matches!(order, Order::Remove { since, .. } if now - *since < LISTED_WITHIN)
    }

    /// One call, in its turn.
    async fn tell(&self, meeting: &Meeting, order: &Order) -> Result<(), BackendError> {
        let room = &meeting.booking.room;
        let turns = self.turns(&room.backend);
        let _turn = turns.acquire().await;
        let config = self.0.meetings.0.config.borrow().clone();
        match order {
            Order::Open { slot } => {
                let server = config.daemon.livekit_named(&room.backend.name);
                match server.is_some_and(|server| server.create_rooms) {
                    true => {
                        let how = preparation(&config, meeting, *slot, self.0.meetings.now());
                        self.0.backends.open(room, &how).await
                    }
                    false => Err(BackendError::NotConfigured),
                }
            }
            Order::Remove { occupant, .. } => {
                let text = words::removed(config.daemon.http.default_language);
                self.0.backends.remove(room, occupant, text).await
            }
            Order::Warn { ends_at } => {
                let text = words::warning(&config.daemon, meeting, *ends_at, self.0.meetings.now());
                let inside = meeting.attendance.stays().iter().filter(|stay| stay.is_open());
                let people: Vec<_> = inside.map(|stay| stay.occupant.clone()).collect();
                self.0.backends.say(room, &text, &people).await
            }
            Order::Close { why, .. } => {
                let text = words::closing(config.daemon.http.default_language, *why);
                self.0.backends.close(room, text).await
            }
        }
    }

    /// Why there is no use in carrying an order out, if there is none.
    async fn pointless(
        &self,
        meeting: &Meeting,
        order: &Order,
    ) -> Result<Option<&'static str>, MeetingsError> {
        let now = self.0.meetings.now();
        Ok(match order {
            Order::Open { slot } => {
                let policy = self.0.meetings.policy();
                (!meeting.may_come(*slot, &policy, now)).then_some("its time is over")
            }
            Order::Remove { since, .. } => is_too_old(*since, now).then_some("it is a day old"),
            Order::Warn { ends_at } => (*ends_at <= now).then_some("its moment has passed"),
            Order::Close { since, .. } if is_too_old(*since, now) => Some("it is a day old"),
            Order::Close { .. } => {
                let newer = self.is_taken_over(meeting).await?;
                newer.then_some("another meeting is in the room")
            }
        })
    }

    /// Whether the room belongs to another meeting by now. People who did not go, or came back, are no other meeting.
    async fn is_taken_over(&self, meeting: &Meeting) -> Result<bool, MeetingsError> {
        let room = &meeting.booking.room;
        let Some(other) = self.0.meetings.index(|index| index.other_in(room, meeting.id)) else {
            return Ok(false);
        };
        let other = self.0.meetings.get(other).await?;
        Ok(other.is_some_and(|other| {
            other.booking.kind != Kind::Adhoc || other.booking.continues != Some(meeting.id)
        }))
    }

    async fn over(&self, id: MeetingId, order: Order, result: OrderResult) -> Result<Next, MeetingsError> {
        self.count(id, &order, result);
        self.done(id, order).await?;
        Ok(Next::Done)
    }

    fn count(&self, id: MeetingId, order: &Order, result: OrderResult) {
        let (kind, metrics) = (order.kind(), &self.0.meetings.0.metrics);
        metrics.ordered(kind, result);
        tracing::info!(meeting = %id, order = kind.as_str(), result = result.as_str(), "an order to the meeting server is over");
    }

    async fn done(&self, id: MeetingId, order: Order) -> Result<(), MeetingsError> {
        self.0.meetings.apply(id, &Input::Done(order)).await.map(drop)
    }

    /// Waits until the server has reported that the room is closed, which takes the order off, but not for long.
    async fn until_closed(&self, id: MeetingId, order: &Order, wake: &Notify, stop: &CancellationToken) {
        let late = tokio::time::sleep(CLOSED_WITHIN);
        tokio::pin!(late);
        loop {
            let meeting = self.0.meetings.get(id).await.ok().flatten();
            if meeting.is_none_or(|meeting| !meeting.orders.contains(order)) {
                return;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = &mut late => return,
                () = wake.notified() => {}
            }
        }
    }

    fn turns(&self, backend: &BackendId) -> Arc<Semaphore> {
        let mut turns = self.0.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let of_server = turns
            .entry(backend.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(CALLS_AT_ONCE)));
        Arc::clone(of_server)
    }
}

/// How the room of a meeting is made: kept as long as people may still come to it, with nothing in it about them.
fn preparation(config: &Config, meeting: &Meeting, slot: Slot, now: Timestamp) -> Preparation {
    let meetings = &config.daemon.meetings;
    let grace = Duration::from_secs(meetings.booked_grace_secs.into());
    let until_end = (slot.ends_at() - now).to_std().unwrap_or_default();
    Preparation {
        empty_for: (until_end + grace).clamp(SHORTEST_LIFE, LONGEST_LIFE),
        kept_for: grace + MARGIN,
        max_people: config.rooms.access.max_people(&meeting.booking.room.name),
        metadata: serde_json::json!({ "meeting": meeting.id }).to_string(),
    }
}

fn is_too_old(since: Timestamp, now: Timestamp) -> bool {
    now - since >= GIVEN_UP_AFTER
}

// === impl Order ===

impl Order {
    fn kind(&self) -> OrderKind {
        match self {
            Self::Open { .. } => OrderKind::Open,
            Self::Remove { .. } => OrderKind::Remove,
            Self::Warn { .. } => OrderKind::Warn,
            Self::Close { .. } => OrderKind::Close,
        }
    }
}

// === impl Pauses ===

impl Pauses {
    /// One more failure, and how long to wait after it.
    fn after(&mut self, id: MeetingId, error: &(dyn std::error::Error + 'static)) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        tracing::warn!(meeting = %id, error, retry_in = ?pause, "the meeting server was not told; trying again");
        pause
    }
}

#[cfg(test)]
mod tests;
