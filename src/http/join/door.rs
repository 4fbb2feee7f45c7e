//! Whether somebody may go in to a meeting now: their seat, the rules for its room, the hour, and what the host says.

use chrono_tz::Tz;

use crate::domain::access::{Claim, Decision, Standing, Visitor, Waits, Window};
use crate::domain::meeting::{Meeting, as_reported};
use crate::domain::observation::without_address_id;
use crate::domain::{Status, Timestamp, User, UserId};
use crate::http::Incoming;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::meetings::door::{local, zone_of};
use crate::signin::{Session, accounts};

/// Somebody before the door of a meeting that they may know of.
pub(in crate::http) struct Arrival<'a> {
    pub(super) request: &'a Incoming,
    pub(super) meeting: &'a Meeting,
    pub(super) user: &'a User,
    pub(super) moderates: bool,
    /// Waits for nobody.
    passes: bool,
    is_removed: bool,
}

// === impl Arrival ===

impl<'a> Arrival<'a> {
    /// Guests have no meetings.
    pub(in crate::http) fn of(
        request: &'a Incoming,
        meeting: &'a Meeting,
        session: &'a Session,
    ) -> Result<Self, ApiError> {
        match session.visitor() {
            Visitor::User(user) => Self::new(request, meeting, user),
            Visitor::Guest => Err(ApiError::NotFound),
        }
    }

    /// A meeting in which the person has no seat does not exist for them. The rules for rooms come on top.
    pub(in crate::http) fn new(
        request: &'a Incoming,
        meeting: &'a Meeting,
        user: &'a User,
    ) -> Result<Self, ApiError> {
        let seat = meeting.booking.seat(user).ok_or(ApiError::NotFound)?;
        let room = &meeting.booking.room.name;
        let rules = &request.config.rooms.access;
        let entry = rules.entry_as(room, Visitor::User(user), Some(seat));
        let is_removed = meeting.booking.is_removed(&user.id);
        let moderates = entry.moderator && !is_removed;
        Ok(Self {
            request,
            meeting,
            user,
            moderates,
            passes: moderates || entry.lobby_bypass,
            is_removed,
        })
    }

    /// Where the person stands now.
    pub(super) fn standing(&self) -> Standing {
        let claim = Claim {
            passes: self.passes,
            is_removed: self.is_removed,
            decision: self.decision(),
        };
        let phase = self.window().phase(self.meeting, self.now());
        phase.standing(self.waits(), claim, || self.host_is_in())
    }

    /// Refuses those who have to wait, with what they wait for.
    pub(in crate::http) fn require_ready(&self) -> Result<(), MeetingRefusal> {
        match self.standing() {
            Standing::Ready => Ok(()),
            Standing::TooEarly { opens_at } => Err(MeetingRefusal::TooEarly {
                opens_at: local(opens_at, self.zone()),
            }),
            Standing::Waiting(_) | Standing::Denied => Err(MeetingRefusal::Waiting),
            Standing::Removed => Err(MeetingRefusal::Removed),
            Standing::Cancelled | Standing::Over => Err(MeetingRefusal::Over),
            Standing::InPerson => Err(MeetingRefusal::InPerson),
        }
    }

    /// Whether the person waits for somebody, or could have to as soon as the door opens.
    pub(in crate::http) fn has_to_wait(&self) -> bool {
        match self.standing() {
            Standing::Waiting(_) | Standing::Denied | Standing::Removed => true,
            Standing::TooEarly { .. } => self.waits().hold_people() && !self.passes,
            _ => false,
        }
    }

    /// They are the host when they are seen in the room, which matters where anybody waits for one.
    pub(in crate::http) fn note_moderator(&self) {
        if self.moderates && self.waits().hold_people() {
            let (rooms, user) = (&self.request.api.waiting, &self.user.id);
            rooms.note_moderator(self.meeting.id, user, self.now());
        }
    }

    /// From when on people may come in; none where they may at any time, as into a meeting that is going on.
    pub(super) fn opens_at(&self) -> Option<Timestamp> {
        let opens_at = self.window().opens_at(self.meeting);
        opens_at.filter(|_| self.meeting.status == Status::Scheduled)
    }

    /// The zone in which the time was agreed.
    pub(super) fn zone(&self) -> Tz {
        zone_of(self.meeting, &self.request.config)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.request.context.received_at
    }

    fn decision(&self) -> Option<Decision> {
        decision(self.request, self.meeting, &self.user.id)
    }

    fn waits(&self) -> Waits {
        let rules = &self.request.config.rooms.access;
        rules.waits(&self.meeting.booking.room.name)
    }

    fn window(&self) -> Window {
        self.request.config.window()
    }

    /// Whether somebody is in, as far as the meeting server said, who moderates there.
    fn host_is_in(&self) -> bool {
        let open = self.meeting.attendance.people().filter(|stay| stay.is_open());
        let mut seen = open.filter_map(|stay| stay.person.user.as_ref());
        seen.any(|seen| self.is_host(seen))
    }

    /// `seen` is an id as meeting servers' reports are written down.
    fn is_host(&self, seen: &UserId) -> bool {
        let is_seen = |id: &UserId| without_address_id(id.as_str()) == seen.as_str();
        let Self { request, meeting, .. } = self;
        meeting.booking.hosts().any(is_seen)
            || request.api.waiting.is_moderator(meeting.id, is_seen)
            || accounts(&request.config.users).any(|user| is_seen(&user.id) && self.is_moderator(&user))
    }

    fn is_moderator(&self, user: &User) -> bool {
        let booking = &self.meeting.booking;
        let rules = &self.request.config.rooms.access;
        let entry = |seat| rules.entry_as(&booking.room.name, Visitor::User(user), Some(seat));
        booking.seat(user).map(entry).is_some_and(|entry| entry.moderator)
    }
}

/// What was said to somebody who comes to a meeting. Who is in was let in, whether or not that is still known: what hosts said is
/// forgotten with a restart, and nobody who talks to a host is to wait for one.
pub(in crate::http) fn decision(request: &Incoming, meeting: &Meeting, user: &UserId) -> Option<Decision> {
    let said = request.api.waiting.decision(meeting.id, user);
    let user = as_reported(user);
    let mut inside = meeting.attendance.people().filter(|stay| stay.is_open());
    let mut is_in = || inside.any(|stay| stay.person.user.as_ref() == Some(&user));
    said.or_else(|| is_in().then_some(Decision::Admitted))
}
