//! The process environment as a value, and which variable speaks for which option.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::daemon::Http;
use super::document::{Node, Value};
use super::fault::{Fault, Place};

/// Variables as they were at the start. Names are printed, values never.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// Variables with names of their own, for containers and for programs that move over. The later of two wins.
const NAMED: [(&str, &str); 9] = [
    ("NATS_URL", "nats.url"),
    ("JITSI_DOMAIN", "jitsi.0.domain"),
    ("JITSI_APP_ID", "jitsi.0.app_id"),
    ("JITSI_SECRET", "jitsi.0.app_secret"),
    ("JITSI_APP_SECRET", "jitsi.0.app_secret"),
    ("LIVEKIT_HOST", "livekit.0.url"),
    ("LIVEKIT_SERVER_URL", "livekit.0.url"),
    ("LIVEKIT_SERVER_API_KEY", "livekit.0.keys.0.api_key"),
    ("LIVEKIT_SERVER_API_SECRET", "livekit.0.keys.0.api_secret"),
];

/// `USHER__MEETINGS__KEEP_DAYS` speaks for `meetings.keep_days`.
const PREFIX: &str = "USHER__";

// === impl Environment ===

impl Environment {
    /// The only reader of the process environment.
    pub fn from_process() -> Self {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        Self(variables.collect())
    }

    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(pairs.collect())
    }

    /// A variable that is set and not empty: compose files hand on unset variables as empty ones.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Where systemd puts the files of `LoadCredential=` (systemd.exec(5), "Credentials").
    pub(super) fn credentials(&self) -> Option<PathBuf> {
        self.get("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }

    /// Lets the variables win over what `usher.toml` says.
    pub(super) fn apply(&self, root: &mut Node) -> Vec<Fault> {
        self.settings(root)
            .into_iter()
            .filter_map(|(name, path, value)| {
                let fault = root.set(&path, name, &value).err()?;
                Some(Fault::new(
                    Place::Variable(name.to_owned()),
                    path.join("."),
                    fault,
                ))
            })
            .collect()
    }

    /// Variable, path and value; what comes later wins.
    fn settings(&self, root: &Node) -> Vec<(&str, Vec<String>, String)> {
        let named = NAMED
            .iter()
            .filter_map(|(name, key)| Some((*name, path(key, "."), self.get(name)?.to_owned())));
        let port = self
            .get("PORT")
            .map(|port| ("PORT", path("http.listen", "."), with_port(root, port)));
        let mut prefixed: Vec<_> = self.prefixed().collect();
        prefixed.sort_by_cached_key(|(_, path, _)| in_list_order(path));
        named.chain(port).chain(prefixed).collect()
    }

    fn prefixed(&self) -> impl Iterator<Item = (&str, Vec<String>, String)> {
        self.0.keys().filter_map(|name| {
            let key = name.strip_prefix(PREFIX)?.to_lowercase();
            Some((name.as_str(), path(&key, "__"), self.get(name)?.to_owned()))
        })
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn path(key: &str, separator: &str) -> Vec<String> {
    key.split(separator).map(str::to_owned).collect()
}

/// Element 10 of a list comes after element 9.
fn in_list_order(path: &[String]) -> Vec<(Option<usize>, String)> {
    path.iter()
        .map(|name| (name.parse().ok(), name.clone()))
        .collect()
}

/// The address that the file gives, with another port.
fn with_port(root: &Node, port: &str) -> String {
    let written = match root.get(&["http", "listen"]).map(|node| &node.value) {
        Some(Value::Text(listen)) => listen.clone(),
        _ => Http::default().listen.to_string(),
    };
    let host = written
        .rsplit_once(':')
        .map_or(written.as_str(), |(host, _)| host);
    format!("{host}:{port}")
}
