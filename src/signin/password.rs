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

#[cfg(test)]
mod tests {
    use argon2::Params;
    use argon2::password_hash::phc::PasswordHash;

    use super::*;
    use crate::config::User;
    use crate::config::secret::Secret;
    use crate::domain::UserId;

    #[tokio::test]
    async fn who_finds_a_long_queue_is_sent_away() {
        let checker = Checker::with(1, 1);
        let first = checker.turn().await.unwrap();
        let second = checker.turn();
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending());
        assert!(checker.turn().await.is_none());
        drop(first);
        let second = second.await.unwrap();
        assert_eq!(second.check("x", NOBODYS).await.ok(), Some(false));
        assert!(checker.turn().await.is_some(), "the turn is given back");
    }

    #[tokio::test]
    async fn a_hash_that_is_none_is_an_error_and_no_panic() {
        for hash in ["", "$argon2id$", "$argon2id$v=19$m=1,t=0,p=0$x$y"] {
            let turn = Checker::with(1, 0).turn().await.unwrap();
            let outcome = turn.check("x", hash).await;
            assert!(matches!(outcome, Err(CheckError::Hash(_))), "{outcome:?}");
        }
    }

    #[test]
    fn the_hash_of_nobody_costs_what_a_new_one_does() {
        let parsed = PasswordHash::new(NOBODYS).unwrap();
        let params = Params::try_from(&parsed).unwrap();
        assert_eq!(
            (params.m_cost(), params.t_cost(), params.p_cost()),
            (19 * 1024, 2, 1)
        );
        assert_eq!(decoy(&Users::new(), 7), NOBODYS);
    }

    #[test]
    fn decoys_are_hashes_of_users_and_stay_the_same_for_a_name() {
        let user = |at: u8| {
            let user = User {
                id: Some(UserId::parse(&at.to_string()).unwrap()),
                name: at.to_string(),
                password: (at != 1).then(|| Secret::new(at.to_string())),
                roles: Vec::new(),
                organisations: Vec::new(),
                active: true,
            };
            (at.to_string(), user)
        };
        let users: Users = (0..3).map(user).collect();
        let picked: Vec<_> = (0..4).map(|lot| decoy(&users, lot)).collect();
        assert_eq!(picked, ["0", "2", "0", "2"]);
    }
}
