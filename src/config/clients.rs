//! `clients.toml`: programs that may call usher, what they may do and for which rooms.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::LazyLock;

use super::daemon::Language;
use super::document::Node;
use super::kind;
use super::notes::Once;
use super::section::Section;
pub use crate::domain::access::{RoomPattern, Scope};
use crate::domain::{ClientId, RoomName};

/// All clients by id.
pub type Clients = BTreeMap<ClientId, Client>;

/// One program.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    pub name: String,
    /// SHA-256 of each API key that is valid now; two at once let a key change without a gap.
    pub keys: Vec<[u8; 32]>,
    pub scopes: Vec<Scope>,
    /// Patterns (`*` and `?`) of the rooms it may name, in the form that Jitsi compares; defaults to `{room_prefix}-*`.
    pub rooms: Vec<RoomPattern>,
    pub redirect_uris: Vec<String>,
    /// Browser origins that may call on its behalf.
    pub origins: Vec<String>,
    /// First part of the room names made for it; defaults to its id.
    pub room_prefix: String,
    /// `context.group` of its tokens, unless the request names another.
    pub group: Option<String>,
    /// Ceiling of `expiresIn`; 1 to 31536000 (a year), a day when the file does not say.
    pub max_token_secs: u64,
    /// Whether the e-mail address goes into tokens; everyone in the room can read it there.
    pub include_email: bool,
    /// `kind:name` of the meeting server it uses; the first `[[jitsi]]` when absent.
    pub backend: Option<String>,
    pub language: Option<Language>,
    /// How many requests it may make each second; 1 to 1000000, 1000 when the file does not say.
    pub requests_per_second: NonZeroU32,
}

/// usher's own pages as a program that people sign in for. A client of that id in `clients.toml` says how they present
/// themselves: its name, its language.
pub fn own_pages() -> (&'static ClientId, &'static Client) {
    static OWN: LazyLock<(ClientId, Client)> = LazyLock::new(|| {
        let id = ClientId::parse(OWN_PAGES).expect("it is a name that a client may have");
        (id, Client::without_rights())
    });
    (&OWN.0, &OWN.1)
}

/// The id of [`own_pages`].
const OWN_PAGES: &str = "usher";
const DEFAULT_TOKEN_SECS: u64 = 86_400;
const DEFAULT_RATE: NonZeroU32 = NonZeroU32::new(1000).expect("1000 is not zero");
const YEAR_SECS: u64 = 31_536_000;

/// SHA-256 of the keys in the samples that are shipped, `dev-key-ataraxia` and `dev-key-observer`.
const SAMPLE_KEYS: [[u8; 32]; 2] = [
    [
        0x80, 0x44, 0x9c, 0x4d, 0x66, 0xda, 0xec, 0xc4, 0x93, 0xb8, 0x7f, 0xfe, 0x74, 0x26, 0xfa, 0x04, 0x2c,
        0x75, 0xe7, 0xc2, 0x65, 0x07, 0x08, 0x4c, 0x0c, 0x3f, 0xf2, 0xa9, 0x1b, 0xa8, 0xc8, 0xbc,
    ],
    [
        0x1b, 0xb6, 0x38, 0x2b, 0x3c, 0xfe, 0x30, 0x57, 0x53, 0xde, 0xdd, 0x51, 0x12, 0xf7, 0x76, 0xf3, 0x4b,
        0xed, 0x73, 0xd4, 0x5a, 0xe7, 0x29, 0xe0, 0x6c, 0xbf, 0x52, 0xa7, 0xa5, 0xcd, 0x24, 0x07,
    ],
];

/// `servers` are the names that `backend` may have; unknown when `usher.toml` cannot be read.
pub(super) fn read(file: &Section, servers: Option<&BTreeSet<String>>) -> Clients {
    let hashes = Once::default();
    let id = |text: &str| ClientId::parse(text).map_err(|error| error.to_string());
    file.entries(id, |id, client| Some(read_client(id, client, &hashes, servers)))
}

fn read_client(id: &ClientId, client: &Section, hashes: &Once, servers: Option<&BTreeSet<String>>) -> Client {
    let room_prefix = client.or("room_prefix", id.to_string(), prefix);
    let keys = client.list("keys", |node| key(node, hashes)).unwrap_or_default();
    if keys.iter().any(|hash| SAMPLE_KEYS.contains(hash)) {
        client.warn(
            "keys",
            "is a published sample; everybody knows this key: make another with `usher key client`",
        );
    }
    Client {
        name: client.or("name", id.to_string(), kind::text),
        keys,
        scopes: client.list("scopes", kind::one_of).unwrap_or_default(),
        rooms: client
            .list("rooms", kind::room_pattern)
            .unwrap_or_else(|| vec![RoomPattern::beginning_with(&format!("{room_prefix}-"))]),
        redirect_uris: client
            .list("redirect_uris", kind::redirect_uri)
            .unwrap_or_default(),
        origins: client.list("origins", kind::origin).unwrap_or_default(),
        room_prefix,
        group: client.optional("group", kind::text),
        max_token_secs: client.or("max_token_secs", DEFAULT_TOKEN_SECS, kind::whole(1..=YEAR_SECS)),
        include_email: client.or("include_email", false, kind::boolean),
        backend: client.optional("backend", |node| backend(node, servers)),
        language: client.optional("language", kind::one_of),
        requests_per_second: client.or("requests_per_second", DEFAULT_RATE, rate),
    }
}

// === impl Client ===

impl Client {
    /// The Jitsi deployment that its tokens are for, where it names one.
    pub fn jitsi(&self) -> Option<&str> {
        self.backend.as_deref()?.strip_prefix("jitsi:")
    }

    /// The LiveKit deployment that its tokens are for, where it names one.
    pub fn livekit(&self) -> Option<&str> {
        self.backend.as_deref()?.strip_prefix("livekit:")
    }

    /// One that has no key and may do nothing.
    fn without_rights() -> Self {
        Self {
            name: String::new(),
            keys: Vec::new(),
            scopes: Vec::new(),
            rooms: Vec::new(),
            redirect_uris: Vec::new(),
            origins: Vec::new(),
            room_prefix: String::new(),
            group: None,
            max_token_secs: DEFAULT_TOKEN_SECS,
            include_email: false,
            backend: None,
            language: None,
            requests_per_second: DEFAULT_RATE,
        }
    }
}

/// A key that no other client has: two clients with one key could not be told apart.
fn key(node: &Node, hashes: &Once) -> Result<[u8; 32], String> {
    let hash = kind::key_hash(node)?;
    hashes.claim_unnamed(format!("{hash:?}"), hash)
}

fn rate(node: &Node) -> Result<NonZeroU32, String> {
    kind::whole(NonZeroU32::MIN.get()..=1_000_000)(node)
        .map(|rate| NonZeroU32::new(rate).unwrap_or(DEFAULT_RATE))
}

fn prefix(node: &Node) -> Result<String, String> {
    let name = RoomName::parse(&kind::text(node)?).map_err(|error| error.to_string())?;
    Ok(name.into())
}

fn backend(node: &Node, servers: Option<&BTreeSet<String>>) -> Result<String, String> {
    let backend = kind::text(node)?;
    match servers.is_none_or(|servers| servers.contains(&backend)) {
        true => Ok(backend),
        false => Err("must name a meeting server of usher.toml, such as \"jitsi:main\"".into()),
    }
}
