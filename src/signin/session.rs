//! Sessions: who is signed in, until when, and the cookie that proves it.

use std::fmt;

use chrono::Duration;
use serde::{Deserialize, Serialize};

use super::secret::{self, Fingerprint};
use super::{SignIn, SignInError};
use crate::config::{Client, Config, Users};
use crate::domain::access::Visitor;
use crate::domain::{ClientId, SessionId, Timestamp, User, UserId};
use crate::store::{Revision, StoreError, Table};

/// Who a session is about, as it is stored.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// A user of `users.toml`; what the file says now decides, so a user who is switched off or removed there is out.
    Local { username: String },
    /// A user of the OpenID Connect provider, as it described them at sign-in; with what it needs for logging out.
    Provided { user: User, id_token: Option<String> },
    /// Somebody without an account, where the rules let guests in.
    Guest { id: UserId, name: String },
}

/// A session that is alive now.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub identity: Identity,
    /// The person behind [`Session::identity`], as of now. A guest has an id and a name and nothing else.
    pub user: User,
    /// The program through which the person signed in.
    pub client: ClientId,
    pub begun_at: Timestamp,
    /// The cookie works until then.
    pub cookie_until: Timestamp,
    /// Tokens and refresh families work until then.
    pub ends_at: Timestamp,
}

/// A session that has just begun, with the secret for the browser.
pub struct Begun {
    pub session: Session,
    /// Value of the session cookie; only its hash is stored.
    pub cookie: String,
}

/// A session as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    v: u8,
    identity: Identity,
    /// Whose it is: an e-mail address that was given to somebody else since opens nothing of the former owner's.
    user: UserId,
    client: ClientId,
    begun_at: Timestamp,
    cookie_until: Timestamp,
    ends_at: Timestamp,
    /// Of the cookie's second half.
    secret: Fingerprint,
}

const VERSION: u8 = 1;

// === impl SignIn ===

impl SignIn {
    /// Begins a session; it is on disk when this returns. Ends `previous`, whose cookie the browser presented, so that no
    /// cookie from before a sign-in is worth anything after it.
    pub async fn begin(
        &self,
        identity: Identity,
        client: &ClientId,
        previous: Option<SessionId>,
    ) -> Result<Begun, SignInError> {
        if let Some(previous) = previous {
            self.end(previous).await?;
        }
        let user = identity
            .user(&self.0.config.borrow().users)
            .ok_or(SignInError::Ended)?;
        let secret = secret::fresh(&self.0.ambient);
        let record = self.new_record(identity, user.id.clone(), client, &secret);
        let id = SessionId::new(record.begun_at, self.0.ambient.random());
        let created = self.0.records.create(Table::Sessions, id, &record);
        if !created.await? {
            return Err(StoreError::Conflict.into());
        }
        Ok(Begun {
            session: record.into_session(id, user),
            cookie: secret::join(id, &secret),
        })
    }

    /// The live session that a cookie proves.
    pub async fn session_of_cookie(&self, cookie: &str) -> Result<Option<Session>, SignInError> {
        let Some((id, secret)) = secret::split(cookie) else {
            return Ok(None);
        };
        let known = self.load_session(id).await?;
        let now = self.now();
        Ok(known
            .filter(|(record, _)| record.secret.fits(secret) && now < record.cookie_until)
            .and_then(|(record, _)| self.alive(id, record)))
    }

    /// The session, if it is alive: neither ended nor expired, its user still there and active.
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, SignInError> {
        let known = self.load_session(id).await?;
        Ok(known.and_then(|(record, _)| self.alive(id, record)))
    }

    /// Ends a session: from the return on its tokens, cookie, codes and refresh tokens are worth nothing. Returns what it was,
    /// if it was alive.
    pub async fn end(&self, id: SessionId) -> Result<Option<Session>, SignInError> {
        while let Some((record, revision)) = self.load_session(id).await? {
            let removed = self.0.records.remove(Table::Sessions, id, revision);
            if removed.await? {
                return Ok(self.alive(id, record));
            }
        }
        Ok(None)
    }

    /// Lets a live session live as long as a refresh family that begins now. Returns it, and until when that is.
    pub(super) async fn lengthen(&self, id: SessionId) -> Result<(Session, Timestamp), SignInError> {
        loop {
            let (mut record, revision) = self.load_session(id).await?.ok_or(SignInError::Ended)?;
            let session = self.alive(id, record.clone()).ok_or(SignInError::Ended)?;
            let days = self.0.config.borrow().daemon.signin.refresh_days;
            let until = record.family_until(self.now(), Duration::days(days.into()));
            if until <= record.ends_at {
                return Ok((session, until));
            }
            record.ends_at = until;
            let replaced = self.0.records.replace(Table::Sessions, id, &record, revision);
            if replaced.await? {
                let ends_at = until;
                return Ok((Session { ends_at, ..session }, until));
            }
        }
    }

    /// Whether a stored session can ever be alive again.
    pub(super) fn is_over(&self, record: &Record) -> bool {
        self.now() >= record.ends_at || self.owner(record).is_none()
    }

    fn new_record(&self, identity: Identity, user: UserId, client: &ClientId, secret: &str) -> Record {
        let begun_at = self.now();
        let hours = self.0.config.borrow().daemon.signin.session_hours;
        let cookie_until = begun_at + Duration::hours(hours.into());
        Record {
            v: VERSION,
            identity,
            user,
            client: client.clone(),
            begun_at,
            cookie_until,
            ends_at: cookie_until,
            secret: Fingerprint::of(secret),
        }
    }

    async fn load_session(&self, id: SessionId) -> Result<Option<(Record, Revision)>, SignInError> {
        self.0.records.load(Table::Sessions, id).await
    }

    fn alive(&self, id: SessionId, record: Record) -> Option<Session> {
        let user = self.owner(&record).filter(|_| self.now() < record.ends_at)?;
        Some(record.into_session(id, user))
    }

    /// The person whose session it is, if they may still be signed in.
    fn owner(&self, record: &Record) -> Option<User> {
        let user = record.identity.user(&self.0.config.borrow().users);
        user.filter(|user| user.id == record.user)
    }
}

// === impl Session ===

impl Session {
    /// The person as the rules of rooms look at them.
    pub fn visitor(&self) -> Visitor<'_> {
        match self.identity {
            Identity::Guest { .. } => Visitor::Guest,
            Identity::Local { .. } | Identity::Provided { .. } => Visitor::User(&self.user),
        }
    }

    /// Somebody without an account.
    pub fn is_guest(&self) -> bool {
        matches!(self.identity, Identity::Guest { .. })
    }

    /// The end of a token of this sign-in: no later than the configuration says, `client` may, and the sign-in lives.
    pub fn token_until(&self, now: Timestamp, config: &Config, client: Option<&Client>) -> Timestamp {
        let wanted = u64::from(config.daemon.signin.token_minutes) * 60;
        let seconds = client.map_or(wanted, |client| wanted.min(client.max_token_secs));
        let life = Duration::seconds(i64::try_from(seconds).unwrap_or_default());
        self.ends_at.min(now + life)
    }
}

// === impl Identity ===

impl Identity {
    /// The person, as of now; none if the file no longer lets them in.
    fn user(&self, users: &Users) -> Option<User> {
        match self {
            Self::Local { username } => {
                let user = users.get(username).filter(|user| user.active)?;
                local(username, user)
            }
            Self::Provided { user, .. } => Some(user.clone()),
            Self::Guest { id, name } => Some(guest(id, name)),
        }
    }
}

impl fmt::Debug for Identity {
    /// Without the provider's token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { username } => f.debug_tuple("Local").field(username).finish(),
            Self::Provided { user, .. } => f.debug_tuple("Provided").field(user).finish(),
            Self::Guest { id, name } => f.debug_tuple("Guest").field(id).field(name).finish(),
        }
    }
}

/// Everybody in `users.toml` who may sign in, in the words of the domain.
pub fn accounts(users: &Users) -> impl Iterator<Item = User> + '_ {
    let active = users.iter().filter(|(_, user)| user.active);
    active.filter_map(|(username, user)| local(username, user))
}

/// A user of `users.toml` in the words of the domain; none without a profile.
pub(super) fn local(username: &str, user: &crate::config::User) -> Option<User> {
    Some(User {
        id: user.id.clone()?,
        username: username.to_owned(),
        name: user.name.clone(),
        email: Some(username.to_owned()),
        roles: user.roles.clone(),
        organisations: user.organisations.clone(),
    })
}

fn guest(id: &UserId, name: &str) -> User {
    User {
        id: id.clone(),
        username: id.to_string(),
        name: name.to_owned(),
        email: None,
        roles: Vec::new(),
        organisations: Vec::new(),
    }
}

// === impl Begun ===

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

// === impl Record ===

impl Record {
    fn into_session(self, id: SessionId, user: User) -> Session {
        Session {
            id,
            identity: self.identity,
            user,
            client: self.client,
            begun_at: self.begun_at,
            cookie_until: self.cookie_until,
            ends_at: self.ends_at,
        }
    }

    /// The end of a refresh family that begins `now`. `refresh` counts from the sign-in and does not slide; only where the
    /// cookie works longer than that, it counts from now, up to the end of the cookie.
    fn family_until(&self, now: Timestamp, refresh: Duration) -> Timestamp {
        let of_cookie = (now + refresh).min(self.cookie_until);
        of_cookie.max(self.begun_at + refresh)
    }
}
