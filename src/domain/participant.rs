//! Somebody or something in a LiveKit room, as its server tells of them, and who of them is a person.

use super::observation::{Arrival, Departure, LeaveReason, OccupantId, Part, Person, Role};
use super::{Timestamp, UserId};

/// A connection to a LiveKit room (`livekit_models.proto`, `ParticipantInfo`).
#[derive(Debug, Clone, PartialEq)]
pub struct Participant {
    /// Names this connection; another one of the same person has another.
    pub sid: String,
    /// What the token says: the id of the user, as [`Participant::user`] reads it.
    pub identity: String,
    pub name: String,
    pub kind: ParticipantKind,
    /// Others do not see it, or it is there to record.
    pub is_hidden: bool,
    /// When its session began on the server.
    pub joined_at: Option<Timestamp>,
}

/// What connects. The set is open: what is not known is no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParticipantKind {
    Standard,
    /// Somebody on the telephone.
    Sip,
    /// An agent, an ingress, an egress, a bridge, or a kind that is newer than usher.
    Service,
}

/// Who counts, beside those who come with a browser or an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// Whether callers on the telephone are people.
    pub callers: bool,
}

// === impl Participant ===

impl Participant {
    /// Whether it stands for a person.
    pub fn is_person(&self, counting: Counting) -> bool {
        let is_human = match self.kind {
            ParticipantKind::Standard => true,
            ParticipantKind::Sip => counting.callers,
            ParticipantKind::Service => false,
        };
        is_human && !self.is_hidden
    }

    /// Its coming, or that it is there.
    pub fn arrival(&self, part: &Part) -> Arrival {
        Arrival {
            occupant: self.occupant(),
            part: part.clone(),
            entered_at: self.joined_at,
            role: Role::Person,
            person: self.person(),
        }
    }

    /// Its going.
    pub fn departure(&self, part: &Part, reason: LeaveReason) -> Departure {
        Departure {
            occupant: self.occupant(),
            part: part.clone(),
            entered_at: self.joined_at,
            role: Role::Person,
            person: self.person(),
            reason,
        }
    }

    fn occupant(&self) -> OccupantId {
        OccupantId(self.sid.clone())
    }

    fn person(&self) -> Person {
        Person::reported(self.user().as_ref().map(UserId::as_str), Some(&self.name))
    }

    /// Whether it stands for that user, who is named as reports are written down.
    pub fn is_of(&self, user: &UserId) -> bool {
        self.person().user.as_ref() == Some(user)
    }

    /// The user whom the identity names.
    pub fn user(&self) -> Option<UserId> {
        user_of(&self.identity)
    }
}

/// Who a user is in a room of LiveKit: their id, in which `#`, and `%` with it, is percent-encoded, so that two users never
/// share an identity, and none is taken for a further connection of another.
pub fn identity_of(user: &UserId) -> String {
    user.as_str().replace('%', "%25").replace('#', "%23")
}

/// The user whom an identity names. Further connections of one person carry a suffix after `#`.
pub fn user_of(identity: &str) -> Option<UserId> {
    let own = identity.split('#').next().unwrap_or_default();
    UserId::parse(&own.replace("%23", "#").replace("%25", "%")).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn participant(identity: &str) -> Participant {
        Participant {
            sid: "PA_1".into(),
            identity: identity.into(),
            name: "Ann".into(),
            kind: ParticipantKind::Standard,
            is_hidden: false,
            joined_at: None,
        }
    }

    #[test]
    fn an_identity_names_its_user() {
        let user = |identity| participant(identity).user().map(String::from);
        assert_eq!(user("ann").as_deref(), Some("ann"));
        assert_eq!(user("ann#phone").as_deref(), Some("ann"), "a second connection");
        assert_eq!(user("a%23b%25c").as_deref(), Some("a#b%c"));
        assert_eq!(user(""), None);
    }

    proptest! {
        #[test]
        fn a_user_is_found_again_by_their_identity(id in "[a%#235\\PC]{1,20}", suffix in "(#[a-z%#]{0,5})?") {
            let Ok(user) = UserId::parse(&id) else { return Ok(()) };
            let identity = identity_of(&user);
            prop_assert!(!identity.contains('#'));
            prop_assert_eq!(user_of(&(identity + &suffix)), Some(user));
        }
    }

    #[test]
    fn only_people_count() {
        let counts = |kind, is_hidden, callers| {
            let of_kind = Participant {
                kind,
                is_hidden,
                ..participant("ann")
            };
            of_kind.is_person(Counting { callers })
        };
        assert!(counts(ParticipantKind::Standard, false, false));
        assert!(!counts(ParticipantKind::Standard, true, false), "nobody sees it");
        assert!(!counts(ParticipantKind::Sip, false, false));
        assert!(counts(ParticipantKind::Sip, false, true));
        assert!(!counts(ParticipantKind::Service, false, true));
    }
}
