//! The keys of the lists: `owner/time/meeting`, which sort by time within an owner.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Owner;
use crate::domain::observation::without_address_id;
use crate::domain::{ClientId, Meeting, MeetingId, Timestamp};

/// A place on a list. Times count to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    millis: i64,
    pub(super) meeting: MeetingId,
}

/// What a time looks like in a key: so many digits of base 16, which sort like the times.
const DIGITS: usize = 16;
/// No cursor is longer: the digits, a slash and an id, in base 64.
const LONGEST_CURSOR: usize = 80;

// === impl Owner ===

impl Owner {
    /// The first part of the keys. Names that people chose are hashed: they may be long and hold anything.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Everyone => "all".to_owned(),
            Self::Client(client) => client_name(client),
            Self::User(user) => user_name(user.as_str()),
            Self::Organisation(name) => organisation_name(name),
        }
    }
}

fn client_name(client: &ClientId) -> String {
    format!("client.{client}")
}

/// Somebody known by an address is on the list that the fingerprint of it, as servers' reports are kept, is on too.
fn user_name(user: &str) -> String {
    format!("user.{}", hashed(&without_address_id(user)))
}

fn organisation_name(name: &str) -> String {
    format!("organisation.{}", hashed(name))
}

fn hashed(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

/// On whose lists a meeting is.
pub(super) fn owners(meeting: &Meeting) -> BTreeSet<String> {
    let booking = &meeting.booking;
    let details = &booking.details;
    let appointment = details.appointment.as_ref();
    let people = details.participants.iter().chain(&details.hosts);
    let people = people.chain(&details.created_by);
    let people = people.chain(appointment.and_then(|appointment| appointment.doctor.as_ref()));
    let people = people.chain(appointment.and_then(|appointment| appointment.patient.as_ref()));
    let seen = meeting.attendance.people().filter(|_| booking.client.is_adhoc());
    let people = people.chain(seen.filter_map(|stay| stay.person.user.as_ref()));
    let hospital = appointment.and_then(|appointment| appointment.hospital.as_deref());
    let mut owners: BTreeSet<_> = people.map(|user| user_name(user.as_str())).collect();
    owners.extend(hospital.map(organisation_name));
    owners.extend([Owner::Everyone.name(), client_name(&booking.client)]);
    owners
}

/// The keys under which a meeting is listed.
pub(in crate::meetings) fn keys(meeting: &Meeting) -> BTreeSet<String> {
    let spot = Spot::of(meeting);
    owners(meeting).iter().map(|owner| spot.key(owner)).collect()
}

/// What sorts before all keys of that moment and behind all earlier ones.
pub(super) fn before(owner: &str, at: Timestamp) -> String {
    format!("{owner}/{}", digits(at.timestamp_millis()))
}

/// What sorts behind all keys of an owner and before those of any other.
pub(super) fn end_of(owner: &str) -> String {
    const BEHIND_SLASH: char = '0';
    format!("{owner}{BEHIND_SLASH}")
}

/// With the sign turned over, negative numbers sort before the others.
fn digits(millis: i64) -> String {
    format!("{:0DIGITS$x}", millis.cast_unsigned() ^ (1 << 63))
}

fn millis(digits: &str) -> Option<i64> {
    let is_canonical = digits.len() == DIGITS && !digits.contains('+');
    let turned = u64::from_str_radix(digits, 16).ok().filter(|_| is_canonical)?;
    Some((turned ^ (1 << 63)).cast_signed())
}

// === impl Spot ===

impl Spot {
    pub(super) fn of(meeting: &Meeting) -> Self {
        Self {
            millis: meeting.listed_at().timestamp_millis(),
            meeting: meeting.id,
        }
    }

    pub(super) fn is_before(self, at: Timestamp) -> bool {
        self.millis < at.timestamp_millis()
    }

    pub(super) fn key(self, owner: &str) -> String {
        format!("{owner}/{}", self.tail())
    }

    fn tail(self) -> String {
        format!("{}/{}", digits(self.millis), self.meeting)
    }

    /// The spot that a key of that owner names.
    pub(super) fn of_key(owner: &str, key: &str) -> Option<Self> {
        Self::parse(key.strip_prefix(owner)?.strip_prefix('/')?)
    }

    /// Owner and spot of a key; none of what is no key of a list.
    pub(super) fn split(key: &str) -> Option<(&str, Self)> {
        let (owner, tail) = key.split_once('/')?;
        Some((owner, Self::parse(tail)?))
    }

    fn parse(tail: &str) -> Option<Self> {
        let (time, meeting) = tail.split_once('/')?;
        Some(Self {
            millis: millis(time)?,
            meeting: meeting.parse().ok()?,
        })
    }

    /// As callers carry it.
    pub(super) fn cursor(self) -> String {
        URL_SAFE_NO_PAD.encode(self.tail())
    }

    /// Whatever a caller made of it leads to some place on the caller's own list, or nowhere.
    pub(super) fn from_cursor(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD
            .decode(text.get(..LONGEST_CURSOR.min(text.len()))?)
            .ok()?;
        let spot = Self::parse(std::str::from_utf8(&bytes).ok()?)?;
        // An id can be spelled in several ways; only ours sorts.
        (spot.cursor() == text).then_some(spot)
    }
}
