//! Which of the events that somebody may see they want to hear.

use crate::domain::MeetingId;
use crate::domain::event::EventKind;

/// One meeting or all, some kinds or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    pub meeting: Option<MeetingId>,
    /// None stands for all.
    kinds: Kinds,
}

/// One bit for each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Kinds(u16);

/// There is no event of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a kind of event such as completed or participant.joined")]
pub struct UnknownType;

const ALL: [EventKind; 11] = [
    EventKind::Scheduled,
    EventKind::Rescheduled,
    EventKind::Active,
    EventKind::Completed,
    EventKind::Cancelled,
    EventKind::Missed,
    EventKind::Amended,
    EventKind::ParticipantJoined,
    EventKind::ParticipantLeft,
    EventKind::RecordingStarted,
    EventKind::RecordingEnded,
];

// === impl Filter ===

impl Filter {
    /// Lets a further kind through: `completed`, or in full `usher.meeting.completed.v1`.
    pub fn add_type(&mut self, name: &str) -> Result<(), UnknownType> {
        let bare = name
            .strip_prefix("usher.meeting.")
            .and_then(|rest| rest.strip_suffix(".v1"))
            .unwrap_or(name);
        let kind = ALL.into_iter().find(|kind| kind.subject() == bare);
        self.kinds.0 |= bit(kind.ok_or(UnknownType)?);
        Ok(())
    }

    pub(super) fn fits(&self, meeting: MeetingId, kind: EventKind) -> bool {
        let is_meeting = self.meeting.is_none_or(|wanted| wanted == meeting);
        is_meeting && (self.kinds.0 == 0 || self.kinds.0 & bit(kind) != 0)
    }
}

fn bit(kind: EventKind) -> u16 {
    1 << kind as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn meeting(number: u8) -> MeetingId {
        MeetingId::new(crate::domain::Timestamp::UNIX_EPOCH, [number; 10])
    }

    #[test]
    fn nothing_said_lets_everything_through() {
        assert!(ALL.iter().all(|kind| Filter::default().fits(meeting(1), *kind)));
    }

    #[test]
    fn only_the_meeting_that_was_named() {
        let filter = Filter {
            meeting: Some(meeting(1)),
            ..Filter::default()
        };
        assert!(filter.fits(meeting(1), EventKind::Active));
        assert!(!filter.fits(meeting(2), EventKind::Active));
    }

    #[test]
    fn types_have_a_short_and_a_full_name_and_nothing_else() {
        for unknown in [
            "",
            "Completed",
            "usher.meeting.completed",
            "completed.v1",
            "participant",
            "usher.live.gap",
        ] {
            assert_eq!(Filter::default().add_type(unknown), Err(UnknownType), "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn exactly_the_kinds_that_were_named(wanted in proptest::collection::btree_set(0..ALL.len(), 1..5), full: bool) {
            let mut filter = Filter::default();
            for index in &wanted {
                let bare = ALL[*index].subject();
                let name = if full { format!("usher.meeting.{bare}.v1") } else { bare.to_owned() };
                prop_assert_eq!(filter.add_type(&name), Ok(()));
            }
            for (index, kind) in ALL.into_iter().enumerate() {
                prop_assert_eq!(filter.fits(meeting(1), kind), wanted.contains(&index));
            }
        }
    }
}
