//! Thousands of connections that do nothing.

use std::fs;
use std::process::Command;
use std::time::Duration;

use usher::http::server::Limits;

use super::door::{Caller, Door};
use crate::limits::open_files;

/// What one idle connection may cost the door (and, here in one process, the caller).
const MAX_BYTES_EACH: u64 = 5 << 10;

/// A smaller crowd may cost as much as this one: so many have their first buffers at a time.
const SMALL_CROWD: usize = 2_000;

/// As many as the process may open, both ends counted, at most ten thousand; the rest is left to the test itself.
fn affordable() -> usize {
    (open_files().saturating_sub(600) / 2).min(10_000)
}

/// Bytes of memory in use by this process.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

async fn answers(door: &Door) -> String {
    door.ask("GET /hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
}

#[test]
fn idle_connections_cost_little_and_hold_up_nobody() {
    let tests = std::env::current_exe().unwrap();
    let alone = [
        "edge::many::measured_in_a_process_of_its_own",
        "--exact",
        "--ignored",
        "--nocapture",
    ];
    let measured = Command::new(tests).args(alone).output().unwrap();
    let (said, figures) = (
        String::from_utf8_lossy(&measured.stdout),
        String::from_utf8_lossy(&measured.stderr),
    );
    assert!(
        measured.status.success() && said.contains("1 passed"),
        "{said}{figures}"
    );
}

#[tokio::test]
#[ignore = "run by the test above, since memory is counted by process"]
async fn measured_in_a_process_of_its_own() {
    let count = affordable();
    // Buffers are given back so soon that few have them at a time; malloc would not give that memory back.
    let door = Door::start(Limits {
        park: Duration::from_millis(1),
        idle: Duration::from_secs(3600),
        ..Limits::default()
    });
    answers(&door).await;
    let before = resident();
    let mut callers: Vec<Caller> = Vec::with_capacity(count);
    for _ in 0..count {
        callers.push(door.connect().await);
    }
    assert!(answers(&door).await.ends_with("hello "));
    let silent = resident().saturating_sub(before);
    for caller in &mut callers {
        caller.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
        caller.read_until("hello ").await;
    }
    for caller in &mut callers {
        caller.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
        caller.read_until("hello ").await;
    }
    assert!(answers(&door).await.ends_with("hello "));
    let kept_alive = resident().saturating_sub(before);
    report(count, silent, kept_alive);
    let most = MAX_BYTES_EACH * count.max(SMALL_CROWD) as u64;
    assert!(
        silent <= most && kept_alive <= most,
        "{silent} and {kept_alive} bytes for {count}"
    );
}

#[tokio::test]
async fn beyond_the_limit_callers_wait_for_a_place() {
    let door = Door::start(Limits {
        connections: 2,
        ..Limits::default()
    });
    let (first, second) = (door.connect().await, door.connect().await);
    let mut third = door.connect().await;
    third.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(!door.figures().contains("usher_http_requests_total{"));
    drop(first);
    third.read_until("hello ").await;
    drop(second);
}

#[expect(
    clippy::print_stderr,
    reason = "a figure for whoever runs the tests with --nocapture"
)]
fn report(count: usize, silent: u64, kept_alive: u64) {
    eprintln!("{count} connections: {silent} bytes before, {kept_alive} after their first request");
}
