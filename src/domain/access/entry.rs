//! Who may enter which room, and as what: channels and rules, decided in one place.

use std::collections::BTreeMap;

use super::RoomPattern;
use crate::domain::{RoomName, User};

/// Everything that decides about rooms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoomRules {
    /// By number; the room of a channel is `channel-{number}`.
    pub channels: BTreeMap<u64, Channel>,
    /// In the order of the file.
    pub rules: Vec<Rule>,
}

/// A standing room with a list of those who may enter.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    pub name: String,
    /// E-mail addresses, in lower case.
    pub members: Vec<String>,
    /// Everyone with one of these roles may enter too.
    pub roles: Vec<String>,
}

/// What holds in the rooms that fit a pattern. What is absent is left to the next rule that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub rooms: RoomPattern,
}

/// Who stands at the door.
#[derive(Debug, Clone, Copy)]
pub enum Visitor<'a> {
    User(&'a User),
    /// Somebody without an account.
    Guest,
}

/// How somebody may enter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Entry {
    pub moderator: bool,
    /// Empty: the rules say nothing about features.
    pub features: BTreeMap<String, bool>,
    pub lobby_bypass: bool,
}

/// Why somebody may not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryDenial {
    #[error("guests may not enter this room")]
    GuestsNotAllowed,
    #[error("the user is not among those who may enter this room")]
    NotAMember,
    #[error("nobody has booked this room")]
    NotBooked,
}

// === impl RoomRules ===

impl RoomRules {
    /// Whether and how somebody may enter; `is_booked` says whether a meeting is booked there that is not over.
    pub fn entry(
        &self,
        room: &RoomName,
        visitor: Visitor<'_>,
        is_booked: bool,
    ) -> Result<Entry, EntryDenial> {
        let _ = (room, visitor, is_booked);
        unimplemented!()
    }

    /// The channels that a user may enter, by number.
    pub fn channels_of(&self, user: &User) -> impl Iterator<Item = (u64, &Channel)> {
        let _ = user;
        self.channels.iter().map(|(number, channel)| (*number, channel))
    }
}
