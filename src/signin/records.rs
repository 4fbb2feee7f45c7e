//! Records as JSON, each written only if nobody was faster.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SignInError;
use crate::store::{Revision, Scan, Store, StoreError, Table};

/// The tables of sign-in; cheap to clone. Every record carries its version as `v`.
#[derive(Clone)]
pub(super) struct Records(Store);

// === impl Records ===

impl Records {
    pub(super) fn new(store: Store) -> Self {
        Self(store)
    }

    pub(super) async fn load<T: DeserializeOwned>(
        &self,
        table: Table,
        key: impl Display,
    ) -> Result<Option<(T, Revision)>, SignInError> {
        let Some((bytes, revision)) = self.0.get(table, &key.to_string()).await? else {
            return Ok(None);
        };
        Ok(Some((serde_json::from_slice(&bytes)?, revision)))
    }

    /// Whether there is a record, readable or not.
    pub(super) async fn has(&self, table: Table, key: impl Display) -> Result<bool, SignInError> {
        Ok(self.0.get(table, &key.to_string()).await?.is_some())
    }

    /// Writes a new record; false if there is one.
    pub(super) async fn create<T: Serialize>(
        &self,
        table: Table,
        key: impl Display,
        record: &T,
    ) -> Result<bool, SignInError> {
        let bytes = serde_json::to_vec(record)?;
        first(self.0.create(table, &key.to_string(), bytes.into()).await)
    }

    /// Writes a record in place of the one that was loaded; false if that has changed since.
    pub(super) async fn replace<T: Serialize>(
        &self,
        table: Table,
        key: impl Display,
        record: &T,
        loaded: Revision,
    ) -> Result<bool, SignInError> {
        let bytes = serde_json::to_vec(record)?;
        first(
            self.0
                .replace(table, &key.to_string(), bytes.into(), loaded)
                .await,
        )
    }

    /// Removes the record that was loaded; false if it has changed since.
    pub(super) async fn remove(
        &self,
        table: Table,
        key: impl Display,
        loaded: Revision,
    ) -> Result<bool, SignInError> {
        first(self.0.remove(table, &key.to_string(), loaded).await)
    }

    pub(super) fn scan(&self, table: Table) -> Scan {
        self.0.scan(table, None)
    }
}

/// Whether the write was the first to be made on what it was based on.
fn first<T>(written: Result<T, StoreError>) -> Result<bool, SignInError> {
    match written {
        Ok(_) => Ok(true),
        Err(StoreError::Conflict) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
