//! What opens a door is `{id}.{secret}`: the id finds the record, and the record holds no more than a hash of the secret.

use std::fmt::{self, Display};
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::domain::Ambient;

/// SHA-256 of a secret, base64url: 43 characters. Enough where the secret is random; passwords need more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Fingerprint(String);

/// The longest `{id}.{secret}` that is looked at, in bytes; ours have 80.
const LONGEST: usize = 128;

// === impl Fingerprint ===

impl Fingerprint {
    pub(super) fn of(secret: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes())))
    }

    /// Whether it is the one of `secret`; takes the same time wherever the two differ.
    pub(super) fn fits(&self, secret: &str) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), Self::of(secret).0.as_bytes()).is_ok()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Fingerprint {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// 256 random bits, base64url: 43 characters.
pub(super) fn fresh(ambient: &Ambient) -> String {
    URL_SAFE_NO_PAD.encode(ambient.random::<32>())
}

pub(super) fn join(id: impl Display, secret: &str) -> String {
    format!("{id}.{secret}")
}

/// The id and the secret, if the text can be such a pair.
pub(super) fn split<Id: FromStr>(text: &str) -> Option<(Id, &str)> {
    let (id, secret) = Some(text).filter(|text| text.len() <= LONGEST)?.split_once('.')?;
    Some((id.parse().ok()?, secret))
}
