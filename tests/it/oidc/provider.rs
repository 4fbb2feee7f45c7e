//! A real OpenID Connect provider in a Node process, driven by lines of JSON (`tests/oidc/provider.mjs`).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::patience::soon;
use crate::ports::free_port;
use crate::usher::{Setup, Usher};

/// Nobody listens until [`Provider::start`].
#[derive(Debug)]
pub struct Provider {
    port: u16,
    child: Child,
    commands: ChildStdin,
    lines: mpsc::UnboundedReceiver<Value>,
    seq: u64,
}

/// The secret of the client `usher`.
pub const SECRET: &str = "a secret of usher for tests";

// === impl Provider ===

impl Provider {
    pub fn launch() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc");
        assert!(
            folder.join("node_modules").exists(),
            "the OpenID Connect provider is not installed: run `npm ci` in {}",
            folder.display()
        );
        let port = free_port();
        let mut child = Command::new("node")
            .arg(folder.join("provider.mjs"))
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is installed");
        let commands = child.stdin.take().expect("stdin is piped");
        let (sender, lines) = mpsc::unbounded_channel();
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let said = serde_json::from_str(&line).expect("each line is JSON");
                let _ = sender.send(said);
            }
        });
        Self {
            port,
            child,
            commands,
            lines,
            seq: 0,
        }
    }

    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The section of `usher.toml` that names this provider; `more` are further lines of it.
    pub fn section(&self, more: &str) -> String {
        let issuer = self.issuer();
        format!(
            "[signin.oidc]\nissuer = \"{issuer}\"\nclient_id = \"usher\"\nclient_secret = \"{SECRET}\"\n{more}\n"
        )
    }

    /// An usher of this setup that knows the provider, and the provider that knows it.
    pub async fn with_usher(setup: Setup, more: &str) -> (Self, Usher) {
        let mut provider = Self::launch();
        let usher = Usher::start(setup.sections(&provider.section(more))).await;
        provider.start(&usher).await;
        (provider, usher)
    }

    pub async fn start(&mut self, usher: &Usher) {
        self.ask(json!({ "do": "start", "usher": usher.url() })).await;
    }

    pub async fn stop(&mut self) {
        self.ask(json!({ "do": "stop" })).await;
    }

    /// Who signs in next, in whatever browser.
    pub async fn person(&mut self, sub: &str, claims: Value) {
        self.ask(json!({ "do": "person", "sub": sub, "claims": claims }))
            .await;
    }

    /// Whoever comes next is refused.
    pub async fn refuse(&mut self) {
        self.ask(json!({ "do": "person", "sub": null })).await;
    }

    /// Another key signs from now on.
    pub async fn rotate(&mut self) {
        self.ask(json!({ "do": "rotate" })).await;
    }

    /// The ID token of every answer from now on.
    pub async fn substitute(&mut self, id_token: &str) {
        self.ask(json!({ "do": "substitute", "id_token": id_token }))
            .await;
    }

    /// How many people are signed in.
    pub async fn sessions(&mut self) -> u64 {
        let answer = self.ask(json!({ "do": "sessions" })).await;
        answer["count"].as_u64().expect("a number")
    }

    async fn ask(&mut self, mut command: Value) -> Value {
        self.seq += 1;
        command["seq"] = json!(self.seq);
        writeln!(self.commands, "{command}").expect("the provider is running");
        let answer = soon("the provider's answer", self.lines.recv()).await;
        let answer = answer.unwrap_or_else(|| panic!("the provider ended at {command}"));
        assert_eq!(answer["seq"], command["seq"], "one answer for each command");
        answer
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
