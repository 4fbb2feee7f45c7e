//! Requests to the provider: TLS, no redirects, bounded in time and size.

use std::time::Duration;

use futures_util::future::BoxFuture;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::redirect::Policy;

use crate::config::daemon::oidc::is_confidential;

/// A client for one provider; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Fetch(reqwest::Client);

/// Why the provider gave no answer that can be looked at. Names no address: some hold secrets in their query.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// The provider's own description sends us over the open network.
    #[error("the provider gave an address without https")]
    Unprotected,
    #[error("the answer is longer than {LONGEST_ANSWER} bytes")]
    TooLong,
    #[error("the provider answers with {0}")]
    Failing(http::StatusCode),
    #[error("no answer")]
    Http(#[source] reqwest::Error),
}

const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// A sign-in asks up to six times in a row, and nginx waits for 30 seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// In bytes. Descriptions and key sets of large providers are some 20 KiB.
const LONGEST_ANSWER: usize = 256 * 1024;

// === impl Fetch ===

impl Fetch {
    /// Reads the certificates that the machine trusts; fails where it has none.
    pub(super) fn new() -> Result<Self, FetchError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .build();
        client.map(Self).map_err(FetchError::Http)
    }

    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let request = reqwest::Request::try_from(request).map_err(FetchError::http)?;
        if !is_confidential(request.url()) {
            return Err(FetchError::Unprotected);
        }
        let mut answer = self.0.execute(request).await.map_err(FetchError::http)?;
        if answer.status().is_server_error() {
            return Err(FetchError::Failing(answer.status()));
        }
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let mut response = HttpResponse::new(whole_body(answer).await?);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Fetch {
    type Error = FetchError;
    type Future = BoxFuture<'c, Result<HttpResponse, FetchError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.answer(request))
    }
}

// === impl FetchError ===

impl FetchError {
    fn http(error: reqwest::Error) -> Self {
        Self::Http(error.without_url())
    }
}

async fn whole_body(mut answer: reqwest::Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(FetchError::http)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
