//! A person with an account, and the id of one sign-in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::time_ordered;
use super::{NameError, Timestamp, UserId};

/// Who has signed in, as the source of identities describes them at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Never given to two people.
    pub id: UserId,
    /// What they sign in with: the e-mail address in lower case, or the provider's name for them.
    pub username: String,
    /// What others see.
    pub name: String,
    pub email: Option<String>,
    pub roles: Vec<String>,
    pub organisations: Vec<String>,
}

/// One sign-in of one person; not a secret. Tokens name it, and are revoked with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(Uuid);

// === impl User ===

impl User {
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}

// === impl SessionId ===

impl SessionId {
    /// A new id for a session that begins at `now`; `random` fills the part that is not time.
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self(time_ordered(now, random))
    }
}

impl FromStr for SessionId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Uuid::try_parse(text).map(Self).map_err(|_| NameError::NotUuid)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
