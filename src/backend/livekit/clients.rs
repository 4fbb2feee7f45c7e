//! One client for each LiveKit server, which keeps its connections.
//!
//! It is made once, and away from the threads that answer: making one reads every certificate that the machine trusts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use livekit_api::services::room::RoomClient;

use crate::backend::{BackendError, PATIENCE};
use crate::config::daemon::{ApiKey, LiveKit};

/// The clients of all servers by their names in the configuration; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(in crate::backend) struct Clients(Arc<Mutex<HashMap<String, Known>>>);

#[derive(Debug)]
struct Known {
    account: Account,
    client: Arc<RoomClient>,
}

/// Where a client calls, and with what key.
#[derive(Debug, Clone, PartialEq)]
struct Account {
    url: String,
    key: ApiKey,
}

// === impl Clients ===

impl Clients {
    /// That of a server; made anew when its address or the key that signs has changed.
    pub(in crate::backend) async fn of(&self, server: &LiveKit) -> Result<Arc<RoomClient>, BackendError> {
        let account = Account {
            url: server.url.clone(),
            key: server.keys.first().cloned().ok_or(BackendError::NotConfigured)?,
        };
        if let Some(client) = self.known(&server.name, &account) {
            return Ok(client);
        }
        let client = Arc::new(made(account.clone()).await?);
        let known = Known {
            account,
            client: Arc::clone(&client),
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(server.name.clone(), known);
        Ok(client)
    }

    fn known(&self, name: &str, account: &Account) -> Option<Arc<RoomClient>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(name).filter(|known| known.account == *account)?;
        Some(Arc::clone(&known.client))
    }
}

/// The crate panics where the machine trusts no certificate at all; then there is no calling that server.
async fn made(Account { url, key }: Account) -> Result<RoomClient, BackendError> {
    let make = move || {
        RoomClient::with_api_key(&url, &key.api_key, key.api_secret.expose())
            .with_failover(false)
            .with_request_timeout(PATIENCE)
    };
    let made = tokio::task::spawn_blocking(make).await;
    made.map_err(|_| {
        tracing::error!(
            "usher cannot call LiveKit: there is no HTTP client; does this machine trust any certificate?"
        );
        BackendError::Away(None)
    })
}
