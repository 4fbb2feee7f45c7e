//! What the provider says about itself, with its keys: fetched when it is first needed, kept for an hour.
//!
//! A provider that is away is asked again after growing pauses; what it said before holds until then.

use std::sync::Arc;
use std::time::Duration;

use openidconnect::{DiscoveryError, IssuerUrl, ProviderMetadataWithLogout};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::fetch::{Fetch, FetchError};
use crate::config::daemon::oidc::is_confidential;

/// A provider that has introduced itself.
pub(super) struct Provider {
    pub(super) metadata: ProviderMetadataWithLogout,
    pub(super) fetch: Fetch,
    /// When the question was answered.
    at: Instant,
}

/// Asks once for all who wait for the answer.
#[derive(Default)]
pub(super) struct Discovery(Mutex<Known>);

#[derive(Default)]
struct Known {
    issuer: String,
    provider: Option<Arc<Provider>>,
    /// Since it did not answer: not before then, and how long the pause was.
    pause: Option<(Instant, Duration)>,
    /// When it was last asked because of an unknown key.
    renewed_at: Option<Instant>,
}

/// Why nothing is known of the provider.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    #[error("its name is not an address")]
    Issuer(#[from] url::ParseError),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Discovery(#[from] DiscoveryError<FetchError>),
    #[error("it names an address without https")]
    Unprotected,
}

const FRESH_FOR: Duration = Duration::from_secs(60 * 60);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Whoever can make up tokens could otherwise make us ask all the time.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(30);

/// Asks the provider who it is.
pub(super) async fn discover(issuer: &str) -> Result<Provider, Unknown> {
    let fetch = Fetch::new()?;
    let issuer = IssuerUrl::new(issuer.to_owned())?;
    let metadata = ProviderMetadataWithLogout::discover_async(issuer, &fetch).await?;
    let log_out = metadata.additional_metadata().end_session_endpoint.as_ref();
    let log_out_too = log_out.is_none_or(|address| is_confidential(address.url()));
    if !log_out_too || !is_confidential(metadata.authorization_endpoint().url()) {
        return Err(Unknown::Unprotected);
    }
    let at = Instant::now();
    Ok(Provider { metadata, fetch, at })
}

// === impl Provider ===

#[cfg(test)]
impl Provider {
    pub(super) fn sample(metadata: ProviderMetadataWithLogout) -> Self {
        Self {
            metadata,
            fetch: Fetch::new().expect("a client can be made"),
            at: Instant::now(),
        }
    }
}

// === impl Discovery ===

impl Discovery {
    /// The provider, unless it cannot be reached and has not been before.
    pub(super) async fn provider(&self, issuer: &str) -> Option<Arc<Provider>> {
        let mut known = self.0.lock().await;
        known.follow(issuer);
        if !known.is_fresh() && !known.pauses() {
            known.ask().await;
        }
        known.provider.clone()
    }

    /// The provider as it is after `seen`, which did not know a key. Nothing when it was asked for such a reason a moment
    /// ago, or does not answer.
    pub(super) async fn renewed(&self, issuer: &str, seen: &Arc<Provider>) -> Option<Arc<Provider>> {
        let mut known = self.0.lock().await;
        known.follow(issuer);
        let is_seen = |provider: &Arc<Provider>| Arc::ptr_eq(provider, seen);
        if known.provider.as_ref().is_none_or(is_seen) && known.may_renew() {
            known.renewed_at = Some(Instant::now());
            known.ask().await;
        }
        known.provider.clone().filter(|provider| !is_seen(provider))
    }
}

// === impl Known ===

impl Known {
    /// Forgets a provider that the configuration no longer names.
    fn follow(&mut self, issuer: &str) {
        if self.issuer != issuer {
            *self = Self {
                issuer: issuer.to_owned(),
                ..Self::default()
            };
        }
    }

    fn is_fresh(&self) -> bool {
        self.provider
            .as_ref()
            .is_some_and(|provider| provider.at.elapsed() < FRESH_FOR)
    }

    fn pauses(&self) -> bool {
        self.pause.is_some_and(|(until, _)| Instant::now() < until)
    }

    fn may_renew(&self) -> bool {
        self.renewed_at.is_none_or(|at| at.elapsed() >= BETWEEN_RENEWALS)
    }

    async fn ask(&mut self) {
        match discover(&self.issuer).await {
            Ok(provider) => {
                tracing::info!(
                    issuer = self.issuer,
                    "read the description of the OpenID Connect provider"
                );
                self.provider = Some(Arc::new(provider));
                self.pause = None;
            }
            Err(error) => {
                let pause = self
                    .pause
                    .map_or(FIRST_PAUSE, |(_, last)| LONGEST_PAUSE.min(last * 2));
                self.pause = Some((Instant::now() + pause, pause));
                let (issuer, error) = (&self.issuer, &error as &dyn std::error::Error);
                tracing::warn!(
                    issuer,
                    error,
                    again_in_secs = pause.as_secs(),
                    "failed to reach the OpenID Connect provider"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody listens there.
    const NOBODY: &str = "http://127.0.0.1:1";

    #[tokio::test]
    async fn pauses_grow_while_nobody_answers() {
        let mut known = Known::default();
        known.follow(NOBODY);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            known.ask().await;
            pauses.extend(known.pause.map(|(_, pause)| pause.as_secs()));
        }
        assert_eq!(pauses, [1, 2, 4, 8, 15, 15]);
        known.follow("http://127.0.0.1:2");
        assert!(!known.pauses(), "another provider is asked at once");
    }

    #[test]
    fn unknown_keys_are_a_reason_to_ask_now_and_then() {
        let renewed = |ago| Known {
            renewed_at: Instant::now().checked_sub(ago),
            ..Known::default()
        };
        assert!(Known::default().may_renew());
        assert!(!renewed(Duration::ZERO).may_renew());
        assert!(renewed(BETWEEN_RENEWALS).may_renew());
    }

    #[tokio::test]
    async fn nothing_is_asked_over_the_open_network() {
        let refused = discover("http://id.example.com").await.err();
        let unprotected = DiscoveryError::Request(FetchError::Unprotected);
        assert_eq!(
            refused.map(|error| format!("{error:?}")),
            Some(format!("{:?}", Unknown::Discovery(unprotected)))
        );
    }
}
