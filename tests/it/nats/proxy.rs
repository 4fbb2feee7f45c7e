//! A TCP proxy whose cable can be pulled, and whose packets can be held back.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Forwards to a port on loopback until told otherwise; ends when dropped.
#[derive(Debug)]
pub struct CutProxy {
    port: u16,
    line: watch::Sender<Line>,
    _forwarding: JoinSet<()>,
}

/// What the line does to bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Open,
    /// Connections break, and new ones break at once.
    Cut,
    /// Nothing arrives on either side; what was sent arrives when the line is open again.
    Held,
    /// What the client sends arrives, the answers do not until the line is open again.
    AnswersHeld,
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    ToServer,
    ToClient,
}

// === impl CutProxy ===

impl CutProxy {
    pub async fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (line, watched) = watch::channel(Line::Open);
        let mut forwarding = JoinSet::new();
        forwarding.spawn(accept(listener, target, watched));
        Self {
            port,
            line,
            _forwarding: forwarding,
        }
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    pub fn hold(&self) {
        self.line.send_replace(Line::Held);
    }

    pub fn hold_answers(&self) {
        self.line.send_replace(Line::AnswersHeld);
    }

    pub fn restore(&self) {
        self.line.send_replace(Line::Open);
    }
}

// === impl Line ===

impl Line {
    fn holds(self, direction: Direction) -> bool {
        match (self, direction) {
            (Self::Held, _) | (Self::AnswersHeld, Direction::ToClient) => true,
            (Self::Open | Self::Cut | Self::AnswersHeld, _) => false,
        }
    }
}

async fn accept(listener: TcpListener, target: u16, line: watch::Receiver<Line>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(connect(client, target, line.clone()));
    }
}

async fn connect(client: TcpStream, target: u16, mut line: watch::Receiver<Line>) {
    if *line.borrow_and_update() == Line::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // The first that ends drops both streams, and so the connection on both sides.
    tokio::select! {
        () = forward(from_client, to_server, line.clone(), Direction::ToServer) => {}
        () = forward(from_server, to_client, line.clone(), Direction::ToClient) => {}
        _ = line.wait_for(|line| *line == Line::Cut) => {}
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
    way: Direction,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut bytes).await else {
            return;
        };
        if line.wait_for(|line| !line.holds(way)).await.is_err()
            || to.write_all(&bytes[..read]).await.is_err()
        {
            return;
        }
    }
}
