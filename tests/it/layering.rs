//! Who may name whom: the rooms of the house, kept by reading every source (see `ARCHITECTURE.md`).
//!
//! A file may name its own room, what lies below it, and what its row in [`HOUSE`] lists. A new file needs a row.

mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use source::Source;

/// Files that belong together, and what they may name besides themselves; both lists are separated by spaces.
type Room = (&'static str, &'static str);

/// A crate or module, and the only files that may name it.
type Fence = (&'static str, &'static str);

/// Module (`config/watch`) → its source.
type Sources = BTreeMap<String, Source>;

/// On the left `a` is that module, `a/*` everything below it; where two rows fit, the longer pattern wins. On the
/// right a module stands for everything below it too, `*` for all.
const HOUSE: &[Room] = &[
    ("lib", ""),
    ("main", "cli"),
    ("app app/*", "*"),
    ("cli cli/*", "app config domain meetings tokens"),
    ("cli/check", "app backend cli config domain signin tokens"),
    ("cli/serve cli/serve/*", "app cli config domain telemetry tokens"),
    ("cli/events", "bus cli config domain"),
    ("lifecycle lifecycle/*", ""),
    ("telemetry telemetry/*", ""),
    ("config config/*", "domain"),
    // The edge.
    (
        "http http/*",
        "audit config domain http ingest live meetings pages signin telemetry tokens waiting",
    ),
    ("http/error", "domain ingest meetings signin store tokens"),
    ("http/error/live", "config live"),
    ("http/error/sentence", "config domain http/error"),
    ("http/error/livekit", "config domain http/error"),
    ("http/error/sign_in", "config domain http/error tokens"),
    ("http/server http/server/*", "config domain telemetry"),
    ("http/ops", "http/server telemetry"),
    ("pages pages/*", "config domain"),
    ("ingest ingest/*", "config domain"),
    // The core.
    (
        "meetings meetings/*",
        "config domain live meetings store telemetry",
    ),
    (
        "meetings/acting meetings/acting/*",
        "backend config domain meetings telemetry",
    ),
    ("meetings/people", "backend domain"),
    (
        "meetings/repair meetings/repair/*",
        "backend config domain meetings telemetry",
    ),
    ("live live/*", "bus domain live telemetry"),
    ("waiting waiting/*", "domain waiting"),
    ("meetings/index meetings/index/*", "domain"),
    ("meetings/record", "domain"),
    (
        "meetings/outbox meetings/outbox/*",
        "bus domain meetings telemetry",
    ),
    ("tokens tokens/*", "config domain"),
    ("signin signin/*", "config domain signin store"),
    ("signin/password", "config"),
    ("signin/secret", "domain"),
    ("signin/throttle", "domain"),
    ("signin/oidc signin/oidc/*", "config domain signin"),
    ("audit audit/*", "config domain store telemetry"),
    ("audit/publisher audit/publisher/*", "audit bus domain store"),
    // The domain, and the ports with their adapters.
    ("domain domain/*", ""),
    ("store store/*", "config domain"),
    ("backend backend/*", "backend config domain tokens"),
    ("bus bus/*", "config domain"),
];

const FENCES: &[Fence] = &[
    ("warp", "http http/*"),
    ("tokio_tungstenite", "http/live http/live/*"),
    ("askama", "pages pages/*"),
    ("csv", "http/records/sheet"),
    (
        "utoipa",
        "http http/* ingest ingest/* domain/report tokens/verify",
    ),
    ("argon2", "signin/password cli/password"),
    ("openidconnect", "signin/oidc/*"),
    ("reqwest", "signin/oidc/fetch backend/prosody backend/prosody/*"),
    ("jsonwebtoken", "tokens tokens/*"),
    (
        "livekit_api",
        "tokens/livekit tokens/livekit/* backend/livekit backend/livekit/*",
    ),
    ("livekit_protocol", "backend/livekit backend/livekit/*"),
    ("notify", "config/watch"),
    ("sled", "store/sled store/sled/*"),
    ("crate::store::sled", "store store/*"),
    ("async_nats", "bus/nats bus/nats/* cli/events cli/check"),
];

/// Files that only compute: no I/O, no clock, no async.
const PURE: &str = "domain domain/* ingest ingest/*";
const IMPURE_PATHS: &[&str] = &[
    "futures_util",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
];
const IMPURE_WORDS: &[&str] = &["async", "await"];

// === the rules ===

/// Every breach in all files, one line each.
fn breaches(sources: &Sources) -> Vec<String> {
    sources
        .iter()
        .flat_map(|(module, source)| breaches_of(module, source, sources))
        .collect()
}

fn breaches_of(module: &str, source: &Source, sources: &Sources) -> Vec<String> {
    let Some(room) = room_of(module) else {
        return vec![format!("src/{module}.rs: no row in HOUSE says what it may name")];
    };
    let paths = source.paths().into_iter().filter_map(|path| {
        let in_full = in_full(module, &path.segments);
        let why = refused(room, module, &in_full, sources)?;
        Some(format!("src/{module}.rs:{}: names {in_full}; {why}", path.line))
    });
    let words = if fits_any(PURE, module) { IMPURE_WORDS } else { &[] };
    let words = words.iter().flat_map(|word| {
        let say = move |line| format!("src/{module}.rs:{line}: {word} in a file that only computes");
        source.lines_with(word).into_iter().map(say)
    });
    paths.chain(words).collect()
}

/// Why a file may not name a path, if it may not.
fn refused(room: &Room, module: &str, path: &str, sources: &Sources) -> Option<&'static str> {
    if module_named(path, sources).is_some_and(|target| !may_name(room, module, &target)) {
        return Some("its row in HOUSE does not allow that");
    }
    fenced(module, path, sources)
}

/// The row whose pattern fits best: the longest one.
fn room_of(module: &str) -> Option<&'static Room> {
    let fit = |(files, _): &Room| {
        files
            .split(' ')
            .filter(|file| fits(file, module))
            .map(str::len)
            .max()
    };
    HOUSE
        .iter()
        .filter(|room| fit(room).is_some())
        .max_by_key(|room| fit(room))
}

fn may_name(room: &Room, module: &str, target: &str) -> bool {
    let same_room = room_of(target).is_some_and(|other| std::ptr::eq(other, room));
    let listed = |allowed: &str| allowed == "*" || allowed == target || below(allowed, target);
    same_room || below(module, target) || room.1.split(' ').any(listed)
}

fn fenced(module: &str, path: &str, sources: &Sources) -> Option<&'static str> {
    // `sled::Db` in store.rs is its own child module, not the crate.
    let first = path.split("::").next().unwrap_or_default();
    if sources.contains_key(&format!("{module}/{first}")) {
        return None;
    }
    let behind = |&(fenced, only): &Fence| under(fenced, path) && !fits_any(only, module);
    if FENCES.iter().any(behind) {
        return Some("a fence keeps that to other files");
    }
    let impure = fits_any(PURE, module) && IMPURE_PATHS.iter().any(|banned| under(banned, path));
    impure.then_some("this file only computes")
}

fn fits_any(patterns: &str, module: &str) -> bool {
    patterns.split(' ').any(|pattern| fits(pattern, module))
}

fn fits(pattern: &str, module: &str) -> bool {
    match pattern.strip_suffix("/*") {
        Some(folder) => below(folder, module),
        None => pattern == module,
    }
}

fn below(folder: &str, module: &str) -> bool {
    module
        .strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a path is `root` or lies below it.
fn under(root: &str, path: &str) -> bool {
    path.strip_prefix(root)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// A path that begins with `crate`, or with the name of a foreign crate.
fn in_full(module: &str, segments: &[String]) -> String {
    let supers = segments.iter().take_while(|segment| *segment == "super").count();
    let first = segments[0].as_str();
    if supers == 0 && first != "self" {
        let crate_itself = first == "usher" && module == "main";
        return if crate_itself {
            format!("crate::{}", segments[1..].join("::"))
        } else {
            segments.join("::")
        };
    }
    let here: Vec<&str> = module.split('/').filter(|part| *part != "lib").collect();
    let kept = here.len().saturating_sub(supers);
    let rest = segments[supers.max(1)..].iter().map(String::as_str);
    ["crate"]
        .into_iter()
        .chain(here[..kept].iter().copied())
        .chain(rest)
        .collect::<Vec<_>>()
        .join("::")
}

/// The module that a path inside this crate leads to. The crate's root (`crate::*`, `use crate as x`) counts as `lib`.
fn module_named(path: &str, sources: &Sources) -> Option<String> {
    let segments: Vec<&str> = path.split("::").collect();
    if segments[0] != "crate" {
        return None;
    }
    let named = (1..=segments.len()).rev().map(|end| segments[1..end].join("/"));
    Some(
        named
            .into_iter()
            .find(|module| sources.contains_key(module))
            .unwrap_or_else(|| "lib".to_owned()),
    )
}

// === reading ===

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// usher's sources; test modules with a file of their own are left out.
fn sources() -> Sources {
    let top = root().join("src");
    let modules = rust_files(&top)
        .into_iter()
        .filter_map(|file| Some((module_of(&top, &file)?, file)));
    modules
        .map(|(module, file)| (module, Source::read(&fs::read_to_string(file).unwrap())))
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.append(&mut rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn module_of(top: &Path, file: &Path) -> Option<String> {
    let module = file.strip_prefix(top).ok()?.to_str()?.strip_suffix(".rs")?;
    (!module.split('/').any(|part| part == "tests")).then(|| module.to_owned())
}

/// The crates that a section of `Cargo.toml` asks for and `named` denies, as sources spell them.
fn idle(section: &str, named: impl Fn(&str) -> bool) -> Vec<String> {
    let text = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let crates = manifest[section].as_table().unwrap().keys();
    crates
        .map(|name| name.replace('-', "_"))
        .filter(|name| !named(name))
        .collect()
}

// === tests ===

#[test]
fn every_file_names_only_what_its_row_allows() {
    let breaches = breaches(&sources());
    assert!(breaches.is_empty(), "\n{}\n", breaches.join("\n"));
}

#[test]
fn every_dependency_is_named() {
    let sources = sources();
    let paths: Vec<_> = sources.values().flat_map(Source::paths).collect();
    let idle = idle("dependencies", |name| {
        paths.iter().any(|path| path.segments[0] == name)
    });
    assert!(
        idle.is_empty(),
        "in Cargo.toml, but nothing in src/ names them: {}",
        idle.join(", ")
    );
}

#[test]
fn every_dependency_of_tests_is_named() {
    let folders = ["src", "tests/it", "benches"].map(|folder| rust_files(&root().join(folder)));
    let texts: Vec<String> = folders
        .concat()
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let named = |name: &str| texts.iter().any(|text| text.contains(&format!("{name}::")));
    let idle = idle("dev-dependencies", named);
    assert!(
        idle.is_empty(),
        "in Cargo.toml, but no test or bench names them: {}",
        idle.join(", ")
    );
}

/// What the toy house breaks when `module` holds `text`.
fn breaches_with(module: &str, text: &str) -> Vec<String> {
    const TOY: &str = "app bus bus/nats cli config config/secret domain domain/meeting http http/error http/jitsi \
                         ingest lib main meetings meetings/outbox store store/sled";
    let mut sources: Sources = TOY
        .split_whitespace()
        .map(|module| (module.to_owned(), Source::read("")))
        .collect();
    sources.insert(module.to_owned(), Source::read(text));
    breaches(&sources)
}

#[test]
fn toys_that_break_a_rule_are_caught() {
    let toys = [
        ("domain/meeting", "use crate::http::error::ApiError;"),
        ("domain/meeting", "use super::super::http;"),
        ("domain/meeting", "fn f() { std::fs::read(1) }"),
        ("domain/meeting", "use std::{fmt, net::IpAddr};"),
        ("domain/meeting", "async fn f() {}"),
        ("domain/meeting", "use crate::*;"),
        ("ingest", "use tokio::time::sleep;"),
        ("meetings", "use crate::{domain::Timestamp, http};"),
        ("meetings", "use crate::store::sled::SledStore;"),
        ("meetings", "fn f() -> warp::Reply { }"),
        ("meetings", "use crate as everything;"),
        ("meetings/index", "use super::outbox::X;"),
        ("http/error", "use crate::bus::Bus;"),
        ("http/jitsi", "use async_nats;"),
        ("app", "use sled::Db;"),
        ("main", "use usher::config;"),
        ("surprise", "fn f() {}"),
    ];
    for (module, text) in toys {
        assert_eq!(
            breaches_with(module, text).len(),
            1,
            "{module}: {text}: {:?}",
            breaches_with(module, text)
        );
    }
}

#[test]
fn toys_that_keep_the_rules_pass() {
    let toys = [
        (
            "domain/meeting",
            "use super::Timestamp; use std::fmt; use self::inner::X;",
        ),
        (
            "domain/meeting",
            "// crate::http\n const X: &str = \"warp::a\"; #[cfg(test)] mod tests { use crate::http; }",
        ),
        (
            "meetings",
            "use crate::{domain::meeting::Meeting, store::{Store, StoreError}}; use self::outbox::Outbox;",
        ),
        (
            "meetings/outbox",
            "use crate::bus::{Bus, BusError}; pub(crate) fn f() {}",
        ),
        ("store", "pub use sled::SledStore; mod sled;"),
        (
            "store/sled",
            "use sled::Db; use super::StoreError; use crate::config::secret::Secret;",
        ),
        (
            "http/jitsi",
            "use super::error::ApiError; use warp::Filter; use crate::ingest;",
        ),
        ("app", "use crate::{bus, http, store};"),
        ("main", "fn main() { usher::cli::run() }"),
    ];
    for (module, text) in toys {
        let breaches = breaches_with(module, text);
        assert!(breaches.is_empty(), "{module}: {text}: {breaches:?}");
    }
}
