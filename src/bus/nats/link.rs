//! The connection: addresses without secrets, reconnecting for ever, and what there is to know about its state.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use percent_encoding::percent_decode_str;
use tokio::sync::watch;

use crate::bus::BusError;
use crate::config::daemon::Nats;

/// Whether NATS is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NatsState {
    pub connected: bool,
    /// Counts the connections made so far, so it grows with each reconnect. A server that was away may have lost what
    /// it acknowledged shortly before: in its default setting it reaches the disk every two minutes.
    pub epoch: u64,
}

/// A client that connects for as long as it lives.
pub(super) struct Link {
    pub client: Client,
    pub state: watch::Receiver<NatsState>,
}

/// Where to connect and as whom, taken apart so that no secret stays in an address that somebody may log.
struct Target {
    servers: Vec<ServerAddr>,
    login: Login,
}

enum Login {
    Anonymous,
    Token(String),
    Password { user: String, password: String },
}

/// Turns what happens to the connection into the state and the log.
struct Observer {
    servers: String,
    state: watch::Sender<NatsState>,
    /// What was logged last, so that a server that is away all night is one line.
    complaint: Mutex<Option<String>>,
}

/// A half-open connection is noticed after two of these.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

// === impl Link ===

impl Link {
    /// Returns at once and connects in the background.
    pub async fn open(nats: &Nats) -> Result<Self, BusError> {
        Self::with(nats, ConnectOptions::new().retry_on_initial_connect()).await
    }

    /// Returns when connected, or says why not.
    pub async fn open_now(nats: &Nats) -> Result<Self, BusError> {
        Self::with(nats, ConnectOptions::new()).await
    }

    async fn with(nats: &Nats, options: ConnectOptions) -> Result<Self, BusError> {
        let target = Target::parse(&nats.url)?;
        let (sender, state) = watch::channel(NatsState::default());
        let observer = Arc::new(Observer::new(&target.servers, sender));
        let options = authenticated(options, target.login, nats)?
            .name("usher")
            .ping_interval(PING_INTERVAL)
            .connection_timeout(CONNECT_TIMEOUT)
            .reconnect_delay_callback(pause_before)
            .event_callback(move |event| {
                observer.see(&event);
                std::future::ready(())
            });
        let client = options
            .connect(target.servers)
            .await
            .map_err(|error| match error.kind() {
                ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                    BusError::Unauthorised
                }
                _ => BusError::Unreachable(error),
            })?;
        Ok(Self { client, state })
    }
}

// === impl Target ===

impl Target {
    /// Takes one address or several, separated by commas; the first with a user or a token decides the login.
    fn parse(text: &str) -> Result<Self, BusError> {
        let mut servers = Vec::new();
        let mut login = Login::Anonymous;
        for one in text.split(',') {
            let (server, found) = split(one.trim())?;
            servers.push(server);
            if matches!(login, Login::Anonymous) {
                login = found;
            }
        }
        Ok(Self { servers, login })
    }
}

// === impl Observer ===

impl Observer {
    fn new(servers: &[ServerAddr], state: watch::Sender<NatsState>) -> Self {
        let servers: Vec<_> = servers
            .iter()
            .map(|s| format!("{}:{}", s.host(), s.port()))
            .collect();
        Self {
            servers: servers.join(","),
            state,
            complaint: Mutex::new(None),
        }
    }

    fn see(&self, event: &Event) {
        match event {
            Event::Connected => self.connected(),
            Event::Disconnected => {
                self.gone();
                tracing::warn!(
                    servers = self.servers,
                    "lost the connection to NATS; connecting again"
                );
            }
            Event::Closed => self.gone(),
            Event::ClientError(error) => self.complain(&error.to_string()),
            Event::ServerError(error) => self.complain(&error.to_string()),
            Event::LameDuckMode | Event::Draining | Event::SlowConsumer(_) => {
                tracing::info!(servers = self.servers, "NATS: {event}");
            }
        }
    }

    fn connected(&self) {
        *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.state.send_modify(|state| {
            state.connected = true;
            state.epoch += 1;
        });
        tracing::info!(servers = self.servers, "connected to NATS");
    }

    fn gone(&self) {
        self.state.send_modify(|state| state.connected = false);
    }

    fn complain(&self, reason: &str) {
        let mut last = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_deref() == Some(reason) {
            return;
        }
        if reason.contains(&ConnectErrorKind::AuthorizationViolation.to_string()) {
            tracing::error!(
                servers = self.servers,
                "NATS refuses our user, token or credentials; trying again"
            );
        } else {
            tracing::warn!(servers = self.servers, reason, "trouble with NATS; trying again");
        }
        *last = Some(reason.to_owned());
    }
}

fn authenticated(options: ConnectOptions, login: Login, nats: &Nats) -> Result<ConnectOptions, BusError> {
    let options = match login {
        Login::Anonymous => options,
        Login::Token(token) => options.token(token),
        Login::Password { user, password } => options.user_and_password(user, password),
    };
    match &nats.credentials {
        None => Ok(options),
        Some(credentials) => options
            .credentials(credentials.expose())
            .map_err(|_| BusError::Credentials),
    }
}

fn pause_before(attempt: usize) -> Duration {
    match u32::try_from(attempt).unwrap_or(u32::MAX) {
        0 | 1 => Duration::ZERO,
        n => SHORTEST_PAUSE
            .saturating_mul(2_u32.saturating_pow(n - 2))
            .min(LONGEST_PAUSE),
    }
}

fn split(address: &str) -> Result<(ServerAddr, Login), BusError> {
    // The text may hold a password, so the error says only what is wrong.
    let mut url = address
        .parse::<ServerAddr>()
        .map_err(|error| BusError::Address(error.to_string()))?
        .into_inner();
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let login = match (url.username(), url.password()) {
        ("", None) => Login::Anonymous,
        (token, None) => Login::Token(plain(token)),
        (user, Some(password)) => Login::Password {
            user: plain(user),
            password: plain(password),
        },
    };
    let bare = url.set_username("").and_then(|()| url.set_password(None));
    bare.map_err(|()| BusError::Address("it has no host".to_owned()))?;
    let server = ServerAddr::from_url(url).map_err(|error| BusError::Address(error.to_string()))?;
    Ok((server, login))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<String>, Login) {
        let target = Target::parse(text).unwrap();
        let servers = target.servers.iter().map(|s| s.as_url_str().to_owned()).collect();
        (servers, target.login)
    }

    #[test]
    fn secrets_leave_the_address() {
        let (servers, login) = parsed("nats://joe:s%40cret@one:4222, two");
        assert!(
            servers.iter().all(|s| !s.contains("joe") && !s.contains("cret")),
            "{servers:?}"
        );
        assert_eq!(servers.len(), 2);
        assert!(matches!(login, Login::Password { user, password } if user == "joe" && password == "s@cret"));
        assert!(matches!(parsed("tls://t0ken@one").1, Login::Token(token) if token == "t0ken"));
        assert!(matches!(parsed("one:4333").1, Login::Anonymous));
    }

    #[test]
    fn a_broken_address_is_refused_without_repeating_it() {
        for text in [
            "http://joe:secret@one",
            "nats://joe:secret@",
            "nats://joe:secret@one:port",
            "",
        ] {
            let error = Target::parse(text)
                .err()
                .map(|e| e.to_string())
                .unwrap_or_default();
            assert!(
                error.starts_with("the address of the NATS server is not valid"),
                "{text}: {error}"
            );
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let pauses: Vec<_> = [1, 2, 3, 7, 8, 1000]
            .map(pause_before)
            .map(|p| p.as_millis())
            .into();
        assert_eq!(pauses, [0, 50, 100, 1600, 2000, 2000]);
    }
}
