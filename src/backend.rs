//! Acting on a meeting server: make a room and close it, say something in it, put somebody out or mute them, list rooms and
//! people.
//!
//! Each call reads the configuration and the keys as they are at that moment, takes [`PATIENCE`] at most, and can be made
//! again: a room that is gone cannot be closed twice. Nothing here remembers anything but connections; what has to be done
//! although the server is away is kept by the meetings.

pub mod livekit;
pub mod prosody;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::config::Config;
use crate::config::daemon::{Control, Jitsi};
use crate::config::secret::Secret;
use crate::domain::observation::{BackendId, BackendKind, OccupantId, RoomKey};
use crate::domain::{Ambient, RoomName};
use crate::tokens::{Keyring, token_id};
use prosody::{Door, Prosody};

/// The meeting servers, as far as usher can act on them; cheap to clone.
#[derive(Debug, Clone)]
pub struct Backends {
    config: watch::Receiver<Arc<Config>>,
    keyring: watch::Receiver<Arc<Keyring>>,
    prosody: Prosody,
    clients: livekit::Clients,
    ambient: Ambient,
}

/// A room that is open on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRoom {
    pub name: RoomName,
    /// Without services; recorders may count where the server cannot tell them apart.
    pub people: u32,
}

/// What of somebody is to be muted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Media {
    pub audio: bool,
    /// Camera and shared screens.
    pub video: bool,
}

/// What somebody in a room may do; what is absent stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    pub publish: Option<bool>,
    pub subscribe: Option<bool>,
    pub publish_data: Option<bool>,
}

/// Why a server did not do what it was asked to. No variant carries a secret or an address.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    #[error("the meeting server cannot be reached, or does not answer in time")]
    Away(#[source] Option<prosody::CallError>),
    /// What answers is not what should: a proxy's page, or LiveKit to whom nobody with that API key is known.
    #[error("what answers there is not the meeting server, or does not know the key")]
    Strange,
    #[error("the meeting server refuses the call (status {status})")]
    Refused { status: u16 },
    /// Its web server does not know the address: the module is not loaded there, or is too old.
    #[error("the meeting server has no such route; is the module loaded there?")]
    NoRoute,
    /// For closing a room that is as good as done.
    #[error("the room is not open, or the person is not in it")]
    NotThere,
    #[error("usher.toml does not say how to act on this meeting server")]
    NotConfigured,
    #[error("usher cannot act on meeting servers of this kind")]
    Unsupported,
}

/// How long one call may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

// === impl Backends ===

impl Backends {
    pub fn new(
        config: watch::Receiver<Arc<Config>>,
        keyring: watch::Receiver<Arc<Keyring>>,
        ambient: Ambient,
    ) -> Self {
        Self {
            config,
            keyring,
            prosody: Prosody::new(),
            clients: livekit::Clients::default(),
            ambient,
        }
    }

    /// Puts everybody out and closes the room with its breakout rooms; `text` says why, where it can be passed on.
    pub async fn close(&self, room: &RoomKey, text: &str) -> Result<(), BackendError> {
        if room.backend.kind == BackendKind::Livekit {
            let service = self.livekit(&room.backend).await?;
            // The room is closed although they were not told.
            drop(service.notify(&room.name, text).await);
            return service.close(&room.name).await;
        }
        let config = self.config.borrow().clone();
        let server = jitsi(&config, &room.backend)?;
        match server.control {
            Control::Usher => prosody::own::close(&self.door(server)?, &jid(server, room), text).await,
            Control::Jitsi => prosody::jitsi::close(&self.door(server)?, &jid(server, room)).await,
        }
    }

    /// Makes a room ahead, unless it is there. Jitsi makes its rooms for whoever comes.
    pub async fn open(&self, room: &RoomKey, how: &livekit::Preparation) -> Result<(), BackendError> {
        self.livekit(&room.backend).await?.open(&room.name, how).await
    }

    /// Says something to everybody in the room: in Jitsi's chat, in the name of the server; on LiveKit as a notice for pages
    /// that show it. Where the server must be told to whom, `people` are those who hear it.
    pub async fn say(&self, room: &RoomKey, text: &str, people: &[OccupantId]) -> Result<(), BackendError> {
        if room.backend.kind == BackendKind::Livekit {
            return self.livekit(&room.backend).await?.notify(&room.name, text).await;
        }
        let config = self.config.borrow().clone();
        let server = jitsi(&config, &room.backend)?;
        let (door, jid) = (self.door(server)?, jid(server, room));
        match server.control {
            Control::Usher => prosody::own::say(&door, &jid, text).await,
            Control::Jitsi => prosody::jitsi::say(&door, &jid, text, people).await,
        }
    }

    /// Puts one person out; `text` says why, where the server passes it on. Whoever has a token that is still good can come
    /// back.
    pub async fn remove(&self, room: &RoomKey, who: &OccupantId, text: &str) -> Result<(), BackendError> {
        if room.backend.kind == BackendKind::Livekit {
            return self.livekit(&room.backend).await?.put_out(&room.name, who).await;
        }
        let config = self.config.borrow().clone();
        let server = jitsi(&config, &room.backend)?;
        let door = self.door(server)?;
        match server.control {
            Control::Usher => prosody::own::remove(&door, &jid(server, room), who, text).await,
            Control::Jitsi => prosody::jitsi::remove(&door, &room.name, who).await,
        }
    }

    /// The rooms of a Jitsi that are open, without breakout rooms and health checks.
    pub async fn rooms(&self, backend: &BackendId) -> Result<Vec<OpenRoom>, BackendError> {
        let config = self.config.borrow().clone();
        let server = jitsi(&config, backend)?;
        let door = self.door(server)?;
        match server.control {
            Control::Usher => prosody::own::rooms(&door).await,
            Control::Jitsi => prosody::jitsi::rooms(&door, &server.muc_domain).await,
        }
    }

    /// LiveKit's room service.
    pub async fn livekit(&self, backend: &BackendId) -> Result<livekit::Service, BackendError> {
        if backend.kind != BackendKind::Livekit {
            return Err(BackendError::Unsupported);
        }
        let config = self.config.borrow().clone();
        let server = config.daemon.livekit_named(&backend.name);
        let client = self
            .clients
            .of(server.ok_or(BackendError::NotConfigured)?)
            .await?;
        Ok(livekit::Service::new(client))
    }

    /// Where the server is asked, as whom, and with what proof.
    fn door(&self, server: &Jitsi) -> Result<Door<'_>, BackendError> {
        let base = server.prosody_http.clone().ok_or(BackendError::NotConfigured)?;
        let (host, bearer) = match server.control {
            Control::Usher => {
                let secret = server
                    .prosody_secret
                    .as_ref()
                    .ok_or(BackendError::NotConfigured)?;
                (server.muc_domain.clone(), secret.clone())
            }
            Control::Jitsi => (server.domain.clone(), self.token(server)?),
        };
        Ok(Door::new(&self.prosody, base, host, bearer))
    }

    fn token(&self, server: &Jitsi) -> Result<Secret, BackendError> {
        let keyring = self.keyring.borrow().clone();
        let tokens = keyring
            .server(Some(&server.name))
            .ok_or(BackendError::NotConfigured)?;
        let now = self.ambient.now();
        let issued = tokens.issue_control(now, token_id(now, self.ambient.random()));
        // Without a key that has started there is nothing to sign with; refused at load where there is none at all.
        issued
            .map(|issued| Secret::new(issued.token))
            .map_err(|_| BackendError::NotConfigured)
    }
}

// === impl BackendError ===

impl BackendError {
    /// Whether the same call can succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Away(_) | Self::Strange | Self::Refused { .. } | Self::NoRoute
        )
    }
}

fn jitsi<'a>(config: &'a Config, backend: &BackendId) -> Result<&'a Jitsi, BackendError> {
    if backend.kind != BackendKind::Jitsi {
        return Err(BackendError::Unsupported);
    }
    let mut servers = config.daemon.jitsi.iter();
    servers
        .find(|server| server.name == backend.name)
        .ok_or(BackendError::NotConfigured)
}

/// The room's address on the server.
fn jid(server: &Jitsi, room: &RoomKey) -> String {
    format!("{}@{}", room.name.as_str(), server.muc_domain)
}
