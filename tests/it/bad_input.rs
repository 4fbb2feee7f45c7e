//! Input that nobody in their right mind sends: a clear answer, no panic, no growth.

mod bodies;
mod crowd;
mod heads;
mod reports;
mod slow;

use std::fs;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::patience::soon;
use crate::usher::{KEY, PROSODY_SECRET, Usher};

/// Every route that takes a body, and the secret that opens it.
pub const POSTED: [(&str, &str); 8] = [
    ("/api/jitsi/generate-token", KEY),
    ("/api/jitsi/create-room", KEY),
    ("/api/jitsi/validate-token", KEY),
    ("/events/room/created", PROSODY_SECRET),
    ("/events/room/destroyed", PROSODY_SECRET),
    ("/events/occupant/joined", PROSODY_SECRET),
    ("/events/occupant/left", PROSODY_SECRET),
    ("/prosody/events", PROSODY_SECRET),
];

/// What a storm of bad requests may leave behind in memory: buffers that the allocator keeps, and no more.
const MAX_GROWTH: u64 = 48 << 20;

/// One connection that writes and reads raw bytes.
#[derive(Debug)]
pub struct Wire(TcpStream);

/// How the daemon was before a storm.
#[derive(Debug)]
pub struct Before(u64);

// === impl Wire ===

impl Wire {
    pub async fn to(usher: &Usher) -> Self {
        let address = ("127.0.0.1", usher.port());
        Self(
            soon("a connection", TcpStream::connect(address))
                .await
                .expect("usher accepts"),
        )
    }

    /// Writes, not minding that the other side may have closed.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = soon("the end of writing", self.0.write_all(bytes.as_ref())).await;
    }

    /// Reads until `end` has come.
    pub async fn read_until(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        while !String::from_utf8_lossy(&text).ends_with(end) {
            let read = soon("an answer", self.0.read_buf(&mut text))
                .await
                .expect("an open socket");
            assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&text));
        }
        String::from_utf8(text).expect("answers are UTF-8")
    }

    /// Reads until the other side closes; a reset counts as closing.
    pub async fn read_to_end(&mut self) -> String {
        let mut text = Vec::new();
        while let Ok(1..) = soon("the end of the connection", self.0.read_buf(&mut text)).await {}
        String::from_utf8(text).expect("answers are UTF-8")
    }
}

// === impl Before ===

impl Before {
    pub fn of(usher: &Usher) -> Self {
        Self(resident(usher))
    }

    /// The daemon lives, nothing panicked, nothing was its own fault, and it is about as large as it was.
    pub async fn assert_unharmed(&self, usher: &Usher) {
        let live = usher.ops("/live").send().await.expect("the daemon lives");
        assert!(live.status().is_success());
        let metrics = usher.metrics().await;
        assert!(
            metrics.lines().any(|line| line == "usher_http_panics_total 0"),
            "{metrics}"
        );
        let faults: Vec<_> = metrics
            .lines()
            .filter(|line| line.contains("status=\"5") && !line.contains("/ready"))
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
        assert!(!usher.log().contains("panicked"), "{}", usher.log());
        let growth = resident(usher).saturating_sub(self.0);
        assert!(growth <= MAX_GROWTH, "grew by {growth} bytes");
    }
}

/// Sends the bytes on a connection of their own and reads to the end, which the daemon must bring about.
pub async fn say(usher: &Usher, bytes: impl AsRef<[u8]>) -> String {
    let mut wire = Wire::to(usher).await;
    wire.send(bytes).await;
    wire.read_to_end().await
}

/// The status of a raw answer; 0 where there was none.
pub fn status(answer: &str) -> u16 {
    let line = answer.lines().next().unwrap_or_default();
    line.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_default()
}

/// The head of a request of whoever has this secret, without its end.
pub fn head(path: &str, secret: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {secret}\r\n")
}

/// Bytes of memory that the daemon uses.
pub fn resident(usher: &Usher) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{}/statm", usher.pid())).expect("the process is there");
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("resident pages are the second number") * 4096
}
