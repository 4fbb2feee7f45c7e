//! What a browser carries for us: sealed, so that it can neither be read nor changed nor used for another purpose.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SignInError;
use crate::domain::{Ambient, Timestamp};
use crate::store::Store;

/// The key of the cookies; made on the first start, kept in the store.
pub struct Seal {
    _key: [u8; 32],
}

/// What a sealed value is for; one cannot be opened as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Ties a form to the browser that it was shown in.
    Form,
    /// A sign-in on its way through the OpenID Connect provider.
    Provider,
    /// A browser that somebody has signed in with before.
    Device,
}

// === impl Seal ===

impl Seal {
    pub(super) async fn open(store: &Store, ambient: &Ambient) -> Result<Self, SignInError> {
        let _ = (store, ambient);
        unimplemented!()
    }

    /// Encrypts and authenticates a value, base64url, good until `expires_at`.
    pub fn seal<T: Serialize>(&self, purpose: Purpose, value: &T, expires_at: Timestamp) -> String {
        let _ = (purpose, value, expires_at);
        unimplemented!()
    }

    /// The value, if it was sealed here for this purpose and has not expired.
    pub fn unseal<T: DeserializeOwned>(&self, purpose: Purpose, sealed: &str, now: Timestamp) -> Option<T> {
        let _ = (purpose, sealed, now);
        unimplemented!()
    }
}
