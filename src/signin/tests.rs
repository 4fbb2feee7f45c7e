//! Sign-in on a real store, with a clock that is set by hand.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::Duration;
use tempfile::TempDir;
use tokio::sync::watch;

use super::*;
use crate::config::{self, Config};
use crate::domain::{ClientId, RoomName, SessionId, User, UserId};
use crate::store::Table;

mod codes;
mod families;
mod interleavings;
mod passwords;
mod sessions;
mod sweeping;

thread_local! {
    /// The present of a test: all its tasks run on its own thread, unless it lets the clock be.
    static NOW: Cell<Timestamp> = Cell::new(beginning());
}

/// A sign-in of its own, and what it stands on.
pub(super) struct Desk {
    signin: SignIn,
    config: watch::Sender<Arc<Config>>,
    folder: TempDir,
}

pub(super) fn beginning() -> Timestamp {
    Timestamp::from_timestamp_millis(1_795_222_218_123).unwrap()
}

pub(super) fn now() -> Timestamp {
    NOW.get()
}

pub(super) fn pass(time: Duration) {
    NOW.set(now() + time);
}

fn random(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).unwrap();
}

pub(super) const AMBIENT: Ambient = Ambient { now, random };

fn client(id: &str) -> ClientId {
    ClientId::parse(id).unwrap()
}

fn sara() -> Identity {
    Identity::Local {
        username: "sara@example.com".to_owned(),
    }
}

fn guest() -> Identity {
    Identity::Guest {
        id: UserId::parse("guest-1").unwrap(),
        name: "Guest".to_owned(),
    }
}

/// A user of `users.toml` without a password.
fn user(id: &str) -> config::User {
    config::User {
        id: Some(UserId::parse(id).unwrap()),
        name: id.to_uppercase(),
        password: None,
        roles: vec!["doctor".to_owned()],
        organisations: Vec::new(),
        active: true,
    }
}

async fn open_store(config: &Config) -> Store {
    Store::open(&config.daemon.store, |_| ()).await.unwrap()
}

// === impl Desk ===

impl Desk {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config::sample(folder.path().join("store"));
        config.users = [("sara@example.com".to_owned(), user("u-sara"))].into();
        let store = open_store(&config).await;
        let (config, current) = watch::channel(Arc::new(config));
        Self {
            signin: SignIn::open(store, current, AMBIENT).await.unwrap(),
            config,
            folder,
        }
    }

    /// The same as after a stop and a start.
    async fn restarted(self) -> Self {
        let Self {
            signin,
            config,
            folder,
        } = self;
        drop(signin);
        let store = open_store(&config.borrow()).await;
        Self {
            signin: SignIn::open(store, config.subscribe(), AMBIENT).await.unwrap(),
            config,
            folder,
        }
    }

    fn change(&self, change: impl FnOnce(&mut Config)) {
        self.config.send_modify(|config| change(Arc::make_mut(config)));
    }

    async fn begin(&self, identity: Identity) -> Begun {
        self.signin.begin(identity, &client("web"), None).await.unwrap()
    }

    async fn family(&self, session: SessionId) -> RefreshToken {
        self.signin.begin_family(family(session)).await.unwrap()
    }

    async fn is_alive(&self, session: SessionId) -> bool {
        self.signin.session(session).await.unwrap().is_some()
    }

    /// How many records a table holds.
    async fn count(&self, table: Table) -> usize {
        let mut scan = self.signin.0.records.scan(table);
        let mut count = 0;
        loop {
            match scan.next(100).await.unwrap().len() {
                0 => return count,
                more => count += more,
            }
        }
    }

    /// Whether the text is anywhere in the files of the store.
    fn is_on_disk(&self, text: &str) -> bool {
        holds(self.folder.path(), text.as_bytes())
    }
}

fn family(session: SessionId) -> NewFamily {
    NewFamily {
        session,
        client: client("web"),
        room: Some(RoomName::parse("team1").unwrap()),
        nonce: Some("nonce-1".to_owned()),
    }
}

fn holds(folder: &Path, text: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => holds(&path, text),
            false => fs::read(path)
                .unwrap()
                .windows(text.len())
                .any(|part| part == text),
        }
    })
}
