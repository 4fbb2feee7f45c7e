//! Reads typed values out of a table, and notes every fault on the way instead of stopping at the first.
//!
//! A key is known once it has been asked for; what nobody asked for is a fault in the end. After a fault the reader goes
//! on with the default: such a configuration is never used.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::document::{Entry, Node, Table, Value};
use super::fault::{Fault, Place};
use super::kind;
use super::notes::Notes;
use super::secret::Secret;

/// A table while it is read.
pub(super) struct Section<'a> {
    notes: &'a Notes,
    /// Dotted path, empty for the file itself.
    path: String,
    place: &'a Place,
    /// Absent: every option has its default.
    table: Option<&'a Table>,
    asked: RefCell<BTreeSet<&'static str>>,
    missing: RefCell<Vec<&'static str>>,
}

/// Reads a whole file.
pub(super) fn read<T>(notes: &Notes, root: &Node, read: impl FnOnce(&Section) -> T) -> T {
    Section::within(notes, String::new(), root, read)
}

// === impl Section ===

impl<'a> Section<'a> {
    pub fn optional<T>(&self, key: &'static str, kind: impl FnOnce(&Node) -> Result<T, String>) -> Option<T> {
        let node = self.get(key)?;
        kind(node)
            .map_err(|message| self.notes.fault(&node.place, self.path_of(key), message))
            .ok()
    }

    pub fn or<T>(&self, key: &'static str, default: T, kind: impl FnOnce(&Node) -> Result<T, String>) -> T {
        self.optional(key, kind).unwrap_or(default)
    }

    /// `None` only together with a fault.
    pub fn required<T>(&self, key: &'static str, kind: impl FnOnce(&Node) -> Result<T, String>) -> Option<T> {
        if self.get(key).is_none() {
            self.missing.borrow_mut().push(key);
        }
        self.optional(key, kind)
    }

    /// A list, written as one or, in a variable, with commas between; `None` when there is none.
    pub fn list<T>(&self, key: &'static str, kind: impl Fn(&Node) -> Result<T, String>) -> Option<Vec<T>> {
        let node = self.get(key)?;
        let items = match &node.value {
            Value::List(items) => items,
            Value::Variable(text) => &split(text, &node.place),
            _ => {
                self.fault(key, "must be a list in [ ]");
                return None;
            }
        };
        let item = |(at, item): (usize, &Node)| {
            let noted = |message| {
                self.notes
                    .fault(&item.place, format!("{}.{at}", self.path_of(key)), message)
            };
            kind(item).map_err(noted).ok()
        };
        Some(items.iter().enumerate().filter_map(item).collect())
    }

    /// A table inside; empty when it is not there.
    pub fn table<T>(&self, key: &'static str, read: impl FnOnce(&Section) -> T) -> T {
        let path = self.path_of(key);
        match self.get(key) {
            Some(node) => Self::within(self.notes, path, node, read),
            None => read(&Section::new(self.notes, path, self.place, None)),
        }
    }

    /// A list of tables (`[[key]]`); empty when it is not there.
    pub fn tables<T>(&self, key: &'static str, mut read: impl FnMut(&Section) -> Option<T>) -> Vec<T> {
        let items = match self.get(key).map(|node| &node.value) {
            None => return Vec::new(),
            Some(Value::List(items)) => items,
            Some(_) => {
                self.fault(
                    key,
                    format!("must be a list of tables, each under [[{}]]", self.path_of(key)),
                );
                return Vec::new();
            }
        };
        let path = |at| format!("{}.{at}", self.path_of(key));
        let item = |(at, node)| Self::within(self.notes, path(at), node, &mut read);
        items.iter().enumerate().filter_map(item).collect()
    }

    /// Every key of this table, whatever its name, as a table of its own.
    pub fn entries<K: Ord + Clone, T>(
        &self,
        name: impl Fn(&str) -> Result<K, String>,
        mut read: impl FnMut(&K, &Section) -> Option<T>,
    ) -> BTreeMap<K, T> {
        let mut entries = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (text, entry) in self.table.into_iter().flatten() {
            let path = self.path_of(text);
            let fresh = name(text).and_then(|key| match seen.insert(key.clone()) {
                true => Ok(key),
                false => Err("is there twice".into()),
            });
            match fresh {
                Ok(key) => {
                    let value = Self::within(self.notes, path, &entry.node, |section| read(&key, section));
                    entries.extend(value.map(|value| (key, value)));
                }
                Err(message) => self.notes.fault(&entry.key, path, message),
            }
        }
        entries
    }

    /// Every key of this table, whatever its name, with a plain value.
    pub fn values<T>(&self, kind: impl Fn(&Node) -> Result<T, String>) -> BTreeMap<String, T> {
        self.values_of(|_| true, kind)
    }

    /// The keys of this table that are among `known`, with plain values; any other one is a fault.
    pub fn known_values<T>(
        &self,
        known: &[&'static str],
        kind: impl Fn(&Node) -> Result<T, String>,
    ) -> BTreeMap<String, T> {
        self.asked.borrow_mut().extend(known);
        self.values_of(|key| known.contains(&key), kind)
    }

    fn values_of<T>(
        &self,
        is_wanted: impl Fn(&str) -> bool,
        kind: impl Fn(&Node) -> Result<T, String>,
    ) -> BTreeMap<String, T> {
        let wanted = self.table.into_iter().flatten().filter(|(key, _)| is_wanted(key));
        let value = |(key, entry): (&String, &Entry)| {
            let noted = |message| self.notes.fault(&entry.node.place, self.path_of(key), message);
            Some((key.clone(), kind(&entry.node).map_err(noted).ok()?))
        };
        wanted.filter_map(value).collect()
    }

    /// A secret that is written in place as `key` or in the file that `file_key` names.
    pub fn secret(&self, key: &'static str, file_key: &'static str) -> Option<Secret> {
        if self.has(key) && self.has(file_key) {
            self.fault(file_key, format!("only one of {key} and {file_key} may be given"));
            return None;
        }
        let written = self.optional(key, kind::text).map(Secret::new);
        written.or_else(|| self.optional(file_key, |node| self.notes.read_secret(&kind::text(node)?)))
    }

    /// A secret that must be there. `None` only together with a fault.
    pub fn required_secret(&self, key: &'static str, file_key: &'static str) -> Option<Secret> {
        if !self.has(key) && !self.has(file_key) {
            self.missing.borrow_mut().push(key);
        }
        self.secret(key, file_key)
    }

    /// Whether a key is there, rightly or wrongly.
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Notes a fault at the value of a key, or at the table when the key is not there.
    pub fn fault(&self, key: &'static str, message: impl Into<String>) {
        let place = self.get(key).map_or(self.place, |node| &node.place);
        self.notes.fault(place, self.path_of(key), message);
    }

    /// Notes something that works but should not stay so.
    pub fn warn(&self, key: &'static str, message: &str) {
        let place = self.get(key).map_or(self.place, |node| &node.place);
        self.notes
            .warn(format!("{place}: {}: {message}", self.path_of(key)));
    }

    /// A path as written, from the configuration folder on.
    pub fn resolve(&self, written: &str) -> PathBuf {
        self.notes.path(written)
    }

    fn new(notes: &'a Notes, path: String, place: &'a Place, table: Option<&'a Table>) -> Self {
        Self {
            notes,
            path,
            place,
            table,
            asked: RefCell::default(),
            missing: RefCell::default(),
        }
    }

    fn within<T>(notes: &Notes, path: String, node: &Node, read: impl FnOnce(&Section) -> T) -> T {
        let Value::Table(table) = &node.value else {
            notes.fault(&node.place, path.clone(), "must be a table");
            return read(&Section::new(notes, path, &node.place, None));
        };
        let section = Section::new(notes, path, &node.place, Some(table));
        let value = read(&section);
        section.finish(table);
        value
    }

    fn get(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().insert(key);
        self.table?.get(key).map(|entry| &entry.node)
    }

    fn path_of(&self, key: &str) -> String {
        let bare = key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        let key = if bare { key.to_owned() } else { format!("{key:?}") };
        match self.path.as_str() {
            "" => key,
            path => format!("{path}.{key}"),
        }
    }

    /// Notes the keys that nobody asked for, and those that are missing unless they are only misspelt. A table that
    /// takes any name asks for none.
    fn finish(self, table: &Table) {
        let asked = self.asked.borrow();
        let mut missing = self.missing.borrow().clone();
        let unknown = table
            .iter()
            .filter(|(key, _)| !asked.is_empty() && !asked.contains(key.as_str()));
        for (key, entry) in unknown {
            let suggestion = nearest(key, &asked);
            missing.retain(|key| Some(*key) != suggestion);
            self.notes.add(Fault {
                suggestion: suggestion.map(str::to_owned),
                ..Fault::new(entry.key.clone(), self.path_of(key), "unknown key")
            });
        }
        for key in missing {
            self.notes.fault(self.place, self.path_of(key), "is missing");
        }
    }
}

/// The known name that was probably meant: at most one edit for every three letters away.
fn nearest(key: &str, known: &BTreeSet<&'static str>) -> Option<&'static str> {
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(key, name), *name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

fn split(text: &str, place: &Place) -> Vec<Node> {
    let item = |item: &str| Node {
        value: Value::Variable(item.trim().to_owned()),
        place: place.clone(),
    };
    text.split(',').map(item).collect()
}
