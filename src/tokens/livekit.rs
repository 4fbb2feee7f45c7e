//! Tokens for LiveKit rooms: a grant becomes the claims that LiveKit's server reads, signed with its first API key.
//!
//! The claims are those of `livekit-api`. Its `AccessToken` is not used: that asks the system's clock by itself and signs
//! with a second implementation of HMAC, while here time is an argument and every signature comes from the same place.

mod grant;
pub(super) mod webhook;

use livekit_api::access_token::{Claims, VideoGrants};

pub use grant::{Attributes, DisplayName, Grant, GrantError, Identity, RoomConfig, TrackSource};
pub use webhook::WebhookSignature;

use super::jitsi::{Issued, TokenError};
use super::keys::{KeyError, SharedKey, Signer, SigningFailed, TokenType};
use crate::config::daemon::{ApiKey, LiveKit};
use crate::domain::Timestamp;
use crate::domain::observation::BackendId;

/// Issues the tokens of one LiveKit deployment, and knows who signs for it; its keys are prepared once, here.
#[derive(Debug)]
pub struct LiveKitTokens {
    name: String,
    url: String,
    /// Signs.
    first: Key,
    /// Only verify, beside the first.
    others: Vec<Key>,
}

/// An API key and its secret.
#[derive(Debug)]
struct Key {
    id: String,
    secret: SharedKey,
}

// === impl LiveKitTokens ===

impl LiveKitTokens {
    /// Longest token that is issued, in bytes. Browsers carry it in an address, and servers and proxies commonly take
    /// 8 KiB of that; LiveKit itself would take more than half a megabyte of metadata.
    pub const MAX_BYTES: usize = 6 * 1024;

    /// How far back `nbf` lies, in seconds; LiveKit allows a minute besides.
    const NOT_BEFORE_SECS: i64 = 10;

    /// Takes the keys of a `[[livekit]]` section: the first signs, all verify.
    pub fn new(section: &LiveKit) -> Result<Self, KeyError> {
        let (first, others) = section.keys.split_first().ok_or_else(|| KeyError::NoApiKey {
            server: section.name.clone(),
        })?;
        Ok(Self {
            name: section.name.clone(),
            url: section.url.clone(),
            first: Key::new(first),
            others: others.iter().map(Key::new).collect(),
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The deployment as meetings know it.
    pub fn backend(&self) -> BackendId {
        BackendId::livekit(&self.name)
    }

    /// Where people connect to, as it is configured: without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Signs a token for a grant. LiveKit takes one room per token, and never looks at `iat` or `jti`: there are none.
    pub fn issue(&self, grant: &Grant, now: Timestamp) -> Result<Issued, TokenError> {
        self.issue_opening(grant, now, now)
    }

    /// The same, for a token that opens nothing before `opens_at`.
    pub fn issue_opening(
        &self,
        grant: &Grant,
        now: Timestamp,
        opens_at: Timestamp,
    ) -> Result<Issued, TokenError> {
        if grant.expires_at.timestamp() <= now.timestamp() {
            return Err(TokenError::Expired);
        }
        self.sign(claims(grant), (now.max(opens_at), grant.expires_at))
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.first).chain(&self.others)
    }

    fn sign(&self, claims: Claims, (from, until): (Timestamp, Timestamp)) -> Result<Issued, TokenError> {
        let claims = Claims {
            exp: seconds(until.timestamp()),
            nbf: seconds(from.timestamp() - Self::NOT_BEFORE_SECS),
            iss: self.first.id.clone(),
            ..claims
        };
        let payload = serde_json::to_vec(&claims).map_err(|_| SigningFailed)?;
        let token = Signer::Shared(&self.first.secret).sign(TokenType::Room, &payload)?;
        if token.len() > Self::MAX_BYTES {
            return Err(TokenError::TooLarge);
        }
        Ok(Issued {
            token,
            expires_at: Timestamp::from_timestamp(until.timestamp(), 0).unwrap_or(until),
        })
    }
}

// === impl Key ===

impl Key {
    fn new(key: &ApiKey) -> Self {
        Self {
            id: key.api_key.clone(),
            secret: SharedKey::new(key.api_secret.expose()),
        }
    }
}

/// What a grant says of the person and the room; who signs it and when is left open.
fn claims(grant: &Grant) -> Claims {
    Claims {
        sub: grant.identity.as_str().to_owned(),
        name: grant
            .name
            .as_ref()
            .map_or_else(String::new, |name| name.as_str().to_owned()),
        video: video(grant),
        metadata: grant.metadata.clone().unwrap_or_default(),
        attributes: grant.attributes.to_map(),
        room_config: grant
            .room_config
            .as_ref()
            .and_then(|config| serde_json::from_value(config.as_value().clone()).ok()),
        ..Claims::default()
    }
}

fn video(grant: &Grant) -> VideoGrants {
    VideoGrants {
        room_join: true,
        room: grant.room.as_str().to_owned(),
        room_admin: grant.room_admin,
        hidden: grant.hidden,
        can_publish: grant.can_publish,
        can_subscribe: grant.can_subscribe,
        can_publish_data: grant.can_publish_data,
        can_publish_sources: grant
            .can_publish_sources
            .iter()
            .map(|source| source.as_str().to_owned())
            .collect(),
        ..VideoGrants::default()
    }
}

/// Seconds since 1970 as LiveKit's claims have them; nothing before that is ever signed.
fn seconds(second: i64) -> usize {
    usize::try_from(second).unwrap_or_default()
}

#[cfg(test)]
mod tests;
