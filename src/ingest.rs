//! What meeting servers send, turned into observations: authenticate, then translate. Pure functions, bytes in.
//!
//! Everything is read leniently where the sources are known to be loose (an empty Lua table arrives as `{}`, numbers may
//! be floats, fields may be missing) and strictly where a mistake would corrupt a meeting (rooms and times).

pub mod event_sync;
pub mod livekit;
mod loose;
mod occupant;
pub mod prosody;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use chrono::Duration;
use serde::de::DeserializeOwned;

use crate::config::daemon::Jitsi;
use crate::domain::observation::{BackendId, BackendKind, RoomKey};
use crate::domain::{NameError, RoomName, Timestamp};

/// Why a report cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// No `Authorization: Bearer`, or not the secret of any configured server.
    #[error("the shared secret is missing or wrong")]
    Unauthorized,
    #[error("not the JSON that this route takes: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("{field}: is missing or has the wrong type")]
    WrongType { field: String },
    #[error("{field}: {reason}")]
    Field { field: &'static str, reason: String },
}

/// Longest full address in bytes: three parts of 1023 and two separators (RFC 7622, section 3.1).
const LONGEST_JID: usize = 3071;
/// Longest name of a host (RFC 1035, section 2.3.4), of a breakout room and of one start of a module; those are UUIDs.
const LONGEST_NAME: usize = 255;

/// The configured servers whose secret a caller presented.
#[derive(Debug)]
pub struct Reporter<'a>(Vec<&'a Jitsi>);

// === impl Reporter ===

impl<'a> Reporter<'a> {
    /// Finds the servers whose secret is in the `Authorization` header. Every secret is compared, in constant time.
    pub fn authenticate(servers: &'a [Jitsi], authorization: Option<&str>) -> Result<Self, IngestError> {
        let presented = authorization
            .and_then(|header| header.strip_prefix("Bearer "))
            .unwrap_or_default();
        let knows = |server: &&Jitsi| {
            let secret = server
                .prosody_secret
                .as_ref()
                .map_or("", |secret| secret.expose());
            !secret.is_empty() && verify_slices_are_equal(secret.as_bytes(), presented.as_bytes()).is_ok()
        };
        let known: Vec<_> = servers.iter().filter(knows).collect();
        if known.is_empty() {
            Err(IngestError::Unauthorized)
        } else {
            Ok(Self(known))
        }
    }

    /// The server that a component belongs to; servers that share a secret are told apart by their domains.
    pub fn backend(&self, host: &str) -> BackendId {
        let name = self.server(host).name.clone();
        BackendId::jitsi(name)
    }

    /// Whether it is one of the servers that the caller may speak for.
    pub fn serves(&self, backend: &BackendId) -> bool {
        let is = |server: &&Jitsi| server.name == backend.name;
        backend.kind == BackendKind::Jitsi && self.0.iter().any(is)
    }

    /// Whether a list of the component's rooms speaks for breakout rooms, or for main rooms.
    ///
    /// Any other component, such as the lobby's, has rooms that are no meetings; its list must not end any.
    pub fn is_breakout_component(&self, host: &str) -> Result<bool, IngestError> {
        if host.eq_ignore_ascii_case(&self.server(host).muc_domain) {
            Ok(false)
        } else if host.starts_with("breakout.") {
            Ok(true)
        } else {
            Err(bad_field(
                "host",
                "is neither the muc_domain of usher.toml nor a breakout component",
            ))
        }
    }

    fn server(&self, host: &str) -> &'a Jitsi {
        let serves = |server: &&&Jitsi| server.muc_domain.eq_ignore_ascii_case(host);
        let under = |server: &&&Jitsi| {
            let parent = host.strip_suffix(server.domain.as_str());
            parent.is_some_and(|parent| parent.is_empty() || parent.ends_with('.'))
        };
        let (exact, near) = (self.0.iter().find(serves), self.0.iter().find(under));
        exact.or(near).unwrap_or(&self.0[0])
    }

    /// The room behind an address such as `alpha@conference.meet.example.com`.
    pub fn room(&self, jid: &str) -> Result<RoomKey, IngestError> {
        let (node, domain) = jid
            .split_once('@')
            .ok_or_else(|| bad_field("room_jid", "must be node@domain"))?;
        let name = RoomName::from_node(node).map_err(|e: NameError| bad_field("room_jid", &e.to_string()))?;
        Ok(RoomKey {
            backend: self.backend(domain),
            name,
        })
    }
}

/// Reads a whole body of JSON.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, IngestError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(wrong)?;
    reader.end()?;
    Ok(read)
}

/// Reads a part of a body that was JSON.
fn read_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, IngestError> {
    serde_path_to_error::deserialize(value).map_err(wrong)
}

/// What is wrong is named by its path, never quoted, since it may be about people.
fn wrong(error: serde_path_to_error::Error<serde_json::Error>) -> IngestError {
    match error.path().to_string() {
        field if field != "." && error.inner().is_data() => IngestError::WrongType { field },
        _ => IngestError::Malformed(error.into_inner()),
    }
}

/// Takes a text that goes into keys and records only if it may be what it says it is.
fn bounded<'a>(field: &'static str, text: &'a str, longest: usize) -> Result<&'a str, IngestError> {
    if text.is_empty() || text.len() > longest || text.contains(char::is_control) {
        let reason = format!("must have 1 to {longest} bytes and no control characters");
        return Err(IngestError::Field { field, reason });
    }
    Ok(text)
}

fn bad_field(field: &'static str, reason: &str) -> IngestError {
    IngestError::Field {
        field,
        reason: reason.to_owned(),
    }
}

/// Takes the time of an event in seconds since 1970, fractions allowed; refuses what cannot have just happened.
fn moment(field: &'static str, seconds: f64, now: Timestamp) -> Result<Timestamp, IngestError> {
    within(seconds, (now - Duration::days(7), now + Duration::hours(1))).ok_or_else(|| {
        bad_field(
            field,
            "is further than a week back or an hour ahead of this clock",
        )
    })
}

/// Takes the time when something began that may go on for very long, such as an always open room.
fn beginning(field: &'static str, seconds: f64, now: Timestamp) -> Result<Timestamp, IngestError> {
    within(seconds, (now - Duration::days(3650), now + Duration::hours(1))).ok_or_else(|| {
        bad_field(
            field,
            "is further than ten years back or an hour ahead of this clock",
        )
    })
}

fn within(seconds: f64, (earliest, latest): (Timestamp, Timestamp)) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float to integer cast saturates; the range is checked next"
    )]
    let at = Timestamp::from_timestamp_millis((seconds * 1000.0).round() as i64);
    at.filter(|at| (earliest..=latest).contains(at))
}
