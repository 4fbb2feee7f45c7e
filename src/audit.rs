//! The audit trail: one record for each act of signing in and letting in, in the store, on the bus, and by query.

use serde::{Deserialize, Serialize};

use crate::domain::{Ambient, ClientId, RoomName, Timestamp, UserId};
use crate::store::{Store, StoreError};

/// What somebody did or tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Proved who they are, by password, provider or as a guest.
    Login,
    Logout,
    /// Traded a refresh token.
    Refresh,
    /// Had a token checked.
    Validate,
    /// Was given a token for a room.
    Issue,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Success,
    /// Refused, for [`Act::reason`].
    Refused,
    /// Could not be done.
    Failed,
}

/// One act. It holds no token, no password, and no name that was tried in vain: people type passwords into the wrong field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Act {
    pub at: Timestamp,
    pub action: Action,
    pub outcome: Outcome,
    /// A stable word of a closed set, such as `wrong_password`; none for success.
    pub reason: Option<String>,
    pub client: Option<ClientId>,
    pub user: Option<UserId>,
    pub room: Option<RoomName>,
    /// Of the caller, after trusted proxies.
    pub address: String,
    pub request_id: String,
}

/// The trail; cheap to clone.
#[derive(Clone)]
pub struct Audit {
    _store: Store,
}

// === impl Audit ===

impl Audit {
    /// Opens the trail where it ended.
    pub async fn open(store: Store, ambient: Ambient) -> Result<Self, StoreError> {
        let _ = ambient;
        Ok(Self { _store: store })
    }

    /// Writes an act down; durable when it returns.
    pub async fn record(&self, act: Act) -> Result<(), StoreError> {
        let _ = act;
        unimplemented!()
    }
}
