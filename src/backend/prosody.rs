//! One request to Prosody's own web server: no redirects, bounded in time and size, its answer taken apart.

pub mod jitsi;
pub mod own;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::{BackendError, PATIENCE};
use crate::config::secret::Secret;

/// The client of all Prosodys; cheap to clone.
#[derive(Debug, Clone)]
pub struct Prosody(Option<Client>);

/// One virtual host of a Prosody, with what opens its routes.
#[derive(Debug)]
pub struct Door<'c> {
    prosody: &'c Prosody,
    base: String,
    host: String,
    bearer: Secret,
}

/// What Prosody said.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    body: Vec<u8>,
}

/// Why there is no reply. Names no address.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("no answer")]
    Http(#[source] reqwest::Error),
    #[error("the answer is longer than {LONGEST_ANSWER} bytes")]
    TooLong,
    #[error("the answer makes no sense")]
    Nonsense,
}

/// In bytes; a list of rooms takes less than 400 for each.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

// === impl Prosody ===

impl Prosody {
    /// A machine without any trusted certificate gives no client; every call says so then.
    pub fn new() -> Self {
        let client = Client::builder()
            .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE)
            .build();
        let client = client.inspect_err(|error| {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, "usher cannot call Prosody: there is no HTTP client");
        });
        Self(client.ok())
    }
}

impl Default for Prosody {
    fn default() -> Self {
        Self::new()
    }
}

// === impl Door ===

impl<'c> Door<'c> {
    pub(super) fn new(prosody: &'c Prosody, base: String, host: String, bearer: Secret) -> Self {
        Self {
            prosody,
            base,
            host,
            bearer,
        }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Reply, BackendError> {
        reply(self.request(Method::GET, path, query)?).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: &Value,
    ) -> Result<Reply, BackendError> {
        let request = self.request(method, path, query)?;
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        reply(request).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<RequestBuilder, BackendError> {
        let client = self.prosody.0.as_ref().ok_or(BackendError::Away(None))?;
        let mut url =
            reqwest::Url::parse(&format!("{}{path}", self.base)).map_err(|_| BackendError::NotConfigured)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.bearer.expose()))
            .map_err(|_| BackendError::NotConfigured)?;
        bearer.set_sensitive(true);
        Ok(client
            .request(method, url)
            .header(HOST, &self.host)
            .header(AUTHORIZATION, bearer))
    }
}

// === impl Reply ===

impl Reply {
    /// The JSON of a good answer.
    fn json(&self) -> Result<Value, BackendError> {
        serde_json::from_slice(&self.body).map_err(|_| BackendError::Away(Some(CallError::Nonsense)))
    }

    /// A refusal that says nothing more than its status.
    fn refused(&self) -> BackendError {
        if self.status.is_server_error() {
            return BackendError::Away(None);
        }
        BackendError::Refused {
            status: self.status.as_u16(),
        }
    }
}

async fn reply(request: RequestBuilder) -> Result<Reply, BackendError> {
    let away = |error: reqwest::Error| BackendError::Away(Some(CallError::Http(error.without_url())));
    let mut answer = request.send().await.map_err(away)?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(away)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(BackendError::Away(Some(CallError::TooLong)));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, body })
}
