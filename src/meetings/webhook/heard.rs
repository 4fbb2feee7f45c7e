//! When LiveKit's rooms were heard of last, as evidence that a life of a room goes on. In memory, but for when each server was
//! listed last before the start.

use std::collections::HashMap;

use crate::domain::Timestamp;
use crate::domain::observation::{BackendId, Part};

/// The latest webhooks, by the time at which LiveKit made them, and the latest lists.
#[derive(Debug, Default)]
pub(in crate::meetings) struct Heard {
    /// When each server was listed last before the start.
    before: HashMap<BackendId, Timestamp>,
    lives: HashMap<(BackendId, Part), Timestamp>,
    /// When they answered last that they are served.
    served: HashMap<(BackendId, Part), Timestamp>,
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
        later(self.lives.entry(life).or_insert(at), at);
    }

    /// Takes down that something served that life of a room.
    pub(in crate::meetings) fn note_served(&mut self, backend: &BackendId, part: Part, at: Timestamp) {
        later(self.served.entry((backend.clone(), part)).or_insert(at), at);
    }

    /// When the latest webhook about one life of a room was made; none since the start if none has come.
    pub(in crate::meetings) fn last(&self, backend: &BackendId, part: &Part) -> Option<Timestamp> {
        self.lives.get(&(backend.clone(), part.clone())).copied()
    }

    /// When that life of a room was heard of last, or known to be served, before `begun`, at which it began anew.
    pub(super) fn last_alive(&self, backend: &BackendId, part: &Part, begun: Timestamp) -> Option<Timestamp> {
        let served = self.served.get(&(backend.clone(), part.clone())).copied();
        let signs = [self.last(backend, part), served];
        if signs.iter().all(Option::is_none) {
            return self.before.get(backend).copied();
        }
        signs.into_iter().flatten().filter(|at| *at < begun).max()
    }

    /// Drops the lives of which nothing was heard for long; LiveKit names each anew.
    pub(super) fn forget_before(&mut self, past: Timestamp) {
        self.lives.retain(|_, at| *at >= past);
        self.served.retain(|_, at| *at >= past);
    }
}

fn later(known: &mut Timestamp, at: Timestamp) {
    *known = at.max(*known);
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
        assert_eq!(last(&heard, &main), Some(at(9)), "that is the new one");
        heard.note(&main, &life, at(10));
        assert_eq!(
            last(&heard, &main),
            None,
            "what was before the start is long ago by now"
        );
    }
}
