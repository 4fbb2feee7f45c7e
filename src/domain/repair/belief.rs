//! What is believed of one room of a server that lists its rooms, taken from its meetings.

use std::collections::HashSet;

use crate::domain::observation::{OccupantId, Part, Role, RoomKey};
use crate::domain::{Meeting, Timestamp};

/// One room.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    pub room: RoomKey,
    /// Those that are open, or that people are in.
    pub lives: Vec<Life>,
    /// Openings that need not be told again, by sid.
    openings: HashSet<String>,
    /// Connections whose going is settled, or belongs to a meeting that is over: no list brings them back.
    settled: HashSet<String>,
}

/// One life of the room.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    pub sid: String,
    pub inside: Vec<Inside>,
    /// The latest moment for which the meeting itself shows that the room was there.
    pub known_at: Option<Timestamp>,
}

/// A person who is believed to be in.
#[derive(Debug, Clone, PartialEq)]
pub struct Inside {
    pub occupant: OccupantId,
    pub from: Timestamp,
}

// === impl Belief ===

impl Belief {
    pub fn new(room: RoomKey) -> Self {
        Self {
            room,
            lives: Vec::new(),
            openings: HashSet::new(),
            settled: HashSet::new(),
        }
    }

    /// Adds what a meeting of the room says. Of one that is over, only that it knows its people and openings.
    pub fn add(&mut self, meeting: &Meeting) {
        let named = |part: &Part| match part {
            Part::Opening(sid) => Some(sid.clone()),
            Part::Main | Part::Breakout(_) => None,
        };
        self.openings
            .extend(meeting.openings.iter().filter_map(|opening| named(&opening.part)));
        let is_over = meeting.status.is_final();
        let attendance = &meeting.attendance;
        let settled = attendance
            .stays()
            .iter()
            .filter(|stay| is_over || attendance.is_over(stay));
        self.settled.extend(settled.map(|stay| stay.occupant.0.clone()));
        if is_over {
            let past = attendance.stays().iter().filter_map(|stay| named(&stay.part));
            self.openings.extend(past);
            return;
        }
        let inhabited = attendance.stays().iter().filter(|stay| stay.is_open());
        let open = meeting
            .openings
            .iter()
            .filter(|opening| opening.closed_at.is_none());
        let parts = inhabited
            .map(|stay| &stay.part)
            .chain(open.map(|opening| &opening.part));
        let sids: HashSet<_> = parts.filter_map(named).collect();
        self.lives
            .extend(sids.into_iter().map(|sid| Life::of(meeting, sid)));
    }

    /// Whether a list that names the connection says nothing new.
    pub fn knows(&self, sid: &str) -> bool {
        let mut inside = self.lives.iter().flat_map(|life| &life.inside);
        inside.any(|inside| inside.occupant.0 == sid) || self.settled.contains(sid)
    }

    /// Whether that life of the room need not be told of.
    pub(super) fn knows_opening(&self, sid: &str) -> bool {
        self.openings.contains(sid)
    }

    /// Whether the room is known to have had that life, by its opening or by somebody in it.
    pub fn has_heard_of(&self, sid: &str) -> bool {
        self.knows_opening(sid) || self.lives.iter().any(|life| life.sid == sid)
    }

    pub(super) fn sids(&self) -> impl Iterator<Item = &str> {
        let people = self.lives.iter().flat_map(|life| life.inside.iter());
        let rooms = self.lives.iter().map(|life| life.sid.as_str());
        rooms.chain(people.map(|inside| inside.occupant.0.as_str()))
    }
}

// === impl Life ===

impl Life {
    fn of(meeting: &Meeting, sid: String) -> Self {
        let part = Part::Opening(sid.clone());
        let stays = meeting.attendance.stays().iter().filter(|stay| stay.part == part);
        let opened = meeting.openings.iter().filter(|opening| opening.part == part);
        let told = stays.clone().flat_map(|stay| {
            let left = stay.end.as_ref().filter(|end| !end.estimated);
            [Some(stay.from), left.map(|end| end.at)]
        });
        let known_at = told
            .flatten()
            .chain(opened.map(|opening| opening.opened_at))
            .max();
        // A recorder is on no list of people; it goes with the room.
        let people = stays.filter(|stay| stay.is_open() && stay.role == Role::Person);
        let inside = people.map(|stay| Inside {
            occupant: stay.occupant.clone(),
            from: stay.from,
        });
        Self {
            sid,
            inside: inside.collect(),
            known_at,
        }
    }
}
