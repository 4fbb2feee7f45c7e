//! How one caller gets into the room of one meeting: the link, the token in it, and what a page needs to show the room.
//!
//! A person gets a token of their own, as soon as the door is open: who is taken off a meeting before holds nothing that
//! opens it. A program gets the bare link; it asks for the token of each participant by name.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::door::Door;
use super::ticket::Ticket;
use crate::audit::Act;
use crate::config::Config;
use crate::domain::{Meeting, MeetingId, Timestamp};
use crate::http::Incoming;
use crate::http::auth::Asker;
use crate::http::backend::Server;
use crate::http::error::ApiError;
use crate::http::field::seconds;
use crate::http::jitsi::embed::{self, Embed};
use crate::http::join::Arrival;
use crate::signin::Session;
use crate::tokens::{Issued, Keyring, Person};

pub(in crate::http) struct Pass<'a> {
    meeting: &'a Meeting,
    keyring: Arc<Keyring>,
    holder: Holder,
    join_page: String,
    now: Timestamp,
}

/// Whom the link is for.
enum Holder {
    /// The door is shut for good, or there is none.
    Nobody,
    Program,
    /// Somebody who is given no token here, or not now; the join page leads on, or tells them why.
    Waiting,
    Person(Box<(Issued, Person)>),
}

/// What Jitsi's front ends need.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct JitsiDetails<'a> {
    meeting_link: String,
    room_name: &'a str,
    domain: &'a str,
    embed: Embed<'a>,
}

/// What LiveKit's clients need.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct LiveKitDetails<'a> {
    server_url: &'a str,
    /// Null for programs, and for people who cannot come in now.
    token: Option<&'a str>,
    room_name: &'a str,
    /// Of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// After how many seconds the holder asks for the next one. LiveKit looks at a token when somebody comes in, also when
    /// they come back from a bad connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_after_seconds: Option<i64>,
}

// === impl Pass ===

impl<'a> Pass<'a> {
    /// For whoever asks, who may see the meeting. A token that is given is in the audit trail when this returns.
    pub(in crate::http) async fn of(
        request: &Incoming,
        asker: &Asker<'_>,
        meeting: &'a Meeting,
    ) -> Result<Self, ApiError> {
        let keyring = request.api.keyring.borrow().clone();
        let now = request.context.received_at;
        let holder = match (Door::of(meeting, &request.config, now), asker) {
            (Door::Shut | Door::InPerson, _) => Holder::Nobody,
            (_, Asker::Client(_)) => Holder::Program,
            (Door::Opens(_), Asker::User(_)) => Holder::Waiting,
            (Door::Open, Asker::User(session)) if has_to_wait(request, session, meeting) => Holder::Waiting,
            (Door::Open, Asker::User(session)) => given(request, session, meeting, &keyring).await?,
        };
        Ok(Self {
            join_page: join_page(&request.config, meeting.id),
            now: request.context.received_at,
            meeting,
            keyring,
            holder,
        })
    }

    /// In a list, where nobody gets a token: lists are long, and looked at again and again.
    pub(in crate::http) fn listed(request: &Incoming, asker: &Asker<'_>, meeting: &'a Meeting) -> Self {
        let door = Door::of(meeting, &request.config, request.context.received_at);
        let holder = match (door, asker) {
            (Door::Shut | Door::InPerson, _) => Holder::Nobody,
            (_, Asker::Client(_)) => Holder::Program,
            (_, Asker::User(_)) => Holder::Waiting,
        };
        Self {
            join_page: join_page(&request.config, meeting.id),
            now: request.context.received_at,
            meeting,
            keyring: request.api.keyring.borrow().clone(),
            holder,
        }
    }

    /// With a token that was signed for somebody.
    pub(in crate::http) fn with(
        request: &Incoming,
        meeting: &'a Meeting,
        keyring: Arc<Keyring>,
        (issued, person): (Issued, Person),
    ) -> Self {
        Self {
            meeting,
            keyring,
            holder: Holder::Person(Box::new((issued, person))),
            join_page: join_page(&request.config, meeting.id),
            now: request.context.received_at,
        }
    }

    /// Where the caller opens the room in Jitsi: a person with their token, a program without. None where there is no room
    /// to open.
    pub(in crate::http) fn jitsi_link(&self) -> Option<String> {
        let Some(Server::Jitsi(server)) = self.server() else {
            return None;
        };
        let booking = &self.meeting.booking;
        let (room, medium) = (&booking.room.name, booking.meeting_type);
        match &self.holder {
            Holder::Nobody => None,
            Holder::Program => Some(embed::join_url(server, room, medium)),
            Holder::Waiting => Some(self.join_page.clone()),
            Holder::Person(held) => Some(embed::join_url_with(server, room, medium, &held.0.token)),
        }
    }

    /// The same for either kind of server; LiveKit has no pages of its own, and ours leads there.
    pub(in crate::http) fn link(&self) -> Option<String> {
        match (&self.holder, self.server()) {
            (Holder::Nobody, _) | (_, None) => None,
            (_, Some(Server::Jitsi(_))) => self.jitsi_link(),
            (_, Some(Server::LiveKit(_))) => Some(self.join_page.clone()),
        }
    }

    pub(in crate::http) fn token(&self) -> Option<&str> {
        Some(&self.issued()?.token)
    }

    fn issued(&self) -> Option<&Issued> {
        match &self.holder {
            Holder::Person(held) => Some(&held.0),
            _ => None,
        }
    }

    pub(in crate::http) fn jitsi(&self) -> Option<JitsiDetails<'_>> {
        let Some(Server::Jitsi(server)) = self.server() else {
            return None;
        };
        let booking = &self.meeting.booking;
        let bare = Embed::new(server, &booking.room.name, booking.meeting_type);
        Some(JitsiDetails {
            meeting_link: self.jitsi_link()?,
            room_name: booking.room.name.as_str(),
            domain: server.domain(),
            embed: match &self.holder {
                Holder::Person(held) => bare.of(&held.0.token, &held.1),
                _ => bare,
            },
        })
    }

    pub(in crate::http) fn livekit(&self) -> Option<LiveKitDetails<'_>> {
        match (&self.holder, self.server()) {
            (Holder::Nobody, _) => None,
            (_, Some(Server::LiveKit(server))) => Some(LiveKitDetails {
                server_url: server.url(),
                token: self.token(),
                room_name: self.meeting.booking.room.name.as_str(),
                expires_at: self.issued().map(|issued| seconds(issued.expires_at)),
                refresh_after_seconds: self.issued().map(|issued| refreshed_after(issued, self.now)),
            }),
            _ => None,
        }
    }

    fn server(&self) -> Option<Server<'_>> {
        Server::of(&self.keyring, &self.meeting.booking.room.backend)
    }
}

/// Three quarters of a token's life: early enough for a second try, and late enough not to ask all the time.
fn refreshed_after(issued: &Issued, now: Timestamp) -> i64 {
    ((issued.expires_at - now).num_seconds() * 3 / 4).max(1)
}

/// Whether the rules make the person wait in the waiting room.
fn has_to_wait(request: &Incoming, session: &Session, meeting: &Meeting) -> bool {
    let arrival = Arrival::of(request, meeting, session);
    arrival.is_ok_and(|arrival| arrival.has_to_wait())
}

/// A token where somebody may have one; that they may not is no reason to refuse the rest.
async fn given(
    request: &Incoming,
    session: &Session,
    meeting: &Meeting,
    keyring: &Keyring,
) -> Result<Holder, ApiError> {
    let room = &meeting.booking.room;
    let ticket = Ticket::for_user(request, session, meeting, None);
    let (Ok(ticket), Some(server)) = (ticket, Server::of(keyring, &room.backend)) else {
        return Ok(Holder::Waiting);
    };
    let (key, kept) = ((session.id, meeting.id), &request.api.kept);
    let circumstances = (&request.config, request.context.received_at);
    if let Some(issued) = kept.get(key, &ticket, circumstances) {
        return Ok(Holder::Person(Box::new((issued, ticket.person))));
    }
    let issued = ticket.sign(request, server, &room.name)?;
    let act = Act {
        room: Some(room.name.clone()),
        ..request.issue_for(session)
    };
    request.ended(act, Ok(())).await?;
    kept.put(key, (&ticket, &issued), circumstances);
    Ok(Holder::Person(Box::new((issued, ticket.person))))
}

/// The page of a meeting, which leads whoever may join to the room.
pub(in crate::http) fn join_page(config: &Config, id: MeetingId) -> String {
    format!("{}/m/{id}", config.daemon.http.public_url)
}
