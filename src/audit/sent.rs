//! How far the trail has been sent for good: up to there no record ever goes out again.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::domain::ActId;
use crate::store::{Revision, Store, StoreError, Table};

/// The stored mark; only the publisher moves it.
pub(super) struct Sent {
    up_to: ActId,
    /// None before the first move.
    revision: Option<Revision>,
}

#[derive(Serialize, Deserialize)]
struct Mark {
    /// Version of this form.
    v: u8,
    up_to: String,
}

const KEY: &str = "audit";
const VERSION: u8 = 1;

// === impl Sent ===

impl Sent {
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let Some((bytes, revision)) = store.get(Table::Sent, KEY).await? else {
            return Ok(Self {
                up_to: ActId::FIRST,
                revision: None,
            });
        };
        let up_to = read(&bytes).map_err(|error| StoreError::Unreadable {
            table: Table::Sent,
            source: std::io::Error::other(error),
        })?;
        Ok(Self {
            up_to,
            revision: Some(revision),
        })
    }

    pub fn up_to(&self) -> ActId {
        self.up_to
    }

    /// Everything up to this record is where it belongs; durable when it returns.
    pub async fn advance(&mut self, store: &Store, up_to: ActId) -> Result<(), StoreError> {
        let bytes = bytes(up_to);
        let written = match self.revision {
            Some(revision) => store.replace(Table::Sent, KEY, bytes, revision).await?,
            None => store.create(Table::Sent, KEY, bytes).await?,
        };
        (self.up_to, self.revision) = (up_to, Some(written));
        Ok(())
    }
}

fn bytes(up_to: ActId) -> Bytes {
    let mark = Mark {
        v: VERSION,
        up_to: up_to.to_string(),
    };
    serde_json::to_vec(&mark)
        .expect("a struct of a number and a text")
        .into()
}

fn read(bytes: &[u8]) -> Result<ActId, serde_json::Error> {
    let mark: Mark = serde_json::from_slice(bytes)?;
    if mark.v > VERSION {
        return Err(serde::de::Error::custom("it was written by a newer program"));
    }
    mark.up_to.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_version_1_wrote_can_be_read() {
        let stored = br#"{"v":1,"up_to":"019aa400-0000-7000-8000-000000000001"}"#;
        let up_to = read(stored).unwrap();
        assert_eq!(bytes(up_to), &stored[..]);
        assert!(read(br#"{"v":2,"up_to":"019aa400-0000-7000-8000-000000000001"}"#).is_err());
    }
}
