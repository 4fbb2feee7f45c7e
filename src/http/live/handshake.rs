//! The handshake of a WebSocket (RFC 6455 section 4.2), and which pages may make one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONNECTION, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::http::Incoming;
use crate::http::auth::Asker;
use crate::http::error::{ApiError, LiveRefusal};
use crate::http::origin::own;

/// The answer to the caller's key, if this is a handshake and may be one.
pub(super) fn accept(request: &Incoming, asker: &Asker<'_>) -> Result<HeaderValue, ApiError> {
    let headers = &request.headers;
    if matches!(asker, Asker::User(_)) && !headers.contains_key(AUTHORIZATION) {
        require_own_page(headers, &own(&request.config))?;
    }
    let version = headers.get(SEC_WEBSOCKET_VERSION);
    let is_upgrade = names(headers, &CONNECTION, "upgrade") && names(headers, &UPGRADE, "websocket");
    if !is_upgrade || version.is_none_or(|version| version != "13") {
        return Err(LiveRefusal::NoUpgrade.into());
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .filter(|key| is_key(key.as_bytes()));
    let accept = derive_accept_key(key.ok_or(LiveRefusal::BadKey)?.as_bytes());
    HeaderValue::try_from(accept).map_err(|_| LiveRefusal::BadKey.into())
}

/// No browser asks anybody before it lets a page of another site open a socket with our cookie: we have to look. Every
/// browser that knows WebSockets sends the origin, so one without is no page of ours.
fn require_own_page(headers: &HeaderMap, own: &str) -> Result<(), ApiError> {
    match headers.get(ORIGIN) {
        Some(origin) if origin.as_bytes() == own.as_bytes() => Ok(()),
        _ => Err(ApiError::OriginNotAllowed),
    }
}

/// Whether one of the words of a header that lists words is this one.
fn names(headers: &HeaderMap, header: &HeaderName, word: &str) -> bool {
    let lines = headers
        .get_all(header)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let mut words = lines.flat_map(|line| line.split(','));
    words.any(|given| given.trim().eq_ignore_ascii_case(word))
}

fn is_key(text: &[u8]) -> bool {
    STANDARD.decode(text).is_ok_and(|key| key.len() == 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn words_are_found_in_lists_in_any_case() {
        let headers = headers(&[(CONNECTION, "keep-alive, Upgrade"), (UPGRADE, "WebSocket")]);
        assert!(names(&headers, &CONNECTION, "upgrade") && names(&headers, &UPGRADE, "websocket"));
        assert!(!names(&headers, &CONNECTION, "up"));
    }

    #[test]
    fn a_page_must_say_that_it_is_ours() {
        let own = "https://meet.example.com";
        for (pairs, may) in [
            (&[(ORIGIN, "https://meet.example.com")][..], true),
            (&[(ORIGIN, "https://evil.example")], false),
            (&[(ORIGIN, "https://meet.example.com.evil.example")], false),
            (&[(ORIGIN, "null")], false),
            (&[], false),
        ] {
            assert_eq!(require_own_page(&headers(pairs), own).is_ok(), may, "{pairs:?}");
        }
    }

    #[test]
    fn a_key_has_sixteen_bytes() {
        assert!(is_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for bad in ["", "dGhlIHNhbXBsZSBub25jZQ", "YQ==", "%"] {
            assert!(!is_key(bad.as_bytes()), "{bad}");
        }
    }
}
