//! Stands in LiveKit's place, takes down what browsers present, and lets nobody in.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server for as long as the test runs.
pub struct Refusing {
    address: SocketAddr,
    token: Arc<Mutex<Option<String>>>,
}

// === impl Refusing ===

impl Refusing {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let token = Arc::default();
        let presented = Arc::clone(&token);
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let presented = Arc::clone(&presented);
                thread::spawn(move || refuse(socket, &presented));
            }
        });
        Self { address, token }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the first browser presented when it asked for a WebSocket.
    pub fn token(&self) -> Option<String> {
        self.token.lock().unwrap().clone()
    }
}

/// One answer; usher asks here as well, to make the room. Who asks a second time by WebSocket finds nobody.
fn refuse(mut socket: TcpStream, presented: &Mutex<Option<String>>) {
    let mut request = BufReader::new(socket.try_clone().unwrap());
    let head: Vec<String> = request
        .by_ref()
        .lines()
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let asks_for_socket = head
        .iter()
        .any(|line| line.eq_ignore_ascii_case("upgrade: websocket"));
    let token = head.first().and_then(|line| token_in(line));
    if let (true, Some(token)) = (asks_for_socket, token) {
        presented.lock().unwrap().get_or_insert(token);
    }
    let _ = write!(
        socket,
        "HTTP/1.1 401 Unauthorized\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
}

fn token_in(request_line: &str) -> Option<String> {
    let (_, rest) = request_line.split_once("access_token=")?;
    rest.split(['&', ' ']).next().map(str::to_owned)
}
