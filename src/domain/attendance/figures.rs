//! What the stays add up to: when people were in, for how long, and how many at once.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::{Attendance, Person, Span, Stay};
use crate::domain::Timestamp;
use crate::domain::observation::LeaveReason;

/// The figures of a meeting, exact to the millisecond of what the servers reported.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// When the first person came in.
    pub started_at: Timestamp,
    /// When the last person went out; `now` where people are still in.
    pub ended_at: Timestamp,
    /// Milliseconds in which the room was open, until the last person left.
    #[serde(default)]
    pub open_millis: i64,
    /// Milliseconds in which at least one person was in: the union of the stays.
    pub occupied_millis: i64,
    /// Milliseconds of all people together: the sum of the stays.
    pub person_millis: i64,
    /// How many people were in at once.
    pub peak: u32,
}

/// One time that somebody was in, with moves between parts of the meeting joined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit<'a> {
    pub person: &'a Person,
    pub from: Timestamp,
    /// When it ended; `now` where it goes on.
    pub to: Timestamp,
    pub goes_on: bool,
    /// Whether usher concluded when it ended.
    pub estimated: bool,
    /// Why it ended; none where it goes on.
    pub reason: Option<LeaveReason>,
}

impl Figures {
    /// Occupied time in whole seconds, to the nearest.
    pub fn duration_seconds(&self) -> i64 {
        seconds(self.occupied_millis)
    }

    /// Time of all people together in whole seconds, to the nearest.
    pub fn person_seconds(&self) -> i64 {
        seconds(self.person_millis)
    }

    /// Time that the room was open in whole seconds, to the nearest.
    pub fn open_seconds(&self) -> i64 {
        seconds(self.open_millis)
    }

    /// The figures without those of the room, which is opened and closed by the server as it likes.
    pub fn of_people(self) -> Self {
        Self {
            open_millis: 0,
            ..self
        }
    }

    /// Occupied time in whole minutes that have passed.
    pub fn duration_minutes(&self) -> i64 {
        self.duration_seconds() / 60
    }
}

impl Attendance {
    /// How many people are in.
    pub fn people_now(&self) -> u32 {
        let mut open: Vec<_> = self
            .people()
            .filter(|stay| stay.is_open())
            .map(|stay| &stay.occupant)
            .collect();
        open.dedup();
        count(open.len())
    }

    /// When the last person went out; none while somebody is in or nobody ever was.
    pub fn empty_since(&self) -> Option<Timestamp> {
        self.people()
            .map(Stay::ended_at)
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()
    }

    /// What the stays add up to at `now`; none when nobody ever came.
    pub fn figures(&self, now: Timestamp) -> Option<Figures> {
        let visits: Vec<_> = self.visits(now).iter().map(Visit::span).collect();
        let started_at = visits.iter().map(|visit| visit.0).min()?;
        let ended_at = visits.iter().map(|visit| visit.1).max()?;
        let person_millis = visits
            .iter()
            .map(|(from, to)| (*to - *from).num_milliseconds())
            .sum();
        let peak = peak(&visits);
        let occupied_millis = union(visits).num_milliseconds();
        Some(Figures {
            started_at,
            ended_at,
            open_millis: 0,
            occupied_millis,
            person_millis,
            peak,
        })
    }

    /// The stays of people with moves between parts joined into one visit; those of one connection in order of time.
    pub fn visits(&self, now: Timestamp) -> Vec<Visit<'_>> {
        let mut visits: Vec<Visit<'_>> = Vec::new();
        for of_one in self.stays.chunk_by(|a, b| a.occupant == b.occupant) {
            let people = of_one.iter().filter(|stay| stay.role == super::Role::Person);
            let mut spans: Vec<_> = people.map(|stay| (stay, span(stay, now))).collect();
            spans.sort_by_key(|(_, span)| *span);
            let first = visits.len();
            for (stay, span) in spans {
                let reach = |visit: &Visit<'_>| span.0 <= visit.to + move_window_before(stay, of_one);
                match visits[first..].last_mut().filter(|visit| reach(visit)) {
                    Some(visit) => visit.go_on_with(stay, span),
                    None => visits.push(Visit::of(stay, span)),
                }
            }
        }
        visits
    }
}

// === impl Visit ===

impl<'a> Visit<'a> {
    fn of(stay: &'a Stay, (from, to): Span) -> Self {
        Self {
            person: &stay.person,
            from,
            to,
            goes_on: stay.is_open(),
            estimated: stay.end.as_ref().is_some_and(|end| end.estimated),
            reason: stay.end.as_ref().map(|end| end.reason),
        }
    }

    /// The same person, in another part.
    fn go_on_with(&mut self, stay: &'a Stay, (from, to): Span) {
        let next = Self::of(stay, (from, to));
        if to >= self.to {
            (self.to, self.estimated, self.reason) = (to, next.estimated, next.reason);
        }
        self.goes_on |= next.goes_on;
        if *self.person == Person::default() {
            self.person = next.person;
        }
    }

    /// From when to when.
    pub fn span(&self) -> Span {
        (self.from, self.to)
    }

    /// In whole seconds, to the nearest.
    pub fn seconds(&self) -> i64 {
        seconds((self.to - self.from).num_milliseconds())
    }
}

/// How long a gap before `stay` is a move and not an absence: what the nearest end elsewhere allows.
fn move_window_before(stay: &Stay, of_one: &[Stay]) -> Duration {
    let elsewhere = of_one.iter().filter(|other| other.can_go_on_in(&stay.part));
    let ends = elsewhere
        .filter_map(|other| other.end.as_ref())
        .filter(|end| end.at <= stay.from);
    ends.max_by_key(|end| end.at)
        .map_or(Duration::zero(), |end| end.reason.move_window())
}

fn seconds(millis: i64) -> i64 {
    (millis + 500) / 1000
}

fn span(stay: &Stay, now: Timestamp) -> Span {
    (stay.from, stay.ended_at().unwrap_or(now).max(stay.from))
}

/// The time that the spans cover together.
pub(in crate::domain) fn union(mut spans: Vec<Span>) -> Duration {
    spans.sort_unstable();
    let mut covered = Duration::zero();
    let mut until = Timestamp::MIN_UTC;
    for (from, to) in spans {
        if to > until {
            covered += to - from.max(until);
            until = to;
        }
    }
    covered
}

/// How many of the spans overlap at most; who leaves at the moment another comes does not count with them. Whoever seems to
/// have left at once was in all the same: servers that tell leaves in whole seconds make short stays shorter.
pub fn peak(spans: &[Span]) -> u32 {
    let left_at = |from: Timestamp, to: Timestamp| to.max(from + Duration::milliseconds(1));
    let mut steps: Vec<_> = spans
        .iter()
        .flat_map(|&(from, to)| [(from, 1), (left_at(from, to), -1)])
        .collect();
    steps.sort_unstable();
    let mut now = 0i64;
    let most = steps.into_iter().map(|(_, step)| {
        now += step;
        now
    });
    count(usize::try_from(most.max().unwrap_or(0)).unwrap_or(0)).max(u32::from(!spans.is_empty()))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
