//! `usher.toml`: what the daemon listens on, where it keeps things, and which meeting servers it stands beside.

pub mod oidc;
mod read;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use ipnet::IpNet;
use serde::Deserialize;

use super::secret::Secret;
use crate::domain::access::RoomPattern;
use crate::domain::observation::{BackendId, BackendKind};

pub use oidc::Oidc;
pub(super) use read::{read, servers};

/// The whole of `usher.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Daemon {
    pub http: Http,
    pub ops: Ops,
    pub store: Store,
    /// Absent: events go to the event log file only.
    pub nats: Option<Nats>,
    /// Never empty; the first is the default.
    pub jitsi: Vec<Jitsi>,
    pub livekit: Vec<LiveKit>,
    pub meetings: Meetings,
    pub signin: SignIn,
    pub audit: Audit,
}

/// The public listener.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// Needs a restart to change.
    pub listen: SocketAddr,
    /// Where callers reach the public listener, without a trailing slash.
    pub public_url: String,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    pub default_language: Language,
}

/// A language of answers and pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    Fa,
}

/// The operations listener.
#[derive(Debug, Clone, PartialEq)]
pub struct Ops {
    /// Needs a restart to change.
    pub listen: SocketAddr,
}

/// Where meetings are kept. Needs a restart to change.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    pub kind: StoreKind,
    pub path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    Sled,
    Jetstream,
}

/// Where events go. Needs a restart to change.
#[derive(Clone, PartialEq)]
pub struct Nats {
    /// One server or several with commas between. It may hold a password: not for logs.
    pub url: String,
    /// Content of a NATS credentials file.
    pub credentials: Option<Secret>,
    /// First token of every subject.
    pub prefix: String,
    /// How long the stream keeps an event; 1 to 3650.
    pub stream_max_age_days: u32,
    /// How long the stream recognises an event that comes again; not longer than it keeps it.
    pub duplicate_window_secs: u64,
}

/// One Jitsi deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Jitsi {
    pub name: String,
    /// The XMPP domain, which is also the host of the links.
    pub domain: String,
    pub app_id: String,
    pub signing: Signing,
    pub muc_domain: String,
    /// What Prosody presents to us.
    pub prosody_secret: Option<Secret>,
    /// Where we call Prosody.
    pub prosody_http: Option<String>,
    /// Which modules of Prosody take our calls.
    pub control: Control,
}

/// The Prosody modules through which usher acts on rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Control {
    /// usher's own `mod_usher_events`, with `prosody_secret`.
    #[default]
    Usher,
    /// Those that Jitsi ships, with tokens of usher's RSA keys.
    Jitsi,
}

/// How Jitsi tokens are signed: exactly one of the two.
#[derive(Debug, Clone, PartialEq)]
pub enum Signing {
    /// HS256 with a secret that Prosody knows too.
    Shared(Secret),
    /// RS256; at least one key, ordered by `from`.
    Rsa(Vec<SigningKey>),
}

/// One RSA key pair and when it starts to sign.
#[derive(Debug, Clone, PartialEq)]
pub struct SigningKey {
    pub kid: String,
    /// PKCS#8 or PKCS#1 PEM of the private key.
    pub pem: Secret,
    /// Published from the start, signs from here on; the epoch when the file does not say.
    pub from: DateTime<Utc>,
}

/// One LiveKit deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveKit {
    pub name: String,
    pub url: String,
    /// The first signs, all verify.
    pub keys: Vec<ApiKey>,
    /// The rooms that usher follows though nobody booked them; what matches none belongs to other programs on that server.
    pub rooms: Vec<RoomPattern>,
    /// Whether callers on the telephone (SIP) count as people.
    pub callers_are_people: bool,
    /// How long the token of one person for one meeting is good, in minutes; it is renewed as long as they may be there.
    /// 2 to 1440.
    pub token_minutes: u32,
    /// Whether rooms of meetings are made when their doors open; needed where LiveKit's `room.auto_create` is off.
    pub create_rooms: bool,
    /// Whether rooms are deleted that a server still lists though nothing serves them any more.
    pub delete_ghosts: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ApiKey {
    pub api_key: String,
    pub api_secret: Secret,
}

impl Daemon {
    /// The LiveKit deployment of that name.
    pub fn livekit_named(&self, name: &str) -> Option<&LiveKit> {
        self.livekit.iter().find(|server| server.name == name)
    }

    /// How long the token of a person is good at most on that server; none where it is not LiveKit.
    pub fn livekit_token_life(&self, backend: &BackendId) -> Option<Duration> {
        let found = self.livekit_named(&backend.name);
        let server = found.filter(|_| backend.kind == BackendKind::Livekit)?;
        Some(Duration::minutes(i64::from(server.token_minutes)))
    }
}

impl LiveKit {
    /// A deployment with that address and those keys, and everything else as it is where the file says nothing.
    pub fn new(name: String, url: String, keys: Vec<ApiKey>) -> Self {
        Self {
            name,
            url,
            keys,
            rooms: vec![RoomPattern::beginning_with("")],
            callers_are_people: false,
            token_minutes: Self::TOKEN_MINUTES,
            create_rooms: true,
            delete_ghosts: false,
        }
    }

    const TOKEN_MINUTES: u32 = 10;
}

/// When meetings begin, end and are forgotten.
#[derive(Debug, Clone, PartialEq)]
pub struct Meetings {
    /// How long a room that nobody booked may be empty before its meeting is over; 1 to 86400.
    pub adhoc_grace_secs: u32,
    /// The same for a booked one; 1 to 86400.
    pub booked_grace_secs: u32,
    /// Length of a booking that names none; 1 to 10080, a week.
    pub default_minutes: u32,
    /// How long before the booked start people may come in; at most 1440.
    pub early_join_minutes: u32,
    /// How long before the booked end people are told; at most 1440.
    pub warn_before_end_minutes: u32,
    /// Whether the booked end closes the room.
    pub enforce_end: bool,
    /// How long a meeting that is over is kept; 1 to 36500.
    pub keep_days: u32,
    /// What makes a booked meeting active.
    pub activate_on: ActivateOn,
    /// Zone of appointments that name none, and of times that people are told.
    pub timezone: Tz,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivateOn {
    FirstJoin,
    RoomStarted,
}

/// Sessions of people; used by sign-in.
#[derive(Debug, Clone, PartialEq)]
pub struct SignIn {
    /// 1 to 8760, a year.
    pub session_hours: u32,
    /// 1 to 3650.
    pub refresh_days: u32,
    /// How long the token lets somebody into a room that they are given at sign-in; 1 to 1440.
    pub token_minutes: u32,
    /// Absent: people sign in with passwords only.
    pub oidc: Option<Oidc>,
}

/// The audit trail.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// How long a record is kept; 1 to 3650.
    pub keep_days: u32,
}

// === impl Http ===

impl Http {
    /// What callers on the same machine use, until the administrator says more.
    pub(super) fn default_public_url(listen: SocketAddr) -> String {
        format!("http://{listen}")
    }
}

impl Default for Http {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 8787));
        Self {
            listen,
            public_url: Self::default_public_url(listen),
            trusted_proxies: vec![IpNet::from(std::net::IpAddr::from(Ipv4Addr::LOCALHOST))],
            default_language: Language::En,
        }
    }
}

// === impl Ops ===

impl Default for Ops {
    fn default() -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 9787));
        Self { listen }
    }
}

// === impl Store ===

impl Default for Store {
    fn default() -> Self {
        Self {
            kind: StoreKind::Sled,
            path: PathBuf::from("/var/lib/usher"),
        }
    }
}

// === impl Nats ===

impl Default for Nats {
    fn default() -> Self {
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            credentials: None,
            prefix: "usher".to_owned(),
            stream_max_age_days: 30,
            duplicate_window_secs: 86_400,
        }
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats")
            .field("prefix", &self.prefix)
            .field("stream_max_age_days", &self.stream_max_age_days)
            .field("duplicate_window_secs", &self.duplicate_window_secs)
            .finish_non_exhaustive()
    }
}

// === impl Meetings ===

impl Default for Meetings {
    fn default() -> Self {
        Self {
            adhoc_grace_secs: 60,
            booked_grace_secs: 300,
            default_minutes: 60,
            early_join_minutes: 15,
            warn_before_end_minutes: 5,
            enforce_end: false,
            keep_days: 365,
            activate_on: ActivateOn::FirstJoin,
            timezone: Tz::UTC,
        }
    }
}

// === impl SignIn ===

impl Default for SignIn {
    fn default() -> Self {
        Self {
            session_hours: 12,
            refresh_days: 30,
            token_minutes: 60,
            oidc: None,
        }
    }
}

// === impl Audit ===

impl Default for Audit {
    fn default() -> Self {
        Self { keep_days: 90 }
    }
}
