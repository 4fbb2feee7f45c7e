//! The program that somebody signs in for, and what it is given: tokens, as far as the rules for rooms allow.

use http::HeaderMap;

use super::flow::{Flow, client_of};
use super::page;
use crate::audit::{Act, Action};
use crate::config::daemon::Language;
use crate::config::{Client, Config};
use crate::domain::access::{Entry, Visitor};
use crate::domain::{ClientId, RoomKey, RoomName, Timestamp};
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::backend::jitsi;
use crate::http::error::{ApiError, SignInRefusal};
use crate::http::form::Pairs;
use crate::http::language::choose;
use crate::http::origin::require_origin;
use crate::http::refused::Refused;
use crate::http::trail::Ending;
use crate::signin::Session;
use crate::telemetry::label::{TokenKind, TokenResult};
use crate::tokens::{
    Email, Features, Grant, IdGrant, IdentityGrant, Issued, JitsiTokens, Keyring, Person, PlainText,
    TokenError, token_id,
};

/// A program by its id, which is no secret: what it is given goes to addresses that it registered.
#[derive(Clone, Copy)]
pub(super) struct Program<'a> {
    pub(super) request: &'a Incoming,
    pub(super) id: &'a ClientId,
    pub(super) client: &'a Client,
}

// === impl Program ===

impl<'a> Program<'a> {
    /// The program that somebody signs in for.
    pub(super) fn of(request: &'a Incoming, flow: &Flow) -> Result<Self, Refused> {
        let program = Self::named(request, flow.client.as_str())?;
        program.visited()
    }

    pub(super) fn named(request: &'a Incoming, id: &str) -> Result<Self, SignInRefusal> {
        let (id, client) = client_of(id, &request.config)?;
        Ok(Self { request, id, client })
    }

    /// The program that a page or another program calls for.
    pub(super) fn calling(request: &'a Incoming, id: Option<&str>) -> Result<Self, Refused> {
        let id = id.filter(|id| !id.is_empty());
        let program = Self::named(request, id.ok_or(ApiError::Missing { field: "client_id" })?)?;
        require_origin(&request.headers, &request.config, program.client)
            .map_err(|error| program.refused(error))?;
        program.visited()
    }

    fn visited(self) -> Result<Self, Refused> {
        let (address, allowance) = (self.request.context.address, self.client.requests_per_second);
        let counted = self.request.api.limits.visit(self.id, allowance, address);
        counted.map_err(|error| self.refused(error)).map(|()| self)
    }

    /// The error, told to this program's people.
    pub(super) fn refused(&self, error: impl Into<ApiError>) -> Refused {
        Refused {
            error: error.into(),
            client: Some(self.spoken()),
        }
    }

    pub(super) fn language(&self) -> Language {
        choose(self.headers(), Some(&self.spoken()), self.config())
    }

    pub(super) fn config(&self) -> &'a Config {
        &self.request.config
    }

    fn headers(&self) -> &'a HeaderMap {
        &self.request.headers
    }

    fn spoken(&self) -> (ClientId, Option<Language>) {
        (self.id.clone(), self.client.language)
    }

    /// The name of the Jitsi server that its tokens are for; none: the default one.
    pub(super) fn server_name(&self) -> Option<&'a str> {
        self.client.jitsi()
    }

    pub(super) fn server<'k>(&self, keyring: &'k Keyring) -> Result<&'k JitsiTokens, ApiError> {
        jitsi(keyring, self.id, self.client)
    }

    /// Whether and how the person may enter the room.
    pub(super) async fn entry(&self, visitor: Visitor<'_>, room: &RoomName) -> Result<Entry, ApiError> {
        let keyring = self.request.api.keyring.borrow().clone();
        let key = RoomKey {
            backend: self.server(&keyring)?.backend(),
            name: room.clone(),
        };
        self.request.entry(&key, visitor).await
    }

    /// Looks at the rules without giving anything out; a refusal is written down like that of a token.
    pub(super) async fn admit(&self, session: &Session, room: Option<&RoomName>) -> Result<(), ApiError> {
        let admitted = match room {
            Some(room) => self.entry(session.visitor(), room).await.map(drop),
            None => require_account(session),
        };
        match admitted {
            Ok(()) => Ok(()),
            Err(error) => Err(self.not_issued(session, room, error).await),
        }
    }

    /// A token of this sign-in: for the room, or one that only says who the person is.
    pub(super) async fn issue(&self, session: &Session, room: Option<&RoomName>) -> Result<Issued, ApiError> {
        match self.signed(session, room).await {
            Ok(issued) => {
                self.record(by(session, self.act(Action::Issue, Ending::Success, room)))
                    .await?;
                self.request
                    .api
                    .metrics
                    .token_requested(TokenKind::Jitsi, TokenResult::Issued);
                Ok(issued)
            }
            Err(error) => Err(self.not_issued(session, room, error).await),
        }
    }

    /// Says to the program who signed in; it opens nothing.
    pub(super) fn id_token(&self, session: &Session, nonce: Option<&str>) -> Result<String, ApiError> {
        let keyring = self.request.api.keyring.borrow().clone();
        let person = self.person(session)?;
        let grant = IdGrant {
            client: self.id,
            user: &person,
            session: session.id,
            nonce,
            expires_at: self.expiry(session),
        };
        let issued = self.server(&keyring)?.issue_id_token(&grant, self.now());
        Ok(issued.map_err(over)?.token)
    }

    /// Something that this program's people do, for the trail.
    pub(super) fn act(&self, action: Action, ending: Ending, room: Option<&RoomName>) -> Act {
        Act {
            client: Some(self.id.clone()),
            room: room.cloned(),
            ..self.request.act(action, ending)
        }
    }

    pub(super) async fn record(&self, act: Act) -> Result<(), ApiError> {
        Ok(self.request.api.audit.record(act).await?)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.request.context.received_at
    }

    async fn signed(&self, session: &Session, room: Option<&RoomName>) -> Result<Issued, ApiError> {
        let keyring = self.request.api.keyring.borrow().clone();
        let tokens = self.server(&keyring)?;
        let now = self.now();
        let jti = token_id(now, self.request.api.ambient.random());
        let issued = match room {
            Some(room) => tokens.issue(&self.grant(session, room).await?, now, jti),
            None => {
                require_account(session)?;
                let grant = IdentityGrant {
                    user: &self.person(session)?,
                    session: session.id,
                    expires_at: self.expiry(session),
                };
                tokens.issue_identity(&grant, now, jti)
            }
        };
        issued.map_err(over)
    }

    async fn grant(&self, session: &Session, room: &RoomName) -> Result<Grant, ApiError> {
        let entry = self.entry(session.visitor(), room).await?;
        let features = entry
            .features
            .iter()
            .map(|(name, allowed)| (name.as_str(), *allowed));
        let named = !entry.features.is_empty();
        let group = self.client.group.as_deref();
        Ok(Grant {
            room: room.clone(),
            user: self.person(session)?,
            moderator: entry.moderator,
            group: group
                .map(PlainText::parse)
                .transpose()
                .map_err(ApiError::bad_text("group"))?,
            features: named.then(|| Features::complete(features)).transpose()?,
            lobby_bypass: entry.lobby_bypass,
            session: Some(session.id),
            expires_at: self.expiry(session),
        })
    }

    fn person(&self, session: &Session) -> Result<Person, ApiError> {
        let user = &session.user;
        let name = PlainText::parse(&user.name).or_else(|_| PlainText::parse(&user.username));
        let email = user.email.as_deref().filter(|_| self.client.include_email);
        Ok(Person {
            id: Some(user.id.clone()),
            name: name.map_err(ApiError::bad_text("name"))?,
            email: email.and_then(|email| Email::parse(email).ok()),
            avatar: None,
        })
    }

    fn expiry(&self, session: &Session) -> Timestamp {
        session.token_until(self.now(), self.config(), Some(self.client))
    }

    async fn not_issued(&self, session: &Session, room: Option<&RoomName>, error: ApiError) -> ApiError {
        let failed = error.status().is_server_error();
        let result = if failed {
            TokenResult::Failed
        } else {
            TokenResult::Refused
        };
        self.request.api.metrics.token_requested(TokenKind::Jitsi, result);
        let act = by(session, self.act(Action::Issue, Ending::of(&error), room));
        self.record(act).await.err().unwrap_or(error)
    }
}

/// The act as one of this person.
fn by(session: &Session, act: Act) -> Act {
    Act {
        user: Some(session.user.id.clone()),
        ..act
    }
}

/// A guest is somebody in a room that lets guests in, and nobody elsewhere: programs take a token that names no room as
/// the word that its holder has an account.
pub(super) fn require_account(session: &Session) -> Result<(), ApiError> {
    match session.visitor() {
        Visitor::User(_) => Ok(()),
        Visitor::Guest => Err(SignInRefusal::GuestsNotAllowed.into()),
    }
}

/// Runs a step of the way through sign-in that the request asks for; a way that cannot be gone ends here.
pub(super) async fn along<S>(request: &Incoming, step: S) -> Result<Answer, Refused>
where
    S: AsyncFnOnce(&Program<'_>, Flow) -> Result<Answer, ApiError>,
{
    let pairs = Pairs::parse(request.query.as_bytes())?;
    let flow = match Flow::parse(&pairs, &request.config) {
        Ok(flow) => flow,
        Err(error) => return page::lost(error),
    };
    let program = Program::of(request, &flow)?;
    let answer = step(&program, flow).await;
    answer.map_err(|error| program.refused(error))
}

/// A token that would be over at once comes of a session that is.
fn over(error: TokenError) -> ApiError {
    match error {
        TokenError::Expired => SignInRefusal::Needed.into(),
        other => other.into(),
    }
}
