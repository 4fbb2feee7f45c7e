//! What lets a person into the room of a meeting: a token of their sign-in, a link with it, and options for a frame.

use chrono::Duration;
use serde::Serialize;

use super::door::Arrival;
use crate::audit::{Act, Action};
use crate::config::Client;
use crate::domain::observation::BackendKind;
use crate::domain::{Meeting, Timestamp};
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::field::seconds;
use crate::http::jitsi::embed::{Embed, join_url_with};
use crate::http::trail::Ending;
use crate::telemetry::label::{TokenKind, TokenResult};
use crate::tokens::{Email, Features, Grant, Issued, JitsiTokens, Keyring, Person, PlainText, TokenError, token_id};

/// A token that opens the room of a meeting.
pub(super) struct Ticket {
    issued: Issued,
    person: Person,
}

/// What the join page, and any other page, is given.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TicketBody<'a> {
    token: &'a str,
    expires_at: String,
    link: String,
    embed: Embed<'a>,
}

/// How long a link works that a person is given (`http.md` section 5).
const LIFE: Duration = Duration::hours(24);

// === impl Arrival ===

impl Arrival<'_> {
    pub(super) fn is_on_jitsi(&self) -> bool {
        self.meeting.booking.room.backend.kind == BackendKind::Jitsi
    }

    /// The Jitsi that the meeting is on; it may have been taken out of the configuration since.
    pub(super) fn server<'k>(&self, keyring: &'k Keyring) -> Result<&'k JitsiTokens, ApiError> {
        let backend = &self.meeting.booking.room.backend;
        keyring.server(Some(&backend.name)).ok_or_else(|| {
            tracing::error!(server = backend.name, "a meeting is on a server that is not configured");
            ApiError::Internal
        })
    }

    /// A token for this person; the trail says so before it leaves.
    pub(super) async fn issue(&self) -> Result<Ticket, ApiError> {
        let signed = self.signed();
        let (ending, result) = match &signed {
            Ok(_) => (Ending::Success, TokenResult::Issued),
            Err(error) if error.status().is_server_error() => (Ending::of(error), TokenResult::Failed),
            Err(error) => (Ending::of(error), TokenResult::Refused),
        };
        let api = &self.request.api;
        api.audit.record(self.act(ending)).await?;
        api.metrics.token_requested(TokenKind::Jitsi, result);
        if self.moderates {
            let user = &self.session.user.id;
            api.waiting.note_moderator(self.meeting.id, user, self.now());
        }
        signed
    }

    fn act(&self, ending: Ending) -> Act {
        let booking = &self.meeting.booking;
        Act {
            client: Some(booking.client.clone()),
            user: Some(self.session.user.id.clone()),
            room: Some(booking.room.name.clone()),
            ..self.request.act(Action::Issue, ending)
        }
    }

    fn signed(&self) -> Result<Ticket, ApiError> {
        let (api, now) = (&self.request.api, self.now());
        let keyring = api.keyring.borrow().clone();
        let grant = self.grant()?;
        let issued = self
            .server(&keyring)?
            .issue(&grant, now, token_id(now, api.ambient.random()));
        let issued = issued.map_err(|error| match error {
            // A token that would be over at once comes of a session that is.
            TokenError::Expired => SignInRefusal::Needed.into(),
            other => ApiError::from(other),
        })?;
        let person = grant.user;
        Ok(Ticket { issued, person })
    }

    fn grant(&self) -> Result<Grant, ApiError> {
        let features = &self.entry.features;
        let group = self.client().and_then(|client| client.group.as_deref());
        let named = (!features.is_empty()).then(|| Features::try_from(features));
        Ok(Grant {
            room: self.meeting.booking.room.name.clone(),
            user: self.person()?,
            moderator: self.moderates,
            group: group
                .map(PlainText::parse)
                .transpose()
                .map_err(ApiError::bad_text("group"))?,
            features: named.transpose()?,
            lobby_bypass: self.moderates || self.entry.lobby_bypass,
            session: Some(self.session.id),
            expires_at: self.expiry(),
        })
    }

    fn person(&self) -> Result<Person, ApiError> {
        let user = &self.session.user;
        let name = PlainText::parse(&user.name).or_else(|_| PlainText::parse(&user.username));
        let wanted = self.client().is_some_and(|client| client.include_email);
        let email = user.email.as_deref().filter(|_| wanted);
        Ok(Person {
            id: Some(user.id.clone()),
            name: name.map_err(ApiError::bad_text("name"))?,
            email: email.and_then(|email| Email::parse(email).ok()),
            avatar: None,
        })
    }

    /// The client whose meeting it is, where it is still configured.
    fn client(&self) -> Option<&Client> {
        self.request.config.clients.get(&self.meeting.booking.client)
    }

    fn expiry(&self) -> Timestamp {
        let ceiling = self.client().map(|client| client.max_token_secs);
        let ceiling = ceiling.and_then(|seconds| i64::try_from(seconds).ok());
        let life = ceiling.map_or(LIFE, |seconds| LIFE.min(Duration::seconds(seconds)));
        self.session.ends_at.min(self.now() + life)
    }
}

// === impl Ticket ===

impl Ticket {
    pub(super) fn body<'a>(&'a self, tokens: &'a JitsiTokens, meeting: &'a Meeting) -> TicketBody<'a> {
        let room = &meeting.booking.room.name;
        let meeting_type = meeting.booking.meeting_type;
        TicketBody {
            token: &self.issued.token,
            expires_at: seconds(self.issued.expires_at),
            link: self.link(tokens, meeting),
            embed: Embed::new(tokens, room, meeting_type).of(&self.issued.token, &self.person),
        }
    }

    /// Where a browser opens the room.
    pub(super) fn link(&self, tokens: &JitsiTokens, meeting: &Meeting) -> String {
        let booking = &meeting.booking;
        join_url_with(tokens, &booking.room.name, booking.meeting_type, &self.issued.token)
    }
}
