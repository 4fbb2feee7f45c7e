//! When LiveKit was heard last, as evidence that a server or a life of a room goes on. In memory only: after a start nothing has
//! been heard.

use std::collections::HashMap;

use crate::domain::Timestamp;
use crate::domain::observation::{BackendId, Part};

/// The latest webhooks, by the time at which LiveKit made them.
#[derive(Debug, Default)]
pub(in crate::meetings) struct Heard {
    backends: HashMap<BackendId, Timestamp>,
    lives: HashMap<(BackendId, Part), Timestamp>,
    /// When they were on the server's list last.
    listed: HashMap<(BackendId, Part), Timestamp>,
}

// === impl Heard ===

impl Heard {
    /// Takes down a webhook of that server, about one life of a room if it was about one.
    pub(super) fn note(&mut self, backend: &BackendId, life: Option<&Part>, at: Timestamp) {
        later(self.backends.entry(backend.clone()).or_insert(at), at);
        if let Some(part) = life {
            let life = (backend.clone(), part.clone());
            later(self.lives.entry(life).or_insert(at), at);
        }
    }

    /// Takes down that the server listed that life of a room.
    pub(in crate::meetings) fn note_listed(&mut self, backend: &BackendId, part: Part, at: Timestamp) {
        later(self.listed.entry((backend.clone(), part)).or_insert(at), at);
    }

    /// When the server listed that life of a room last.
    pub(super) fn last_listed(&self, backend: &BackendId, part: &Part) -> Option<Timestamp> {
        self.listed.get(&(backend.clone(), part.clone())).copied()
    }

    /// The latest of that server, or the latest about one life of a room.
    pub(super) fn last(&self, backend: &BackendId, life: Option<&Part>) -> Option<Timestamp> {
        match life {
            None => self.backends.get(backend).copied(),
            Some(part) => self.lives.get(&(backend.clone(), part.clone())).copied(),
        }
    }

    /// Drops the lives of which nothing was heard for long; LiveKit names each anew.
    pub(super) fn forget_before(&mut self, past: Timestamp) {
        self.lives.retain(|_, at| *at >= past);
        self.listed.retain(|_, at| *at >= past);
    }
}

fn later(known: &mut Timestamp, at: Timestamp) {
    *known = at.max(*known);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::observation::BackendKind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    fn backend(name: &str) -> BackendId {
        BackendId {
            kind: BackendKind::Livekit,
            name: name.into(),
        }
    }

    #[test]
    fn what_was_heard_last_stands() {
        let mut heard = Heard::default();
        let (main, other) = (backend("main"), backend("other"));
        let life = Part::Opening("RM_1".into());
        heard.note(&main, Some(&life), at(5));
        heard.note(&main, Some(&life), at(3));
        heard.note(&main, None, at(9));
        assert_eq!(heard.last(&main, Some(&life)), Some(at(5)));
        assert_eq!(heard.last(&main, None), Some(at(9)));
        assert_eq!(heard.last(&other, Some(&life)), None, "sids are of one server");
        heard.forget_before(at(6));
        assert_eq!(heard.last(&main, Some(&life)), None);
        assert_eq!(heard.last(&main, None), Some(at(9)));
    }
}
