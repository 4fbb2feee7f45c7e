//! Unsent events → bus → forgotten: in order within a meeting, side by side across meetings, with growing pauses.
//!
//! An event stays in its record until the bus has acknowledged it and, on NATS, until a power cut there could no longer
//! take it back: a server in its default setting writes to the disk every two minutes. After each reconnect everything
//! that is still in the records goes out again with the same ids, and the stream drops what it has.

mod backlog;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Meetings, MeetingsError, Written};
use crate::bus::{Bus, Connection, Pause, envelope, until};
use crate::domain::MeetingId;
use crate::telemetry::Metrics;
use backlog::{Backlog, Turn};

/// Sends events for as long as it runs.
pub struct Outbox {
    meetings: Meetings,
    bus: Arc<Bus>,
    metrics: Arc<Metrics>,
    /// `source` of the CloudEvents.
    source: String,
    backlog: Backlog,
    /// Meetings whose acknowledged events can be forgotten, and from when on.
    sent: VecDeque<(Instant, MeetingId, u64)>,
    pause: Pause,
}

/// What came of sending one meeting's events.
struct Outcome {
    turn: Turn,
    /// The number of the last event that was acknowledged.
    acknowledged: u64,
    published: usize,
    failure: Option<Failure>,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("failed to read the events")]
    Read(#[from] MeetingsError),
    #[error("failed to publish")]
    Publish(#[from] crate::bus::BusError),
}

/// How many meetings are sent at a time.
const MEETINGS_AT_ONCE: usize = 128;
/// How long a stop waits for the events of the last requests to go out.
const LAST_CALL: Duration = Duration::from_secs(2);

// === impl Outbox ===

impl Outbox {
    pub fn new(meetings: Meetings, bus: Arc<Bus>, metrics: Arc<Metrics>, source: String) -> Self {
        let (backlog, sent, pause) = (Backlog::default(), VecDeque::new(), Pause::default());
        Self {
            meetings,
            bus,
            metrics,
            source,
            backlog,
            sent,
            pause,
        }
    }

    /// Runs until `stop`, and then as long as there is something to send and the bus takes it, but not much longer; what
    /// could not be sent by then stays in the records.
    pub async fn run(mut self, mut written: mpsc::UnboundedReceiver<Written>, stop: CancellationToken) {
        let mut connection = Connection::new(&self.bus);
        let mut sending = FuturesUnordered::new();
        let mut forgetting = FuturesUnordered::new();
        let mut last_call = None;
        while !is_done(last_call, self.backlog.waiting()) {
            if connection.is_new() {
                self.begin_again();
            }
            let is_up = connection.is_up();
            while is_up
                && sending.len() < MEETINGS_AT_ONCE
                && self.pause.is_over()
                && let Some(turn) = self.backlog.next()
            {
                sending.push(self.send(turn));
            }
            while is_up
                && forgetting.len() < MEETINGS_AT_ONCE
                && let Some((meeting, last)) = self.next_to_forget()
            {
                forgetting.push(self.forget(meeting, last));
            }
            self.metrics
                .set_events_waiting(self.backlog.waiting(), self.backlog.oldest());
            let can_forget = is_up && forgetting.len() < MEETINGS_AT_ONCE;
            tokio::select! {
                () = stop.cancelled(), if last_call.is_none() => last_call = Some(Instant::now() + LAST_CALL),
                () = until(last_call) => return,
                Some(news) = written.recv() => self.backlog.add(news),
                Some(outcome) = sending.next() => self.note(outcome),
                Some((meeting, last)) = forgetting.next() => self.backlog.forgotten(meeting, last),
                () = connection.changed() => {}
                () = self.pause.over(), if !self.pause.is_over() => {}
                () = until(self.sent.front().map(|sent| sent.0)), if can_forget => {}
            }
        }
    }

    /// A new connection may be to a server that has lost what it acknowledged last.
    fn begin_again(&mut self) {
        self.pause = Pause::default();
        self.sent.clear();
        self.backlog.send_again();
    }

    fn send(&self, turn: Turn) -> impl Future<Output = Outcome> + use<> {
        let (meetings, bus, source) = (self.meetings.clone(), Arc::clone(&self.bus), self.source.clone());
        async move { send(&meetings, &bus, &source, turn).await }
    }

    fn note(&mut self, outcome: Outcome) {
        let Outcome {
            turn,
            acknowledged,
            published,
            failure,
        } = outcome;
        (0..published).for_each(|_| self.metrics.event_published());
        if self.backlog.acknowledged(turn, acknowledged) && published > 0 {
            self.sent.push_back((
                Instant::now() + self.bus.may_lose_for(),
                turn.meeting,
                acknowledged,
            ));
        }
        match failure {
            None => self.pause = Pause::default(),
            Some(failure) if failure.is_hopeless() => {
                let error = &failure as &dyn std::error::Error;
                tracing::error!(meeting = %turn.meeting, error, "an event cannot be sent as it is; the meeting's later ones wait");
                self.backlog.set_aside(turn.meeting);
            }
            Some(failure) => self.pause_after(&failure),
        }
    }

    /// Many meetings fail together when the bus is away; one line says so.
    fn pause_after(&mut self, failure: &Failure) {
        if let Some(retry_in) = self.pause.grow() {
            let error = failure as &dyn std::error::Error;
            tracing::warn!(error, ?retry_in, "events wait; nothing is lost");
        }
    }

    /// The next meeting whose acknowledged events are safe; not those that are being sent again.
    fn next_to_forget(&mut self) -> Option<(MeetingId, u64)> {
        let (due, meeting, last) = *self.sent.front()?;
        (due <= Instant::now()).then(|| {
            self.sent.pop_front();
            (meeting, last.min(self.backlog.acknowledged_of(meeting)))
        })
    }

    fn forget(&self, meeting: MeetingId, last: u64) -> impl Future<Output = (MeetingId, u64)> + use<> {
        let meetings = self.meetings.clone();
        async move {
            match meetings.forget_sent(meeting, last).await {
                Ok(()) => (meeting, last),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(%meeting, error, "failed to drop sent events; they are kept");
                    (meeting, 0)
                }
            }
        }
    }
}

/// Sends the events of one meeting that come after those that are acknowledged, as far as they were announced.
async fn send(meetings: &Meetings, bus: &Bus, source: &str, turn: Turn) -> Outcome {
    let nothing = Outcome {
        turn,
        acknowledged: turn.after,
        published: 0,
        failure: None,
    };
    let (meeting, events) = match meetings.unsent(turn.meeting, turn.after).await {
        Ok(Some(unsent)) => unsent,
        Ok(None) => {
            return Outcome {
                acknowledged: u64::MAX,
                ..nothing
            };
        }
        Err(error) => {
            return Outcome {
                failure: Some(error.into()),
                ..nothing
            };
        }
    };
    let messages: Vec<_> = events
        .iter()
        .take_while(|event| event.sequence <= turn.last)
        .map(|event| envelope::message(&meeting, event, source))
        .collect();
    let (published, failure) = match bus.publish_in_order(&messages).await {
        Ok(()) => (messages.len(), None),
        Err(failed) => (failed.acknowledged, Some(failed.error.into())),
    };
    let acknowledged = events[..published]
        .last()
        .map_or(turn.after, |event| event.sequence);
    Outcome {
        turn,
        acknowledged,
        published,
        failure,
    }
}

/// Whether the last call is over because nothing is left to be sent.
fn is_done(last_call: Option<Instant>, waiting: usize) -> bool {
    last_call.is_some() && waiting == 0
}

// === impl Failure ===

impl Failure {
    /// Whether trying again cannot help, whatever the bus does.
    fn is_hopeless(&self) -> bool {
        matches!(self, Self::Publish(error) if !error.is_temporary())
    }
}
