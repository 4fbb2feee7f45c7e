//! What was agreed about a meeting: whose it is, where, when, and between whom.

use std::collections::HashSet;
use std::fmt;

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::later;
use crate::domain::{ClientId, MeetingId, RoomKey, Timestamp, UserId};

/// What was agreed: whose meeting it is, where, when, for how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    pub client: ClientId,
    pub kind: Kind,
    pub room: RoomKey,
    #[serde(default)]
    pub meeting_type: MeetingType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_context: Option<String>,
    /// None for rooms that nobody booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<Slot>,
    /// The client's own number for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment: Option<String>,
    /// The client's `Idempotency-Key` of the request that booked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The meeting whose room people came back to after it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<MeetingId>,
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub details: Details,
}

/// What people wrote about a meeting and who is to be in it. No event carries any of it but the ids in `participants`'
/// own comings and goings.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who made it, where a person did, or for whom a program did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
    /// Who may see it and join it. Empty where the booking names nobody: then the rules for rooms alone decide who comes in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<UserId>,
    /// Who moderates beside the creator and the doctors; each is a participant too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<UserId>,
    /// Who may not come (any more), as meeting servers' reports name them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<UserId>,
    /// What was noted with a change of status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Present for appointments that were made as such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appointment: Option<Appointment>,
}

/// What makes a meeting an appointment at a hospital.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Appointment {
    /// An organisation; its staff may see the appointment.
    pub hospital: Option<String>,
    pub department: Option<String>,
    pub doctor: Option<UserId>,
    pub patient: Option<UserId>,
    /// People meet at the hospital; there is no room to join.
    pub in_person: bool,
    /// IANA name of the zone in which the time was given.
    pub time_zone: Option<String>,
    pub reason_for_visit: Option<Confidential>,
    /// JSON as it was given.
    pub patient_details: Option<Confidential>,
}

/// Health data: stored for those who may read it, and never printed by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Confidential(String);

/// A booked time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    pub starts_at: Timestamp,
    pub minutes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Appointment,
    Meeting,
    Adhoc,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum MeetingType {
    #[default]
    Video,
    Audio,
    Chat,
}

// === impl Booking ===

impl Booking {
    /// Whether somebody arranged it; what began by itself is nobody's booking.
    pub fn is_arranged(&self) -> bool {
        !self.client.is_adhoc()
    }

    /// Whether people meet at the hospital: nothing about it happens by itself, and it has no room to join.
    pub fn is_in_person(&self) -> bool {
        let appointment = self.details.appointment.as_ref();
        appointment.is_some_and(|appointment| appointment.in_person)
    }

    /// Whether it asks for what another did, whatever room was made up for either. Where the client has a number of its
    /// own for the appointment, that alone says what is meant.
    pub fn asks_what(&self, other: &Self) -> bool {
        let is_numbered = self.appointment.is_some();
        let asked = |booking: &Self| booking.asked_in(&self.room);
        self.appointment == other.appointment && (is_numbered || asked(self) == asked(other))
    }

    /// What was asked for, as if it had been for that room: without what differs from request to request.
    pub fn asked_in(&self, room: &RoomKey) -> Self {
        let mut asked = self.clone();
        asked.room = room.clone();
        asked.idempotency_key = None;
        asked.details.removed.clear();
        if self.kind == Kind::Adhoc {
            // It begins whenever it is asked for.
            asked.slot = asked.slot.map(|slot| Slot {
                starts_at: Timestamp::UNIX_EPOCH,
                ..slot
            });
        }
        asked
    }
}

// === impl Details ===

impl Details {
    /// Names those who may join, each once. Hosts are participants too.
    pub fn name_people(&mut self, mut participants: Vec<UserId>, mut hosts: Vec<UserId>) {
        keep_first(&mut hosts);
        participants.extend(hosts.iter().cloned());
        keep_first(&mut participants);
        self.participants = participants;
        self.hosts = hosts;
    }

    /// Who is to be in it and what it is called, and nothing of what was written: for another meeting of the same people.
    pub fn of_people(&self) -> Self {
        let appointment = self.appointment.as_ref().map(|appointment| Appointment {
            in_person: false,
            reason_for_visit: None,
            patient_details: None,
            ..appointment.clone()
        });
        Self {
            description: None,
            notes: None,
            appointment,
            ..self.clone()
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Drops whoever was named before.
fn keep_first(people: &mut Vec<UserId>) {
    let mut known = HashSet::new();
    people.retain(|person| known.insert(person.clone()));
}

// === impl Confidential ===

impl Confidential {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// For those who may read it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confidential")
    }
}

// === impl Slot ===

impl Slot {
    pub fn ends_at(&self) -> Timestamp {
        later(self.starts_at, Duration::minutes(i64::from(self.minutes)))
    }
}

// === impl Kind, MeetingType ===

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Appointment => "appointment",
            Self::Meeting => "meeting",
            Self::Adhoc => "adhoc",
        }
    }
}

impl MeetingType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Chat => "chat",
        }
    }
}
