//! Sign-in through an OpenID Connect provider: the code flow with PKCE, state and nonce, and every ID token checked.
//!
//! What a sign-in on its way needs to know travels in the browser, sealed (see [`Pending`]). Nothing of it is kept here, so
//! it survives a restart, and an abandoned one leaves nothing behind.

mod claims;
mod discovery;
mod fetch;
mod provider;

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use url::Url;

use self::discovery::Discovery;
use self::provider::{CheckError, Relation};
use super::Identity;
use crate::config::Config;
use crate::config::daemon::Oidc as Settings;
use crate::domain::Ambient;

/// The provider of the configuration, as it is at each use.
pub struct Oidc {
    config: watch::Receiver<Arc<Config>>,
    ambient: Ambient,
    discovery: Discovery,
}

/// A sign-in on its way through the provider. It holds a secret: the browser gets it sealed, for
/// [`Purpose::Provider`](super::Purpose::Provider).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// The configuration may name another one when the browser comes back.
    issuer: String,
    state: String,
    nonce: String,
    verifier: String,
}

/// What the browser brings back from the provider.
#[derive(Clone, Copy)]
pub struct Reply<'a> {
    pub state: &'a str,
    /// Absent: the provider said no.
    pub code: Option<&'a str>,
    /// `iss`, which some providers name (RFC 9207).
    pub issuer: Option<&'a str>,
}

/// What `usher check --online` finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Public keys that it signs with.
    pub keys: usize,
    /// Whether it can be told that somebody has signed out.
    pub logs_out: bool,
}

/// Why nobody was signed in. The details are in the log, for the administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    #[error("no OpenID Connect provider is configured")]
    NotConfigured,
    #[error("the provider cannot be reached now")]
    ProviderAway,
    #[error("the provider said no")]
    ProviderRefused,
    #[error("the answer does not belong to a sign-in that this browser began")]
    StateMismatch,
    #[error("the ID token was made for another sign-in")]
    NonceMismatch,
    #[error("the ID token does not check out: {0}")]
    BadIdToken(&'static str),
}

// === impl Oidc ===

impl Oidc {
    pub fn new(config: watch::Receiver<Arc<Config>>, ambient: Ambient) -> Self {
        Self {
            config,
            ambient,
            discovery: Discovery::default(),
        }
    }

    /// Where the browser goes to sign in, and what it must bring along when it comes back to `callback`. With `afresh` the
    /// provider is asked for a new proof even if it knows the person.
    pub async fn begin(&self, callback: &Url, afresh: bool) -> Result<(Url, Pending), OidcError> {
        let config = self.config.borrow().clone();
        let settings = settings(&config)?;
        let provider = self.discovery.provider(&settings.issuer).await;
        let relation = Relation::new(settings, provider.ok_or(OidcError::ProviderAway)?);
        let pending = Pending {
            issuer: settings.issuer.clone(),
            state: self.text::<16>(),
            nonce: self.text::<16>(),
            verifier: self.text::<32>(),
        };
        Ok((relation.authorization(&pending, callback, afresh), pending))
    }

    /// Who came back: the provider's word, checked, becomes an identity. The code works once, so a reply does too.
    pub async fn finish(
        &self,
        pending: &Pending,
        reply: Reply<'_>,
        callback: &Url,
    ) -> Result<Identity, OidcError> {
        let config = self.config.borrow().clone();
        let settings = settings(&config)?;
        if !pending.is_answered_by(reply) || pending.issuer != settings.issuer {
            return Err(OidcError::StateMismatch);
        }
        let code = reply.code.ok_or(OidcError::ProviderRefused)?;
        let provider = self.discovery.provider(&settings.issuer).await;
        let mut relation = Relation::new(settings, provider.ok_or(OidcError::ProviderAway)?);
        let tokens = relation.redeem(pending, code, callback).await?;
        let checked = match relation.check(&tokens, &pending.nonce, self.ambient.now()) {
            Err(CheckError::UnknownKey) => {
                let renewed = self
                    .discovery
                    .renewed(&settings.issuer, relation.provider())
                    .await;
                let provider = renewed.ok_or(OidcError::BadIdToken("nobody knows its key"))?;
                relation = Relation::new(settings, provider);
                relation.check(&tokens, &pending.nonce, self.ambient.now())
            }
            checked => checked,
        };
        relation.identity(&tokens, checked?).await
    }

    /// Where the browser goes so that the provider ends its session too, and comes back to `back` with `state`. Nothing
    /// where the provider cannot do that or is away: being signed out here must not depend on it.
    pub async fn log_out(&self, id_token: Option<&str>, back: &Url, state: String) -> Option<Url> {
        let config = self.config.borrow().clone();
        let settings = settings(&config).ok()?;
        let provider = self.discovery.provider(&settings.issuer).await?;
        Relation::new(settings, provider).log_out(id_token, back, state)
    }

    fn text<const N: usize>(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.ambient.random::<N>())
    }
}

/// Asks the provider who it is; the error says what is wrong in words.
pub async fn probe(settings: &Settings) -> Result<Found, String> {
    let words = |error: discovery::Unknown| match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    let provider = discovery::discover(&settings.issuer).await.map_err(words)?;
    Ok(Found {
        keys: provider.metadata.jwks().keys().len(),
        logs_out: provider
            .metadata
            .additional_metadata()
            .end_session_endpoint
            .is_some(),
    })
}

fn settings(config: &Config) -> Result<&Settings, OidcError> {
    config.daemon.signin.oidc.as_ref().ok_or(OidcError::NotConfigured)
}

// === impl Pending ===

impl Pending {
    /// What tells this sign-in from others of the same browser; not a secret once it has been in an address.
    pub fn state(&self) -> &str {
        &self.state
    }

    fn is_answered_by(&self, reply: Reply<'_>) -> bool {
        let ours = verify_slices_are_equal(self.state.as_bytes(), reply.state.as_bytes()).is_ok();
        ours && reply.issuer.is_none_or(|issuer| issuer == self.issuer)
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

// === impl OidcError ===

impl OidcError {
    /// The stable word of the audit record and the log line.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotConfigured => "provider_not_configured",
            Self::ProviderAway => "provider_away",
            Self::ProviderRefused => "provider_refused",
            Self::StateMismatch => "state_mismatch",
            Self::NonceMismatch => "nonce_mismatch",
            Self::BadIdToken(_) => "bad_id_token",
        }
    }
}
