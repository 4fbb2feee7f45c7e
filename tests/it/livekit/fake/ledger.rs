//! What really happened at the fake server: who was connected, and from when to when.

use livekit_protocol as proto;
use proto::participant_info::{Kind, State};

/// One connection with media, in milliseconds since 1970 by the server's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    pub room: String,
    pub sid: String,
    pub identity: String,
    pub from: i64,
    /// None as long as it lasts. The webhook tells the second only.
    pub to: Option<i64>,
    pub is_person: bool,
}

/// The stays of people as figures, as exactly as webhooks can tell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    pub first: i64,
    pub last: i64,
    pub occupied: i64,
    pub person: i64,
    pub peak: usize,
}

// === impl Stay ===

impl Stay {
    /// None where it never had media.
    pub fn begin(room: &str, info: &proto::ParticipantInfo) -> Option<Self> {
        let is_hidden = info.permission.as_ref().is_some_and(|may| may.hidden);
        (info.state() == State::Active).then(|| Self {
            room: room.to_owned(),
            sid: info.sid.clone(),
            identity: info.identity.clone(),
            from: info.joined_at_ms,
            to: None,
            is_person: info.kind() == Kind::Standard && !is_hidden,
        })
    }

    /// The second in which it ended, and never before it began.
    fn told_end(&self) -> i64 {
        let to = self.to.unwrap_or_else(|| panic!("{} is still in", self.identity));
        (to / 1000 * 1000).max(self.from)
    }
}

/// What the stays of people come to; all of them must be over.
pub fn sums(stays: &[Stay]) -> Sums {
    let people = stays.iter().filter(|stay| stay.is_person);
    let mut spans: Vec<_> = people.map(|stay| (stay.from, stay.told_end())).collect();
    spans.sort_unstable();
    // Who came and went within one second, as far as webhooks tell, was there for a moment all the same.
    let is_in = |at: i64, (from, to): (i64, i64)| from <= at && at < to.max(from + 1);
    let inside = |at: i64| spans.iter().filter(|span| is_in(at, **span)).count();
    let peak = spans.iter().map(|span| inside(span.0)).max();
    let mut occupied = 0;
    let mut until = i64::MIN;
    for &(from, to) in &spans {
        occupied += (to - from.max(until)).max(0);
        until = until.max(to);
    }
    Sums {
        first: spans.first().expect("somebody was in").0,
        last: until,
        occupied,
        person: spans.iter().map(|(from, to)| to - from).sum(),
        peak: peak.expect("somebody was in"),
    }
}
