//! Who calls a route that is for programs and for people: a client by its API key, or somebody who has signed in.

use http::header::AUTHORIZATION;

use super::{Caller, authorization};
use crate::domain::access::{Scope, Viewer};
use crate::http::Incoming;
use crate::http::error::ApiError;
use crate::http::refused::Refused;
use crate::signin::Session;

/// A program or a person.
#[derive(Debug)]
pub(in crate::http) enum Asker<'a> {
    Client(Caller<'a>),
    User(Box<Session>),
}

// === impl Incoming ===

impl Incoming {
    /// The client that calls, if it has all that `needs` says, or the person; people need no scope.
    pub(in crate::http) async fn asker(&self, needs: &[Scope]) -> Result<Asker<'_>, Refused> {
        if self.headers.contains_key(AUTHORIZATION) {
            return if self.presents_token() {
                self.user().await.map(Asker::user)
            } else {
                self.caller(needs).map(Asker::Client)
            };
        }
        match self.user().await {
            // Without a credential, this is the stand-in of `--dev`.
            Err(_) if self.is_known_client() => self.caller(needs).map(Asker::Client),
            found => found.map(Asker::user),
        }
    }

    /// Whether the credential is a token: three parts with dots between, which no API key of ours has.
    fn presents_token(&self) -> bool {
        let header = authorization(&self.headers).unwrap_or_default();
        !self.is_known_client() && header.matches('.').count() == 2
    }
}

// === impl Asker ===

impl Asker<'_> {
    fn user(session: Session) -> Self {
        Self::User(Box::new(session))
    }

    /// As the rules of access see them.
    pub(in crate::http) fn viewer(&self) -> Viewer<'_> {
        match self {
            Self::Client(caller) => Viewer::Client {
                id: caller.id,
                is_admin: caller.client.scopes.contains(&Scope::Admin),
            },
            Self::User(session) => Viewer::User(&session.user),
        }
    }

    /// The error, told to this caller.
    pub(in crate::http) fn refused(&self, error: impl Into<ApiError>) -> Refused {
        match self {
            Self::Client(caller) => caller.refused(error),
            Self::User(_) => error.into().into(),
        }
    }
}
