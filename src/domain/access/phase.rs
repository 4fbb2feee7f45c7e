//! How it stands with coming in to one meeting at a moment, whoever comes. Doors of rooms, waiting rooms, pages and tokens
//! all go by this one judgement.

use chrono::Duration;

use crate::domain::meeting::{CloseReason, Shut};
use crate::domain::{Meeting, Status, Timestamp};

/// For how long a booked meeting keeps its room open around its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// How long before the start people may come in.
    pub early: Duration,
    /// How long after the end they may come back; or may not, where the end is kept.
    pub grace: Duration,
    /// Whether nobody may stay beyond the end.
    pub ends_are_kept: bool,
    /// How long a token may live that was given before a caller ended the meeting or called it off.
    pub tokens_live: Duration,
}

/// How it stands with coming in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// People meet at the hospital; there is no room.
    InPerson,
    /// Nobody comes in before that moment.
    Early { opens_at: Timestamp },
    /// Its time is now, or it goes on.
    Open,
    /// It is over, since everybody left before its time was. The room is theirs for the rest of that: whoever comes back
    /// begins another meeting there, and not before `opens_at` either.
    Left { opens_at: Option<Timestamp> },
    /// It is over. `is_shut`: for everyone, so that its room stays closed for a while; else the room is anybody's.
    Over { is_cancelled: bool, is_shut: bool },
}

// === impl Window ===

impl Window {
    /// How it stands with a meeting at `at`.
    pub fn phase(&self, meeting: &Meeting, at: Timestamp) -> Phase {
        let is_cancelled = matches!(meeting.status, Status::Cancelled { .. });
        let over = |is_shut| Phase::Over {
            is_cancelled,
            is_shut,
        };
        let is_shut = self.is_over_for_everyone(meeting, at);
        let opens_at = self.opens_at(meeting).filter(|opens_at| at < *opens_at);
        match meeting.status {
            _ if meeting.booking.is_in_person() && meeting.status.is_final() => over(false),
            _ if meeting.booking.is_in_person() => Phase::InPerson,
            Status::Active { .. } if !is_shut => Phase::Open,
            _ if self.closes_at(meeting).is_some_and(|closes_at| closes_at <= at) => over(false),
            _ if is_shut => over(true),
            Status::Completed { .. } if meeting.booking.slot.is_some() => Phase::Left { opens_at },
            Status::Completed { .. } | Status::Missed { .. } | Status::Cancelled { .. } => over(false),
            Status::Scheduled | Status::Active { .. } => match opens_at {
                Some(opens_at) => Phase::Early { opens_at },
                None => Phase::Open,
            },
        }
    }

    /// When people may come in first; none where no time was agreed.
    pub fn opens_at(&self, meeting: &Meeting) -> Option<Timestamp> {
        let slot = meeting.booking.slot?;
        let opens_at = slot.starts_at.checked_sub_signed(self.early);
        Some(opens_at.unwrap_or(Timestamp::MIN_UTC))
    }

    /// Until when, and why, nobody may be in the room of a meeting that somebody arranged, or that follows such a one: whatever
    /// follows it is over too.
    pub fn shut(&self, meeting: &Meeting, at: Timestamp) -> Option<Shut> {
        let is_shut = matches!(self.phase(meeting, at), Phase::Over { is_shut: true, .. });
        let no_token_is_left = || {
            let until = meeting.called_off_at?.checked_add_signed(self.tokens_live);
            Some(until.unwrap_or(Timestamp::MAX_UTC))
        };
        let until = self.closes_at(meeting).or_else(no_token_is_left)?;
        let why = match (meeting.shut, meeting.status, meeting.called_off_at) {
            (Some(shut), ..) => shut.why,
            (_, Status::Cancelled { .. }, _) => CloseReason::Cancelled,
            (_, _, Some(_)) => CloseReason::Ended,
            _ => CloseReason::TimeIsUp,
        };
        let counts = meeting.booking.is_arranged() || meeting.shut.is_some();
        (is_shut && counts).then_some(Shut { until, why })
    }

    /// Whether a caller ended it or called it off, or its end has come and is kept; or people came back to such a meeting.
    fn is_over_for_everyone(&self, meeting: &Meeting, at: Timestamp) -> bool {
        let has_ended = meeting.booking.slot.is_some_and(|slot| slot.ends_at() <= at);
        let is_cancelled = matches!(meeting.status, Status::Cancelled { .. });
        let follows_one = meeting.shut.is_some_and(|shut| at < shut.until);
        is_cancelled || meeting.called_off_at.is_some() || (self.ends_are_kept && has_ended) || follows_one
    }

    /// Until when they may come back to one that is over, or may not where it is over for everyone: clients that
    /// lost their room try again by themselves. What a caller ended stays closed until the last token for it has run out:
    /// the server takes it for good, and rooms are made up for one meeting, so that nobody else wants to come in.
    fn closes_at(&self, meeting: &Meeting) -> Option<Timestamp> {
        if let Some(shut) = meeting.shut {
            return Some(shut.until);
        }
        let ends_at = meeting.booking.slot?.ends_at();
        let (over_at, kept) = match meeting.called_off_at {
            Some(at) => (at.max(ends_at), self.grace.max(self.tokens_live)),
            None => (ends_at, self.grace),
        };
        let closes_at = over_at.checked_add_signed(kept);
        Some(closes_at.unwrap_or(Timestamp::MAX_UTC))
    }
}
