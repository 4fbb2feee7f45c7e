//! Removing what has expired, and the sessions of users who are no longer let in.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, interval_at};
use tokio_util::sync::CancellationToken;

use super::{SignIn, SignInError, code, family, session};
use crate::config::{Config, Users};
use crate::store::{Entry, Table};

/// When to look again: at intervals, and when the users have changed.
struct Occasions {
    ticks: Interval,
    config: watch::Receiver<Arc<Config>>,
    users: Users,
}

/// How long after the start the first sweep is, and how long after each the next.
const FIRST: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(600);

/// Sessions before families, which end with them.
const TABLES: [Table; 3] = [Table::Sessions, Table::Families, Table::Codes];

/// How many records are read at a time, and how many are removed at a time, so that they share flushes.
const PAGE: usize = 200;
const AT_ONCE: usize = 64;

// === impl SignIn ===

impl SignIn {
    /// Removes what is over until `stop`, at intervals, and whenever the users have changed: somebody who is switched off
    /// stays signed out when they are switched on again.
    pub async fn run_sweep(&self, stop: CancellationToken) {
        let mut occasions = Occasions::new(self.0.config.clone());
        while stop.run_until_cancelled(occasions.next()).await.is_some() {
            match stop.run_until_cancelled(self.sweep()).await {
                Some(Ok(removed)) => tracing::debug!(removed, "removed what had expired of sessions"),
                Some(Err(error)) => tracing::warn!(%error, "failed to remove what had expired of sessions"),
                None => return,
            }
        }
    }

    /// Removes everything that is over; returns how many records that were.
    pub(super) async fn sweep(&self) -> Result<usize, SignInError> {
        let mut removed = 0;
        for table in TABLES {
            let mut scan = self.0.records.scan(table);
            loop {
                let page = scan.next(PAGE).await?;
                if page.is_empty() {
                    break;
                }
                let removals = page.into_iter().map(|entry| self.sweep_entry(table, entry));
                let gone: Vec<_> = stream::iter(removals).buffer_unordered(AT_ONCE).collect().await;
                for gone in gone {
                    removed += usize::from(gone?);
                }
            }
        }
        Ok(removed)
    }

    /// Removes a record that is over, unless it has changed since it was read. One that cannot be read is left alone.
    async fn sweep_entry(&self, table: Table, entry: Entry) -> Result<bool, SignInError> {
        match self.is_entry_over(table, &entry.value).await {
            Ok(true) => self.0.records.remove(table, &entry.key, entry.revision).await,
            Ok(false) => Ok(false),
            Err(SignInError::Unreadable(error)) => {
                tracing::warn!(%table, %error, "a stored record cannot be read; left alone");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn is_entry_over(&self, table: Table, bytes: &[u8]) -> Result<bool, SignInError> {
        match table {
            Table::Sessions => Ok(self.is_over(&serde_json::from_slice::<session::Record>(bytes)?)),
            Table::Families => {
                let record: family::Record = serde_json::from_slice(bytes)?;
                self.is_family_over(&record).await
            }
            Table::Codes => {
                let record: code::Record = serde_json::from_slice(bytes)?;
                Ok(self.now() >= record.expires_at)
            }
            // Not of sign-in, or kept for ever.
            Table::Meetings
            | Table::Seen
            | Table::Bookings
            | Table::Agenda
            | Table::Ingest
            | Table::Secrets
            | Table::Audit
            | Table::Sent => Ok(false),
        }
    }
}

// === impl Occasions ===

impl Occasions {
    fn new(mut config: watch::Receiver<Arc<Config>>) -> Self {
        let users = config.borrow_and_update().users.clone();
        Self {
            ticks: interval_at(Instant::now() + FIRST, EVERY),
            config,
            users,
        }
    }

    async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.ticks.tick() => return,
                () = changed(&mut self.config) => {}
            }
            let users = &self.config.borrow_and_update().users;
            if *users != self.users {
                self.users.clone_from(users);
                return;
            }
        }
    }
}

/// Waits until the configuration changes; for ever where nobody can change it.
async fn changed(config: &mut watch::Receiver<Arc<Config>>) {
    if config.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
