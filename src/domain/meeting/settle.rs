//! What follows from what is known: changes of status, and what subscribers are told.

use super::{Input, Meeting, Policy, Status, later};
use crate::domain::attendance::{End, Stay, Told};
use crate::domain::event::{Cause, Event, EventKind, Participant};
use crate::domain::observation::{LeaveReason, Role, Source, What};
use crate::domain::{Figures, Timestamp};

/// Collects the events of one step.
pub(super) struct Teller {
    pub(super) now: Timestamp,
    pub(super) events: Vec<Event>,
    /// Who told what is being told now.
    pub(super) by: &'static str,
}

/// One event, before it is numbered.
pub(super) struct Telling {
    kind: EventKind,
    at: Timestamp,
    observed_at: Option<Timestamp>,
    synthesised: bool,
    cause: Cause,
    participant: Option<Participant>,
}

impl Meeting {
    /// Draws every conclusion that can be drawn now.
    pub(super) fn settle(&mut self, input: &Input, policy: &Policy, teller: &mut Teller) {
        if self.status.is_final() {
            self.amend(teller);
            return self.keep_to_time(policy, teller.now);
        }
        self.begin(input, policy, teller);
        let over = self.is_over(input, policy, teller.now);
        if over {
            let ended_at = self.attendance.empty_since().unwrap_or(teller.now);
            self.attendance.end_recordings(ended_at, self.notice(teller.now));
        }
        if self.status != Status::Scheduled {
            self.tell_comings_and_goings(teller, over);
        }
        if over {
            self.complete(input, teller);
        }
        self.miss(policy, teller);
        self.keep_to_time(policy, teller.now);
    }

    fn begin(&mut self, input: &Input, policy: &Policy, teller: &mut Teller) {
        let opened = self
            .openings
            .first()
            .filter(|_| policy.active_when_room_opens)
            .map(|opening| self.own(opening.opened_at));
        let first_in = self.attendance.people().min_by_key(|stay| stay.from);
        let started_at = first_in
            .map(|stay| stay.from)
            .into_iter()
            .chain(opened)
            .chain(self.declared_at)
            .min();
        match (self.status, started_at) {
            (Status::Active { .. }, Some(started_at)) => self.status = Status::Active { started_at },
            (Status::Scheduled, Some(started_at)) => {
                self.status = Status::Active { started_at };
                let detail = match input {
                    Input::Start => "declared",
                    Input::Observed(seen) if matches!(seen.what, What::RoomOpened { .. }) => "room_opened",
                    _ => "first_joined",
                };
                let by = input.by();
                self.tell(teller, Telling::of(EventKind::Active, started_at, by, detail));
            }
            _ => {}
        }
    }

    fn is_over(&self, input: &Input, policy: &Policy, now: Timestamp) -> bool {
        let concluded = || match input {
            Input::Lapse => true,
            Input::Tick => self.over_at(policy).is_some_and(|over_at| over_at <= now),
            _ => input.ends_for_everyone() || self.was_shut(input),
        };
        matches!(self.status, Status::Active { .. }) && !self.is_occupied(policy) && concluded()
    }

    /// Whether a room is closed from which people were put out. LiveKit up to 1.13.5 does not say why a room ended, only why
    /// each of them left.
    fn was_shut(&self, input: &Input) -> bool {
        let Input::Observed(seen) = input else {
            return false;
        };
        matches!(&seen.what, What::RoomClosed { part, .. } if part.is_named() && self.attendance.was_shut(part))
    }

    fn complete(&mut self, input: &Input, teller: &mut Teller) {
        let last = self
            .attendance
            .people()
            .filter_map(|stay| stay.end.as_ref())
            .max_by_key(|end| end.at);
        let synthesised = last.is_some_and(End::is_concluded);
        let (by, detail) = match (input, last) {
            (Input::End, _) => ("client", "ended"),
            (Input::Observed(seen), _) if self.is_kept_end() => (seen.source.as_str(), "time_is_up"),
            (Input::Observed(seen), _) => (seen.source.as_str(), "room_closed"),
            (_, Some(end)) if synthesised => ("repair", end.reason.as_str()),
            (_, Some(end)) => (end.source.as_str(), "last_left"),
            (_, None) => ("schedule", "nobody_came"),
        };
        let figures = self.figures(teller.now);
        let started_at = self.status.started_at().unwrap_or(teller.now);
        let ended_at = figures.map_or(self.declared_end().unwrap_or(started_at).min(teller.now), |f| {
            f.ended_at
        });
        let ended_at = ended_at.max(started_at);
        self.status = Status::Completed { started_at, ended_at };
        self.figures = figures;
        let telling = Telling::of(EventKind::Completed, ended_at, by, detail).concluded(synthesised);
        self.tell(teller, telling);
    }

    fn miss(&mut self, policy: &Policy, teller: &mut Teller) {
        if self.booking.is_in_person() {
            return;
        }
        let window_end = self
            .booking
            .slot
            .map(|slot| later(slot.ends_at(), policy.booked_grace));
        if let (Status::Scheduled, Some(at)) = (self.status, window_end.filter(|at| *at <= teller.now)) {
            self.status = Status::Missed { at };
            self.tell(
                teller,
                Telling::of(EventKind::Missed, at, "schedule", "nobody_came").concluded(true),
            );
        }
    }

    /// Corrects the record of a meeting that is over; its status stays.
    fn amend(&mut self, teller: &mut Teller) {
        let over_at = self.status.settled_at().unwrap_or(teller.now);
        // Who is learned of only now went out with the others, unless a leave says better.
        let gone = End::estimated(over_at, LeaveReason::Missing, self.notice(teller.now));
        self.attendance.end_all(&gone);
        self.attendance
            .stays_mut()
            .iter_mut()
            .for_each(|stay| stay.told = Told::Left);
        if self.is_closing() {
            // People are still being put out; once they are, one correction tells it all.
            return;
        }
        let figures = self.figures(over_at);
        if figures.map(Figures::of_people) == self.figures.map(Figures::of_people) {
            return;
        }
        self.figures = figures;
        if let (Status::Completed { .. }, Some(figures)) = (self.status, figures) {
            let started_at = self
                .declared_at
                .map_or(figures.started_at, |at| at.min(figures.started_at));
            self.status = Status::Completed {
                started_at,
                ended_at: figures.ended_at,
            };
        }
        self.tell(
            teller,
            Telling::of(EventKind::Amended, teller.now, "repair", "late_fact"),
        );
    }

    /// Tells who came and who went, by the server's time; moves inside the meeting are neither.
    pub(super) fn tell_comings_and_goings(&mut self, teller: &mut Teller, without_waiting: bool) {
        let mut untold: Vec<usize> = (0..self.attendance.stays().len()).collect();
        untold.retain(|&index| self.attendance.stays()[index].is_untold());
        untold.sort_by_key(|&index| self.attendance.stays()[index].next_at());
        for &index in &untold {
            self.tell_coming(index, teller);
        }
        untold.sort_by_key(|&index| self.attendance.stays()[index].ended_at());
        for index in untold {
            self.tell_going(index, teller, without_waiting);
        }
    }

    fn tell_coming(&mut self, index: usize, teller: &mut Teller) {
        let stay = &self.attendance.stays()[index];
        if stay.told != Told::Nothing {
            return;
        }
        if !self.attendance.is_of_told_visit(stay) {
            let telling = Telling::coming(stay, teller.by);
            self.tell(teller, telling);
        }
        self.attendance.stays_mut()[index].told = Told::Joined;
    }

    fn tell_going(&mut self, index: usize, teller: &mut Teller, without_waiting: bool) {
        let stay = &self.attendance.stays()[index];
        let Some(end) = stay.end.as_ref().filter(|_| stay.told != Told::Left) else {
            return;
        };
        if self.attendance.goes_on(stay) {
            self.attendance.stays_mut()[index].told = Told::Left;
        } else if without_waiting || end.announced_from() <= teller.now {
            let telling = Telling::going(stay, end, self.attendance.visit_began(stay));
            self.attendance.stays_mut()[index].told = Told::Left;
            self.tell(teller, telling);
        }
    }

    /// Numbers the event and takes down what the meeting is like at that moment.
    pub(super) fn tell(&mut self, teller: &mut Teller, telling: Telling) {
        self.sequence += 1;
        teller.events.push(Event {
            sequence: self.sequence,
            kind: telling.kind,
            at: telling.at,
            observed_at: telling.observed_at.unwrap_or(teller.now),
            synthesised: telling.synthesised,
            cause: telling.cause,
            status: self.status,
            people_now: self.attendance.people_now(),
            figures: self.figures_at(teller.now),
            participant: telling.participant,
        });
    }

    /// The figures that were told last, or else those of now.
    pub fn figures_at(&self, now: Timestamp) -> Option<Figures> {
        self.figures.or_else(|| self.figures(now))
    }
}

// === impl Input ===

impl Input {
    fn by(&self) -> &'static str {
        match self {
            Self::Observed(seen) => seen.source.as_str(),
            Self::Tick | Self::Lapse | Self::Done(_) => "schedule",
            Self::Start | Self::End | Self::Cancel | Self::Change(_) | Self::Remove(_) | Self::Readmit(_) => {
                "client"
            }
        }
    }
}

// === impl Stay ===

impl Stay {
    fn is_untold(&self) -> bool {
        self.told == Told::Nothing || (self.told == Told::Joined && self.end.is_some())
    }

    /// The moment that is told next.
    fn next_at(&self) -> Timestamp {
        if self.told == Told::Nothing {
            self.from
        } else {
            self.ended_at().unwrap_or(self.from)
        }
    }

    fn participant(&self) -> Participant {
        Participant {
            occupant: self.occupant.clone(),
            person: self.person.clone(),
            joined_at: self.from,
            left_at: None,
            estimated: false,
        }
    }
}

// === impl Teller, Telling ===

impl Teller {
    pub(super) fn new(now: Timestamp, by: &'static str) -> Self {
        Self {
            now,
            events: Vec::new(),
            by,
        }
    }
}

impl Telling {
    pub(super) fn of(kind: EventKind, at: Timestamp, by: &str, detail: &str) -> Self {
        let cause = Cause::new(by, detail);
        Self {
            kind,
            at,
            observed_at: None,
            synthesised: false,
            cause,
            participant: None,
        }
    }

    fn concluded(self, synthesised: bool) -> Self {
        Self { synthesised, ..self }
    }

    fn coming(stay: &Stay, by: &str) -> Self {
        let kind = match stay.role {
            Role::Person => EventKind::ParticipantJoined,
            Role::Recorder => EventKind::RecordingStarted,
        };
        Self {
            participant: Some(stay.participant()),
            ..Self::of(kind, stay.from, by, "entered").concluded(by == Source::Listing.as_str())
        }
    }

    /// Somebody who was in several parts of the meeting was in since `joined_at`.
    fn going(stay: &Stay, end: &End, joined_at: Timestamp) -> Self {
        let kind = match stay.role {
            Role::Person => EventKind::ParticipantLeft,
            Role::Recorder => EventKind::RecordingEnded,
        };
        let concluded = end.is_concluded();
        let by = if concluded { "repair" } else { end.source.as_str() };
        let participant = Participant {
            joined_at,
            left_at: Some(end.at),
            estimated: end.estimated,
            ..stay.participant()
        };
        Self {
            participant: Some(participant),
            observed_at: Some(end.noticed_at),
            ..Self::of(kind, end.at, by, end.reason.as_str()).concluded(concluded)
        }
    }
}
