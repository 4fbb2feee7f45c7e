//! What a token lets somebody do in the room of one meeting, before it is signed for the server in question.

use chrono::Duration;

use crate::config::{Client, Daemon};
use crate::domain::access::Entry;
use crate::domain::{Meeting, RoomName, SessionId, Timestamp, hex};
use crate::http::Incoming;
use crate::http::backend::Server;
use crate::http::error::{ApiError, MeetingRefusal};
use crate::http::field::life_or;
use crate::http::join::decision;
use crate::signin::Session;
use crate::telemetry::label::{TokenKind, TokenResult};
use crate::tokens::livekit::{self, DisplayName, Identity, RoomConfig};
use crate::tokens::{
    Email, Features, Grant, Issued, JitsiTokens, LiveKitTokens, Person, PlainText, token_id,
};
use crate::waiting::Decision;

pub(in crate::http) struct Ticket {
    pub(in crate::http) person: Person,
    /// Rights, with those of the seat in them.
    pub(in crate::http) entry: Entry,
    pub(in crate::http) group: Option<PlainText>,
    /// The sign-in that it comes from; it is revoked together with that.
    pub(in crate::http) session: Option<SessionId>,
    /// It opens nothing before.
    pub(in crate::http) opens_at: Timestamp,
    pub(in crate::http) until: Timestamp,
}

/// Seconds that a token lives where the request does not say.
pub(super) const DAY: u64 = 24 * 60 * 60;

// === impl Ticket ===

impl Ticket {
    /// For somebody who has signed in: the seat says whether they may come and as what, and the rules for rooms add to it
    /// and forbid. It lives no longer than the sign-in, and than [`limit`] says.
    pub(in crate::http) fn for_user(
        request: &Incoming,
        session: &Session,
        meeting: &Meeting,
        expires_in: Option<u64>,
    ) -> Result<Self, ApiError> {
        let booking = &meeting.booking;
        let seat = booking.seat(&session.user).ok_or(ApiError::NotFound)?;
        if booking.is_removed(&session.user.id) {
            return Err(MeetingRefusal::Removed.into());
        }
        let rules = &request.config.rooms.access;
        let entry = rules.entry_as(&booking.room.name, session.visitor(), Some(seat));
        let client = request.config.clients.get(&session.client);
        let ceiling = client.map_or(DAY, |client| client.max_token_secs);
        let life = Duration::seconds(life_or(DAY, expires_in, ceiling)?);
        let now = request.context.received_at;
        let until = session.ends_at.min(now + life);
        let until = limit(&request.config.daemon, meeting, now).map_or(until, |limit| until.min(limit));
        if until <= now {
            return Err(MeetingRefusal::Over.into());
        }
        Ok(Self {
            person: person(session, client)?,
            entry: Entry {
                lobby_bypass: entry.lobby_bypass || is_let_in(request, session, meeting),
                ..entry
            },
            group: group(client)?,
            session: Some(session.id),
            opens_at: now,
            until,
        })
    }

    /// Signs it and counts that. Whoever asks for it writes it down before it leaves.
    pub(in crate::http) fn sign(
        &self,
        request: &Incoming,
        server: Server<'_>,
        room: &RoomName,
    ) -> Result<Issued, ApiError> {
        let (issued, kind) = match server {
            Server::Jitsi(server) => (self.for_jitsi(request, server, room)?, TokenKind::Jitsi),
            Server::LiveKit(server) => (self.for_livekit(request, server, room)?, TokenKind::LiveKit),
        };
        request.api.metrics.token_requested(kind, TokenResult::Issued);
        Ok(issued)
    }

    fn for_jitsi(
        &self,
        request: &Incoming,
        server: &JitsiTokens,
        room: &RoomName,
    ) -> Result<Issued, ApiError> {
        let now = request.context.received_at;
        let features = &self.entry.features;
        let named = features.iter().map(|(name, allowed)| (name.as_str(), *allowed));
        let complete = (!features.is_empty()).then(|| Features::complete(named));
        let grant = Grant {
            room: room.clone(),
            user: self.person.clone(),
            moderator: self.entry.moderator,
            group: self.group.clone(),
            features: complete.transpose()?,
            lobby_bypass: self.entry.lobby_bypass,
            session: self.session,
            expires_at: self.until,
        };
        let jti = token_id(now, request.api.ambient.random());
        Ok(server.issue_ticket(&grant, now, self.opens_at, jti)?)
    }

    fn for_livekit(
        &self,
        request: &Incoming,
        server: &LiveKitTokens,
        room: &RoomName,
    ) -> Result<Issued, ApiError> {
        let grant = livekit::Grant {
            name: DisplayName::shortened(self.person.name.as_str()),
            room_admin: self.entry.moderator && !self.is_for_a_person(),
            room_config: self.entry.max_people.map(RoomConfig::of_at_most),
            ..livekit::Grant::participant(room.clone(), self.identity(request)?, self.until)
        };
        Ok(server.issue_opening(&grant, request.context.received_at, self.opens_at)?)
    }

    /// Whether somebody has it who signed in. LiveKit renews the tokens of those who are connected, with all that is in
    /// them: whoever has `roomAdmin` keeps it when they moderate no more, can hide, and cannot be put out for good. People mute and
    /// remove through usher, which judges them each time.
    fn is_for_a_person(&self) -> bool {
        self.session.is_some()
    }

    /// Somebody without an id is somebody new each time.
    fn identity(&self, request: &Incoming) -> Result<Identity, ApiError> {
        let drawn: [u8; 10] = request.api.ambient.random();
        match &self.person.id {
            Some(id) => Identity::of_user(id).map_err(ApiError::bad("userId")),
            None => Identity::parse(&format!("participant-{}", hex(&drawn))).map_err(ApiError::bad("userId")),
        }
    }
}

/// Until when the token of a person is good at most: not beyond a booked end that is kept, and for LiveKit as long as one
/// may stay before it is asked again whether they may.
pub(in crate::http) fn limit(daemon: &Daemon, meeting: &Meeting, now: Timestamp) -> Option<Timestamp> {
    let life = daemon.livekit_token_life(&meeting.booking.room.backend);
    let longest = life.map(|life| now + life);
    longest.into_iter().chain(kept_end(daemon, meeting)).min()
}

/// The booked end, where nobody may be in after it.
pub(in crate::http) fn kept_end(daemon: &Daemon, meeting: &Meeting) -> Option<Timestamp> {
    let slot = meeting.booking.slot.filter(|_| daemon.meetings.enforce_end);
    slot.map(|slot| slot.ends_at())
}

/// Who was let in by the waiting room does not wait in the lobby of the server again.
fn is_let_in(request: &Incoming, session: &Session, meeting: &Meeting) -> bool {
    decision(request, meeting, &session.user.id) == Some(Decision::Admitted)
}

fn person(session: &Session, client: Option<&Client>) -> Result<Person, ApiError> {
    let user = &session.user;
    let name = PlainText::parse(&user.name).or_else(|_| PlainText::parse(&user.username));
    let shows_email = client.is_some_and(|client| client.include_email);
    let email = user.email.as_deref().filter(|_| shows_email);
    Ok(Person {
        id: Some(user.id.clone()),
        email: email.and_then(|email| Email::parse(email).ok()),
        ..Person::named(name.map_err(ApiError::bad_text("name"))?)
    })
}

/// `context.group` of the tokens of a program and its people.
pub(super) fn group(client: Option<&Client>) -> Result<Option<PlainText>, ApiError> {
    let group = client.and_then(|client| client.group.as_deref());
    group
        .map(PlainText::parse)
        .transpose()
        .map_err(ApiError::bad_text("group"))
}
