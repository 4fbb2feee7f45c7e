//! The same events by WebSocket (RFC 6455): one JSON text each. Nothing is expected from the caller.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::ending::Ending;
use super::listening::{Listening, Say};
use super::stream::WRITE_TIME;
use crate::http::server::BareSocket;

/// The socket, and what the caller has done with it.
struct Socket {
    frames: WebSocketStream<TcpStream>,
    stop: CancellationToken,
    /// Pings since the last answer.
    unanswered: u32,
    /// Messages since the last ping.
    chatter: u32,
}

/// Longest message of the caller that is read, in bytes.
const MOST_HEARD: usize = 1024;
/// Some programs say that they are there now and then.
const MOST_CHATTER: u32 = 20;
const MOST_UNANSWERED: u32 = 2;
/// Holds one frame of a caller that says little.
const READ_BUFFER: usize = 256;
/// How long the caller has to agree to the end.
const CLOSE_TIME: Duration = Duration::from_secs(2);

/// Sends events until the caller goes, or may not listen any more.
pub(super) async fn run(socket: BareSocket, mut listening: Listening) {
    let heard = socket.heard.to_vec();
    let frames = WebSocketStream::from_partially_read(socket.stream, heard, Role::Server, Some(config()));
    let mut socket = Socket {
        frames: frames.await,
        stop: socket.stop,
        unanswered: 0,
        chatter: 0,
    };
    let Err(why) = tell(&mut socket, &mut listening).await;
    listening.over(why);
    drop(listening);
    socket.close(why).await;
}

/// Comes back only with the reason of the end.
async fn tell(socket: &mut Socket, listening: &mut Listening) -> Result<std::convert::Infallible, Ending> {
    let start = listening.start;
    if start.has_gap {
        let gap = listening.gap(start.after);
        socket.send(Message::text(gap), listening).await?;
    }
    loop {
        let news = tokio::select! {
            biased;
            () = socket.stop.cancelled() => return Err(Ending::Stopping),
            news = listening.listener.next() => news,
            message = socket.frames.next() => {
                socket.hear(message.and_then(Result::ok))?;
                continue;
            }
        };
        let message = match listening.judge(news).await? {
            Say::Event(told) => Message::Text(text(told.json())?),
            Say::Gap { up_to } => Message::text(listening.gap(up_to)),
            Say::Beat { .. } => socket.ping()?,
        };
        socket.send(message, listening).await?;
    }
}

// === impl Socket ===

impl Socket {
    /// Pings are answered below us, with the next read or write.
    fn hear(&mut self, message: Option<Message>) -> Result<(), Ending> {
        match message {
            Some(Message::Pong(_)) => self.unanswered = 0,
            Some(Message::Close(_)) | None => return Err(Ending::Gone),
            Some(_) => self.chatter += 1,
        }
        if self.chatter > MOST_CHATTER {
            return Err(Ending::Chatter);
        }
        Ok(())
    }

    /// The next ping, if the earlier ones were answered.
    fn ping(&mut self) -> Result<Message, Ending> {
        self.chatter = 0;
        self.unanswered += 1;
        if self.unanswered > MOST_UNANSWERED {
            return Err(Ending::NotReading);
        }
        Ok(Message::Ping(bytes::Bytes::new()))
    }

    async fn send(&mut self, message: Message, listening: &Listening) -> Result<(), Ending> {
        tokio::select! {
            biased;
            sent = timeout(WRITE_TIME, self.frames.send(message)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(Ending::Gone),
                Err(_) => Err(Ending::NotReading),
            },
            () = self.stop.cancelled() => Err(Ending::Stopping),
            () = listening.listener.cut() => Err(Ending::QueueFull),
        }
    }

    /// Says why, and hears whether the caller agrees; whoever does not read is not waited for.
    async fn close(mut self, why: Ending) {
        let Some(frame) = farewell(why) else {
            return;
        };
        let closed = async {
            let _ = self.frames.close(Some(frame)).await;
            while let Some(Ok(_)) = self.frames.next().await {}
        };
        // Biased: also when we stop, the frame is tried once.
        tokio::select! {
            biased;
            _ = timeout(CLOSE_TIME, closed) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// What the caller is told, if there is anybody to be told.
fn farewell(why: Ending) -> Option<CloseFrame> {
    let (code, reason) = match why {
        Ending::Gone => return None,
        Ending::Stopping => (CloseCode::Away, "stopping"),
        Ending::NotAllowed => (CloseCode::Policy, "not allowed any more"),
        Ending::Chatter => (CloseCode::Policy, "nothing is expected here"),
        Ending::QueueFull | Ending::NotReading => (CloseCode::Again, "too slow"),
        Ending::TooLong => (CloseCode::Away, "come again"),
    };
    Some(CloseFrame {
        code,
        reason: Utf8Bytes::from_static(reason),
    })
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MOST_HEARD))
        .max_frame_size(Some(MOST_HEARD))
}

/// The bytes are those that all listeners share.
fn text(json: &bytes::Bytes) -> Result<Utf8Bytes, Ending> {
    Utf8Bytes::try_from(json.clone()).map_err(|_| Ending::Gone)
}
