//! Answers that the door gives by itself, in the error shape of the HTTP contract (section 1).

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use super::request_id::{RequestId, X_REQUEST_ID};

/// Codes of the door's own answers, as programs and the request log see them.
pub(super) const TIMEOUT_CODE: &str = "request_timeout";
pub(super) const INTERNAL_ERROR_CODE: &str = "internal_error";

const TIMEOUT_SENTENCE: &str = "The request did not arrive in time.";

#[derive(Serialize)]
struct ErrorBody<'a> {
    status: &'static str,
    error: &'a str,
    code: &'a str,
    request_id: &'a str,
}

/// An answer of the contract's error shape; `sentence` is for a person, `code` for a program.
pub(in crate::http) fn refusal(
    status: StatusCode,
    code: &str,
    sentence: &str,
    request_id: &str,
) -> Response<Bytes> {
    let body = ErrorBody {
        status: "error",
        error: sentence,
        code,
        request_id,
    };
    // Four texts always serialise; an empty body would still carry the status.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The answer when the body of a request does not arrive in time.
pub(super) fn body_timeout(id: &RequestId) -> Response<Bytes> {
    let mut response = refusal(
        StatusCode::REQUEST_TIMEOUT,
        TIMEOUT_CODE,
        TIMEOUT_SENTENCE,
        id.as_str(),
    );
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The same for a head, as bytes: there is no request yet that a response could belong to.
pub(super) fn head_timeout(id: &RequestId) -> Vec<u8> {
    let response = body_timeout(id);
    let mut bytes = b"HTTP/1.1 408 Request Timeout\r\n".to_vec();
    for (name, value) in response.headers() {
        bytes.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let rest = format!(
        "{X_REQUEST_ID}: {id}\r\ncontent-length: {}\r\n\r\n",
        response.body().len()
    );
    bytes.extend_from_slice(rest.as_bytes());
    bytes.extend_from_slice(response.body());
    bytes
}

/// The answer when a handler panicked.
pub(super) fn internal_error(id: &RequestId) -> Response<Bytes> {
    let sentence = "Something went wrong on our side.";
    refusal(
        StatusCode::INTERNAL_SERVER_ERROR,
        INTERNAL_ERROR_CODE,
        sentence,
        id.as_str(),
    )
}
