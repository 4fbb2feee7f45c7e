//! What a value may be. Each kind takes a value or says in words what it must be, without repeating it.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;

use super::document::{Node, Value};
use crate::domain::Timestamp;
use crate::domain::access::RoomPattern;

/// Text that says something and can be printed.
pub(super) fn text(node: &Node) -> Result<String, String> {
    let (Value::Text(text) | Value::Variable(text)) = &node.value else {
        return Err("must be a text in quotes".into());
    };
    match text.trim() {
        "" => Err("must not be empty".into()),
        _ if text.chars().any(|c| c.is_control() && c != '\n' && c != '\r') => {
            Err("must not contain control characters".into())
        }
        _ => Ok(text.clone()),
    }
}

pub(super) fn boolean(node: &Node) -> Result<bool, String> {
    match &node.value {
        Value::Boolean(flag) => Ok(*flag),
        Value::Variable(text) => text.parse().map_err(|_| "must be true or false".into()),
        _ => Err("must be true or false".into()),
    }
}

/// A whole number within bounds.
pub(super) fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&Node) -> Result<T, String>
where
    T: TryFrom<i64> + PartialOrd + Display,
{
    move |node| {
        let number = match &node.value {
            Value::Integer(number) => Some(*number),
            Value::Variable(text) => text.parse().ok(),
            _ => None,
        };
        number
            .and_then(|number| T::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
    }
}

/// Anything that can be read from text; `like` is how it looks.
pub(super) fn parsed<T: FromStr>(like: &'static str) -> impl Fn(&Node) -> Result<T, String> {
    move |node| text(node)?.parse().map_err(|_| format!("must be {like}"))
}

/// One of the names of an enum.
pub(super) fn one_of<'de, T: Deserialize<'de>>(node: &Node) -> Result<T, String> {
    let deserializer = IntoDeserializer::<ValueError>::into_deserializer(text(node)?);
    T::deserialize(deserializer).map_err(|error| error.to_string())
}

/// A moment with its offset, in quotes or in TOML's own notation.
pub(super) fn moment(node: &Node) -> Result<Timestamp, String> {
    let text = match &node.value {
        Value::Moment(text) => text.clone(),
        _ => text(node)?,
    };
    text.parse()
        .map_err(|_| "must be a moment like 2026-11-01T00:00:00Z".into())
}

/// A short name without dots, such as that of a meeting server or one token of a NATS subject.
pub(super) fn name(node: &Node) -> Result<String, String> {
    let name = text(node)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match name.len() <= 64 && name.chars().all(allowed) {
        true => Ok(name),
        false => Err("must be 1 to 64 letters, digits, - or _".into()),
    }
}

/// A host without scheme, port or path; lower case.
pub(super) fn host(node: &Node) -> Result<String, String> {
    let host = text(node)?.to_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    match host.len() <= 253 && host.split('.').all(label) {
        true => Ok(host),
        false => Err("must be a host like meet.example.com, without scheme, port or path".into()),
    }
}

/// `http://` or `https://` with a host; the trailing slash is cut off.
pub(super) fn http_url(node: &Node) -> Result<String, String> {
    url(node, &["http", "https"]).ok_or_else(|| {
        "must be a URL like https://meet.example.com/usher, without user, query or fragment".into()
    })
}

/// What LiveKit's own tools accept as the address of a server.
pub(super) fn livekit_url(node: &Node) -> Result<String, String> {
    url(node, &["http", "https", "ws", "wss"]).ok_or_else(|| {
        "must be a URL like https://livekit.example.com, without user, query or fragment".into()
    })
}

fn url(node: &Node, schemes: &[&str]) -> Option<String> {
    let text = text(node).ok()?;
    let uri: http::Uri = text.parse().ok()?;
    let host = uri
        .authority()
        .is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'));
    let scheme = uri.scheme_str().is_some_and(|scheme| schemes.contains(&scheme));
    let plain = !text.contains(['?', '#']);
    (host && scheme && plain).then(|| text.trim_end_matches('/').to_owned())
}

/// Where people are sent back to. It is compared to the letter, so it is kept to the letter.
pub(super) fn redirect_uri(node: &Node) -> Result<String, String> {
    let message = "must be a URL like https://app.example.com/callback, without fragment";
    let text = text(node)?;
    let uri: http::Uri = text.parse().map_err(|_| message)?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() && !text.contains('#') => Ok(text),
        _ => Err(message.into()),
    }
}

/// The origin of a page as browsers send it (RFC 6454, section 6.2).
pub(super) fn origin(node: &Node) -> Result<String, String> {
    let origin = text(node)?.to_lowercase();
    let rest = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.parse::<http::uri::Authority>().ok());
    match authority {
        Some(authority) if !authority.as_str().contains('@') => Ok(origin),
        _ => Err("must be scheme://host[:port] without a path, like https://app.example.com".into()),
    }
}

/// One or more servers with commas between; not shown, since it may hold a password.
pub(super) fn nats_url(node: &Node) -> Result<String, String> {
    let text = text(node)?;
    let server = |url: &str| {
        let url = url.trim();
        let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
        ["nats", "tls", "ws", "wss"].contains(&scheme) && rest.parse::<http::uri::Authority>().is_ok()
    };
    match text.split(',').all(server) {
        true => Ok(text),
        false => Err("must be like nats://127.0.0.1:4222, or several with commas between".into()),
    }
}

/// An e-mail address in lower case; people do not remember how they once wrote it.
pub(super) fn email(text: &str) -> Result<String, String> {
    let valid = |(user, host): (&str, &str)| !user.is_empty() && !host.is_empty() && !host.contains('@');
    let strange = text.chars().any(|c| c.is_whitespace() || c.is_control());
    match text.split_once('@').is_some_and(valid) && !strange && text.len() <= 254 {
        true => Ok(text.to_lowercase()),
        false => Err("must be an e-mail address".into()),
    }
}

/// Rooms with `*` (anything) and `?` (one character); the rest takes the form that Jitsi compares.
pub(super) fn room_pattern(node: &Node) -> Result<RoomPattern, String> {
    RoomPattern::parse(&text(node)?).map_err(|error| error.to_string())
}

/// An API key as it is kept: `sha256:` and 64 hexadecimal digits.
pub(super) fn key_hash(node: &Node) -> Result<[u8; 32], String> {
    let text = text(node)?;
    let digits = text.strip_prefix("sha256:").filter(|digits| digits.len() == 64);
    digits.and_then(bytes).ok_or_else(|| {
        "must be \"sha256:\" and 64 hexadecimal digits, as `usher key client` prints it".into()
    })
}

fn bytes(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let high = char::from(*pair.first()?).to_digit(16)?;
        let low = char::from(*pair.get(1)?).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::fault::Place;

    fn pattern(text: &str) -> Result<String, String> {
        room_pattern(&Node {
            value: Value::Text(text.to_owned()),
            place: Place::File("clients.toml"),
        })
        .map(|pattern| pattern.to_string())
    }

    #[test]
    fn patterns_keep_their_wildcards() {
        assert_eq!(pattern("*").as_deref(), Ok("*"));
        assert_eq!(
            pattern("A**b?*Ç").as_deref(),
            Ok("a*b?*%c3%a7"),
            "two stars are one"
        );
        assert!(pattern("a&b*").is_err());
    }

    proptest! {
        #[test]
        fn the_form_of_a_pattern_is_a_fixed_point(text in "[\\PC*?]{1,20}") {
            if let Ok(form) = pattern(&text) {
                prop_assert_eq!(pattern(&form), Ok(form.clone()));
            }
        }

        #[test]
        fn emails_fold_once(text in "\\PC{0,12}@?\\PC{0,12}") {
            if let Ok(folded) = email(&text) {
                prop_assert_eq!(email(&folded), Ok(folded.clone()));
            }
        }
    }
}
