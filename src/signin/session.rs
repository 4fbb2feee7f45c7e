//! Sessions: who is signed in, until when, and the cookie that proves it.

use serde::{Deserialize, Serialize};

use super::{SignIn, SignInError};
use crate::domain::{ClientId, SessionId, Timestamp, User, UserId};

/// Who a session is about, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
        let _ = (identity, client, previous);
        unimplemented!()
    }

    /// The live session that a cookie proves.
    pub async fn session_of_cookie(&self, cookie: &str) -> Result<Option<Session>, SignInError> {
        let _ = cookie;
        unimplemented!()
    }

    /// The session, if it is alive: neither ended nor expired, its user still there and active.
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, SignInError> {
        let _ = id;
        unimplemented!()
    }

    /// Ends a session: from the return on its tokens, cookie, codes and refresh tokens are worth nothing. Returns what it was,
    /// if it was alive.
    pub async fn end(&self, id: SessionId) -> Result<Option<Session>, SignInError> {
        let _ = id;
        unimplemented!()
    }
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Begun")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
