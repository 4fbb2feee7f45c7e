//! A program that follows events by WebSocket.

use futures_util::{SinkExt, StreamExt};
use http::Request;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::patience::soon;

pub struct Socket(WebSocketStream<TcpStream>);

/// The path and headers of a handshake.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

// === impl Socket ===

impl Socket {
    /// Opens it, or says with which status and code it was refused.
    pub async fn open(port: u16, path: &str, headers: Headers<'_>) -> Result<Self, (u16, String)> {
        let host = format!("127.0.0.1:{port}");
        let mut request = Request::get(format!("ws://{host}{path}"))
            .header("host", &host)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", generate_key());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let stream = TcpStream::connect(&host).await.expect("usher listens");
        let opened = client_async(request.body(()).unwrap(), stream);
        match soon("the handshake", opened).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => {
                let body = answer.body().as_deref().unwrap_or_default();
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let code = body["code"].as_str().unwrap_or_default().to_owned();
                Err((answer.status().as_u16(), code))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn json(&mut self) -> Value {
        match self.message().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).expect("events are JSON"),
            other => panic!("{other:?}"),
        }
    }

    pub async fn send(&mut self, message: Message) {
        soon("a message is sent", self.0.send(message))
            .await
            .expect("usher reads");
    }

    /// What the other side says at the end.
    pub async fn farewell(&mut self) -> Option<CloseFrame> {
        loop {
            match self.message().await {
                Some(Message::Close(frame)) => return frame,
                Some(_) => {}
                None => return None,
            }
        }
    }

    pub async fn message(&mut self) -> Option<Message> {
        soon("a message", self.0.next()).await?.ok()
    }
}
