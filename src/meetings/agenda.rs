//! Whose meeting is when: the lists of a client, of a person, of a hospital, in the order of time.
//!
//! A list is a run of keys in the store, one for each meeting on it. A key is durable no later than the record that
//! belongs there, so no crash takes a meeting off a list; a key that leads nowhere is passed over and swept up.

mod keep;
mod key;
mod sweep;

use futures_util::{StreamExt, stream};

use super::{Meetings, MeetingsError};
use crate::domain::{ClientId, Meeting, Status, Timestamp, UserId};
use crate::store::{Entry, Scan, Store, Table};
pub(super) use key::keys;
use key::{Spot, end_of, owners};

/// Whose list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    Everyone,
    /// What a program booked; under the name `adhoc`, what nobody did.
    Client(ClientId),
    /// What somebody made or is named in; of rooms that nobody booked, those in which they were seen.
    User(UserId),
    /// A hospital, whose appointments its staff may see.
    Organisation(String),
}

/// Which meetings of a list. A meeting's time is its booked start, or when it was made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    /// From this moment on. With it the list goes forward in time, without it back from the end.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// One of the words of [`Status::as_str`]. `cancelled` stands for `missed` too, as it does in answers.
    pub status: Option<&'static str>,
    /// Only those that were made as appointments.
    pub appointments: bool,
    /// Only those that are on the list of this person too. What else is on the list leaves no trace in the answer.
    pub person: Option<UserId>,
}

/// A part of a list.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub meetings: Vec<Meeting>,
    /// Where the next part begins; none where the list ends here. A part may be empty although more follow.
    pub next: Option<String>,
}

/// A walk along one list.
struct Walk<'a> {
    owner: String,
    /// Another list that a meeting has to be on.
    also: Option<String>,
    wanted: &'a Wanted,
    /// Where the part before ended.
    beyond: Option<Spot>,
}

/// How many keys one part goes through at most, so that a rare meeting cannot keep the disk busy.
const LOOKED_AT: usize = 1000;
const KEYS_AT_ONCE: usize = 100;
const MEETINGS_AT_ONCE: usize = 16;

// === impl Meetings ===

impl Meetings {
    /// The meetings on a list by their time, at most `limit`, after `cursor`: forward where `wanted` says from when on,
    /// else back from the latest. A cursor is good for the same question only; [`MeetingsError::BadCursor`] where it is
    /// none.
    pub async fn list(
        &self,
        owner: &Owner,
        wanted: &Wanted,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Listing, MeetingsError> {
        let beyond = cursor.map(|text| Spot::from_cursor(text).ok_or(MeetingsError::BadCursor));
        let walk = Walk {
            owner: owner.name(),
            also: wanted.person.clone().map(|person| Owner::User(person).name()),
            wanted,
            beyond: beyond.transpose()?,
        };
        let mut scan = walk.begin(&self.0.store);
        let (mut listing, mut looked_at, mut last) = (Listing::default(), 0, None);
        while looked_at < LOOKED_AT {
            let page = scan.next(KEYS_AT_ONCE).await?;
            let spots = walk.on_list(&page);
            let is_over = spots.is_empty() || spots.len() < page.len();
            looked_at += spots.len();
            let found = spots
                .into_iter()
                .map(async |spot| (spot, self.meeting_at(&walk, spot).await));
            let mut found = stream::iter(found).buffered(MEETINGS_AT_ONCE);
            while let Some((spot, meeting)) = found.next().await {
                if let Some(meeting) = meeting? {
                    if listing.meetings.len() == limit {
                        listing.next = last.map(Spot::cursor);
                        return Ok(listing);
                    }
                    listing.meetings.push(meeting);
                }
                last = Some(spot);
            }
            if is_over {
                return Ok(listing);
            }
        }
        listing.next = last.map(Spot::cursor);
        Ok(listing)
    }

    /// The meeting that a key leads to, if it belongs there and is wanted.
    async fn meeting_at(&self, walk: &Walk<'_>, spot: Spot) -> Result<Option<Meeting>, MeetingsError> {
        match self.get(spot.meeting).await {
            Ok(meeting) => Ok(meeting.filter(|meeting| walk.wants(meeting, spot))),
            // One that cannot be read must not hide the others.
            Err(error) if error.concerns_one_meeting() => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(meeting = %spot.meeting, error, "a meeting is missing from a list");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

// === impl Walk ===

impl Walk<'_> {
    fn begin(&self, store: &Store) -> Scan {
        let beyond = self.beyond.map(|spot| spot.key(&self.owner));
        let from = self.wanted.from.map(|from| key::before(&self.owner, from));
        if from.is_some() {
            return store.scan(Table::Agenda, beyond.max(from).as_deref());
        }
        let to = self.wanted.to.map(|to| key::before(&self.owner, to));
        let ends = [beyond, to, Some(end_of(&self.owner))];
        store.scan_back(Table::Agenda, ends.into_iter().flatten().min().as_deref())
    }

    /// The keys up to where the list, or what is wanted of it, ends.
    fn on_list(&self, page: &[Entry]) -> Vec<Spot> {
        let is_wanted = |spot: &Spot| self.wanted.to.is_none_or(|to| spot.is_before(to));
        let spots = page
            .iter()
            .map_while(|entry| Spot::of_key(&self.owner, &entry.key));
        spots.take_while(is_wanted).collect()
    }

    fn wants(&self, meeting: &Meeting, spot: Spot) -> bool {
        let lists = owners(meeting);
        Spot::of(meeting) == spot
            && lists.contains(&self.owner)
            && self.also.as_ref().is_none_or(|also| lists.contains(also))
            && self
                .wanted
                .status
                .is_none_or(|word| is_called(&meeting.status, word))
            && (!self.wanted.appointments || meeting.booking.details.appointment.is_some())
    }
}

fn is_called(status: &Status, word: &str) -> bool {
    let is_missed = matches!(status, Status::Missed { .. });
    status.as_str() == word || (is_missed && word == "cancelled")
}

#[cfg(test)]
mod tests;
