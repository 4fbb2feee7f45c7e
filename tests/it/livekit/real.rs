//! A real `livekit-server`, where one is on the `PATH`, and people in its rooms with LiveKit's own client.

mod people;

use std::io::{ErrorKind, Write};
use std::process::{Child, Command, Stdio};

use livekit_api::access_token::{AccessToken, VideoGrants};

use super::fake::{API_KEY, API_SECRET};
use crate::patience::look_for;
use crate::ports::free_port;
use crate::web;

pub use people::People;

/// A LiveKit server with [`API_KEY`] that keeps nothing; killed on drop.
#[derive(Debug)]
pub struct Server {
    port: u16,
    config: String,
    child: Option<Child>,
}

// === impl Server ===

impl Server {
    /// Nothing where `livekit-server` is not there; then a line says what was not tried, past the capturing of output.
    pub async fn start(what: &str) -> Option<Self> {
        let mut server = Self::away();
        server.launch(what).then_some(())?;
        server.until_ready().await;
        Some(server)
    }

    /// One that does not run yet, though its address is known.
    pub fn away() -> Self {
        let (port, udp, nobody) = (free_port(), free_port(), free_port());
        // Nothing of it is reachable from elsewhere, and it asks nobody for its address.
        let config = format!(
            "port: {port}\nkeys:\n  {API_KEY}: {API_SECRET}\nroom: {{ departure_timeout: 1 }}\nrtc:\n  tcp_port: 0\n  \
             udp_port: {udp}\n  node_ip: 127.0.0.1\n  enable_loopback_candidate: true\n  interfaces: {{ includes: [lo] }}\n  \
             stun_servers: [\"127.0.0.1:{nobody}\"]\n"
        );
        Self {
            port,
            config,
            child: None,
        }
    }

    /// Starts it, with webhooks to these addresses; false where there is none.
    pub async fn notify(&mut self, what: &str, urls: &[String]) -> bool {
        self.config
            .push_str(&format!("webhook:\n  api_key: {API_KEY}\n  urls: {urls:?}\n"));
        let is_there = self.launch(what);
        if is_there {
            self.until_ready().await;
        }
        is_there
    }

    fn launch(&mut self, what: &str) -> bool {
        let started = Command::new("livekit-server")
            .args(["--dev", "--bind", "127.0.0.1", "--config-body", &self.config])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(child) => self.child = Some(child),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                not_tried(what, "livekit-server is not on the PATH")
            }
            Err(error) => panic!("livekit-server cannot be started: {error}"),
        }
        self.child.is_some()
    }

    /// Starts it again with nothing of what it knew.
    pub async fn restart(&mut self) {
        self.kill9();
        assert!(self.launch("a restart"), "it was there before");
        self.until_ready().await;
    }

    /// Ends it as a crash would.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("the server is our own child");
            child.wait().expect("the server is our own child");
        }
    }

    async fn until_ready(&self) {
        let http = web::client().build().expect("a client without TLS");
        let up = look_for(async || http.get(self.url()).send().await.ok()).await;
        assert!(up.is_some(), "LiveKit does not answer");
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What opens CreateRoom and DeleteRoom.
    pub fn room_token() -> String {
        let grants = VideoGrants {
            room_create: true,
            ..VideoGrants::default()
        };
        let token = AccessToken::with_api_key(API_KEY, API_SECRET).with_grants(grants);
        token.to_jwt().expect("it can be signed")
    }

    /// The `[[livekit]]` section for it; its name is `main`.
    pub fn section(&self) -> String {
        format!(
            "[[livekit]]\nname = \"main\"\nurl = \"{}\"\nkeys = [{{ api_key = \"{API_KEY}\", api_secret = \"{API_SECRET}\" }}]\n",
            self.url()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Says what a run of the tests left out, past the capturing of output.
fn not_tried(what: &str, why: &str) {
    let line = format!("not tried: {what}; {why}\n");
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("stderr can be written");
}
