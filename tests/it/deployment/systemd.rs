//! `systemd/usher.service`, judged by systemd's own tools.

use tempfile::TempDir;

use super::{run, said, text_of};

/// systemd knows `Type=notify-reload` from here on; the unit is written so that older ones keep `Type=notify`.
const FIRST_WITH_NOTIFY_RELOAD: u32 = 253;

/// The unit with the daemon's place changed to where the build left it: verify looks for the program.
fn unit() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usher.service");
    let text = text_of("systemd/usher.service").replace("/usr/bin/usher", env!("CARGO_BIN_EXE_usher"));
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

fn systemd_version() -> u32 {
    let banner = said(&run("systemd-analyze", &["--version"]));
    banner.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn the_unit_verifies() {
    let (_folder, path) = unit();
    let output = run("systemd-analyze", &["verify", &path]);
    let said = said(&output);
    let mut complaints: Vec<&str> = said.lines().filter(|line| line.contains("usher")).collect();
    if systemd_version() < FIRST_WITH_NOTIFY_RELOAD {
        complaints.retain(|line| !line.ends_with("Failed to parse service type, ignoring: notify-reload"));
    }
    assert!(output.status.success() && complaints.is_empty(), "{said}");
}

#[test]
fn the_unit_is_hardened() {
    let (_folder, path) = unit();
    let output = run(
        "systemd-analyze",
        &["security", "--offline=true", "--threshold=15", &path],
    );
    assert!(
        output.status.success(),
        "exposed by more than 1.5 of 10:\n{}",
        said(&output)
    );
}

#[test]
fn older_systemd_keeps_a_type_with_readiness() {
    let text = text_of("systemd/usher.service");
    let types: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("Type="))
        .collect();
    assert_eq!(types, ["notify", "notify-reload"]);
}
