//! When LiveKit's rooms were heard of last, as evidence that a life of a room goes on. In memory, but for when each server was
//! listed last before the start.

use std::collections::HashMap;

use crate::domain::Timestamp;
use crate::domain::observation::{BackendId, Part};

/// The latest webhooks, by the time at which LiveKit made them, and the latest answers.
#[derive(Debug, Default)]
pub(in crate::meetings) struct Heard {
    /// When each server was listed last before the start.
    before: HashMap<BackendId, Timestamp>,
    webhooks: HashMap<(BackendId, Part), Signs>,
    /// When they answered that they are served.
    answers: HashMap<(BackendId, Part), Signs>,
}

/// The last two signs of life, of different moments: the last may be one of the room's next life already.
#[derive(Debug)]
struct Signs {
    last: Timestamp,
    earlier: Option<Timestamp>,
}

// === impl Heard ===

impl Heard {
    /// Nothing was heard yet; these servers were listed last at these times.
    pub(in crate::meetings) fn since(before: HashMap<BackendId, Timestamp>) -> Self {
        Self {
            before,
            ..Self::default()
        }
    }

    /// Takes down a webhook of that server about one life of a room.
    pub(super) fn note(&mut self, backend: &BackendId, part: &Part, at: Timestamp) {
        let life = (backend.clone(), part.clone());
        self.webhooks.entry(life).or_insert(Signs::new(at)).note(at);
    }

    /// Takes down that something served that life of a room.
    pub(in crate::meetings) fn note_served(&mut self, backend: &BackendId, part: Part, at: Timestamp) {
        let life = (backend.clone(), part);
        self.answers.entry(life).or_insert(Signs::new(at)).note(at);
    }

    /// When the latest webhook about one life of a room was made; none since the start if none has come.
    pub(in crate::meetings) fn last(&self, backend: &BackendId, part: &Part) -> Option<Timestamp> {
        let life = (backend.clone(), part.clone());
        self.webhooks.get(&life).map(|signs| signs.last)
    }

    /// When that life of a room was heard of last, or known to be served, before `begun`, at which it began anew. Where it was
    /// not since the start, that is when its server was listed last before.
    pub(super) fn last_alive(&self, backend: &BackendId, part: &Part, begun: Timestamp) -> Option<Timestamp> {
        let life = (backend.clone(), part.clone());
        let signs = [self.webhooks.get(&life), self.answers.get(&life)];
        let last = signs
            .into_iter()
            .flatten()
            .filter_map(|signs| signs.before(begun));
        last.max().or_else(|| self.before.get(backend).copied())
    }

    /// Drops the lives of which nothing was heard for long; LiveKit names each anew.
    pub(super) fn forget_before(&mut self, past: Timestamp) {
        self.webhooks.retain(|_, signs| signs.last >= past);
        self.answers.retain(|_, signs| signs.last >= past);
    }
}

// === impl Signs ===

impl Signs {
    fn new(at: Timestamp) -> Self {
        Self {
            last: at,
            earlier: None,
        }
    }

    fn note(&mut self, at: Timestamp) {
        if at > self.last {
            (self.earlier, self.last) = (Some(self.last), at);
        } else if at < self.last {
            self.earlier = self.earlier.max(Some(at));
        }
    }

    fn before(&self, begun: Timestamp) -> Option<Timestamp> {
        let both = [Some(self.last), self.earlier];
        both.into_iter().flatten().find(|at| *at < begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    fn backend(name: &str) -> BackendId {
        BackendId::livekit(name)
    }

    #[test]
    fn what_was_heard_last_stands() {
        let mut heard = Heard::default();
        let (main, other) = (backend("main"), backend("other"));
        let life = Part::Opening("RM_1".into());
        heard.note(&main, &life, at(5));
        heard.note(&main, &life, at(3));
        assert_eq!(heard.last(&main, &life), Some(at(5)));
        assert_eq!(heard.last(&other, &life), None, "sids are of one server");
        heard.forget_before(at(6));
        assert_eq!(heard.last(&main, &life), None);
    }

    #[test]
    fn the_last_list_before_the_start_is_evidence_until_there_is_better() {
        let (main, other) = (backend("main"), backend("other"));
        let life = Part::Opening("RM_1".into());
        let mut heard = Heard::since([(main.clone(), at(5))].into());
        assert_eq!(heard.last(&main, &life), None, "no webhook has come");
        let last = |heard: &Heard, backend| heard.last_alive(backend, &life, at(10));
        assert_eq!((last(&heard, &main), last(&heard, &other)), (Some(at(5)), None));
        heard.note_served(&main, life.clone(), at(8));
        assert_eq!(last(&heard, &main), Some(at(8)));
        heard.note(&main, &life, at(9));
        assert_eq!(last(&heard, &main), Some(at(9)));
        heard.note_served(&main, life.clone(), at(11));
        heard.note(&main, &life, at(10));
        heard.note(&main, &life, at(10));
        assert_eq!(last(&heard, &main), Some(at(9)), "the others are of the new one");
    }
}
