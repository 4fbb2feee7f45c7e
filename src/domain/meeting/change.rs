//! Agreeing on something else: another time, title, people, or a note.

use std::collections::BTreeSet;

use super::booking::Slot;
use super::settle::{Teller, Telling};
use super::{Meeting, TransitionError};
use crate::domain::UserId;
use crate::domain::event::EventKind;

/// What is to be different; what is absent stays as it is. An empty text takes the text away.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    pub slot: Option<Slot>,
    pub title: Option<String>,
    pub description: Option<String>,
    /// Hosts who are not named here any more are hosts no longer, unless `hosts` names them.
    pub participants: Option<Vec<UserId>>,
    pub hosts: Option<Vec<UserId>>,
    /// Noted with a change of status; no event tells it.
    pub notes: Option<String>,
}

// === impl Meeting ===

impl Meeting {
    /// Takes over what differs, and tells it once where subscribers care: time, title, people. Of a meeting that is over
    /// only the texts beside the title may be written again.
    pub(super) fn change(&mut self, change: &Change, teller: &mut Teller) -> Result<(), TransitionError> {
        let mut changed = self.clone();
        let moved = changed.take_slot(change.slot);
        let renamed = replace_text(&mut changed.booking.details.title, change.title.as_deref());
        let regrouped = changed.take_people(change);
        replace_text(
            &mut changed.booking.details.description,
            change.description.as_deref(),
        );
        replace_text(&mut changed.booking.details.notes, change.notes.as_deref());
        let concerns_everyone = moved || renamed || regrouped;
        if concerns_everyone && self.status.is_final() {
            return Err(self.no_way_to("rescheduled"));
        }
        *self = changed;
        if concerns_everyone {
            let telling = Telling::of(EventKind::Rescheduled, teller.now, "client", "changed");
            self.tell(teller, telling);
        }
        Ok(())
    }

    /// Another time, if it differs. What was done about the old end is to be done about the new one too.
    fn take_slot(&mut self, slot: Option<Slot>) -> bool {
        let Some(slot) = slot.filter(|slot| self.booking.slot != Some(*slot)) else {
            return false;
        };
        let same_end = self
            .booking
            .slot
            .is_some_and(|known| known.ends_at() == slot.ends_at());
        if !same_end {
            (self.warned_of, self.closed_of) = (None, None);
        }
        self.booking.slot = Some(slot);
        true
    }

    /// Other people, if they differ; in which order they are named is no difference.
    fn take_people(&mut self, change: &Change) -> bool {
        if change.participants.is_none() && change.hosts.is_none() {
            return false;
        }
        let details = &mut self.booking.details;
        let before = (as_set(&details.participants), as_set(&details.hosts));
        let participants = change.participants.as_ref().unwrap_or(&details.participants);
        let kept = |host: &&UserId| change.participants.is_none() || participants.contains(host);
        let hosts = match &change.hosts {
            Some(hosts) => hosts.clone(),
            None => details.hosts.iter().filter(kept).cloned().collect(),
        };
        let mut other = details.clone();
        other.name_people(participants.clone(), hosts);
        if before == (as_set(&other.participants), as_set(&other.hosts)) {
            return false;
        }
        *details = other;
        self.follow_the_list(&before.0);
        true
    }
}

fn as_set(people: &[UserId]) -> BTreeSet<UserId> {
    people.iter().cloned().collect()
}

/// Whether the text is another than before.
fn replace_text(text: &mut Option<String>, with: Option<&str>) -> bool {
    let Some(with) = with else { return false };
    let with = Some(with.to_owned()).filter(|with| !with.is_empty());
    let differs = *text != with;
    *text = with;
    differs
}

#[cfg(test)]
mod tests;
