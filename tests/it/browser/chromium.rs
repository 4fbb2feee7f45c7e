//! Plays a scenario of `tests/browser` in Node.js, which drives the browser.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::site::Site;

/// A node process, killed on drop; the browser ends with it.
struct Player(Child);

/// Longer than any scenario waits for anything, on a machine that does much else.
const DEADLINE: Duration = Duration::from_secs(600);

// === impl Player ===

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the scenario brings home; a fault in it is a fault of the test.
pub async fn play(site: &Site, mut story: Value) -> Value {
    story["address"] = json!(site.address.to_string());
    story["chromium"] = json!(program("chromium"));
    story["screenshots"] = json!(repository().join("target/screenshots"));
    let mut player = start(&story);
    let mut output = player.0.stdout.take().expect("stdout is piped");
    let reading = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let text = tokio::time::timeout(DEADLINE, reading)
        .await
        .unwrap_or_else(|_| panic!("the browser does not come to an end"))
        .expect("the thread reads on")
        .expect("the scenario writes text");
    let mut home: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no facts: {text}"));
    let log = site.usher.log();
    assert!(
        home["fault"].is_null(),
        "{}\n{}\n{log}",
        home["fault"].as_str().unwrap_or_default(),
        home["address"]
    );
    home["facts"].take()
}

fn start(story: &Value) -> Player {
    let folder = repository().join("tests/browser");
    assert!(
        folder.join("node_modules").exists(),
        "the browser's driver is not installed: run `npm ci` in {}",
        folder.display()
    );
    let child = Command::new("node")
        .arg(folder.join("run.mjs"))
        .arg(story.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is installed");
    Player(child)
}

fn program(name: &str) -> PathBuf {
    let path = Path::new("/usr/bin").join(name);
    assert!(path.exists(), "{name} is missing; tests/run --tools installs it");
    path
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
