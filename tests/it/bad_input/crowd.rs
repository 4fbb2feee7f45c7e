//! Ten thousand connections to the real daemon that say nothing.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Before, Wire, resident};
use crate::api::{GENERATE, JWKS};
use crate::limits::open_files;
use crate::usher::{Setup, Usher, answered};

const CROWD: usize = 10_000;

/// On a very busy machine it is a smaller crowd: who says nothing for 75 seconds is sent away.
const COMES_WITHIN: Duration = Duration::from_secs(30);

/// What one silent connection may cost the daemon, in bytes.
const MAX_BYTES_EACH: u64 = 4 << 10;

/// A smaller crowd may cost as much as this one: threads and their first buffers have a price of their own.
const SMALL_CROWD: usize = 2_000;

/// Files that other tests of this process may have open meanwhile.
const FOR_OTHERS: usize = 2_000;

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
    let grown = resident(&usher).saturating_sub(before.1);
    report(crowd, grown);
    let most = MAX_BYTES_EACH * crowd.max(SMALL_CROWD) as u64;
    assert!(grown <= most, "{grown} bytes for {crowd}");
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
fn report(crowd: usize, grown: u64) {
    eprintln!("{crowd} silent connections: {grown} bytes");
}
