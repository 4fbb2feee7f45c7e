//! Tokens for rooms: grant → signed token, verification with a reason, and the keys behind both.
//!
//! A [`Keyring`] is built once per configuration, checks every key while doing so, and is shared after that: no key is
//! parsed on the way of a request.

pub mod explain;
pub mod features;
pub mod jitsi;
mod keys;
pub mod livekit;
pub mod person;
mod verify;

use aws_lc_rs::digest;
use jsonwebtoken::jwk::JwkSet;

pub use features::{Features, UnknownFeature};
pub use jitsi::{Grant, IdGrant, IdentityGrant, Issued, JitsiTokens, TokenError};
pub use keys::KeyError;
pub(crate) use keys::pem;
pub use livekit::{LiveKitTokens, WebhookSignature};
pub use person::{AvatarUrl, Email, Person, PlainText, TextError};
pub use verify::{Refusal, Verified, VerifiedUser};

use crate::config::Config;
use crate::domain::id::time_ordered;
use crate::domain::{Timestamp, hex};

/// The tokens of every configured meeting server.
#[derive(Debug)]
pub struct Keyring {
    servers: Vec<JitsiTokens>,
    livekit: Vec<LiveKitTokens>,
    jwks: String,
}

/// The `jti` of a new token: a version 7 UUID of `now`; `random` fills the part that is not time.
pub fn token_id(now: Timestamp, random: [u8; 10]) -> uuid::Uuid {
    time_ordered(now, random)
}

// === impl Keyring ===

impl Keyring {
    /// Parses and checks the keys of all `[[jitsi]]` and `[[livekit]]` sections; reports the first fault of each.
    pub fn new(config: &Config) -> Result<Self, Vec<KeyError>> {
        let mut faults = Vec::new();
        let servers = good(&config.daemon.jitsi, JitsiTokens::new, &mut faults);
        let livekit = good(&config.daemon.livekit, LiveKitTokens::new, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let jwks = published(&servers);
        Ok(Self {
            servers,
            livekit,
            jwks,
        })
    }

    /// The LiveKit deployment of that name; the first one without a name. Nothing when there is none such.
    pub fn livekit(&self, name: Option<&str>) -> Option<&LiveKitTokens> {
        match name {
            None => self.livekit.first(),
            Some(name) => self.livekit.iter().find(|server| server.name() == name),
        }
    }

    /// The LiveKit deployment at that address, whose slash at the end does not matter.
    pub fn livekit_at(&self, url: &str) -> Option<&LiveKitTokens> {
        let url = url.trim_end_matches('/');
        self.livekit.iter().find(|server| server.url() == url)
    }

    /// Who signed a webhook of LiveKit, by its `Authorization` header.
    pub fn webhook(&self, authorization: &str, now: Timestamp) -> Result<WebhookSignature<'_>, Refusal> {
        livekit::webhook::judge(&self.livekit, authorization, now)
    }

    /// The deployment of that name; the default one without a name. Nothing when there is none such.
    pub fn server(&self, name: Option<&str>) -> Option<&JitsiTokens> {
        match name {
            None => self.default(),
            Some(name) => self.servers.iter().find(|server| server.name() == name),
        }
    }

    /// The first deployment. Nothing only where the configuration names none, which loading it refuses.
    pub fn default(&self) -> Option<&JitsiTokens> {
        self.servers.first()
    }

    /// The public key (PEM, SPKI) whose kid has this SHA-256, as Prosody asks a key server for it: lower-case hex.
    pub fn public_key_pem(&self, sha256_hex_of_kid: &str) -> Option<&str> {
        self.servers
            .iter()
            .find_map(|server| server.public_key_pem(sha256_hex_of_kid))
    }

    /// The same for the tokens with which usher acts on rooms.
    pub fn control_key_pem(&self, sha256_hex_of_kid: &str) -> Option<&str> {
        self.servers
            .iter()
            .find_map(|server| server.control_key_pem(sha256_hex_of_kid))
    }

    /// The RSA keys of all deployments as a JSON Web Key Set (RFC 7517); shared secrets are never among them.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }
}

/// What can be made of the sections; the faults of the others are kept.
fn good<S, T>(sections: &[S], make: fn(&S) -> Result<T, KeyError>, faults: &mut Vec<KeyError>) -> Vec<T> {
    let made = sections.iter().map(make);
    made.filter_map(|made| made.map_err(|fault| faults.push(fault)).ok())
        .collect()
}

fn published(servers: &[JitsiTokens]) -> String {
    let keys = servers.iter().flat_map(|server| server.keys().jwks()).collect();
    serde_json::to_string(&JwkSet { keys }).unwrap_or_else(|_| r#"{"keys":[]}"#.to_owned())
}

/// SHA-256 of a text in lower-case hex, the way Prosody names a key and the configuration an API key.
pub fn sha256_hex(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    hex(digest.as_ref())
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
