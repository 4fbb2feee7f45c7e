//! What LiveKit lists against what is believed of its rooms, and the facts that close the difference.
//!
//! A list that could not be had says nothing. A room or a person that is missing from one list may have been overtaken by
//! the list; missing from two that are [`APART`], with no word of it in between, it is gone. Whoever is listed is there, as
//! long as something serves the room ([`Watch`]): where LiveKit keeps its lists in Redis, a node that died leaves its rooms
//! and people on them for ever.
//!
//! Two rooms of one name can be open at once, on two nodes. Both answer to the name, so a list of people is of one of
//! them, and nobody can tell of which: it shows who is there, and never who is not. Who is new on it is taken to be in the
//! room that was opened last.

mod belief;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::{HashMap, HashSet};

use chrono::Duration;

pub use belief::{Belief, Inside, Life};
pub use watch::{Candidate, Trust, Watch};

use super::observation::{Observation, OccupantId, Part, RoomKey, What};
use super::participant::{Counting, Participant};
use super::{RoomName, Source, Timestamp};

/// How far apart two lists are at least that prove an absence: LiveKit tries a webhook for 15 s, and drops it when it has
/// waited for 30 s.
pub const APART: Duration = Duration::seconds(45);

/// One look at a server.
#[derive(Debug)]
pub struct Listing {
    /// When it was asked for.
    pub at: Timestamp,
    /// The rooms that usher follows, or would follow.
    pub rooms: Vec<Listed>,
    /// Who is in the rooms of that name; absent where the list of people could not be had.
    pub people: HashMap<RoomName, Vec<Participant>>,
    pub counting: Counting,
}

/// One life of a room, as it is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub room: RoomKey,
    pub sid: String,
    pub opened_at: Option<Timestamp>,
    pub trust: Trust,
}

/// A fact that nobody reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub kind: Kind,
    pub seen: Observation,
}

/// What it was that nobody reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Opened,
    Joined,
    Left,
    Ended,
    /// The end of a room that is still listed.
    Ghost,
}

/// What earlier lists of one server said; forgotten when usher stops, but for the time of the last.
#[derive(Debug, Default)]
pub struct Comparison {
    /// The last list of usher's life before this one.
    before: Option<Timestamp>,
    /// When a room or a person was listed last, by sid.
    listed: HashMap<String, Timestamp>,
    /// Since when it is missing.
    missed: HashMap<String, Timestamp>,
}

/// What is believed of the rooms of one server.
pub type Beliefs = HashMap<RoomKey, Belief>;

/// When something was last heard of a room or a person by webhook, by sid.
pub type Heard<'a> = &'a dyn Fn(&str) -> Option<Timestamp>;

/// One comparison under way.
struct Round<'a> {
    memory: &'a mut Comparison,
    listing: &'a Listing,
    heard: Heard<'a>,
    findings: Vec<Finding>,
}

// === impl Comparison ===

impl Comparison {
    /// Goes on after a stop of usher, before which the last list was had at `before`.
    pub fn since(before: Option<Timestamp>) -> Self {
        Self {
            before,
            ..Self::default()
        }
    }

    /// What nobody reported, room by room. Applied or not, the same difference is found again until it is gone.
    pub fn compare(&mut self, listing: &Listing, beliefs: &Beliefs, heard: Heard<'_>) -> Vec<Finding> {
        let mut round = Round {
            memory: self,
            listing,
            heard,
            findings: Vec::new(),
        };
        round.note();
        let listed = by_room(&listing.rooms);
        for belief in beliefs.values() {
            round.find_ends(belief, listed.get(&belief.room).map_or(&[], Vec::as_slice));
        }
        for (room, lives) in listed {
            round.find_beginnings(&lives, beliefs.get(room));
        }
        let findings = round.findings;
        self.forget(listing, beliefs);
        findings
    }

    /// Keeps what is listed or believed.
    fn forget(&mut self, listing: &Listing, beliefs: &Beliefs) {
        let rooms = listing.rooms.iter().map(|listed| listed.sid.as_str());
        let people = listing
            .people
            .values()
            .flatten()
            .map(|person| person.sid.as_str());
        let believed = beliefs.values().flat_map(Belief::sids);
        let known: HashSet<&str> = rooms.chain(people).chain(believed).collect();
        self.listed.retain(|sid, _| known.contains(sid.as_str()));
        self.missed.retain(|sid, _| known.contains(sid.as_str()));
    }
}

fn by_room(rooms: &[Listed]) -> HashMap<&RoomKey, Vec<&Listed>> {
    let mut by_room: HashMap<_, Vec<_>> = HashMap::new();
    for listed in rooms {
        by_room.entry(&listed.room).or_default().push(listed);
    }
    by_room
}

// === impl Round ===

impl Round<'_> {
    /// Takes down what is there.
    fn note(&mut self) {
        let rooms = self.listing.rooms.iter();
        let real = rooms.filter(|listed| !matches!(listed.trust, Trust::Ghost { .. }));
        let people = self.listing.people.values().flatten();
        let sids = real
            .map(|listed| &listed.sid)
            .chain(people.map(|person| &person.sid));
        for sid in sids {
            self.memory.listed.insert(sid.clone(), self.listing.at);
            self.memory.missed.remove(sid);
        }
    }

    fn find_ends(&mut self, belief: &Belief, lives: &[&Listed]) {
        for life in &belief.lives {
            match lives.iter().find(|listed| listed.sid == life.sid) {
                None if self.is_gone(&life.sid) => {
                    let since = self.last_known(&life.sid).max(life.known_at);
                    self.find_end(belief, life, Kind::Ended, since);
                }
                None => {}
                Some(listed) => match listed.trust {
                    // That it was listed says nothing; but before the last stop it was watched.
                    Trust::Ghost { since } => {
                        let since = since.max(life.known_at).max(self.memory.before);
                        self.find_end(belief, life, Kind::Ghost, since);
                    }
                    Trust::Served | Trust::Doubtful => self.find_leaves(belief, life, lives.len() == 1),
                },
            }
        }
    }

    fn find_end(&mut self, belief: &Belief, life: &Life, kind: Kind, since: Option<Timestamp>) {
        let part = Part::Opening(life.sid.clone());
        let since = since.unwrap_or(self.listing.at).min(self.listing.at);
        self.found(
            kind,
            &belief.room,
            self.listing.at,
            What::Vanished { part, since },
        );
    }

    fn find_leaves(&mut self, belief: &Belief, life: &Life, is_alone: bool) {
        let listing = self.listing;
        let Some(people) = listing.people.get(&belief.room.name) else {
            return;
        };
        let listed: HashSet<_> = people.iter().map(|person| person.sid.as_str()).collect();
        let missing = life
            .inside
            .iter()
            .filter(|inside| !listed.contains(inside.occupant.0.as_str()));
        for inside in missing {
            let sid = &inside.occupant.0;
            if !is_alone {
                self.memory.missed.remove(sid);
            } else if self.is_gone(sid) {
                let since = self.last_known(sid).max(Some(inside.from)).unwrap_or(inside.from);
                let what = What::Gone {
                    occupant: inside.occupant.clone(),
                    part: Part::Opening(life.sid.clone()),
                    entered_at: inside.from,
                    since: since.min(listing.at),
                };
                self.found(Kind::Left, &belief.room, listing.at, what);
            }
        }
    }

    /// Whether what is missing now was missing before, so long ago that it is no accident, and was not heard of since.
    fn is_gone(&mut self, sid: &str) -> bool {
        let at = self.listing.at;
        let missed = self.memory.missed.entry(sid.to_owned()).or_insert(at);
        if (self.heard)(sid).is_some_and(|heard_at| heard_at > *missed) {
            *missed = at;
        }
        at - *missed >= APART
    }

    /// When the room or the person was known to be there last.
    fn last_known(&self, sid: &str) -> Option<Timestamp> {
        let listed = self.memory.listed.get(sid).copied();
        listed.max((self.heard)(sid)).max(self.memory.before)
    }

    fn find_beginnings(&mut self, lives: &[&Listed], belief: Option<&Belief>) {
        let served = lives.iter().filter(|listed| listed.trust == Trust::Served);
        for listed in served.clone() {
            self.find_opening(listed, belief);
        }
        let newest = served.max_by_key(|listed| listed.opened_at);
        newest
            .into_iter()
            .for_each(|listed| self.find_joins(listed, belief));
    }

    /// The room's opening comes before those who are in, where it begins the meeting, and after them, where they do.
    fn find_joins(&mut self, listed: &Listed, belief: Option<&Belief>) {
        let listing = self.listing;
        let is_known = |occupant: &OccupantId| belief.is_some_and(|belief| belief.knows(&occupant.0));
        let part = Part::Opening(listed.sid.clone());
        let people = listing.people.get(&listed.room.name).into_iter().flatten();
        let arrivals = people
            .filter(|person| person.is_person(listing.counting))
            .map(|person| person.arrival(&part))
            .filter(|arrival| !is_known(&arrival.occupant));
        let mut is_new = false;
        for arrival in arrivals {
            is_new = true;
            self.found(Kind::Joined, &listed.room, listing.at, What::Entered(arrival));
        }
        if is_new {
            self.find_opening(listed, belief);
        }
    }

    fn find_opening(&mut self, listed: &Listed, belief: Option<&Belief>) {
        let is_known = belief.is_some_and(|belief| belief.knows_opening(&listed.sid));
        let Some(opened_at) = listed.opened_at.filter(|_| !is_known) else {
            return;
        };
        let what = What::RoomOpened {
            part: Part::Opening(listed.sid.clone()),
            opened_at: Some(opened_at),
            since: opened_at,
        };
        self.found(Kind::Opened, &listed.room, opened_at, what);
    }

    fn found(&mut self, kind: Kind, room: &RoomKey, at: Timestamp, what: What) {
        let seen = Observation {
            room: room.clone(),
            at,
            source: Source::Listing,
            what,
        };
        self.findings.push(Finding { kind, seen });
    }
}
