//! The trail → bus, one record after the other in the order of their ids.
//!
//! The publisher reads the trail from where it stands and never beyond the [horizon](super::order::Order::horizon), so no
//! record can turn up behind its back. What the bus has acknowledged it may still lose for a while, on NATS; the stored
//! mark follows only after that time, and after each reconnect everything beyond the mark goes out again with the same
//! ids. So the trail need not be in memory, however long the bus is away.

mod unsafe_yet;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::sent::Sent;
use super::{Audit, stored};
use crate::bus::{Bus, BusError, Connection, Message, Pause, envelope, until};
use crate::domain::ActId;
use crate::store::{Entry, StoreError};
use unsafe_yet::UnsafeYet;

/// Sends the trail for as long as it runs.
pub struct Publisher {
    audit: Audit,
    bus: Arc<Bus>,
    /// `source` of the CloudEvents.
    source: String,
    sent: Sent,
    /// The last record that the bus has, as far as this connection knows.
    acknowledged: ActId,
    unsafe_yet: UnsafeYet,
    pause: Pause,
}

/// Why nothing goes out now.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("failed to read the audit trail")]
    Read(#[from] StoreError),
    #[error("failed to publish")]
    Publish(#[from] BusError),
}

/// How many records are read, and sent one after the other, at a time.
const AT_ONCE: usize = 256;
/// How long a stop waits for the records of the last requests to go out.
const LAST_CALL: Duration = Duration::from_secs(2);

// === impl Publisher ===

impl Publisher {
    /// Takes up the trail where the last publisher left off, and counts what waits.
    pub async fn open(audit: Audit, bus: Arc<Bus>, source: String) -> Result<Self, StoreError> {
        let sent = Sent::load(&audit.0.store).await?;
        let acknowledged = sent.up_to();
        let publisher = Self {
            audit,
            bus,
            source,
            sent,
            acknowledged,
            unsafe_yet: UnsafeYet::default(),
            pause: Pause::default(),
        };
        let mut counted = acknowledged;
        while let Some((count, last)) = count(&publisher.audit.settled(counted, AT_ONCE).await?) {
            publisher.audit.0.metrics.audit_waits(count);
            counted = last;
        }
        Ok(publisher)
    }

    /// Runs until `stop`, and then as long as there is something to send and the bus takes it, but not much longer; what
    /// could not be sent by then goes out after the next start.
    pub async fn run(mut self, stop: CancellationToken) {
        let last_call = async {
            stop.cancelled().await;
            sleep(LAST_CALL).await;
        };
        tokio::select! {
            () = self.publish(&stop) => {}
            () = last_call => {}
        }
    }

    async fn publish(&mut self, stop: &CancellationToken) {
        let audit = self.audit.clone();
        let mut connection = Connection::new(&self.bus);
        loop {
            if connection.is_new() {
                self.begin_again();
            }
            if connection.is_up() {
                self.move_mark().await;
            }
            let can_send = connection.is_up() && self.pause.is_over();
            if can_send && self.publish_some().await {
                continue;
            }
            let is_done = can_send && self.pause.is_over();
            let next_safe = self.unsafe_yet.first().filter(|_| connection.is_up());
            tokio::select! {
                () = stop.cancelled(), if is_done => return,
                () = audit.0.recorded.notified(), if is_done => {}
                () = connection.changed() => {}
                () = self.pause.over(), if !self.pause.is_over() => {}
                () = until(next_safe) => {}
            }
        }
    }

    /// A new connection may be to a server that has lost what it acknowledged last.
    fn begin_again(&mut self) {
        self.pause = Pause::default();
        self.acknowledged = self.sent.up_to();
        self.audit.0.metrics.audit_waits(self.unsafe_yet.clear());
    }

    /// Sends what comes next; false when nothing does, or when it could not be sent.
    async fn publish_some(&mut self) -> bool {
        match self.try_publish_some().await {
            Ok(some) => {
                self.pause = Pause::default();
                some
            }
            Err(failure) => {
                if let Some(retry_in) = self.pause.grow() {
                    let error = &failure as &dyn std::error::Error;
                    tracing::warn!(error, ?retry_in, "audit records wait; nothing is lost");
                }
                false
            }
        }
    }

    async fn try_publish_some(&mut self) -> Result<bool, Failure> {
        let records = self.audit.settled(self.acknowledged, AT_ONCE).await?;
        let messages: Vec<_> = records.iter().map(|record| self.message(record)).collect();
        let readable: Vec<_> = messages.iter().flatten().cloned().collect();
        match self.bus.publish_in_order(&readable).await {
            Ok(()) => Ok(self.note(&records)),
            Err(failed) => {
                let done = past(&messages, failed.acknowledged);
                self.note(&records[..done]);
                Err(failed.error.into())
            }
        }
    }

    /// What goes out for a record; nothing for one that cannot be read, which stays in the store.
    fn message(&self, (id, entry): &(ActId, Entry)) -> Option<Message> {
        match stored::read(&entry.value) {
            Ok(act) => Some(envelope::act(*id, &act, &self.source)),
            Err(error) => {
                tracing::error!(record = %id, %error, "an audit record cannot be read and is not sent");
                None
            }
        }
    }

    /// The bus has these records; false when there are none.
    fn note(&mut self, records: &[(ActId, Entry)]) -> bool {
        let Some((count, last)) = count(records) else {
            return false;
        };
        self.acknowledged = last;
        self.unsafe_yet
            .add(Instant::now(), self.bus.may_lose_for(), last, count);
        self.audit.0.metrics.audit_published(count);
        true
    }

    /// Moves the stored mark behind what this connection's other end can no longer lose. If that fails, a later move
    /// makes up for it.
    async fn move_mark(&mut self) {
        let Some(up_to) = self.unsafe_yet.take_safe(Instant::now()) else {
            return;
        };
        if let Err(error) = self.sent.advance(&self.audit.0.store, up_to).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(
                error,
                "failed to note how far the audit trail is sent; it goes out again"
            );
        }
    }
}

fn count(records: &[(ActId, Entry)]) -> Option<(usize, ActId)> {
    records.last().map(|(last, _)| (records.len(), *last))
}

/// How many records are done with when so many of their messages are acknowledged: all before the first that is not.
fn past(messages: &[Option<Message>], acknowledged: usize) -> usize {
    let mut to_send = (0..messages.len()).filter(|at| messages[*at].is_some());
    to_send.nth(acknowledged).unwrap_or(messages.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_cannot_be_read_do_not_shift_the_count() {
        let message = || {
            let (id, subject_tail, payload) = Default::default();
            Some(Message {
                id,
                subject_tail,
                payload,
            })
        };
        let messages = [None, message(), None, message(), None];
        assert_eq!([0, 1, 2].map(|n| past(&messages, n)), [1, 3, 5]);
    }
}
