//! Which rooms that are listed are served by anything: a call that only the room's own node can answer tells.

use std::collections::HashMap;

use chrono::Duration;

use super::APART;
use crate::domain::Timestamp;

/// What the calls have shown so far.
#[derive(Debug, Default)]
pub struct Watch {
    traces: HashMap<String, Trace>,
}

/// Whether what is listed of a room is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Something serves it, as far as is known.
    Served,
    /// Nobody answered for it lately; nothing new is believed of it.
    Doubtful,
    /// Nothing serves it. It ended after `since`, where that is known.
    Ghost { since: Option<Timestamp> },
}

/// A room that is listed.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub sid: &'a str,
    /// When something was last heard of it by webhook.
    pub heard_at: Option<Timestamp>,
    /// Whether there is something in the list that is not believed yet, and would be.
    pub has_news: bool,
    /// Whether it is believed to be open.
    pub is_believed: bool,
}

/// One room's calls.
#[derive(Debug, Default)]
struct Trace {
    asked_at: Option<Timestamp>,
    /// When it answered last.
    answered_at: Option<Timestamp>,
    /// Since when it does not.
    silent_since: Option<Timestamp>,
    is_ghost: bool,
}

/// How long nothing may be heard of a room before it is asked, and how often it is asked while nothing is heard: the end of
/// a room that nothing serves any more is estimated no worse than that.
const QUIET: Duration = Duration::minutes(2);

// === impl Watch ===

impl Watch {
    /// Whether the room is to be asked now.
    pub fn asks(&mut self, room: &Candidate<'_>, at: Timestamp) -> bool {
        let trace = self.traces.entry(room.sid.to_owned()).or_default();
        trace.hear(room.heard_at);
        let passed = |since: Option<Timestamp>, time| since.is_none_or(|since| at - since >= time);
        let is_quiet = passed(room.heard_at, QUIET);
        match trace.silent_since {
            Some(_) if trace.is_ghost => passed(trace.asked_at, QUIET),
            Some(_) => true,
            None => (room.is_believed || room.has_news) && is_quiet && passed(trace.answered_at, QUIET),
        }
    }

    /// Somebody serves the room, or nobody does.
    pub fn answered(&mut self, sid: &str, is_served: bool, at: Timestamp) {
        let trace = self.traces.entry(sid.to_owned()).or_default();
        trace.asked_at = Some(at);
        if is_served {
            (trace.answered_at, trace.silent_since, trace.is_ghost) = (Some(at), None, false);
            return;
        }
        let silent_since = *trace.silent_since.get_or_insert(at);
        trace.is_ghost |= at - silent_since >= APART;
    }

    /// What to make of a room that is listed.
    pub fn trust(&self, room: &Candidate<'_>) -> Trust {
        let known = Trace::default();
        let trace = self.traces.get(room.sid).unwrap_or(&known);
        match trace.silent_since {
            Some(_) if trace.is_ghost => Trust::Ghost {
                since: trace.answered_at.max(room.heard_at),
            },
            Some(_) => Trust::Doubtful,
            None if room.is_believed || trace.answered_at.max(room.heard_at).is_some() => Trust::Served,
            None => Trust::Doubtful,
        }
    }

    /// Nothing is known of the room any more: it was deleted.
    pub fn forget(&mut self, sid: &str) {
        self.traces.remove(sid);
    }

    /// Keeps what is listed.
    pub fn retain(&mut self, is_listed: impl Fn(&str) -> bool) {
        self.traces.retain(|sid, _| is_listed(sid));
    }

    /// How many rooms are listed that nothing serves.
    pub fn ghosts(&self) -> usize {
        self.traces.values().filter(|trace| trace.is_ghost).count()
    }
}

// === impl Trace ===

impl Trace {
    /// A webhook about the room that came after its silence began shows that it lives.
    fn hear(&mut self, heard_at: Option<Timestamp>) {
        let ends_silence = |since: Timestamp| heard_at.is_some_and(|heard_at| heard_at > since);
        if self.silent_since.is_some_and(ends_silence) {
            (self.silent_since, self.is_ghost) = (None, false);
        }
    }
}
