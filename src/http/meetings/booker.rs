//! Who books a meeting: for which program, with which rights, and how its rooms are called.

use http::HeaderMap;

use super::wanted::user;
use crate::config::Client;
use crate::domain::access::Visitor;
use crate::domain::meeting::Booking;
use crate::domain::observation::{BackendId, BackendKind};
use crate::domain::{ClientId, Meeting, MeetingId, RoomName, UserId, hex};
use crate::http::auth::Asker;
use crate::http::backend::Server;
use crate::http::error::{ApiError, MeetingRefusal, SignInRefusal};
use crate::http::field::idempotency_key;
use crate::http::{Incoming, to_the_end};
use crate::tokens::sha256_hex;

/// A program, or a person by way of the program through which they signed in.
pub(in crate::http) struct Booker<'a> {
    request: &'a Incoming,
    asker: &'a Asker<'a>,
}

/// First part of the rooms of people whose program is configured no longer.
const PREFIX: &str = "meeting";

// === impl Booker ===

impl<'a> Booker<'a> {
    /// Guests have come to a room, and book none.
    pub(in crate::http) fn new(request: &'a Incoming, asker: &'a Asker<'a>) -> Result<Self, ApiError> {
        match asker {
            Asker::User(session) if matches!(session.visitor(), Visitor::Guest) => {
                Err(SignInRefusal::GuestsNotAllowed.into())
            }
            _ => Ok(Self { request, asker }),
        }
    }

    /// Whose meeting it is.
    pub(in crate::http) fn client(&self) -> ClientId {
        match self.asker {
            Asker::Client(caller) => caller.id.clone(),
            Asker::User(session) => session.client.clone(),
        }
    }

    /// The meeting server of the wanted kind.
    pub(in crate::http) fn backend(&self, kind: Option<BackendKind>) -> Result<BackendId, ApiError> {
        let keyring = self.request.api.keyring.borrow().clone();
        Ok(Server::chosen(&keyring, kind, self.configured())?.backend())
    }

    /// A name that nobody can guess.
    pub(in crate::http) fn room(&self) -> Result<RoomName, ApiError> {
        let prefix = self.configured().map_or(PREFIX, |client| &client.room_prefix);
        let millis = self.request.context.received_at.timestamp_millis();
        self.room_named(&format!("{prefix}-{millis}"))
    }

    /// The room of an appointment.
    pub(in crate::http) fn appointment_room(&self, id: MeetingId) -> Result<RoomName, ApiError> {
        self.room_named(&format!("appointment-{id}"))
    }

    fn room_named(&self, beginning: &str) -> Result<RoomName, ApiError> {
        let drawn: [u8; 4] = self.request.api.ambient.random();
        RoomName::parse(&format!("{beginning}-{}", hex(&drawn))).map_err(|error| {
            tracing::error!(%error, "a room cannot be named");
            ApiError::Internal
        })
    }

    /// Who made it: the person who calls, or whom the program names.
    pub(in crate::http) fn creator(&self, named: Option<&str>) -> Result<Option<UserId>, ApiError> {
        match self.asker {
            Asker::Client(_) => user("createdBy", named),
            Asker::User(session) => Ok(Some(session.user.id.clone())),
        }
    }

    /// A role context that is configured, and that lets somebody with the caller's roles make such a meeting. Programs
    /// have no roles; their administrator trusts them with every context.
    pub(in crate::http) fn role_context(&self, name: Option<&str>) -> Result<Option<String>, ApiError> {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let contexts = &self.request.config.rooms.role_contexts;
        let context = contexts.get(name).ok_or(MeetingRefusal::UnknownRoleContext)?;
        match self.asker {
            Asker::User(session) if !context.may_create.iter().any(|role| session.user.has_role(role)) => {
                Err(MeetingRefusal::RoleContextForbidden.into())
            }
            _ => Ok(Some(name.to_owned())),
        }
    }

    /// What the caller calls this request. Programs share theirs with nobody; two people of one program must not come
    /// upon each other's meetings by using the same.
    pub(in crate::http) fn idempotency_key(&self) -> Result<Option<String>, ApiError> {
        let key = idempotency_key(self.headers())?;
        Ok(match self.asker {
            Asker::Client(_) => key,
            Asker::User(session) => {
                let whose = sha256_hex(session.user.id.as_str());
                key.map(|key| format!("user/{whose}/{key}"))
            }
        })
    }

    /// Books it, once, also when the caller is gone by then. What was booked by the same request before may concern the
    /// caller no longer; then it is not there for them.
    pub(in crate::http) async fn book(&self, id: MeetingId, booking: Booking) -> Result<Meeting, ApiError> {
        let meetings = self.request.api.meetings.clone();
        let booked = to_the_end(async move { meetings.book_as(id, booking).await });
        let meeting = booked.await??.meeting;
        match meeting.booking.is_seen_by(self.asker.viewer()) {
            true => Ok(meeting),
            false => Err(ApiError::NotFound),
        }
    }

    fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }

    fn configured(&self) -> Option<&Client> {
        match self.asker {
            Asker::Client(caller) => Some(caller.client),
            Asker::User(session) => self.request.config.clients.get(&session.client),
        }
    }
}
