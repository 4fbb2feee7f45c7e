//! LiveKit's own client in one Python process, driven by lines of JSON (`tests/livekit/client.py`).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use livekit_api::access_token::{AccessToken, VideoGrants};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{API_KEY, API_SECRET, Server, not_tried};
use crate::patience::soon;

/// The people of a test.
#[derive(Debug)]
pub struct People {
    child: Child,
    commands: ChildStdin,
    lines: mpsc::UnboundedReceiver<Value>,
    notices: Vec<Value>,
    seq: u64,
}

// === impl People ===

impl People {
    /// Nothing where `LIVEKIT_PYTHON` names no interpreter that has PyPI's `livekit`; then a line says so.
    pub fn start(what: &str) -> Option<Self> {
        let Some(python) = std::env::var_os("LIVEKIT_PYTHON") else {
            not_tried(what, "LIVEKIT_PYTHON names no Python with the package livekit");
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/livekit/client.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("LIVEKIT_PYTHON is a program");
        let commands = child.stdin.take().expect("stdin is piped");
        let lines = read_lines(child.stdout.take().expect("stdout is piped"));
        Some(Self {
            child,
            commands,
            lines,
            notices: Vec::new(),
            seq: 0,
        })
    }

    /// Somebody comes into a room, and has media.
    pub async fn join(&mut self, server: &Server, room: &str, identity: &str) {
        let grants = VideoGrants {
            room_join: true,
            room: room.into(),
            ..VideoGrants::default()
        };
        let token = AccessToken::with_api_key(API_KEY, API_SECRET)
            .with_identity(identity)
            .with_name(identity)
            .with_grants(grants)
            .to_jwt();
        let url = server.url().replace("http://", "ws://");
        let command =
            json!({ "do": "join", "id": identity, "url": url, "token": token.expect("it can be signed") });
        let joined = self.ask(command).await;
        assert_eq!(joined["joined"], room, "{joined}");
    }

    pub async fn leave(&mut self, identity: &str) {
        let left = self.ask(json!({ "do": "leave", "id": identity })).await;
        assert_eq!(left["left"], identity, "{left}");
    }

    async fn ask(&mut self, mut command: Value) -> Value {
        self.seq += 1;
        command["seq"] = json!(self.seq);
        writeln!(self.commands, "{command}").expect("the client is running");
        loop {
            let line = self.next_line("an answer").await;
            if line["seq"] == json!(self.seq) {
                return line;
            }
            self.notices.push(line);
        }
    }

    /// Waits for something that happens to somebody by itself: a message with `data`, or that they are `out`.
    pub async fn notice(&mut self, identity: &str, what: &str) -> Value {
        let is_it = |line: &Value| line["id"] == identity && line.get(what).is_some();
        if let Some(at) = self.notices.iter().position(is_it) {
            return self.notices.remove(at);
        }
        loop {
            let line = self.next_line(what).await;
            if is_it(&line) {
                return line;
            }
            self.notices.push(line);
        }
    }

    async fn next_line(&mut self, waiting_for: &str) -> Value {
        let line = soon(waiting_for, self.lines.recv()).await;
        line.unwrap_or_else(|| panic!("the client ended; waited for {waiting_for}"))
    }
}

impl Drop for People {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(output: ChildStdout) -> mpsc::UnboundedReceiver<Value> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let Ok(line) = serde_json::from_str(&line) else {
                continue;
            };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
