//! Clients in a process of another language, driven by lines of JSON: each command has a number, which its answer repeats;
//! what has none happened by itself.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::patience::soon;

/// The process; ended on drop.
#[derive(Debug)]
pub struct Puppets {
    child: Child,
    commands: ChildStdin,
    lines: mpsc::UnboundedReceiver<Value>,
    notices: Vec<Value>,
    seq: u64,
}

// === impl Puppets ===

impl Puppets {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let commands = child.stdin.take().expect("stdin is piped");
        let lines = read_lines(child.stdout.take().expect("stdout is piped"));
        Self {
            child,
            commands,
            lines,
            notices: Vec::new(),
            seq: 0,
        }
    }

    /// Sends one command and waits for its answer.
    pub async fn ask(&mut self, mut command: Value) -> Value {
        self.seq += 1;
        command["seq"] = json!(self.seq);
        writeln!(self.commands, "{command}").expect("the clients are running");
        loop {
            let line = self.next_line(&command).await;
            if line["seq"] == json!(self.seq) {
                return line;
            }
            self.notices.push(line);
        }
    }

    /// Waits for something that happened to a client by itself, in the past or the future.
    pub async fn notice(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.notices.iter().position(&is_it) {
            return self.notices.remove(at);
        }
        loop {
            let line = self.next_line(&json!("a notice")).await;
            if is_it(&line) {
                return line;
            }
            self.notices.push(line);
        }
    }

    async fn next_line(&mut self, waiting_for: &Value) -> Value {
        let line = soon(&format!("an answer to {waiting_for}"), self.lines.recv()).await;
        line.unwrap_or_else(|| panic!("the clients ended at {waiting_for}"))
    }
}

impl Drop for Puppets {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Libraries may print lines of their own in between.
fn read_lines(output: ChildStdout) -> mpsc::UnboundedReceiver<Value> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        for line in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
