//! The files that an administrator copies, tried with the programs that read them.

mod jitsi;
mod livekit;
mod nginx;
mod prometheus;
mod systemd;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file of this repository.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text_of(path: &str) -> String {
    std::fs::read_to_string(file(path)).unwrap()
}

/// Runs a program that `tests/run` installs; nginx lives in sbin, which is not on everybody's path.
fn run(program: &str, arguments: &[&str]) -> Output {
    let found = ["/usr/sbin", "/usr/bin"]
        .map(|folder| Path::new(folder).join(program))
        .into_iter()
        .find(|path| path.exists());
    let program = found.unwrap_or_else(|| panic!("{program} is missing; tests/run --tools installs it"));
    Command::new(program).args(arguments).output().unwrap()
}

/// What a program said, both channels.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[test]
fn links_in_the_papers_lead_somewhere() {
    for paper in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = text_of(paper);
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.is_empty() && !link.starts_with("http")) {
            assert!(file(link).exists(), "{paper} links to {link}");
        }
    }
}
