//! The meeting server that a client's tokens are for: the one that it names, else the first of that kind.

use super::error::{ApiError, LiveKitRefusal};
use crate::config::Client;
use crate::domain::ClientId;
use crate::tokens::{JitsiTokens, Keyring, LiveKitTokens};

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
