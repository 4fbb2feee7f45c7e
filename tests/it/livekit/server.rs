//! The tokens at a real LiveKit server, where there is one.

use std::io::{ErrorKind, Write};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::*;
use crate::api::text;
use crate::patience::look_for;
use crate::ports::free_port;

/// A LiveKit server with [`API_KEY`]; killed on drop.
struct Server {
    child: Child,
    port: u16,
}

// === impl Server ===

impl Server {
    /// Nothing where `livekit-server` is not on the `PATH`; then a line says so, past the capturing of output.
    fn start() -> Option<Self> {
        let port = free_port();
        let (tcp, udp) = (free_port(), free_port());
        let config = format!(
            "port: {port}\nkeys:\n  {API_KEY}: {API_SECRET}\nrtc:\n  tcp_port: {tcp}\n  udp_port: {udp}\n  use_external_ip: false\n"
        );
        let started = Command::new("livekit-server")
            .args([
                "--dev",
                "--bind",
                "127.0.0.1",
                "--node-ip",
                "127.0.0.1",
                "--config-body",
                &config,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(child) => Some(Self { child, port }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let line = b"not tried: tokens at a real LiveKit; livekit-server is not on the PATH\n";
                std::io::stderr().write_all(line).expect("stderr can be written");
                None
            }
            Err(error) => panic!("livekit-server cannot be started: {error}"),
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The status with which it lets the holder of a token in, or not.
    async fn admits(&self, usher: &Usher, token: &str) -> u16 {
        let url = format!("{}/rtc/validate?access_token={token}", self.url());
        usher
            .http
            .get(url)
            .send()
            .await
            .expect("LiveKit answers")
            .status()
            .as_u16()
    }

    /// Whether the holder may manage a room.
    async fn obeys(&self, usher: &Usher, token: &str, room: &str) -> bool {
        let url = format!("{}/twirp/livekit.RoomService/ListParticipants", self.url());
        let request = usher
            .http
            .post(url)
            .bearer_auth(token)
            .json(&json!({ "room": room }));
        let status = request.send().await.expect("LiveKit answers").status();
        !matches!(status.as_u16(), 401 | 403)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_real_server_takes_the_tokens_for_their_own_rooms() {
    let Some(livekit) = Server::start() else { return };
    let usher = start().await;
    let up = look_for(async || usher.http.get(livekit.url()).send().await.ok()).await;
    assert!(up.is_some(), "LiveKit does not answer");
    let answer = sign_in(&usher, credentials()).await.json();
    let token = |number: &str| text(&answer["tokens"][number]["token"]).to_owned();
    for number in ["8", "1234567"] {
        assert_eq!(livekit.admits(&usher, &token(number)).await, 200);
    }
    assert_eq!(livekit.admits(&usher, &token("8").replace('.', ".x")).await, 401);
    assert!(
        livekit.obeys(&usher, &token("8"), "channel-8").await,
        "she moderates it"
    );
    assert!(!livekit.obeys(&usher, &token("8"), "channel-1234567").await);
    assert!(!livekit.obeys(&usher, &token("1234567"), "channel-1234567").await);
}
