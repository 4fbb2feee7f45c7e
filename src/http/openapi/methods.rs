//! Which methods each address takes, as the document has them.

use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};

/// Templates of paths, and what `Allow` says about them (RFC 9110 section 10.2.1).
#[derive(Debug)]
pub(in crate::http) struct Methods(Vec<(Vec<Segment>, String)>);

/// A part of a path between slashes.
#[derive(Debug)]
enum Segment {
    Fixed(String),
    /// Something, and then this.
    Open(String),
}

// === impl Methods ===

impl Methods {
    pub(in crate::http) fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter();
        Self(paths.map(|(path, item)| (template(path), allow(item))).collect())
    }

    /// What the address takes, where it is one of a route. A fixed name goes before one that is open.
    pub(in crate::http) fn at(&self, path: &str) -> Option<&str> {
        let fitting = self.0.iter().filter(|(template, _)| fits(template, path));
        let best = fitting.min_by_key(|(template, _)| template.iter().filter(|part| part.is_open()).count());
        best.map(|(_, allow)| allow.as_str())
    }
}

// === impl Segment ===

impl Segment {
    fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    fn fits(&self, part: &str) -> bool {
        match self {
            Self::Fixed(name) => name == part,
            Self::Open(ending) => part.len() > ending.len() && part.ends_with(ending.as_str()),
        }
    }
}

/// The operations of an address with their methods.
pub(super) fn operations(item: &PathItem) -> impl Iterator<Item = (&'static str, &Operation)> {
    let all = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

/// Whoever answers GET answers HEAD; the CORS layer answers OPTIONS everywhere.
fn allow(item: &PathItem) -> String {
    let methods = operations(item).flat_map(|(method, _)| match method {
        "GET" => vec!["GET", "HEAD"],
        other => vec![other],
    });
    methods.chain(["OPTIONS"]).collect::<Vec<_>>().join(", ")
}

fn template(path: &str) -> Vec<Segment> {
    let part = |part: &str| match part.split_once('}') {
        Some((_, ending)) => Segment::Open(ending.to_owned()),
        None => Segment::Fixed(part.to_owned()),
    };
    bare(path).split('/').map(part).collect()
}

fn fits(template: &[Segment], path: &str) -> bool {
    let parts: Vec<_> = bare(path).split('/').collect();
    parts.len() == template.len()
        && template
            .iter()
            .zip(parts)
            .all(|(segment, part)| segment.fits(part))
}

fn bare(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}
