//! Who may do what, and why not. Every "no" carries its reason: it becomes the log line, the metric and the error code.

mod entry;
mod feature;
mod opening;
mod phase;
mod seat;
mod standing;

use std::fmt;

use serde::Deserialize;
use wildmatch::WildMatch;

pub use self::entry::{Channel, Entry, EntryDenial, Party, RoomRules, Rule, Unbooked, Visitor, Waits};
pub use self::feature::FEATURES;
pub use self::opening::{Booked, Closed, Opening, PasswordError, RoomPassword};
pub use self::phase::{Phase, Window};
pub use self::seat::{Seat, Viewer};
pub use self::standing::{Claim, Decision, Reason, Standing};
use super::RoomName;
use super::id::{NameError, normal_form};

/// What a client may do (`http.md` section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum Scope {
    #[serde(rename = "tokens:issue")]
    TokensIssue,
    #[serde(rename = "tokens:validate")]
    TokensValidate,
    #[serde(rename = "meetings:read")]
    MeetingsRead,
    #[serde(rename = "meetings:write")]
    MeetingsWrite,
    #[serde(rename = "events:read")]
    EventsRead,
    #[serde(rename = "audit:read")]
    AuditRead,
    #[serde(rename = "admin")]
    Admin,
}

/// A pattern of rooms: `*` stands for any text, `?` for one character of the normal form.
#[derive(Debug, Clone, PartialEq)]
pub struct RoomPattern(WildMatch);

/// What a client was given by its administrator.
#[derive(Debug, Clone, Copy)]
pub struct Permissions<'a> {
    pub scopes: &'a [Scope],
    pub rooms: &'a [RoomPattern],
}

/// Why a client may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    MissingScope(Scope),
    RoomNotAllowed,
}

// === impl Permissions ===

impl Permissions<'_> {
    /// Whether every one of `needs` is there; `admin` stands for all.
    pub fn require(&self, needs: &[Scope]) -> Result<(), Denial> {
        let has = |scope: &Scope| self.scopes.contains(scope) || self.scopes.contains(&Scope::Admin);
        match needs.iter().find(|scope| !has(scope)) {
            Some(missing) => Err(Denial::MissingScope(*missing)),
            None => Ok(()),
        }
    }

    /// Whether the client may name the room.
    pub fn require_room(&self, room: &RoomName) -> Result<(), Denial> {
        let allowed = self.rooms.iter().any(|pattern| pattern.matches(room));
        if allowed {
            Ok(())
        } else {
            Err(Denial::RoomNotAllowed)
        }
    }
}

// === impl RoomPattern ===

impl RoomPattern {
    /// Brings the text between the wildcards into the form of room names, so that `Café-*` fits what `Café-1` becomes.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let is_wild = |c: char| c == '*' || c == '?';
        let mut pattern = String::new();
        for piece in text.trim().split_inclusive(is_wild) {
            let literal = piece.trim_end_matches(is_wild);
            pattern += &normal_form(literal)?;
            pattern += &piece[literal.len()..];
        }
        if pattern.is_empty() {
            Err(NameError::Empty)
        } else {
            Ok(Self(WildMatch::new(&pattern)))
        }
    }

    /// Every room whose normal form begins so.
    pub fn beginning_with(prefix: &str) -> Self {
        Self(WildMatch::new(&format!("{prefix}*")))
    }

    pub fn matches(&self, room: &RoomName) -> bool {
        self.0.matches(room.as_str())
    }

    /// Whether the room fits, in whichever tenant it is. Where Prosody's domain verification is off (Docker's default), a
    /// token for `[acme]alpha` opens `alpha` and that of every other tenant, so what holds for one must hold for all.
    pub fn matches_in_any_tenant(&self, room: &RoomName) -> bool {
        self.matches(room) || self.0.matches(room.split().1)
    }
}

impl fmt::Display for RoomPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// === impl Scope ===

impl Scope {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokensIssue => "tokens:issue",
            Self::TokensValidate => "tokens:validate",
            Self::MeetingsRead => "meetings:read",
            Self::MeetingsWrite => "meetings:write",
            Self::EventsRead => "events:read",
            Self::AuditRead => "audit:read",
            Self::Admin => "admin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(text: &str) -> RoomName {
        RoomName::parse(text).unwrap()
    }

    #[test]
    fn a_missing_scope_is_named() {
        let permissions = Permissions {
            scopes: &[Scope::TokensIssue],
            rooms: &[],
        };
        assert_eq!(permissions.require(&[Scope::TokensIssue]), Ok(()));
        let denied = permissions.require(&[Scope::TokensIssue, Scope::MeetingsWrite]);
        assert_eq!(denied, Err(Denial::MissingScope(Scope::MeetingsWrite)));
        let admin = Permissions {
            scopes: &[Scope::Admin],
            rooms: &[],
        };
        assert_eq!(admin.require(&[Scope::AuditRead]), Ok(()));
    }

    #[test]
    fn patterns_fit_rooms_in_their_normal_form() {
        let patterns = ["ataraxia-*", "Café ?"].map(|text| RoomPattern::parse(text).unwrap());
        let permissions = Permissions {
            scopes: &[],
            rooms: &patterns,
        };
        for allowed in ["ataraxia-1", "ATARAXIA-x", "café 1"] {
            assert_eq!(permissions.require_room(&room(allowed)), Ok(()), "{allowed}");
        }
        for denied in ["ataraxi-1", "xataraxia-1", "café 12", "café"] {
            assert_eq!(
                permissions.require_room(&room(denied)),
                Err(Denial::RoomNotAllowed),
                "{denied}"
            );
        }
    }
}
