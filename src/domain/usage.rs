//! What clients used, day by day: meetings, those that nobody came to, the time of people, and how many were in at once.
//!
//! A meeting counts whole for one day in UTC: the one it began, or else the one it was booked for. Also time after
//! midnight counts for that day.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{Days, Duration, NaiveDate};

use super::attendance::{Span, Visit, peak};
use super::{ClientId, Meeting, Status, Timestamp};

/// The totals of some days, as meetings are added one by one.
#[derive(Debug, Clone)]
pub struct Usage {
    days: Range<NaiveDate>,
    /// By day, then by client.
    totals: BTreeMap<(NaiveDate, ClientId), Tally>,
}

/// What one client used on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOfUse {
    pub day: NaiveDate,
    pub client: ClientId,
    /// Meetings that took place, or go on.
    pub meetings: u32,
    /// Nobody came.
    pub missed: u32,
    /// Called off, before or after they began.
    pub cancelled: u32,
    /// Time of all people together, in milliseconds.
    pub person_millis: i64,
    /// How many people were in meetings at once, over all of the client's meetings of that day.
    pub peak: u32,
}

#[derive(Debug, Clone, Default)]
struct Tally {
    meetings: u32,
    missed: u32,
    cancelled: u32,
    visits: Vec<Span>,
}

/// A meeting that began further from the time for which it is listed counts for the day of that time.
const STRAYS: Duration = Duration::hours(24);

// === impl Usage ===

impl Usage {
    /// Totals of the days from the first of `days` on, up to its end, which is not counted.
    pub fn new(days: Range<NaiveDate>) -> Self {
        Self {
            days,
            totals: BTreeMap::new(),
        }
    }

    /// Between which moments a meeting may be [listed](Meeting::listed_at) that counts for these days.
    pub fn listed(&self) -> Range<Timestamp> {
        let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        let stray = |at: Timestamp, by| at.checked_add_signed(by).unwrap_or(at);
        stray(midnight(self.days.start), -STRAYS)..stray(midnight(self.days.end), STRAYS)
    }

    /// Counts a meeting as it stands at `now`, if it is one of these days. Each may be added once.
    pub fn add(&mut self, meeting: &Meeting, now: Timestamp) {
        let day = day_of(meeting);
        if meeting.status == Status::Scheduled || !self.days.contains(&day) {
            return;
        }
        let key = (day, meeting.booking.client.clone());
        let tally = self.totals.entry(key).or_default();
        let counter = match meeting.status {
            Status::Scheduled | Status::Active { .. } | Status::Completed { .. } => &mut tally.meetings,
            Status::Missed { .. } => &mut tally.missed,
            Status::Cancelled { .. } => &mut tally.cancelled,
        };
        *counter += 1;
        let visits = meeting.attendance.visits(now);
        tally.visits.extend(visits.iter().map(Visit::span));
    }

    /// One row for each client and day of which there is something to tell, in order of days.
    pub fn days(&self) -> impl Iterator<Item = DayOfUse> {
        self.totals.iter().map(|((day, client), tally)| DayOfUse {
            day: *day,
            client: client.clone(),
            meetings: tally.meetings,
            missed: tally.missed,
            cancelled: tally.cancelled,
            person_millis: tally.person_millis(),
            peak: peak(&tally.visits),
        })
    }
}

/// The day in UTC for which a meeting counts.
fn day_of(meeting: &Meeting) -> NaiveDate {
    let listed_at = meeting.listed_at();
    let near = |at: &Timestamp| (*at - listed_at).abs() <= STRAYS;
    let began = meeting.status.started_at().filter(near);
    began.unwrap_or(listed_at).date_naive()
}

/// The day after.
pub fn next_day(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX)
}

// === impl DayOfUse ===

impl DayOfUse {
    /// Time of all people together in whole minutes, to the nearest.
    pub fn person_minutes(&self) -> i64 {
        (self.person_millis + 30_000) / 60_000
    }
}

// === impl Tally ===

impl Tally {
    fn person_millis(&self) -> i64 {
        let spans = self.visits.iter();
        spans.map(|(from, to)| (*to - *from).num_milliseconds()).sum()
    }
}

#[cfg(test)]
mod tests;
