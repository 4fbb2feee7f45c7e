//! A TOML file as a tree in which every key and value remembers where it was written.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place};

/// A value and where it begins.
pub(super) struct Node {
    pub value: Value,
    pub place: Place,
}

pub(super) enum Value {
    Text(String),
    /// From an environment variable: it becomes what the key asks for.
    Variable(String),
    Integer(i64),
    Boolean(bool),
    /// A date or time in TOML's own notation.
    Moment(String),
    /// No option of ours is one.
    Float,
    List(Vec<Node>),
    Table(Table),
}

pub(super) type Table = BTreeMap<String, Entry>;

/// What a key of a table holds.
pub(super) struct Entry {
    pub key: Place,
    pub node: Node,
}

/// Turns offsets into lines and columns.
struct Lines<'a> {
    file: &'static str,
    text: &'a str,
    starts: Vec<usize>,
}

/// The tree of a file, or every place where it is not TOML.
pub(super) fn parse(file: &'static str, text: &str) -> Result<Node, Vec<Fault>> {
    let lines = Lines::new(file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(lines.node(table.span(), Value::Table(lines.table(table.into_inner()))));
    }
    let fault = |error: toml::de::Error| {
        let place = error
            .span()
            .map_or(Place::File(file), |span| lines.place(span.start));
        Fault::new(place, "", error.message())
    };
    Err(errors.into_iter().map(fault).collect())
}

// === impl Node ===

impl Node {
    /// The tree of a file that does not exist.
    pub fn empty(file: &'static str) -> Self {
        Self {
            value: Value::Table(Table::new()),
            place: Place::File(file),
        }
    }

    pub fn get(&self, path: &[&str]) -> Option<&Node> {
        let [first, rest @ ..] = path else {
            return Some(self);
        };
        match &self.value {
            Value::Table(table) => table.get(*first)?.node.get(rest),
            Value::List(list) => list.get(first.parse::<usize>().ok()?)?.get(rest),
            _ => None,
        }
    }

    /// Where a dotted path was written, or the closest thing around it that was.
    pub fn place_of(&self, key: &str) -> &Place {
        let path: Vec<&str> = key.split('.').collect();
        let deepest = (0..=path.len()).rev().find_map(|depth| self.get(&path[..depth]));
        &deepest.unwrap_or(self).place
    }

    /// Puts the value of a variable at `path`, making what is missing on the way, and takes the other half of a
    /// pair `x` / `x_file` away. Fails when the path leads through a plain value or skips an element of a list.
    pub fn set(&mut self, path: &[String], variable: &str, value: &str) -> Result<(), &'static str> {
        let place = Place::Variable(variable.to_owned());
        let [name, rest @ ..] = path else {
            self.place = place;
            self.value = Value::Variable(value.to_owned());
            return Ok(());
        };
        let fresh = || Node {
            value: match rest.first().map(|next| next.parse::<usize>()) {
                Some(Ok(_)) => Value::List(Vec::new()),
                _ => Value::Table(Table::new()),
            },
            place: place.clone(),
        };
        match &mut self.value {
            Value::Table(table) => {
                if rest.is_empty() {
                    table.remove(&other_half(name));
                }
                let entry = table.entry(name.clone()).or_insert_with(|| Entry {
                    key: place.clone(),
                    node: fresh(),
                });
                entry.node.set(rest, variable, value)
            }
            Value::List(list) => {
                let index: usize = name.parse().map_err(|_| "must name an element by its number")?;
                if index == list.len() {
                    list.push(fresh());
                }
                let node = list
                    .get_mut(index)
                    .ok_or("must not skip an element of the list")?;
                node.set(rest, variable, value)
            }
            _ => Err("must not name something inside a plain value"),
        }
    }
}

fn other_half(name: &str) -> String {
    match name.strip_suffix("_file") {
        Some(plain) => plain.to_owned(),
        None => format!("{name}_file"),
    }
}

// === impl Lines ===

impl<'a> Lines<'a> {
    fn new(file: &'static str, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self {
            file,
            text,
            starts: starts.collect(),
        }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        Place::Line {
            file: self.file,
            line,
            column: before.chars().count() + 1,
        }
    }

    fn node(&self, span: Range<usize>, value: Value) -> Node {
        Node {
            value,
            place: self.place(span.start),
        }
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        let entry = |(key, value): (Spanned<_>, _)| {
            let place = self.place(key.span().start);
            let node = self.convert(value);
            (
                std::borrow::Cow::into_owned(key.into_inner()),
                Entry { key: place, node },
            )
        };
        table.into_iter().map(entry).collect()
    }

    fn convert(&self, value: Spanned<DeValue<'_>>) -> Node {
        let span = value.span();
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Float, Value::Integer)
            }
            DeValue::Float(_) => Value::Float,
            DeValue::Boolean(flag) => Value::Boolean(flag),
            DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
            DeValue::Array(list) => Value::List(list.into_iter().map(|item| self.convert(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        self.node(span, value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let root = parse("usher.toml", "a = 1\nسلام = 1\n").err().unwrap();
        assert_eq!(root[0].place.to_string(), "usher.toml:2:1");
        let root = parse("usher.toml", "[a]\nb = [\"é\", {c = 7}]").ok().unwrap();
        assert_eq!(root.place_of("a.b.1.c").to_string(), "usher.toml:2:16");
        assert_eq!(
            root.place_of("a.b.7.c").to_string(),
            "usher.toml:2:5",
            "the closest around it"
        );
    }

    #[test]
    fn a_variable_makes_what_is_missing_and_takes_the_other_half_away() {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let mut root = parse("usher.toml", "[[jitsi]]\napp_secret_file = \"x\"")
            .ok()
            .unwrap();
        root.set(&path("jitsi.0.app_secret"), "V", "s").unwrap();
        root.set(&path("jitsi.1.domain"), "V", "d").unwrap();
        assert!(root.get(&["jitsi", "0", "app_secret_file"]).is_none());
        assert_eq!(root.place_of("jitsi.0.app_secret"), &Place::Variable("V".into()));
        assert!(root.get(&["jitsi", "1", "domain"]).is_some());
        assert!(root.set(&path("jitsi.7.domain"), "V", "d").is_err());
        assert!(root.set(&path("jitsi.0.app_secret.x"), "V", "d").is_err());
    }

    proptest! {
        #[test]
        fn no_file_is_too_strange(text in any::<String>()) {
            if let Err(faults) = parse("usher.toml", &text) {
                prop_assert!(!faults.is_empty());
            }
        }
    }
}
