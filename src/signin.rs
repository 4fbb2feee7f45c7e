//! Who is this person: passwords, an OpenID Connect provider, sessions that can be ended, refresh tokens that work once.
//!
//! Everything that must survive a restart is in the store; whoever may look at the store's files finds only hashes of
//! what opens a door.

mod code;
mod family;
mod login;
pub mod oidc;
mod password;
mod records;
mod seal;
mod secret;
mod session;
mod sweep;
mod throttle;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::config::Config;
use crate::domain::{Ambient, Timestamp, UserId};
use crate::store::{Store, StoreError};

pub use code::{CodeError, NewCode, Redeemed};
pub use family::{NewFamily, RefreshError, RefreshToken, Renewed};
pub use oidc::{Oidc, OidcError};
use password::Checker;
use records::Records;
pub use seal::{Purpose, Seal};
pub use session::{Begun, Identity, Session, accounts};
use throttle::Throttle;
pub use throttle::network;

/// Everything about people signing in; cheap to clone.
#[derive(Clone)]
pub struct SignIn(Arc<Inner>);

struct Inner {
    records: Records,
    config: watch::Receiver<Arc<Config>>,
    ambient: Ambient,
    seal: Seal,
    checker: Checker,
    throttle: Throttle,
    oidc: Oidc,
}

/// One try to sign in with a password.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub username: &'a str,
    pub password: &'a str,
    /// Where it comes from, after trusted proxies.
    pub address: IpAddr,
    /// The device cookie of a browser that has signed in before; see [`SignIn::device`].
    pub device: Option<&'a str>,
}

/// Why somebody was not let in by name and password.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// An unknown name, a name without a password, or a wrong password: nobody is told which. The user is there where
    /// the name was known, for the audit record alone.
    #[error("wrong name or password")]
    Wrong { known: Option<UserId> },
    /// The password was right, but the administrator has switched the user off.
    #[error("the user is switched off")]
    Inactive { user: Option<UserId> },
    /// The password was right, but the user has no id: there is nobody to let in.
    #[error("the user has no profile")]
    NoProfile,
    /// Too many wrong tries.
    #[error("too many attempts")]
    TooMany { wait: Duration },
    /// More checks are waiting than the machine should be asked for.
    #[error("too many people are signing in at this moment")]
    Busy,
    #[error("the password could not be checked")]
    Failed,
}

/// Why something about sessions could not be done.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a record cannot be read")]
    Unreadable(#[from] serde_json::Error),
    /// Signed out meanwhile, or no longer let in by `users.toml`.
    #[error("the session has ended")]
    Ended,
}

// === impl SignIn ===

impl SignIn {
    /// Reads, or on the first start makes, the key of the cookies.
    pub async fn open(
        store: Store,
        config: watch::Receiver<Arc<Config>>,
        ambient: Ambient,
    ) -> Result<Self, SignInError> {
        let records = Records::new(store);
        let seal = Seal::open(&records, ambient).await?;
        let oidc = Oidc::new(config.clone(), ambient);
        let inner = Inner {
            records,
            config,
            ambient,
            seal,
            checker: Checker::new(),
            throttle: Throttle::new(&ambient),
            oidc,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Seals and opens what a browser carries for us.
    pub fn seal(&self) -> &Seal {
        &self.0.seal
    }

    /// The provider that people may sign in with.
    pub fn oidc(&self) -> &Oidc {
        &self.0.oidc
    }

    fn now(&self) -> Timestamp {
        self.0.ambient.now()
    }
}

// === impl LoginError ===

impl LoginError {
    /// Whether the password was looked at. Tries of which none was cost nothing, so that there can be any number of them.
    pub fn was_looked_at(&self) -> bool {
        !matches!(self, Self::TooMany { .. } | Self::Busy)
    }

    /// Whose name it was, for the audit record alone.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::Wrong { known: user } | Self::Inactive { user } => user.as_ref(),
            Self::NoProfile | Self::TooMany { .. } | Self::Busy | Self::Failed => None,
        }
    }
}

#[cfg(test)]
mod tests;
