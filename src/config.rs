//! The configuration as a value: four files and the environment, loaded whole, checked whole, then published.
//!
//! Every field carries its unit in its name, every section its defaults beside it. [`load`] reports all the faults it
//! can find, each with file, line and column; [`watch`] publishes a new [`Config`] only when it is free of them.

pub mod clients;
pub mod daemon;
mod document;
pub mod environment;
pub mod fault;
mod kind;
mod notes;
pub mod rooms;
pub mod secret;
mod section;
pub mod source;
pub mod users;
pub mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Duration;

use crate::domain::UserId;
use crate::domain::access::Window;

pub use clients::{Client, Clients, Scope, own_pages};
pub use daemon::Daemon;
pub use environment::Environment;
pub use fault::{Fault, Faults, Place};
pub use rooms::Rooms;
pub use source::{Complaint, Reading, Source, load, load_checked, sample};
pub use users::{User, Users};
pub use watch::{Outcome, Watcher};

/// Everything an administrator can decide, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `usher.toml`, with the environment applied.
    pub daemon: Daemon,
    /// `clients.toml`: programs that may call usher.
    pub clients: Clients,
    /// `users.toml`: people who may sign in.
    pub users: Users,
    /// `rooms.toml`: channels, role contexts and rules.
    pub rooms: Rooms,
    /// Users who are switched off, as meeting servers' reports name them: made once, since every step of a meeting asks.
    pub switched_off: Arc<BTreeSet<UserId>>,
}

// === impl Config ===

impl Config {
    /// For how long booked meetings keep their rooms open around their time.
    pub fn window(&self) -> Window {
        let meetings = &self.daemon.meetings;
        Window {
            early: Duration::minutes(i64::from(meetings.early_join_minutes)),
            grace: Duration::seconds(i64::from(meetings.booked_grace_secs)),
            ends_are_kept: meetings.enforce_end,
            tokens_live: self.longest_token(),
        }
    }

    /// How long the token that lives longest lives, at least a day: people are given such ones where no client says less.
    pub fn longest_token(&self) -> Duration {
        let ceilings = self.clients.values().map(|client| client.max_token_secs);
        let longest = ceilings.max().unwrap_or_default();
        Duration::seconds(i64::try_from(longest).unwrap_or(i64::MAX / 1000)).max(Duration::days(1))
    }

    /// Takes over from the `running` configuration what cannot change without a restart, and names what of it differs.
    pub(crate) fn keep_until_restart(&mut self, running: &Self) -> Vec<&'static str> {
        let (new, old) = (&mut self.daemon, &running.daemon);
        let follows = new.http.public_url == daemon::Http::default_public_url(new.http.listen);
        let kept = [
            keep(&mut new.http.listen, &old.http.listen).then_some("http.listen"),
            keep(&mut new.ops.listen, &old.ops.listen).then_some("ops.listen"),
            keep(&mut new.store, &old.store).then_some("store"),
            keep(&mut new.nats, &old.nats).then_some("nats"),
        ];
        if follows {
            new.http.public_url = daemon::Http::default_public_url(new.http.listen);
        }
        kept.into_iter().flatten().collect()
    }
}

/// Whether there was anything to keep.
fn keep<T: Clone + PartialEq>(new: &mut T, running: &T) -> bool {
    let differs = new != running;
    if differs {
        new.clone_from(running);
    }
    differs
}

#[cfg(test)]
mod tests;
