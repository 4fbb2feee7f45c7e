//! Signing in by name and password.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::password::{self, CheckError};
use super::seal::Purpose;
use super::throttle::Guess;
use super::{Attempt, LoginError, SignIn, session};
use crate::config;
use crate::domain::{User, UserId};

/// What a device cookie says.
#[derive(Serialize, Deserialize)]
struct Device {
    user: UserId,
    /// Tells it from the other browsers of that person.
    number: u64,
}

// === impl SignIn ===

impl SignIn {
    /// Checks a name and a password, in the same time whether or not the name is known.
    pub async fn check_password(&self, attempt: Attempt<'_>) -> Result<User, LoginError> {
        let config = self.0.config.borrow().clone();
        let username = attempt.username.trim().to_lowercase();
        let user = config.users.get(&username);
        let guess = Guess {
            username: &username,
            address: attempt.address,
            device: self.known_device(&attempt, user),
        };
        // Before the queue, so that it does not fill with guesses that will not be checked.
        self.0.throttle.look(guess, self.now())?;
        let turn = self.0.checker.turn().await.ok_or(LoginError::Busy)?;
        // After the queue, so that people who wait for their turn do not count as failures of each other.
        let ticket = self.0.throttle.count(guess, self.now())?;
        let own = user.and_then(|user| user.password.as_ref());
        let hash = match own {
            Some(own) => own.expose(),
            None => password::decoy(&config.users, self.0.throttle.lot(&username)),
        };
        let checked = turn.check(attempt.password, hash).await;
        let right = own.is_some() && checked?;
        match user.filter(|_| right) {
            Some(user) => {
                ticket.hand_back();
                self.0.throttle.welcome(guess);
                admit(&username, user)
            }
            None => Err(LoginError::Wrong {
                known: user.and_then(|user| user.id.clone()),
            }),
        }
    }

    /// How long a browser is known after the last sign-in.
    pub const DEVICE_LIFE: Duration = Duration::days(180);

    /// A cookie value that tells a browser of `user` from a stranger's, so that a stranger who guesses cannot lock them out.
    pub fn device(&self, user: &User) -> String {
        let device = Device {
            user: user.id.clone(),
            number: u64::from_ne_bytes(self.0.ambient.random()),
        };
        self.0
            .seal
            .seal(Purpose::Device, &device, self.now() + Self::DEVICE_LIFE)
    }

    /// The number of the browser, if this user has signed in with it before. It is opened for an unknown name too: that
    /// must not be the quicker one.
    fn known_device(&self, attempt: &Attempt<'_>, user: Option<&config::User>) -> Option<u64> {
        let device: Device = self.0.seal.unseal(Purpose::Device, attempt.device?, self.now())?;
        (Some(&device.user) == user?.id.as_ref()).then_some(device.number)
    }
}

/// Only who knows the password is told that the user is switched off.
fn admit(username: &str, user: &config::User) -> Result<User, LoginError> {
    match user.active {
        true => session::local(username, user).ok_or(LoginError::NoProfile),
        false => Err(LoginError::Inactive {
            user: user.id.clone(),
        }),
    }
}

// === impl LoginError ===

impl From<std::time::Duration> for LoginError {
    fn from(wait: std::time::Duration) -> Self {
        Self::TooMany { wait }
    }
}

impl From<CheckError> for LoginError {
    fn from(error: CheckError) -> Self {
        tracing::error!(%error, "a password could not be checked");
        Self::Failed
    }
}
