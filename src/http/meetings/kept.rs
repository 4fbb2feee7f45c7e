//! Tokens that people were given with a meeting a moment ago: a page that is loaded again shows the same one, and nothing is
//! signed and written down anew.
//!
//! Whether somebody may have a token is asked each time; only then is one that was given before as good as a new one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::ticket::Ticket;
use crate::config::Config;
use crate::domain::access::Entry;
use crate::domain::{MeetingId, SessionId, Timestamp};
use crate::tokens::{Issued, Person, PlainText};

/// What was given with meetings; cheap to clone.
#[derive(Clone, Default)]
pub struct KeptTokens(Arc<Mutex<Kept>>);

/// Whose token for which meeting.
type Key = (SessionId, MeetingId);

#[derive(Default)]
struct Kept {
    /// The configuration under which they were signed; another may have other keys.
    config: Weak<Config>,
    tokens: HashMap<Key, Token>,
}

struct Token {
    person: Person,
    entry: Entry,
    group: Option<PlainText>,
    issued_at: Timestamp,
    issued: Issued,
}

/// So many are kept; then all are forgotten.
const MOST: usize = 4096;

// === impl KeptTokens ===

impl KeptTokens {
    /// A token that says what this ticket says, with more than half of its life left and no more than it may have.
    pub(super) fn get(
        &self,
        key: Key,
        ticket: &Ticket,
        (config, now): (&Arc<Config>, Timestamp),
    ) -> Option<Issued> {
        let mut kept = self.under(config);
        let token = kept
            .tokens
            .get(&key)
            .filter(|token| token.is_as_good_as(ticket, now));
        let issued = token.map(|token| token.issued.clone());
        if issued.is_none() {
            kept.tokens.remove(&key);
        }
        issued
    }

    pub(super) fn put(
        &self,
        key: Key,
        (ticket, issued): (&Ticket, &Issued),
        (config, now): (&Arc<Config>, Timestamp),
    ) {
        let mut kept = self.under(config);
        if kept.tokens.len() >= MOST {
            kept.tokens = HashMap::new();
        }
        let token = Token {
            person: ticket.person.clone(),
            entry: ticket.entry.clone(),
            group: ticket.group.clone(),
            issued_at: now,
            issued: issued.clone(),
        };
        kept.tokens.insert(key, token);
    }

    /// Those of this configuration; the others are forgotten.
    fn under(&self, config: &Arc<Config>) -> std::sync::MutexGuard<'_, Kept> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::ptr::eq(kept.config.as_ptr(), Arc::as_ptr(config)) {
            *kept = Kept {
                config: Arc::downgrade(config),
                tokens: HashMap::new(),
            };
        }
        kept
    }
}

// === impl Token ===

impl Token {
    fn is_as_good_as(&self, ticket: &Ticket, now: Timestamp) -> bool {
        let expires_at = self.issued.expires_at;
        let says_the_same =
            self.person == ticket.person && self.entry == ticket.entry && self.group == ticket.group;
        says_the_same && expires_at <= ticket.until && expires_at - now > now - self.issued_at
    }
}
