//! Server-Sent Events (HTML standard, section 9.2) on a bare socket.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::ending::Ending;
use super::gap;
use super::listening::{Listening, Say};
use crate::http::server::BareSocket;
use crate::live::Listener;

/// The socket with how its body is written.
struct Stream {
    socket: TcpStream,
    chunked: bool,
    stop: CancellationToken,
    /// Bytes that the caller may still send; none are expected.
    patience: usize,
}

/// How long a caller may take nothing.
pub(super) const WRITE_TIME: Duration = Duration::from_secs(20);
/// After how many milliseconds browsers come back.
const RETRY: u32 = 3000;
const MOST_HEARD: usize = 4096;

/// Writes events until the caller goes, or may not listen any more.
pub(super) async fn run(socket: BareSocket, mut listening: Listening) {
    let mut stream = Stream {
        socket: socket.stream,
        chunked: socket.chunked,
        stop: socket.stop,
        patience: MOST_HEARD,
    };
    let Err(why) = tell(&mut stream, &mut listening).await;
    listening.over(why);
    // The place is free before the caller can come back for it.
    drop(listening);
    stream.end().await;
}

/// Comes back only with the reason of the end.
async fn tell(stream: &mut Stream, listening: &mut Listening) -> Result<std::convert::Infallible, Ending> {
    let start = listening.start;
    let opening = format!("retry: {RETRY}\nid: {}\n\n", listening.live().cursor(start.after));
    stream.say(&opening, &listening.listener).await?;
    if start.has_gap {
        stream.say_gap(listening, start.after).await?;
    }
    loop {
        let news = tokio::select! {
            biased;
            () = stream.stop.cancelled() => return Err(Ending::Stopping),
            news = listening.listener.next() => news,
            () = gone(&stream.socket, &mut stream.patience) => return Err(Ending::Gone),
        };
        match listening.judge(news).await? {
            Say::Event(told) => {
                let bytes = told.stream(stream.chunked);
                stream.write(bytes, &listening.listener).await?;
            }
            Say::Gap { up_to } => stream.say_gap(listening, up_to).await?,
            Say::Beat { up_to } => {
                // With the id, so that somebody who seldom hears anything does not come back with one that is too old.
                let beat = format!(":\nid: {}\n\n", listening.live().cursor(up_to));
                stream.say(&beat, &listening.listener).await?;
            }
        }
    }
}

// === impl Stream ===

impl Stream {
    async fn say_gap(&self, listening: &Listening, up_to: u64) -> Result<(), Ending> {
        let (cursor, json) = (listening.live().cursor(up_to), listening.gap(up_to));
        let event = format!("id: {cursor}\nevent: {}\ndata: {json}\n\n", gap::TYPE);
        self.say(&event, &listening.listener).await
    }

    async fn say(&self, text: &str, listener: &Listener) -> Result<(), Ending> {
        if self.chunked {
            let chunk = format!("{:x}\r\n{text}\r\n", text.len());
            self.write(chunk.as_bytes(), listener).await
        } else {
            self.write(text.as_bytes(), listener).await
        }
    }

    /// Writes all of it, unless the listener is cut off meanwhile or takes too long. No timer is touched where the kernel has
    /// room, as it nearly always has.
    async fn write(&self, bytes: &[u8], listener: &Listener) -> Result<(), Ending> {
        match self.try_write(bytes)? {
            0 if bytes.is_empty() => Ok(()),
            written if written == bytes.len() => Ok(()),
            written => Box::pin(self.write_slowly(&bytes[written..], listener)).await,
        }
    }

    async fn write_slowly(&self, mut bytes: &[u8], listener: &Listener) -> Result<(), Ending> {
        let deadline = Instant::now() + WRITE_TIME;
        while !bytes.is_empty() {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(Ending::Stopping),
                () = listener.cut() => return Err(Ending::QueueFull),
                ready = timeout_at(deadline, self.socket.writable()) => match ready {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return Err(Ending::Gone),
                    Err(_) => return Err(Ending::NotReading),
                },
            }
            bytes = &bytes[self.try_write(bytes)?..];
        }
        Ok(())
    }

    /// How many bytes the kernel took now.
    fn try_write(&self, bytes: &[u8]) -> Result<usize, Ending> {
        match self.socket.try_write(bytes) {
            Ok(written) => Ok(written),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(_) => Err(Ending::Gone),
        }
    }

    /// Says that the body is complete, where there is a way to say so and the kernel has room for it.
    async fn end(mut self) {
        if self.chunked {
            let _ = self.socket.try_write(b"0\r\n\r\n");
        }
        let _ = self.socket.shutdown().await;
    }
}

/// Waits until the caller has hung up, or sends more than anybody who only listens.
async fn gone(socket: &TcpStream, patience: &mut usize) {
    let mut unheard = [0; 256];
    while socket.readable().await.is_ok() {
        match socket.try_read(&mut unheard) {
            Ok(read) if read > 0 && read <= *patience => *patience -= read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => return,
        }
    }
}
