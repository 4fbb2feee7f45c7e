//! Reads the four files and the environment into one [`Config`], as often as asked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::document::{self, Node};
use super::environment::Environment;
use super::fault::{Fault, Faults, Place};
use super::notes::{Notes, Text};
use super::{Config, clients, daemon, rooms, section, users};

/// Where a configuration comes from and what else must hold of it.
#[derive(Clone)]
pub struct Source {
    dir: PathBuf,
    env: Environment,
    check: fn(&Config) -> Vec<Complaint>,
}

/// What is wrong with a value that only a later layer understands, such as a key that is no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Dotted path inside `usher.toml`, such as `jitsi.0.signing_keys`; keys are ordered by time once they are read, so
    /// the message names the one that is meant.
    pub key: String,
    pub message: String,
}

/// What came of reading once.
pub struct Reading {
    pub result: Result<Config, Faults>,
    /// What works but should not stay so; one line each.
    pub warnings: Vec<String>,
    /// Every file that was read or looked for.
    pub files: BTreeSet<PathBuf>,
}

/// The texts of the four files.
struct Texts {
    usher: Text,
    clients: Text,
    users: Text,
    rooms: Text,
}

const USHER: &str = "usher.toml";
const CLIENTS: &str = "clients.toml";
const USERS: &str = "users.toml";
const ROOMS: &str = "rooms.toml";

/// Loads the folder `dir`, with the variables of `env` over it.
pub fn load(dir: &Path, env: &Environment) -> Result<Config, Faults> {
    Source::new(dir, env.clone()).read().result
}

/// The same, with a check by a layer that `config` does not know.
pub fn load_checked(
    dir: &Path,
    env: &Environment,
    check: fn(&Config) -> Vec<Complaint>,
) -> Result<Config, Faults> {
    Source::new(dir, env.clone()).with_check(check).read().result
}

/// The samples that are shipped, with a store of their own: for a first look and for tests.
pub fn sample(store: PathBuf) -> Config {
    let notes = Notes::new(Path::new("/"), &Environment::default());
    let sample = |text: &str| Text::Read(text.to_owned());
    let texts = Texts {
        usher: sample(include_str!("../../config/usher.toml")),
        clients: sample(include_str!("../../config/clients.toml")),
        users: sample(include_str!("../../config/users.toml")),
        rooms: sample(include_str!("../../config/rooms.toml")),
    };
    let (mut config, _) = texts
        .parse(&notes, &Environment::default())
        .expect("the samples are compiled in and a test loads them");
    config.daemon.store.path = store;
    config
}

// === impl Source ===

impl Source {
    pub fn new(dir: impl Into<PathBuf>, env: Environment) -> Self {
        Self {
            dir: dir.into(),
            env,
            check: |_| Vec::new(),
        }
    }

    /// Adds a check; what it complains of is a fault like any other.
    pub fn with_check(self, check: fn(&Config) -> Vec<Complaint>) -> Self {
        Self { check, ..self }
    }

    /// The one file that every configuration folder has.
    pub(super) fn usher_file(&self) -> PathBuf {
        self.dir.join(USHER)
    }

    /// Reads everything once. It blocks on files.
    pub fn read(&self) -> Reading {
        let notes = Notes::new(&self.dir, &self.env);
        let texts = Texts {
            usher: notes.read_file(USHER),
            clients: notes.read_file(CLIENTS),
            users: notes.read_file(USERS),
            rooms: notes.read_file(ROOMS),
        };
        let parsed = texts.parse(&notes, &self.env);
        let noted = notes.finish();
        Reading {
            result: self.checked(parsed, noted.faults),
            warnings: noted.warnings,
            files: noted.files,
        }
    }

    fn checked(&self, parsed: Option<(Config, Node)>, faults: Vec<Fault>) -> Result<Config, Faults> {
        let Some((config, root)) = parsed.filter(|_| faults.is_empty()) else {
            return Err(Faults::of(faults));
        };
        let complaints = (self.check)(&config);
        match complaints.is_empty() {
            true => Ok(config),
            false => Err(Faults::of(complaints.into_iter().map(|c| c.at(&root)).collect())),
        }
    }
}

// === impl Complaint ===

impl Complaint {
    fn at(self, root: &Node) -> Fault {
        Fault::new(root.place_of(&self.key).clone(), self.key, self.message)
    }
}

// === impl Texts ===

impl Texts {
    /// The configuration, and the tree of `usher.toml` for later questions about places. All four files are read even
    /// when one is broken; `None` only together with a fault.
    fn parse(self, notes: &Notes, env: &Environment) -> Option<(Config, Node)> {
        let root = usher_tree(self.usher, notes, env);
        let daemon = root.as_ref().map(|root| section::read(notes, root, daemon::read));
        let servers = daemon.as_ref().map(daemon::servers);
        let clients = tree(CLIENTS, self.clients, notes);
        let users = tree(USERS, self.users, notes);
        let rooms = tree(ROOMS, self.rooms, notes);
        let clients =
            clients.map(|root| section::read(notes, &root, |file| clients::read(file, servers.as_ref())));
        let users = users.map(|root| section::read(notes, &root, users::read));
        let rooms = rooms.map(|root| section::read(notes, &root, rooms::read));
        let users = users?;
        let config = Config {
            daemon: daemon?,
            clients: clients?,
            switched_off: users::switched_off(&users).into(),
            users,
            rooms: rooms?,
        };
        Some((config, root?))
    }
}

/// The tree of `usher.toml` with the variables over it. The file may be absent only if they name a Jitsi.
fn usher_tree(text: Text, notes: &Notes, env: &Environment) -> Option<Node> {
    let missing = matches!(text, Text::Missing);
    let mut root = tree(USHER, text, notes)?;
    notes.extend(env.apply(&mut root));
    if missing && root.get(&["jitsi"]).is_none() {
        let path = notes.path(USHER);
        let message = format!(
            "{} does not exist; write it, or set JITSI_DOMAIN, JITSI_APP_ID and JITSI_APP_SECRET",
            path.display()
        );
        notes.fault(&Place::File(USHER), "", message);
        return None;
    }
    Some(root)
}

/// The tree of a file, empty when there is no such file; `None` only together with a fault.
fn tree(file: &'static str, text: Text, notes: &Notes) -> Option<Node> {
    match text {
        Text::Missing => Some(Node::empty(file)),
        Text::Unreadable => None,
        Text::Read(text) => document::parse(file, &text)
            .map_err(|faults| notes.extend(faults))
            .ok(),
    }
}
