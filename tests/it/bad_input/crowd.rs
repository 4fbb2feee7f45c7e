//! Ten thousand connections to the real daemon that say nothing.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Before, Wire, resident};
use crate::api::{GENERATE, JWKS};
use crate::usher::{Setup, Usher, answered};

const CROWD: usize = 10_000;

/// On a very busy machine it is a smaller crowd: who says nothing for 75 seconds is sent away.
const COMES_WITHIN: Duration = Duration::from_secs(30);

/// What one silent connection may cost the daemon, in bytes.
const MAX_BYTES_EACH: u64 = 4 << 10;

/// Files that other tests of this process may have open meanwhile.
const FOR_OTHERS: usize = 2_000;

/// Lets this process open as many files as it may; returns how many.
fn open_files() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .expect("Linux has this limit");
    let hard = line.split_whitespace().nth(4).expect("soft and hard").to_owned();
    let own = std::process::id().to_string();
    let raised = Command::new("prlimit")
        .args(["--pid", &own, &format!("--nofile={hard}:{hard}")])
        .status();
    assert!(raised.expect("prlimit is part of every Linux").success());
    hard.parse().unwrap_or(usize::MAX)
}

#[tokio::test]
async fn a_silent_crowd_costs_little_and_holds_up_nobody() {
    let files = open_files();
    let crowd = CROWD.min(files.saturating_sub(FOR_OTHERS));
    let usher = Usher::start(Setup::default()).await;
    let body = json!({"roomName": "r", "userName": "u"});
    answered(usher.post(GENERATE, &body)).await;
    let before = (Before::of(&usher), resident(&usher));
    let mut wires = Vec::with_capacity(crowd);
    let begun = Instant::now();
    while wires.len() < crowd && begun.elapsed() < COMES_WITHIN {
        wires.push(Wire::to(&usher).await);
    }
    let crowd = wires.len();
    for _ in 0..20 {
        answered(usher.post(GENERATE, &body)).await;
    }
    let each = resident(&usher).saturating_sub(before.1) / crowd as u64;
    report(crowd, each);
    assert!(each <= MAX_BYTES_EACH, "{each} bytes for each of {crowd}");
    for wire in wires.iter_mut().step_by(10) {
        wire.send(format!("GET {JWKS} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        wire.read_until("{\"keys\":[]}").await;
    }
    drop(wires);
    answered(usher.post(GENERATE, &body)).await;
    before.0.assert_unharmed(&usher).await;
}

#[expect(
    clippy::print_stderr,
    reason = "a figure for whoever runs the tests with --nocapture"
)]
fn report(crowd: usize, each: u64) {
    eprintln!("{crowd} silent connections: {each} bytes each");
}
