//! What a token says about the person who holds it: text that is safe to show to everybody in the room.

use std::fmt;

use serde::Serialize;

use crate::domain::UserId;

/// The holder of a token, as others in the room see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: Option<UserId>,
    pub name: PlainText,
    /// Everybody in the room can read it; leave it out unless the client asked for it.
    pub email: Option<Email>,
    pub avatar: Option<AvatarUrl>,
}

/// A name or a group: 1 to 256 characters, none of which an XML stream cannot carry.
///
/// Control characters are replaced by a space: with them Prosody's `mod_presence_identity` fails and the person waits
/// at the door for ever (Prosody `util/stanza.lua`, "contains control characters").
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PlainText(String);

/// An e-mail address: at most 254 bytes (RFC 5321 with erratum 1690), one `@`, no white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// Where a picture is: `http://` or `https://`, at most 1024 bytes, since every token carries it in an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct AvatarUrl(String);

/// Why a text cannot go into a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("must not be empty")]
    Empty,
    #[error("must not be longer than {0} characters")]
    TooLong(usize),
    #[error("must be an e-mail address")]
    NotAnAddress,
    #[error("must be an address that begins with https:// or http://")]
    NotAUrl,
}

// === impl Person ===

impl Person {
    /// Somebody of whom only the name is known.
    pub fn named(name: PlainText) -> Self {
        Self {
            id: None,
            name,
            email: None,
            avatar: None,
        }
    }
}

// === impl PlainText ===

impl PlainText {
    const MAX_CHARS: usize = 256;

    /// Cleans a text: what XML cannot carry becomes a space, white space is joined, the ends are trimmed.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let speakable = text.replace(unspeakable, " ");
        let clean = speakable.split_whitespace().collect::<Vec<_>>().join(" ");
        match clean.chars().count() {
            0 => Err(TextError::Empty),
            1..=Self::MAX_CHARS => Ok(Self(clean)),
            _ => Err(TextError::TooLong(Self::MAX_CHARS)),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, and the two noncharacters that XML 1.0 section 2.2 leaves out.
pub(super) fn unspeakable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')
}

// === impl Email ===

impl Email {
    const MAX_BYTES: usize = 254;

    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        let address = text
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
        match text.len() {
            0 => Err(TextError::Empty),
            len if len > Self::MAX_BYTES => Err(TextError::TooLong(Self::MAX_BYTES)),
            _ if !address || text.contains(|c: char| c.is_whitespace() || unspeakable(c)) => {
                Err(TextError::NotAnAddress)
            }
            _ => Ok(Self(text.to_owned())),
        }
    }
}

// === impl AvatarUrl ===

impl AvatarUrl {
    const MAX_BYTES: usize = 1024;

    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        let host = ["https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        match text.len() {
            0 => Err(TextError::Empty),
            len if len > Self::MAX_BYTES => Err(TextError::TooLong(Self::MAX_BYTES)),
            _ if text.contains(|c: char| c.is_whitespace() || unspeakable(c)) => Err(TextError::NotAUrl),
            _ if host.is_none_or(str::is_empty) => Err(TextError::NotAUrl),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for PlainText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn plain(text: &str) -> Result<String, TextError> {
        PlainText::parse(text).map(|clean| clean.to_string())
    }

    #[test]
    fn names_are_cleaned_and_bounded() {
        assert_eq!(
            plain("  Dr. Sara \r\n Johnson\u{7}"),
            Ok("Dr. Sara Johnson".to_owned())
        );
        assert_eq!(
            plain("می\u{200c}خواهم"),
            Ok("می\u{200c}خواهم".to_owned()),
            "Persian needs the joiner"
        );
        assert_eq!(plain("\u{0}\u{ffff}"), Err(TextError::Empty));
        assert_eq!(plain(&"ü".repeat(256)), Ok("ü".repeat(256)));
        assert_eq!(plain(&"ü".repeat(257)), Err(TextError::TooLong(256)));
    }

    #[test]
    fn addresses_are_checked_for_shape() {
        assert!(Email::parse("sara@example.com").is_ok());
        assert_eq!(Email::parse("sara"), Err(TextError::NotAnAddress));
        assert_eq!(Email::parse("a b@example.com"), Err(TextError::NotAnAddress));
        assert_eq!(Email::parse("a@b@c"), Err(TextError::NotAnAddress));
        assert!(AvatarUrl::parse("https://example.com/a.png").is_ok());
        assert_eq!(AvatarUrl::parse("javascript:alert(1)"), Err(TextError::NotAUrl));
        assert_eq!(AvatarUrl::parse("https://"), Err(TextError::NotAUrl));
        assert_eq!(AvatarUrl::parse("https://a\u{1}b"), Err(TextError::NotAUrl));
    }

    proptest! {
        #[test]
        fn clean_text_is_a_fixed_point_without_control_characters(text in any::<String>()) {
            if let Ok(clean) = PlainText::parse(&text) {
                prop_assert!(!clean.as_str().contains(unspeakable));
                prop_assert_eq!(PlainText::parse(clean.as_str()), Ok(clean));
            }
        }
    }
}
