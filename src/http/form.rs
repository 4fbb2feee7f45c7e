//! Pairs of a query or a form (`application/x-www-form-urlencoded`), read strictly: what is there twice is a fault, since
//! readers differ in which of the two they believe (RFC 6749 section 3.1).

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode;

use super::body::{Body, LIMIT};
use super::error::{ApiError, SignInRefusal};

/// Names and values, decoded, each name once.
pub(super) struct Pairs(Vec<(String, String)>);

const MOST_PAIRS: usize = 32;
/// Characters of a name that an answer repeats.
const LONGEST_NAME: usize = 40;

// === impl Pairs ===

impl Pairs {
    /// Reads a query, or the body of a form.
    pub(super) fn parse(text: &[u8]) -> Result<Self, SignInRefusal> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for piece in text.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
            let end = piece.iter().position(|byte| *byte == b'=').unwrap_or(piece.len());
            let (name, value) = (
                decoded(&piece[..end])?,
                decoded(piece.get(end + 1..).unwrap_or_default())?,
            );
            if pairs.iter().any(|(known, _)| *known == name) {
                let field = name.chars().take(LONGEST_NAME).collect();
                return Err(SignInRefusal::Repeated { field });
            }
            if pairs.len() == MOST_PAIRS {
                return Err(SignInRefusal::NotForm);
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The value, where there is one that is not empty: forms send empty fields too.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, field: &'static str) -> Result<&str, ApiError> {
        self.get(field).ok_or(ApiError::Missing { field })
    }
}

// === impl Body ===

impl Body {
    /// Reads it as a form, which the request must say that it is.
    pub(super) async fn form(self, headers: &HeaderMap) -> Result<Pairs, ApiError> {
        require_type(headers, "application/x-www-form-urlencoded")?;
        Ok(Pairs::parse(&self.bytes(LIMIT).await?)?)
    }
}

/// That the body is of this type. Another site's form cannot send JSON, and a page cannot send any type it likes without
/// being asked first.
pub(super) fn require_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), SignInRefusal> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given
        .and_then(|value| value.split(';').next())
        .unwrap_or_default();
    if essence.trim().eq_ignore_ascii_case(wanted) {
        Ok(())
    } else {
        Err(SignInRefusal::WrongMediaType { wanted })
    }
}

fn decoded(text: &[u8]) -> Result<String, SignInRefusal> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    let hex = |at: usize| spaced.get(at).is_some_and(u8::is_ascii_hexdigit);
    let whole = spaced
        .iter()
        .enumerate()
        .all(|(at, byte)| *byte != b'%' || (hex(at + 1) && hex(at + 2)));
    let text = percent_decode(&spaced)
        .decode_utf8()
        .map_err(|_| SignInRefusal::NotForm)?;
    whole.then(|| text.into_owned()).ok_or(SignInRefusal::NotForm)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, name: &str) -> Option<String> {
        Pairs::parse(text.as_bytes())
            .unwrap()
            .get(name)
            .map(str::to_owned)
    }

    #[test]
    fn pairs_are_decoded() {
        assert_eq!(value("a=b+c%2B&d=%D8%A7", "a").as_deref(), Some("b c+"));
        assert_eq!(value("a=b+c%2B&d=%D8%A7", "d").as_deref(), Some("ا"));
        assert_eq!(value("a=b=c&&", "a").as_deref(), Some("b=c"));
        assert_eq!(value("a=&b", "a"), None);
        assert_eq!(value("a=&b", "b"), None);
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not_read() {
        for text in [
            "a=1&a=2",
            "a=1&%61=2",
            "a=1&a=1",
            "a&a",
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%ff",
        ] {
            assert!(Pairs::parse(text.as_bytes()).is_err(), "{text}");
        }
        let many: Vec<_> = (0..40).map(|number| format!("a{number}=1")).collect();
        assert!(Pairs::parse(many.join("&").as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in any::<Vec<u8>>()) {
            let _ = Pairs::parse(&bytes);
        }
    }
}
