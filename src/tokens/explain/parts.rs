//! From what somebody pasted to the parts of a token.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::{Finding, Line, Step};
use crate::domain::RoomName;
use crate::tokens::verify::MAX_BYTES;

/// A token as people have it at hand: alone, in quotes, behind `Bearer`, or inside a link to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pasted {
    pub token: String,
    /// The room that the link leads to.
    pub room: Option<RoomName>,
}

/// A token taken apart, without any belief in it.
pub(super) struct Parts<'a> {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    /// What is signed.
    pub(super) message: &'a str,
    pub(super) signature: &'a str,
}

// === impl Pasted ===

impl Pasted {
    pub fn parse(text: &str) -> Self {
        let text = text.trim().trim_matches(['"', '\'', '`']).trim();
        let text = text.strip_prefix("Authorization:").unwrap_or(text).trim();
        let text = text
            .strip_prefix("Bearer ")
            .or(text.strip_prefix("bearer "))
            .unwrap_or(text)
            .trim();
        match ["?jwt=", "&jwt=", "#jwt=", "?token=", "&token="]
            .iter()
            .find_map(|mark| text.split_once(mark))
        {
            Some((link, rest)) => Self {
                token: rest.split(['&', '#']).next().unwrap_or(rest).to_owned(),
                room: room_of(link),
            },
            None => Self {
                token: text.to_owned(),
                room: None,
            },
        }
    }
}

/// `https://host/room` or `https://host/tenant/room`.
fn room_of(link: &str) -> Option<RoomName> {
    let (_, rest) = link.split_once("://")?;
    let mut path = rest
        .split(['?', '#'])
        .next()?
        .split('/')
        .skip(1)
        .filter(|part| !part.is_empty());
    match (path.next(), path.next(), path.next()) {
        (Some("xmpp-websocket" | "http-bind"), None, _) => None,
        (Some(room), None, _) => RoomName::parse(room).ok(),
        (Some(tenant), Some(room), None) => {
            let room = RoomName::parse(room).ok()?;
            RoomName::from_node(&format!("[{tenant}]{room}")).ok()
        }
        _ => None,
    }
}

// === impl Parts ===

impl<'a> Parts<'a> {
    /// Fails with the one line there is to say about something that is no token.
    pub(super) fn of(token: &'a str) -> Result<Self, Line> {
        let fault = |says: &str, advice: String| {
            Err(Line::new(
                "token",
                None,
                Finding::refused(Step::SignIn, says, advice),
            ))
        };
        let dots = token.matches('.').count();
        if token.is_empty() {
            return fault(
                "token required",
                "There is no token. Give one, or - to read it from standard input.".into(),
            );
        }
        if token.len() > MAX_BYTES {
            return fault(
                "Invalid token",
                format!("It has {} bytes; no browser sends that.", token.len()),
            );
        }
        if dots == 4 {
            let advice = "It has five parts: it is encrypted (JWE). Prosody reads signed tokens (JWS) only.";
            return fault("Invalid token", advice.into());
        }
        let (Some((message, signature)), 2) = (token.rsplit_once('.'), dots) else {
            let advice = format!(
                "A token has three parts, this has {}. Was it copied completely?",
                dots + 1
            );
            return fault("Invalid token", advice);
        };
        let (header, payload) = message.split_once('.').unwrap_or((message, ""));
        let Some(header) = object(header) else {
            return fault(
                "Invalid header",
                "Its first part is not Base64url of a JSON object.".into(),
            );
        };
        let Some(claims) = object(payload) else {
            return fault(
                "Invalid token",
                "Its second part is not Base64url of a JSON object.".into(),
            );
        };
        Ok(Self {
            header,
            claims,
            message,
            signature,
        })
    }
}

pub(super) fn decoded(part: &str) -> Option<Vec<u8>> {
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&URL_SAFE, lenient).decode(part).ok()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&decoded(part)?).ok()
}
