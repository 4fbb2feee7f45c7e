//! The meeting server that a client's tokens are for: the one that it names, else the first of that kind.

use super::error::{ApiError, LiveKitRefusal};
use crate::config::Client;
use crate::domain::ClientId;
use crate::domain::observation::{BackendId, BackendKind};
use crate::tokens::{JitsiTokens, Keyring, LiveKitTokens};

/// A meeting server of either kind.
#[derive(Clone, Copy)]
pub(super) enum Server<'a> {
    Jitsi(&'a JitsiTokens),
    LiveKit(&'a LiveKitTokens),
}

// === impl Server ===

impl<'a> Server<'a> {
    /// Where a new meeting takes place: on the wanted kind of server, else on the client's.
    pub(super) fn chosen(
        keyring: &'a Keyring,
        kind: Option<BackendKind>,
        client: Option<&Client>,
    ) -> Result<Self, ApiError> {
        let livekit = client.and_then(Client::livekit);
        let own = match livekit {
            Some(_) => BackendKind::Livekit,
            None => BackendKind::Jitsi,
        };
        match kind.unwrap_or(own) {
            BackendKind::Jitsi => {
                let server = keyring.server(client.and_then(Client::jitsi));
                server.map(Self::Jitsi).ok_or(ApiError::Internal)
            }
            BackendKind::Livekit => {
                let server = keyring.livekit(livekit);
                Ok(Self::LiveKit(server.ok_or(LiveKitRefusal::UnknownServer)?))
            }
        }
    }

    /// The server of a meeting; none where it is configured no longer.
    pub(super) fn of(keyring: &'a Keyring, id: &BackendId) -> Option<Self> {
        match id.kind {
            BackendKind::Jitsi => keyring.server(Some(&id.name)).map(Self::Jitsi),
            BackendKind::Livekit => keyring.livekit(Some(&id.name)).map(Self::LiveKit),
        }
    }

    pub(super) fn backend(&self) -> BackendId {
        match self {
            Self::Jitsi(server) => server.backend(),
            Self::LiveKit(server) => server.backend(),
        }
    }
}

/// Loading the configuration refuses a name that is nobody's, and one without any Jitsi.
pub(super) fn jitsi<'a>(
    keyring: &'a Keyring,
    id: &ClientId,
    client: &Client,
) -> Result<&'a JitsiTokens, ApiError> {
    keyring.server(client.jitsi()).ok_or_else(|| {
        tracing::error!(client = %id, "no Jitsi server is configured under the name that the client has");
        ApiError::Internal
    })
}

pub(super) fn livekit<'a>(
    keyring: &'a Keyring,
    client: &Client,
) -> Result<&'a LiveKitTokens, LiveKitRefusal> {
    keyring
        .livekit(client.livekit())
        .ok_or(LiveKitRefusal::UnknownServer)
}
