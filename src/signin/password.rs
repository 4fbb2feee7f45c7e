//! Argon2id off the async threads, a bounded number at a time.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::{Error, PasswordVerifier};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::config::Users;

/// Checks passwords on half of the machine, so that the other half signs tokens.
pub(super) struct Checker {
    /// Those who check and those who wait for it.
    queue: Arc<Semaphore>,
    checking: Arc<Semaphore>,
}

/// The right to check one password now.
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
    _slot: OwnedSemaphorePermit,
}

/// A hash that cannot be used, or a check that broke down.
#[derive(Debug, thiserror::Error)]
pub(super) enum CheckError {
    #[error("the hash cannot be used: {0}")]
    Hash(Error),
    #[error("the check broke down")]
    Broken,
}

/// How many may wait for a turn: about a second's work of one core.
const WAITING: usize = 100;
/// Each check takes 19 MiB, and more of them at once than this is not needed: they do several hundred sign-ins a second.
const MOST_AT_ONCE: usize = 8;
/// Longest password that can be right, in bytes; `usher password` hashes no longer one.
const MAX_BYTES: usize = 1024;
/// Fits no password. Its parameters are those of `usher password`.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

// === impl Checker ===

impl Checker {
    pub(super) fn new() -> Self {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        Self::with((cores / 2).clamp(1, MOST_AT_ONCE), WAITING)
    }

    fn with(at_once: usize, waiting: usize) -> Self {
        Self {
            queue: Arc::new(Semaphore::new(at_once + waiting)),
            checking: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// Waits for a turn, in the order of arrival; none if too many wait already.
    pub(super) async fn turn(&self) -> Option<Turn> {
        let place = Arc::clone(&self.queue).try_acquire_owned().ok()?;
        let slot = Arc::clone(&self.checking).acquire_owned().await.ok()?;
        Some(Turn {
            _place: place,
            _slot: slot,
        })
    }
}

// === impl Turn ===

impl Turn {
    /// Whether the password is the one of the hash. Goes on to its end, and keeps its turn, when the caller hangs up.
    pub(super) async fn check(self, password: &str, hash: &str) -> Result<bool, CheckError> {
        // Too long to be right: what is too much is cut off, so that it takes as long as any other.
        let fits = password.len() <= MAX_BYTES;
        let bytes = password.as_bytes()[..password.len().min(MAX_BYTES)].to_vec();
        let hash = hash.to_owned();
        let done = spawn_blocking(move || {
            let right = verify(&bytes, &hash);
            drop(self);
            right
        });
        let right = done.await.map_err(|_| CheckError::Broken)??;
        Ok(right && fits)
    }
}

fn verify(password: &[u8], hash: &str) -> Result<bool, CheckError> {
    match Argon2::default().verify_password(password, hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(CheckError::Hash(error)),
    }
}

/// A hash that takes as long to check as somebody's: that of a user picked by `lot`, since not all need have the same
/// parameters. The outcome is not looked at.
pub(super) fn decoy(users: &Users, lot: u64) -> &str {
    let hashes = || users.values().filter_map(|user| user.password.as_ref());
    let count = hashes().count() as u64;
    let picked = lot.checked_rem(count).and_then(|at| usize::try_from(at).ok());
    picked
        .and_then(|at| hashes().nth(at))
        .map_or(NOBODYS, |hash| hash.expose())
}
