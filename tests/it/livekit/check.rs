//! `usher check --online`: whether LiveKit takes the key.

use std::process::Command;

use super::fake::LiveKit;
use super::*;
use crate::ports::free_port;

/// What the command prints, and whether it ended well.
async fn checked(usher: &Usher) -> (String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command
        .args(["check", "--online", "--config"])
        .arg(usher.config_dir())
        .env_clear();
    // LiveKit has to answer meanwhile.
    let run = tokio::task::spawn_blocking(move || command.output());
    let output = run.await.unwrap().expect("usher can be started");
    let text = String::from_utf8(output.stdout).expect("text");
    (text, output.status.success())
}

async fn with(section: String) -> (String, bool) {
    let usher = Usher::start(Setup::default().sections(&section)).await;
    checked(&usher).await
}

#[tokio::test]
async fn a_livekit_is_tried_with_its_key() {
    let livekit = LiveKit::start().await;
    let (text, good) = with(livekit.section("")).await;
    assert!(
        good && text.contains(": takes the first key; 0 rooms open\n"),
        "{text}"
    );
    let secret = "a secret that LiveKit does not know at all";
    let (text, good) = with(livekit.section("").replace(API_SECRET, secret)).await;
    assert!(
        !good && text.contains("FAILED  livekit http://127.0.0.1:"),
        "{text}"
    );
    assert!(text.contains("does not know the key"), "{text}");
    assert!(!text.contains(secret), "{text}");
    livekit.page(Some(502));
    let (text, good) = with(livekit.section("")).await;
    assert!(!good && text.contains("is not the meeting server"), "{text}");
    let (text, good) = with(server("main", &format!("http://127.0.0.1:{}", free_port()))).await;
    assert!(!good && text.contains("refused"), "{text}");
}
