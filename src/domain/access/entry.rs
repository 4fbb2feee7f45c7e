//! Who may enter which room, and as what: channels and rules, decided in one place.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::opening::{Booked, Closed, RoomPassword};
use super::{RoomPattern, Seat};
use crate::domain::{Booking, RoomName, User};

/// Everything that decides about rooms.
///
/// Each question is answered by itself, by the first rule that fits the room and says something about it; where none does,
/// whoever has signed in may enter, without a privilege, and guests may not. A channel adds one thing: who may enter it
/// is said by its list alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoomRules {
    /// By number; the room of a channel is `channel-{number}`.
    pub channels: BTreeMap<u64, Channel>,
    /// In the order of the file.
    pub rules: Vec<Rule>,
}

/// A standing room with a list of those who may enter. Nobody needs to book it, and guests are never let in.
#[derive(Debug, Clone, PartialEq, Default)]
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
    pub unbooked: Option<Unbooked>,
    /// Who may enter where guests may not; everyone who has signed in, where no rule says.
    pub members: Option<Vec<Party>>,
    /// Whether people without an account may enter. Where they may, everybody may.
    pub guests: Option<bool>,
    pub moderators: Option<Vec<Party>>,
    /// Who walks past the lobby beside the moderators.
    pub lobby_bypass: Option<Vec<Party>>,
    /// Of [`FEATURES`](super::FEATURES); what a token does not name is refused to its holder.
    pub features: Option<BTreeMap<String, bool>>,
    pub max_people: Option<u32>,
    /// Whether people wait until a moderator lets them in.
    pub lobby: Option<bool>,
    /// Whether people wait until a moderator is in.
    pub wait_for_host: Option<bool>,
    /// What people have to say at the door.
    pub password: Option<RoomPassword>,
}

/// What happens to a room that nobody booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unbooked {
    Allow,
    Deny,
}

/// One person or several, as rules name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// Everyone with the role.
    Role(String),
    /// Whoever has the e-mail address, in lower case.
    User(String),
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
    /// True for every moderator.
    pub lobby_bypass: bool,
    /// The most people who may be in the room at once.
    pub max_people: Option<u32>,
}

/// What people wait for who do not moderate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// Until somebody who moderates is in.
    pub for_host: bool,
    /// Until somebody who moderates lets them in.
    pub to_be_let_in: bool,
}

/// Why somebody may not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryDenial {
    #[error("guests may not enter this room")]
    GuestsNotAllowed,
    #[error("the user is not among those who may enter this room")]
    NotAMember,
    /// Nobody may, now.
    #[error(transparent)]
    Closed(#[from] Closed),
}

// === impl RoomRules ===

impl RoomRules {
    /// Whether and how somebody may enter.
    ///
    /// Where the meeting names its people, they alone may, and whoever moderates it moderates; else whoever the rules let
    /// in. Who may not enter at all is told so first, whatever is booked: a calendar is nobody else's business.
    pub fn entry(
        &self,
        room: &RoomName,
        visitor: Visitor<'_>,
        booked: &Booked,
    ) -> Result<Entry, EntryDenial> {
        if let Some(number) = channel_number(room) {
            self.check_channel(number, visitor)?;
            return Ok(self.entry_as(room, visitor, None));
        }
        let seat = self.seat(room, visitor, booked.booking())?;
        self.opening(room, booked)?;
        Ok(self.entry_as(room, visitor, seat))
    }

    /// How somebody enters who may, with their seat in the meeting there, if it gave them one.
    pub fn entry_as(&self, room: &RoomName, visitor: Visitor<'_>, seat: Option<Seat>) -> Entry {
        let by_rule = self.names(room, visitor, |rule| rule.moderators.as_deref());
        let moderator = by_rule || seat == Some(Seat::Moderator);
        let bypass = self.names(room, visitor, |rule| rule.lobby_bypass.as_deref());
        let features = self.said(room, |rule| rule.features.as_ref());
        Entry {
            moderator,
            features: features.cloned().unwrap_or_default(),
            lobby_bypass: moderator || bypass,
            max_people: self.max_people(room),
        }
    }

    /// The most people who may be in a room at once.
    pub fn max_people(&self, room: &RoomName) -> Option<u32> {
        self.said(room, |rule| rule.max_people)
    }

    /// What people wait for before a room.
    pub fn waits(&self, room: &RoomName) -> Waits {
        Waits {
            for_host: self.said(room, |rule| rule.wait_for_host).unwrap_or_default(),
            to_be_let_in: self.said(room, |rule| rule.lobby).unwrap_or_default(),
        }
    }

    /// The channels that a user may enter, by number.
    pub fn channels_of(&self, user: &User) -> impl Iterator<Item = (u64, &Channel)> {
        let open = self.channels.iter().filter(|(_, channel)| channel.admits(user));
        open.map(|(number, channel)| (*number, channel))
    }

    /// A channel that is not configured (any more) is nobody's.
    fn check_channel(&self, number: u64, visitor: Visitor<'_>) -> Result<(), EntryDenial> {
        let Visitor::User(user) = visitor else {
            return Err(EntryDenial::GuestsNotAllowed);
        };
        let channel = self.channels.get(&number);
        let admitted = channel.is_some_and(|channel| channel.admits(user));
        if admitted {
            Ok(())
        } else {
            Err(EntryDenial::NotAMember)
        }
    }

    fn check_member(&self, room: &RoomName, visitor: Visitor<'_>) -> Result<(), EntryDenial> {
        if self.said(room, |rule| rule.guests) == Some(true) {
            return Ok(());
        }
        let Visitor::User(user) = visitor else {
            return Err(EntryDenial::GuestsNotAllowed);
        };
        match self.said(room, |rule| rule.members.as_deref()) {
            Some(members) if !any_is(members, user) => Err(EntryDenial::NotAMember),
            _ => Ok(()),
        }
    }

    /// The seat in the meeting. Where that names its people, whoever has none stays outside; else the rules say who may
    /// come, and its creator moderates.
    fn seat(
        &self,
        room: &RoomName,
        visitor: Visitor<'_>,
        booking: Option<&Booking>,
    ) -> Result<Option<Seat>, EntryDenial> {
        let seat = match visitor {
            Visitor::User(user) => booking.and_then(|booking| booking.seat(user)),
            Visitor::Guest => None,
        };
        match visitor {
            _ if !booking.is_some_and(Booking::names_people) => {
                self.check_member(room, visitor).map(|()| seat)
            }
            Visitor::Guest => Err(EntryDenial::GuestsNotAllowed),
            Visitor::User(_) => seat.map(Some).ok_or(EntryDenial::NotAMember),
        }
    }

    fn names<'a>(
        &'a self,
        room: &RoomName,
        visitor: Visitor<'_>,
        list: impl Fn(&'a Rule) -> Option<&'a [Party]>,
    ) -> bool {
        let Visitor::User(user) = visitor else {
            return false;
        };
        self.said(room, list).is_some_and(|parties| any_is(parties, user))
    }

    /// Whether it is the room of a channel that there is.
    pub(super) fn is_channel(&self, room: &RoomName) -> bool {
        channel_number(room).is_some_and(|number| self.channels.contains_key(&number))
    }

    /// What the first rule says that fits the room and says something.
    pub(super) fn said<'a, T>(&'a self, room: &RoomName, about: impl Fn(&'a Rule) -> Option<T>) -> Option<T> {
        let fitting = self
            .rules
            .iter()
            .filter(|rule| rule.rooms.matches_in_any_tenant(room));
        fitting.filter_map(about).next()
    }
}

// === impl Waits ===

impl Waits {
    /// Whether they make anybody wait for somebody.
    pub fn hold_people(self) -> bool {
        self.for_host || self.to_be_let_in
    }
}

// === impl Channel ===

impl Channel {
    /// The name of a channel's room.
    pub fn room(number: u64) -> RoomName {
        RoomName::parse(&format!("{PREFIX}{number}")).expect("letters, a hyphen and digits are a name")
    }

    fn admits(&self, user: &User) -> bool {
        let listed = |email: &String| self.members.contains(&email.to_lowercase());
        user.email.as_ref().is_some_and(listed) || self.roles.iter().any(|role| user.has_role(role))
    }
}

// === impl Party ===

impl Party {
    fn is(&self, user: &User) -> bool {
        match self {
            Self::Role(role) => user.has_role(role),
            Self::User(email) => user
                .email
                .as_ref()
                .is_some_and(|own| own.to_lowercase() == *email),
        }
    }
}

const PREFIX: &str = "channel-";

fn any_is(parties: &[Party], user: &User) -> bool {
    parties.iter().any(|party| party.is(user))
}

/// The channel whose room it is, in whichever tenant.
fn channel_number(room: &RoomName) -> Option<u64> {
    let digits = room.split().1.strip_prefix(PREFIX)?;
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests;
