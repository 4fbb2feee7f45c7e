//! The waiting room of one meeting: who asked to be let in, and what was decided about them. Pure.

use std::collections::HashMap;

use chrono::Duration;

use crate::domain::access::Decision;
use crate::domain::{Timestamp, UserId};

/// The people of one meeting, as far as they passed by here.
#[derive(Debug)]
pub(super) struct Room {
    people: HashMap<UserId, Person>,
    /// Who went in as a moderator; the few last ones.
    moderators: Vec<UserId>,
    touched_at: Timestamp,
}

/// Somebody who asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    pub user: UserId,
    /// As the host sees them.
    pub name: String,
}

/// One person of a waiting room, as hosts see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub user: UserId,
    pub name: String,
    /// Since when they wait.
    pub since: Timestamp,
    /// What was decided, by whom and when; none for those who still wait.
    pub decided: Option<Decided>,
}

/// A decision with whoever took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub decision: Decision,
    /// Id of the user or the client.
    pub by: String,
    pub at: Timestamp,
}

/// There is no place for one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

#[derive(Debug)]
struct Person {
    name: String,
    since: Timestamp,
    /// None: waits no more.
    seen_at: Option<Timestamp>,
    decided: Option<Decided>,
}

/// Who has not asked for so long has gone.
const GONE_AFTER: Duration = Duration::seconds(15);
const MOST_PEOPLE: usize = 1000;
const MOST_MODERATORS: usize = 50;

// === impl Room ===

impl Room {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            people: HashMap::new(),
            moderators: Vec::new(),
            touched_at: now,
        }
    }

    /// When anything last happened here.
    pub(super) fn touched_at(&self) -> Timestamp {
        self.touched_at
    }

    pub(super) fn is_waited_in(&self, now: Timestamp) -> bool {
        // Whoever asks touches the room, so most of them need no look at their people.
        now - self.touched_at < GONE_AFTER && self.people.values().any(|person| person.waits(now))
    }

    /// Somebody asks, or asks again.
    pub(super) fn wait(&mut self, waiter: Waiter, now: Timestamp) -> Result<(), Full> {
        self.touched_at = now;
        if let Some(person) = self.people.get_mut(&waiter.user) {
            if !person.waits(now) {
                person.since = now;
            }
            person.name = waiter.name;
            person.seen_at = Some(now);
            return Ok(());
        }
        if self.people.len() >= MOST_PEOPLE {
            self.people
                .retain(|_, person| person.waits(now) || person.decided.is_some());
        }
        if self.people.len() >= MOST_PEOPLE {
            return Err(Full);
        }
        let person = Person {
            name: waiter.name,
            since: now,
            seen_at: Some(now),
            decided: None,
        };
        self.people.insert(waiter.user, person);
        Ok(())
    }

    pub(super) fn leave(&mut self, user: &UserId) {
        if let Some(person) = self.people.get_mut(user) {
            person.seen_at = None;
        }
    }

    pub(super) fn note_moderator(&mut self, user: &UserId, now: Timestamp) {
        self.touched_at = now;
        if self.moderators.contains(user) {
            return;
        }
        if self.moderators.len() == MOST_MODERATORS {
            self.moderators.remove(0);
        }
        self.moderators.push(user.clone());
    }

    pub(super) fn moderators(&self) -> impl Iterator<Item = &UserId> {
        self.moderators.iter()
    }

    pub(super) fn decision(&self, user: &UserId) -> Option<Decision> {
        let decided = self.people.get(user)?.decided.as_ref()?;
        Some(decided.decision)
    }

    /// False where the person never asked.
    pub(super) fn decide(&mut self, user: &UserId, decision: Decision, by: &str, now: Timestamp) -> bool {
        self.touched_at = now;
        let Some(person) = self.people.get_mut(user) else {
            return false;
        };
        person.decide(decision, by, now);
        true
    }

    pub(super) fn admit_all(&mut self, by: &str, now: Timestamp) {
        self.touched_at = now;
        let waiting = self.people.values_mut();
        waiting
            .filter(|person| person.waits(now) && person.decided.is_none())
            .for_each(|person| person.decide(Decision::Admitted, by, now));
    }

    /// Who waits, longest first, and then those of whom it was decided. Who has gone undecided is not on the list.
    pub(super) fn list(&self, now: Timestamp) -> Vec<Waiting> {
        let concerned = |person: &Person| person.decided.is_some() || person.waits(now);
        let people = self.people.iter().filter(|(_, person)| concerned(person));
        let mut list: Vec<_> = people.map(|(user, person)| person.shown(user)).collect();
        let order = |one: &Waiting| (one.decided.is_some(), one.since, one.user.clone());
        list.sort_by_cached_key(order);
        list
    }
}

// === impl Person ===

impl Person {
    fn waits(&self, now: Timestamp) -> bool {
        self.seen_at.is_some_and(|at| now - at < GONE_AFTER)
    }

    fn decide(&mut self, decision: Decision, by: &str, now: Timestamp) {
        let known = self.decided.as_ref().map(|decided| decided.decision);
        if known != Some(decision) {
            let by = by.to_owned();
            self.decided = Some(Decided {
                decision,
                by,
                at: now,
            });
        }
    }

    fn shown(&self, user: &UserId) -> Waiting {
        Waiting {
            user: user.clone(),
            name: self.name.clone(),
            since: self.since,
            decided: self.decided.clone(),
        }
    }
}
