//! The id of a request: taken from the caller when it is well formed, else made.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header in which an id comes and goes.
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// 1 to 64 of `A–Z a–z 0–9 - _ .`; a clone shares the text.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

/// Makes ids that no other start of the daemon makes.
#[derive(Debug)]
pub struct RequestIds {
    start: u64,
    next: AtomicU64,
}

const MAX_BYTES: usize = 64;

// === impl RequestId ===

impl RequestId {
    pub fn as_str(&self) -> &str {
        // Both ways to an id check or write plain ASCII.
        self.0.to_str().unwrap_or_default()
    }

    pub(super) fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }

    fn taken_from(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(X_REQUEST_ID)?;
        let bytes = value.as_bytes();
        let fits = (1..=MAX_BYTES).contains(&bytes.len()) && bytes.iter().all(|byte| is_allowed(*byte));
        fits.then(|| Self(value.clone()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({self})")
    }
}

// === impl RequestIds ===

impl RequestIds {
    /// `seed` is random, so that ids of two starts differ.
    pub fn new(seed: u64) -> Self {
        Self {
            start: seed,
            next: AtomicU64::new(1),
        }
    }

    /// The caller's id, or a new one.
    pub(super) fn id_for(&self, headers: &HeaderMap) -> RequestId {
        RequestId::taken_from(headers).unwrap_or_else(|| self.make())
    }

    pub(super) fn make(&self) -> RequestId {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let whole = u128::from(self.start) << 64 | u128::from(number);
        let mut text = [0; 32];
        for (place, digit) in text.iter_mut().rev().enumerate() {
            *digit = DIGITS[(whole >> (4 * place)) as usize % 16];
        }
        RequestId(HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("0")))
    }
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id_for(text: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(text).unwrap());
        RequestIds::new(0xfeed).id_for(&headers).to_string()
    }

    const MADE: &str = "000000000000feed0000000000000001";

    #[test]
    fn takes_what_is_well_formed() {
        assert_eq!(id_for(b"a-B_9.z"), "a-B_9.z");
        assert_eq!(id_for(&[b'x'; 64]), "x".repeat(64));
    }

    #[test]
    fn makes_one_in_place_of_anything_else() {
        for text in [&b""[..], b"a b", b"a/b", "ä".as_bytes(), b"a\"b", &[b'x'; 65]] {
            assert_eq!(id_for(text), MADE);
        }
    }

    proptest! {
        #[test]
        fn always_within_the_rule(text in "[ -~]{0,80}") {
            let id = id_for(text.as_bytes());
            prop_assert!((1..=64).contains(&id.len()) && id.bytes().all(is_allowed));
        }

        #[test]
        fn made_ids_differ(seed: u64) {
            let ids = RequestIds::new(seed);
            prop_assert_ne!(ids.make(), ids.make());
        }
    }
}
