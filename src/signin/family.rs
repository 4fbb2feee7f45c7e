//! Refresh tokens: each works once, and one that comes again ends its whole family.
//!
//! A family is one sign-in of one program for one room. (RFC 9700 section 4.14.2.)

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::secret::{self, Fingerprint};
use super::{Session, SignIn, SignInError};
use crate::domain::id::time_ordered;
use crate::domain::{ClientId, NameError, RoomName, SessionId, Timestamp, UserId};
use crate::store::{Revision, StoreError, Table};

/// What a family is made for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewFamily {
    pub session: SessionId,
    pub client: ClientId,
    /// The room of its tokens; none for a token that only says who one is.
    pub room: Option<RoomName>,
    /// Repeated in the ID token of the code flow.
    pub nonce: Option<String>,
}

/// The secret form; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

/// A family that has moved on by one.
#[derive(Debug)]
pub struct Renewed {
    pub session: Session,
    pub family: NewFamily,
    /// The only token that works from now on.
    pub next: RefreshToken,
}

/// Why a refresh token is worth nothing.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Unknown, expired, or of a session that has ended.
    #[error("the refresh token is not known or has expired")]
    Unknown,
    /// It was used before: the family and its session have been ended.
    #[error("the refresh token was used before")]
    Reused {
        session: SessionId,
        user: Option<UserId>,
    },
    #[error("the refresh token belongs to another client")]
    WrongClient,
    #[error(transparent)]
    Failed(#[from] SignInError),
}

/// The public half of a refresh token, the same in all tokens of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct FamilyId(Uuid);

/// A family as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Record {
    v: u8,
    pub(super) family: NewFamily,
    /// Of the one token that works.
    secret: Fingerprint,
    pub(super) ends_at: Timestamp,
}

const VERSION: u8 = 1;

// === impl SignIn ===

impl SignIn {
    /// Begins a family of a live session, which lives on as long as its families may; [`SignInError::Ended`] if it does not.
    pub async fn begin_family(&self, family: NewFamily) -> Result<RefreshToken, SignInError> {
        let (_, token, _) = self.make_family(family).await?;
        Ok(token)
    }

    pub(super) async fn make_family(
        &self,
        family: NewFamily,
    ) -> Result<(FamilyId, RefreshToken, Session), SignInError> {
        // The session first: a family that outlives it is worth nothing, the other way round it could end too early.
        let (session, ends_at) = self.lengthen(family.session).await?;
        let id = FamilyId::new(self.now(), self.0.ambient.random());
        let secret = secret::fresh(&self.0.ambient);
        let record = Record {
            v: VERSION,
            family,
            secret: Fingerprint::of(&secret),
            ends_at,
        };
        let created = self.0.records.create(Table::Families, id, &record);
        match created.await? {
            true => Ok((id, RefreshToken::new(id, &secret), session)),
            false => Err(StoreError::Conflict.into()),
        }
    }

    /// Trades a refresh token for the next one; durable when it returns. Of two callers with the same token one wins, and
    /// the other one's try counts as reuse.
    pub async fn renew(&self, token: &str, client: &ClientId) -> Result<Renewed, RefreshError> {
        let (id, secret) = secret::split(token).ok_or(RefreshError::Unknown)?;
        loop {
            let (record, revision, session) = self.live_family(id).await?.ok_or(RefreshError::Unknown)?;
            if !record.secret.fits(secret) {
                return Err(self.end_reused(id, session).await?);
            }
            if record.family.client != *client {
                return Err(RefreshError::WrongClient);
            }
            if let Some(next) = self.move_on(id, &record, revision).await? {
                let family = record.family;
                return Ok(Renewed {
                    session,
                    family,
                    next,
                });
            }
        }
    }

    /// Whether the token would be taken now, without using it up.
    pub async fn peek(&self, token: &str, client: &ClientId) -> Result<Option<NewFamily>, SignInError> {
        let Some((id, secret)) = secret::split(token) else {
            return Ok(None);
        };
        let known = self.live_family(id).await?;
        Ok(known
            .map(|(record, ..)| record)
            .filter(|record| record.secret.fits(secret) && record.family.client == *client)
            .map(|record| record.family))
    }

    /// The family and its session, if both are alive.
    async fn live_family(&self, id: FamilyId) -> Result<Option<(Record, Revision, Session)>, SignInError> {
        let known: Option<(Record, _)> = self.0.records.load(Table::Families, id).await?;
        let Some((record, revision)) = known else {
            return Ok(None);
        };
        if self.now() >= record.ends_at {
            return Ok(None);
        }
        let session = self.session(record.family.session).await?;
        Ok(session.map(|session| (record, revision, session)))
    }

    /// Makes the next token the one that works, unless the family has changed since it was loaded.
    async fn move_on(
        &self,
        id: FamilyId,
        record: &Record,
        loaded: Revision,
    ) -> Result<Option<RefreshToken>, SignInError> {
        let secret = secret::fresh(&self.0.ambient);
        let next = Record {
            secret: Fingerprint::of(&secret),
            ..record.clone()
        };
        let replaced = self.0.records.replace(Table::Families, id, &next, loaded);
        Ok(replaced.await?.then(|| RefreshToken::new(id, &secret)))
    }

    /// Either the person or a thief holds a token that the other has used; nobody can tell which, so both are out.
    async fn end_reused(&self, id: FamilyId, session: Session) -> Result<RefreshError, SignInError> {
        let ended = self.end(session.id).await?;
        self.end_family(id).await?;
        tracing::warn!(session = %session.id, "a refresh token came again; its session was ended");
        Ok(RefreshError::Reused {
            session: session.id,
            user: ended.map(|session| session.user.id),
        })
    }

    /// Ends a family by itself; its session goes on.
    pub(super) async fn end_family(&self, id: FamilyId) -> Result<(), SignInError> {
        loop {
            let known: Option<(Record, _)> = self.0.records.load(Table::Families, id).await?;
            let Some((_, revision)) = known else {
                return Ok(());
            };
            if self.0.records.remove(Table::Families, id, revision).await? {
                return Ok(());
            }
        }
    }

    /// Whether a stored family can ever be of use again.
    pub(super) async fn is_family_over(&self, record: &Record) -> Result<bool, SignInError> {
        let session = record.family.session;
        Ok(self.now() >= record.ends_at || !self.0.records.has(Table::Sessions, session).await?)
    }
}

// === impl RefreshToken ===

impl RefreshToken {
    fn new(family: FamilyId, secret: &str) -> Self {
        Self(secret::join(family, secret))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

// === impl FamilyId ===

impl FamilyId {
    fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self(time_ordered(now, random))
    }
}

impl FromStr for FamilyId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Uuid::try_parse(text).map(Self).map_err(|_| NameError::NotUuid)
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
