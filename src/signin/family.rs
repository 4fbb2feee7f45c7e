//! Refresh tokens: each works once, and one that comes again ends its whole family.
//!
//! A family is one sign-in of one program for one room. (RFC 9700 section 4.14.2.)

use serde::{Deserialize, Serialize};

use super::{Session, SignIn, SignInError};
use crate::domain::{ClientId, RoomName, SessionId, UserId};

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
pub struct RefreshToken(pub(super) String);

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

// === impl SignIn ===

impl SignIn {
    /// Begins a family of a live session, which lives on as long as its families may.
    pub async fn begin_family(&self, family: NewFamily) -> Result<RefreshToken, SignInError> {
        let _ = family;
        unimplemented!()
    }

    /// Trades a refresh token for the next one; durable when it returns. Of two callers with the same token one wins, and
    /// the other one's try counts as reuse.
    pub async fn renew(&self, token: &str, client: &ClientId) -> Result<Renewed, RefreshError> {
        let _ = (token, client);
        unimplemented!()
    }

    /// Whether the token would be taken now, without using it up.
    pub async fn peek(&self, token: &str, client: &ClientId) -> Result<Option<NewFamily>, SignInError> {
        let _ = (token, client);
        unimplemented!()
    }
}

// === impl RefreshToken ===

impl RefreshToken {
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}
