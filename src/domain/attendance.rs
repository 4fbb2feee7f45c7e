//! Who was in, from when to when: a set of stays that comes out the same in whatever order the facts arrive.
//!
//! A stay is known by who, where and since when ([`StayKey`]); every fact only adds to what is known of one stay. An
//! exact end wins over an estimated one, whichever came first. All figures are derived.

use std::collections::HashSet;

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::observation::{Arrival, Departure, LeaveReason, OccupantId, Part, Person, Role, Source};

mod conclusion;
mod figures;
mod moves;

pub(super) use figures::union;
pub use figures::{Figures, Visit, peak};

/// Everything known about who was in a meeting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Attendance {
    /// Ordered by [`StayKey`].
    stays: Vec<Stay>,
    /// When parts of the room were closed: a stay that is learned of later ended there at the latest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    closings: Vec<(Part, Timestamp)>,
}

/// One interval of one occupant in one part of the meeting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stay {
    pub occupant: OccupantId,
    #[serde(default, skip_serializing_if = "Part::is_main")]
    pub part: Part,
    pub from: Timestamp,
    pub role: Role,
    pub person: Person,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// How much of it has been announced.
    #[serde(default)]
    pub told: Told,
    /// Whether they were ordered to be put out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub has_to_go: bool,
}

/// How a stay ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    pub at: Timestamp,
    /// False where the server named this moment, true where usher concluded it.
    pub estimated: bool,
    pub reason: LeaveReason,
    pub source: Source,
    /// When usher learned of it.
    pub noticed_at: Timestamp,
}

/// Who told usher of a fact, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Notice {
    pub source: Source,
    pub at: Timestamp,
}

/// How much of a stay subscribers have been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    #[default]
    Nothing,
    Joined,
    Left,
}

/// What tells one stay from another.
pub type StayKey<'a> = (&'a OccupantId, &'a Part, Timestamp);

/// More stays than this are not taken down: the record would be too large to write at every coming and going.
const MAX_STAYS: usize = 10_000;

// === impl Stay ===

impl Stay {
    pub fn key(&self) -> StayKey<'_> {
        (&self.occupant, &self.part, self.from)
    }

    pub fn ended_at(&self) -> Option<Timestamp> {
        self.end.as_ref().map(|end| end.at)
    }

    pub fn is_open(&self) -> bool {
        self.end.is_none()
    }

    /// Whether nobody said that it is over.
    fn is_guessed_over(&self) -> bool {
        self.end.as_ref().is_some_and(End::is_concluded)
    }

    /// Keeps the better of two ends: exact before estimated; then the later exact one, the earlier estimate.
    fn finish(&mut self, end: End) {
        let end = End {
            at: end.at.max(self.from),
            ..end
        };
        let better = match &self.end {
            None => true,
            Some(known) if known.estimated != end.estimated => known.estimated,
            Some(known) if known.estimated => end.at < known.at,
            Some(known) => end.at > known.at,
        };
        if better {
            self.end = Some(end);
        }
    }
}

// === impl Attendance ===

impl Attendance {
    /// Every stay, ordered by occupant, part and beginning.
    pub fn stays(&self) -> &[Stay] {
        &self.stays
    }

    pub(super) fn stays_mut(&mut self) -> &mut [Stay] {
        &mut self.stays
    }

    /// The stays of people; recorders are not people.
    pub fn people(&self) -> impl Iterator<Item = &Stay> {
        self.stays.iter().filter(|stay| stay.role == Role::Person)
    }

    /// Whether some person is in now, as far as is known.
    pub fn is_anybody_in(&self) -> bool {
        self.people().any(Stay::is_open)
    }

    /// Somebody came in, or is in since a moment that the server does not know.
    pub fn enter(&mut self, arrival: &Arrival, at: Timestamp, notice: Notice) {
        let from = arrival
            .entered_at
            .or_else(|| self.open_since(arrival))
            .unwrap_or(at);
        let Some(index) = self.find_or_insert(arrival, from) else {
            return;
        };
        let stay = &mut self.stays[index];
        if arrival.person != Person::default() {
            stay.person = arrival.person.clone();
        }
        let closed = |(part, at): &&(Part, Timestamp)| *part == arrival.part && from < *at;
        if let Some((_, at)) = self
            .closings
            .iter()
            .filter(closed)
            .min_by_key(|closing| closing.1)
            && stay.is_open()
        {
            stay.finish(End::estimated(*at, LeaveReason::RoomClosed, notice));
        }
        self.end_what_a_later_stay_replaced(notice);
    }

    /// Somebody went out. A leave whose entry was lost brings its own beginning.
    pub fn leave(&mut self, departure: &Departure, at: Timestamp, notice: Notice) {
        let known = departure.entered_at.or_else(|| self.latest_start(departure, at));
        let Some(entered_at) = known else { return };
        let Some(index) = self.find_or_insert(&departure.arrival(), entered_at) else {
            return;
        };
        let Notice {
            source,
            at: noticed_at,
        } = notice;
        self.stays[index].finish(End {
            at,
            estimated: false,
            reason: departure.reason,
            source,
            noticed_at,
        });
        self.end_what_a_later_stay_replaced(notice);
    }

    /// Whether the connection is believed to be there, or is only guessed not to be.
    pub fn has_open(&self, departure: &Departure) -> bool {
        let is_same = |part: &Part| *part == departure.part || (part.is_named() && departure.part.is_named());
        let here = |stay: &Stay| is_same(&stay.part) && (stay.is_open() || stay.is_guessed_over());
        self.of(&departure.occupant).iter().any(here)
    }

    /// That part of the room was closed: nobody is in any more, and nobody who came before can still be.
    pub fn close(&mut self, part: &Part, at: Timestamp, notice: Notice) {
        let closing = (part.clone(), at);
        if !self.closings.contains(&closing) {
            self.closings.push(closing);
        }
        let end = End::estimated(at, LeaveReason::RoomClosed, notice);
        self.end_open(|stay| stay.part == *part && stay.from < at, &end);
    }

    /// Only those in `present` are in that part; who else was believed to be in left unseen, after `since`.
    pub fn keep_only(&mut self, part: &Part, present: &[Arrival], (since, at): Span, notice: Notice) {
        let end = End::estimated(since, LeaveReason::Missing, notice);
        self.end_all_but(part, present, at, &end);
    }

    /// Ends the stays in a part that began before `at`, but for those of `present`.
    fn end_all_but(&mut self, part: &Part, present: &[Arrival], at: Timestamp, end: &End) {
        let present: HashSet<_> = present.iter().map(|arrival| &arrival.occupant).collect();
        self.end_open(
            |stay| stay.part == *part && stay.from < at && !present.contains(&stay.occupant),
            end,
        );
    }

    /// Those in `present` are in at `at`, whatever was concluded before.
    pub fn believe_present(&mut self, present: &[Arrival], at: Timestamp, notice: Notice) {
        for arrival in present {
            self.enter(arrival, at, notice);
            self.reopen(arrival, at);
        }
    }

    /// A stay that was only guessed to be over goes on; if its end was told, it is told to begin again.
    fn reopen(&mut self, arrival: &Arrival, at: Timestamp) {
        let of_arrival = |stay: &Stay| stay.occupant == arrival.occupant && stay.part == arrival.part;
        let Some(latest) = self.stays.iter().rposition(of_arrival) else {
            return;
        };
        let is_over = self.is_over(&self.stays[latest]);
        let stay = &mut self.stays[latest];
        if !is_over && stay.ended_at().is_some_and(|ended_at| ended_at < at) {
            stay.end = None;
            stay.has_to_go = false;
            if stay.told == Told::Left {
                stay.told = Told::Nothing;
            }
        }
    }

    /// Everybody went, at `end`.
    pub fn end_all(&mut self, end: &End) {
        self.end_open(|_| true, end);
    }

    /// The recorders stop with the meeting.
    pub fn end_recordings(&mut self, at: Timestamp, notice: Notice) {
        let end = End::estimated(at, LeaveReason::RoomClosed, notice);
        self.end_open(|stay| stay.role == Role::Recorder, &end);
    }

    fn end_open(&mut self, concerns: impl Fn(&Stay) -> bool, end: &End) {
        let open = self.stays.iter_mut().filter(|stay| stay.is_open());
        open.filter(|stay| concerns(stay))
            .for_each(|stay| stay.finish(end.clone()));
    }

    /// Where the stay is; none when it is new and the meeting has as many as it may.
    fn find_or_insert(&mut self, arrival: &Arrival, from: Timestamp) -> Option<usize> {
        if let Some(known) = self.in_another_life(arrival, from) {
            return Some(known);
        }
        let key = (&arrival.occupant, &arrival.part, from);
        match self.stays.binary_search_by(|stay| stay.key().cmp(&key)) {
            Ok(index) => Some(index),
            Err(index) if self.stays.len() < MAX_STAYS => {
                self.stays.insert(index, Stay::begin(arrival, from));
                Some(index)
            }
            Err(_) => None,
        }
    }

    /// Since when the occupant is believed to be in that part.
    fn open_since(&self, arrival: &Arrival) -> Option<Timestamp> {
        let same = |stay: &&Stay| stay.part == arrival.part && (stay.is_open() || stay.is_guessed_over());
        self.of(&arrival.occupant)
            .iter()
            .rfind(same)
            .map(|stay| stay.from)
    }

    /// An occupant is in one part at most once, so a later stay there ends an earlier one whose leave was lost.
    fn end_what_a_later_stay_replaced(&mut self, notice: Notice) {
        for index in 1..self.stays.len() {
            let (earlier, later) = self.stays.split_at_mut(index);
            let (earlier, later) = (&mut earlier[index - 1], &later[0]);
            if earlier.is_open() && (&earlier.occupant, &earlier.part) == (&later.occupant, &later.part) {
                earlier.finish(End::estimated(later.from, LeaveReason::Missing, notice));
            }
        }
    }

    /// The stays of one occupant.
    fn of(&self, occupant: &OccupantId) -> &[Stay] {
        let start = self.stays.partition_point(|stay| stay.occupant < *occupant);
        let length = self.stays[start..].partition_point(|stay| stay.occupant == *occupant);
        &self.stays[start..start + length]
    }

    fn latest_start(&self, departure: &Departure, at: Timestamp) -> Option<Timestamp> {
        let same = |stay: &&Stay| stay.part == departure.part;
        self.of(&departure.occupant)
            .iter()
            .filter(same)
            .map(|stay| stay.from)
            .rfind(|from| *from <= at)
    }
}

/// A time between two moments.
pub type Span = (Timestamp, Timestamp);

// === impl End ===

impl End {
    pub fn estimated(at: Timestamp, reason: LeaveReason, notice: Notice) -> Self {
        Self {
            at,
            estimated: true,
            reason,
            source: notice.source,
            noticed_at: notice.at,
        }
    }

    /// Whether nobody said it.
    pub fn is_concluded(&self) -> bool {
        self.estimated && matches!(self.reason, LeaveReason::Missing | LeaveReason::ServerLost)
    }

    /// Until when the leave is not announced because the person may be moving.
    pub fn announced_from(&self) -> Timestamp {
        let window = if self.estimated {
            Duration::zero()
        } else {
            self.reason.move_window()
        };
        self.noticed_at + window
    }
}

impl Stay {
    fn begin(arrival: &Arrival, from: Timestamp) -> Self {
        Self {
            occupant: arrival.occupant.clone(),
            part: arrival.part.clone(),
            from,
            role: arrival.role,
            person: arrival.person.clone(),
            end: None,
            told: Told::Nothing,
            has_to_go: false,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Departure {
    fn arrival(&self) -> Arrival {
        Arrival {
            occupant: self.occupant.clone(),
            part: self.part.clone(),
            entered_at: self.entered_at,
            role: self.role,
            person: self.person.clone(),
        }
    }
}
