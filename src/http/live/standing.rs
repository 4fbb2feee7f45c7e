//! By what right somebody listens: looked at when they come, and again and again while they stay.

use crate::domain::access::{Permissions, Scope};
use crate::domain::{ClientId, SessionId};
use crate::http::Api;
use crate::http::auth::{Asker, KeyHash, MAY_FOLLOW, has_key};
use crate::live::Audience;

/// What was shown at the door.
#[derive(Debug)]
pub(super) enum Standing {
    /// Without a key it is the stand-in of `--dev`.
    Client {
        id: ClientId,
        key: Option<KeyHash>,
    },
    User(SessionId),
}

// === impl Standing ===

impl Standing {
    pub(super) fn of(asker: &Asker<'_>) -> (Self, Audience) {
        match asker {
            Asker::Client(caller) => {
                let id = caller.id.clone();
                let standing = Self::Client {
                    id: id.clone(),
                    key: caller.key,
                };
                let is_admin = caller.client.scopes.contains(&Scope::Admin);
                (standing, Audience::Client { id, is_admin })
            }
            Asker::User(session) => (Self::User(session.id), Audience::User(session.user.clone())),
        }
    }

    /// As what they may listen now; none when they may not any more, or nobody can tell.
    pub(super) async fn audience(&self, api: &Api) -> Option<Audience> {
        match self {
            Self::Client { id, key } => client(api, id, key.as_ref()),
            Self::User(session) => {
                let session = api.signin.session(*session).await.ok()??;
                Some(Audience::User(session.user))
            }
        }
    }
}

fn client(api: &Api, id: &ClientId, key: Option<&KeyHash>) -> Option<Audience> {
    let config = api.config.borrow();
    let client = config.clients.get(id)?;
    let is_it = match key {
        Some(key) => has_key(client, key),
        None => api.stand_in.as_ref() == Some(id),
    };
    let permissions = Permissions {
        scopes: &client.scopes,
        rooms: &client.rooms,
    };
    let may = is_it && permissions.require(MAY_FOLLOW).is_ok();
    may.then(|| Audience::Client {
        id: id.clone(),
        is_admin: client.scopes.contains(&Scope::Admin),
    })
}
