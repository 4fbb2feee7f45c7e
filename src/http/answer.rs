//! What a handler answers: a status, a body that nobody caches, and what the request log is told.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    LOCATION, REFERRER_POLICY, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_VERSION, SET_COOKIE, UPGRADE,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use warp::Reply;

use super::error::ApiError;
use super::refused::Refused;
use super::server::{RequestContext, RequestOutcome, Sequel};
use crate::config::daemon::Language;
use crate::domain::ClientId;
use crate::telemetry::label::Route;

/// An answer on its way out.
pub(super) struct Answer {
    response: Response<Bytes>,
    outcome: RequestOutcome,
}

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Every refusal in JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorBody<'a> {
    /// Always `error`.
    status: &'static str,
    /// A sentence for a person, in the language that `Accept-Language` asks for.
    error: String,
    /// What Prosody's reservations module shows to the user; only where that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Stable, for programs; it does not change with the language.
    code: &'static str,
    /// The field or parameter that a 400 is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// Which part failed, where a route says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'static str>,
    /// As in the header `X-Request-Id` and in the log.
    request_id: &'a str,
}

/// The envelope of `http.md` section 5.
#[derive(Serialize, ToSchema)]
pub(super) struct Success<'a, T> {
    /// Always `success`.
    status: &'static str,
    data: &'a T,
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

    /// Done, and there is nothing to say.
    pub(super) fn empty() -> Self {
        Self::of_type(Bytes::new(), "text/plain", "no-store").with_status(StatusCode::NO_CONTENT)
    }

    /// The same in the envelope of `http.md` section 5.
    pub(super) fn success(data: &impl Serialize, client: Option<ClientId>) -> Self {
        let status = "success";
        Self::json(&Success { status, data }, client)
    }

    /// A public document.
    pub(super) fn public(body: &str, content_type: &'static str, cache: &'static str) -> Self {
        Self::of_type(Bytes::copy_from_slice(body.as_bytes()), content_type, cache)
    }

    /// The same where it is compiled in; it is not copied for each answer.
    pub(super) fn compiled_in(body: &'static str, content_type: &'static str, cache: &'static str) -> Self {
        Self::of_type(Bytes::from_static(body.as_bytes()), content_type, cache)
    }

    /// A table, kept by browsers under the name `file`, which has letters, digits, `-` and `.` only.
    pub(super) fn csv(table: Vec<u8>, file: &str, client: Option<ClientId>) -> Self {
        let mut answer = Self::of_type(table.into(), "text/csv; charset=utf-8", "no-store");
        let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{file}\""));
        if let Ok(disposition) = disposition {
            answer.set(CONTENT_DISPOSITION, disposition);
        }
        answer.set(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer.outcome.client = client;
        answer
    }

    /// A page for a person, which runs and loads nothing but what its policy names.
    pub(super) fn page(status: StatusCode, html: String, policy: &str) -> Self {
        let mut answer = Self::of_type(html.into(), "text/html; charset=utf-8", "no-store");
        *answer.response.status_mut() = status;
        let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        answer.set(CONTENT_SECURITY_POLICY, policy);
        // Not "no-referrer": with that, browsers give "null" as the origin of a form.
        answer.set(REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
        answer.set(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer
    }

    /// The devices and powers that a page may use (W3C Permissions Policy).
    pub(super) fn permitting(mut self, permissions: &'static str) -> Self {
        self.set(PERMISSIONS_POLICY, HeaderValue::from_static(permissions));
        self
    }

    /// Sends a browser on with GET (RFC 9110 section 15.4.4). The address is one that was built or compared here.
    pub(super) fn see_other(location: &url::Url) -> Self {
        let mut answer = Self::of_type(Bytes::new(), "text/plain", "no-store");
        *answer.response.status_mut() = StatusCode::SEE_OTHER;
        let location = HeaderValue::from_str(location.as_str())
            .expect("a parsed address is ASCII without control characters");
        answer.set(LOCATION, location);
        answer.set(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        answer
    }

    /// Events that are written as they happen (HTML standard, section 9.2), by what follows the head.
    pub(super) fn event_stream(events: Sequel) -> Self {
        let mut answer = Self::of_type(Bytes::new(), "text/event-stream", "no-store");
        // nginx and its kin would otherwise collect events until a buffer is full.
        answer.set(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
        answer.followed_by(events)
    }

    /// The agreement to a WebSocket (RFC 6455 section 4.2.2); `accept` is the answer to the caller's key.
    pub(super) fn web_socket(accept: HeaderValue, messages: Sequel) -> Self {
        let mut answer = Self::of_type(Bytes::new(), "text/plain", "no-store");
        answer.response.headers_mut().remove(CONTENT_TYPE);
        answer.set(CONNECTION, HeaderValue::from_static("upgrade"));
        answer.set(UPGRADE, HeaderValue::from_static("websocket"));
        answer.set(SEC_WEBSOCKET_ACCEPT, accept);
        answer
            .with_status(StatusCode::SWITCHING_PROTOCOLS)
            .followed_by(messages)
    }

    fn followed_by(mut self, sequel: Sequel) -> Self {
        self.response.extensions_mut().insert(sequel);
        self
    }

    /// With another `Set-Cookie` line.
    pub(super) fn with_cookie(mut self, cookie: HeaderValue) -> Self {
        self.response.headers_mut().append(SET_COOKIE, cookie);
        self
    }

    /// A file for the caller to keep; `disposition` names it (RFC 6266).
    pub(super) fn kept_as(mut self, disposition: &'static str) -> Self {
        self.set(CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
        self
    }

    /// Which version of something it shows (RFC 9110 section 8.8.3).
    pub(super) fn with_etag(mut self, tag: HeaderValue) -> Self {
        self.set(ETAG, tag);
        self
    }

    /// In how many seconds it is worth trying again.
    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.set(RETRY_AFTER, HeaderValue::from(seconds));
        self
    }

    /// Answered for this client, for the request log.
    pub(super) fn for_client(mut self, client: &ClientId) -> Self {
        self.outcome.client = Some(client.clone());
        self
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        *self.response.status_mut() = status;
        self
    }

    /// An error in the shape of the contract, in the caller's language.
    pub(super) fn refused(
        refused: &Refused,
        route: Route,
        context: &RequestContext,
        language: Language,
    ) -> Self {
        Self::refused_saying(refused, route, context, language, None)
    }

    /// The same, with a `message` of its own beside the sentence.
    pub(super) fn refused_saying(
        refused: &Refused,
        route: Route,
        context: &RequestContext,
        language: Language,
        message: Option<String>,
    ) -> Self {
        let error = &refused.error;
        let body = ErrorBody {
            message,
            ..ErrorBody::of(error, language, context.id.as_str())
        };
        let mut answer = Self::json(&body, refused.client.as_ref().map(|(id, _)| id.clone())).of(route);
        *answer.response.status_mut() = error.status();
        answer.outcome.reason = Some(error.code());
        if error.status() == StatusCode::UNAUTHORIZED {
            answer.set(WWW_AUTHENTICATE, HeaderValue::from_static(error.challenge()));
        }
        if let Some(allow) = error.allow() {
            let allow = HeaderValue::from_str(allow).expect("methods are capital letters");
            answer.set(ALLOW, allow);
        }
        if error.status() == StatusCode::UPGRADE_REQUIRED {
            answer.set(UPGRADE, HeaderValue::from_static("websocket"));
            answer.set(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is not read, so nothing can follow it.
            answer.set(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(wait) = error.retry_after() {
            answer.set(RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
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

/// Rounded up, and at least one: who comes back at once comes too early.
fn whole_seconds(wait: Duration) -> u64 {
    let begun = u64::from(wait.subsec_nanos() > 0);
    (wait.as_secs() + begun).max(1)
}

// === impl ErrorBody ===

impl<'a> ErrorBody<'a> {
    pub(super) fn of(error: &'a ApiError, language: Language, request_id: &'a str) -> Self {
        Self {
            status: "error",
            error: error.sentence(language),
            message: None,
            code: error.code(),
            field: error.field(),
            details: error.details(),
            request_id,
        }
    }
}

impl fmt::Debug for Answer {
    /// Without headers and body: they hold tokens and cookies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.response.status())
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
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
