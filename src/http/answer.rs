//! What a handler answers: a status, a body that nobody caches, and what the request log is told.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;
use warp::Reply;

use super::refused::Refused;
use super::server::{RequestContext, RequestOutcome};
use crate::config::daemon::Language;
use crate::domain::ClientId;
use crate::telemetry::label::Route;

/// An answer on its way out.
#[derive(Debug)]
pub(super) struct Answer {
    response: Response<Bytes>,
    outcome: RequestOutcome,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    status: &'static str,
    error: String,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    request_id: &'a str,
}

// === impl Answer ===

impl Answer {
    /// A body that holds a token or a fact of the moment.
    pub(super) fn json(body: &impl Serialize, client: Option<ClientId>) -> Self {
        let bytes = serde_json::to_vec(body).expect("answers are structs of texts and numbers");
        let mut answer = Self::of_type(bytes.into(), "application/json", "no-store");
        answer.outcome.client = client;
        answer
    }

    /// A public document.
    pub(super) fn public(body: &str, content_type: &'static str, cache: &'static str) -> Self {
        Self::of_type(Bytes::copy_from_slice(body.as_bytes()), content_type, cache)
    }

    /// An error in the shape of the contract, in the caller's language.
    pub(super) fn refused(
        refused: &Refused,
        route: Route,
        context: &RequestContext,
        language: Language,
    ) -> Self {
        let error = &refused.error;
        let body = ErrorBody {
            status: "error",
            error: error.sentence(language),
            code: error.code(),
            field: error.field(),
            request_id: context.id.as_str(),
        };
        let mut answer = Self::json(&body, refused.client.as_ref().map(|(id, _)| id.clone())).of(route);
        *answer.response.status_mut() = error.status();
        answer.outcome.reason = Some(error.code());
        if error.status() == StatusCode::UNAUTHORIZED {
            answer.set(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"usher\", Basic realm=\"usher\""),
            );
        }
        if let Some(allow) = error.allow() {
            answer.set(ALLOW, HeaderValue::from_static(allow));
        }
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is not read, so nothing can follow it.
            answer.set(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(wait) = error.retry_after() {
            answer.set(RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
        }
        answer
    }

    pub(super) fn of(mut self, route: Route) -> Self {
        self.outcome.route = route;
        self
    }

    /// Why the answer, which is no error, says no; for the request log.
    pub(super) fn because(mut self, reason: &'static str) -> Self {
        self.outcome.reason = Some(reason);
        self
    }

    fn of_type(body: Bytes, content_type: &'static str, cache: &'static str) -> Self {
        let mut answer = Self {
            response: Response::new(body),
            outcome: RequestOutcome::of(Route::Unmatched),
        };
        answer.set(CONTENT_TYPE, HeaderValue::from_static(content_type));
        answer.set(CACHE_CONTROL, HeaderValue::from_static(cache));
        answer
    }

    fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.response.headers_mut().insert(name, value);
    }
}

impl Reply for Answer {
    fn into_response(self) -> warp::reply::Response {
        let Self {
            mut response,
            outcome,
        } = self;
        response.extensions_mut().insert(outcome);
        response.map(Into::into)
    }
}
