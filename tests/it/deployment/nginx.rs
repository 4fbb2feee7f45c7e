//! `deploy/nginx.conf` in a real nginx, inside a site that has Jitsi's greedy patterns.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use super::text_of;
use crate::nginx;
use crate::patience::DEADLINE;
use crate::ports::free_port;

/// nginx with the snippet.
struct Nginx {
    server: nginx::Nginx,
    address: SocketAddr,
}

// === impl Nginx ===

impl Nginx {
    /// Starts nginx in front of `usher` and returns once it listens.
    fn before(usher: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let site = site(folder.path(), address, usher);
        let server = nginx::Nginx::start(folder, &site);
        Self { server, address }
    }

    /// Sends a request exactly as written and returns the whole answer.
    fn ask(&self, request_line: &str, headers: &str, body: &str) -> String {
        let mut socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let length = body.len();
        write!(
            socket,
            "{request_line} HTTP/1.1\r\nHost: meet.test\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The head of the answer to a browser that takes compressed bodies.
    fn head(&self, path: &str) -> String {
        let mut socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let headers = "Host: meet.test\r\nConnection: close\r\nAccept-Encoding: gzip\r\n";
        write!(socket, "GET {path} HTTP/1.1\r\n{headers}\r\n").unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer);
        answer.split("\r\n\r\n").next().unwrap().to_owned() + "\r\n"
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "", "")
    }

    fn logs(&self) -> String {
        self.server.logs()
    }
}

/// A site like Jitsi's: the snippet, and behind it patterns that would take every path for a room.
fn site(folder: &Path, address: SocketAddr, usher: SocketAddr) -> String {
    let snippet = nginx::snippet(folder, usher);
    format!(
        "listen {address};
        access_log log/access.log;
        client_max_body_size 0;
        error_log log/error.log;
        ssi on; gzip on; gzip_types *; gzip_proxied any;
        location ~ ^/([^/?&:'\"]+)$ {{
            access_log log/rooms.log without_tokens;
            return 200 room;
        }}
        {snippet}
        location ~ ^/([^/?&:'\"]+)/(.*)$ {{ return 200 tenant; }}"
    )
}

fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_port()).into()
}

/// Stands in usher's place and answers every request with the head that reached it.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            echo_once(socket);
        }
    });
    address
}

fn echo_once(mut socket: TcpStream) {
    let mut request = BufReader::new(socket.try_clone().unwrap());
    let lines = request.by_ref().lines().map_while(Result::ok);
    let head: String = lines
        .take_while(|line| !line.is_empty())
        .map(|line| line + "\n")
        .collect();
    let body = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok())
        .unwrap_or(0);
    let _ = std::io::copy(&mut request.take(body), &mut std::io::sink());
    let length = head.len() + 1;
    let _ = write!(
        socket,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{head}\n"
    );
}

/// Whether the request came as far as usher, as this path.
fn reached(answer: &str, path: &str) -> bool {
    answer.contains(&format!("GET {path} HTTP/1.1\n"))
}

// === tests ===

#[test]
fn usher_is_reached_without_its_prefix() {
    let nginx = Nginx::before(echo());
    assert!(reached(&nginx.get("/usher/api/jitsi/x?a=b"), "/api/jitsi/x?a=b"));
    assert!(reached(
        &nginx.get("/usher/.well-known/jwks.json"),
        "/.well-known/jwks.json"
    ));
    assert!(nginx.get("/usher").starts_with("HTTP/1.1 301"));
    assert!(nginx.get("/usher-2").ends_with("room"));
    assert!(nginx.get("/team/room").ends_with("tenant"));
}

#[test]
fn headers_tell_who_calls() {
    let nginx = Nginx::before(echo());
    let forged = nginx.ask(
        "GET /usher/a",
        "X-Forwarded-For: 6.6.6.6\r\nX-Request-Id: mine-1\r\n",
        "",
    );
    assert!(forged.contains("X-Forwarded-For: 127.0.0.1\n"), "{forged}");
    assert!(!forged.contains("6.6.6.6"), "{forged}");
    assert!(forged.contains("X-Request-Id: mine-1\n"), "{forged}");
    let plain = nginx.get("/usher/a");
    let made = plain
        .lines()
        .find_map(|line| line.strip_prefix("X-Request-Id: "))
        .unwrap();
    assert_eq!(made.len(), 32, "{plain}");
}

#[test]
fn routes_of_meeting_servers_stay_inside() {
    let nginx = Nginx::before(echo());
    let inner = [
        "/prosody/events",
        "/events/room/created",
        "/events/occupant/joined/",
        "/conference",
        "/conference/1",
        "/livekit/webhook",
    ];
    let spellings: [fn(&str) -> String; 5] = [
        |path| format!("/usher{path}"),
        |path| format!("/usher/{path}"),
        |path| format!("/usher/./x/..{path}"),
        |path| format!("/usher/%2e/{path}"),
        |path| format!("/usher/%{:02x}{}", path.as_bytes()[1], &path[2..]),
    ];
    for (path, spell) in inner
        .into_iter()
        .flat_map(|path| spellings.map(|spell| (path, spell)))
    {
        let answer = nginx.get(&spell(path));
        assert!(answer.starts_with("HTTP/1.1 404"), "{}: {answer}", spell(path));
    }
    assert!(
        reached(&nginx.get("/usher/api/events"), "/api/events"),
        "what browsers follow is not blocked"
    );
}

#[test]
fn bodies_that_usher_itself_judges_pass() {
    let nginx = Nginx::before(echo());
    let answer = nginx.ask("POST /usher/api", "", &"x".repeat(65_537));
    assert!(answer.contains("Content-Length: 65537\n"), "{answer}");
}

#[test]
fn bodies_end_at_a_mebibyte() {
    let nginx = Nginx::before(echo());
    let mut socket = TcpStream::connect(nginx.address).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(
        socket,
        "POST /usher/a HTTP/1.1\r\nHost: m\r\nContent-Length: 1048577\r\n\r\n"
    )
    .unwrap();
    let mut status = String::new();
    BufReader::new(socket).read_line(&mut status).unwrap();
    assert!(status.starts_with("HTTP/1.1 413"), "{status}");
}

#[test]
fn no_token_is_logged_whether_usher_answers_or_not() {
    let token = "eyJhbGciOiJIUzI1NiJ9.secret.part";
    let referer = format!("Referer: https://meet.test/room?jwt={token}\r\n");
    for usher in [echo(), free_address()] {
        let nginx = Nginx::before(usher);
        let answer = nginx.ask(&format!("GET /usher/callback.html?token={token}"), &referer, "");
        assert!(
            answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 502"),
            "{answer}"
        );
        nginx.ask(&format!("GET /room?jwt={token}"), &referer, "");
        let logs = nginx.logs();
        assert!(logs.contains("GET /room"), "nothing was logged: {logs}");
        assert!(!logs.contains("secret"), "{logs}");
    }
}

#[test]
fn answers_are_left_as_they_are() {
    let nginx = Nginx::before(echo());
    let answer = nginx.ask(
        "GET /usher/a",
        "Accept-Encoding: gzip\r\nX-Page: <!--# echo var='host' -->\r\n",
        "",
    );
    assert!(answer.contains("X-Page: <!--# echo var='host' -->"), "{answer}");
    assert!(!answer.to_lowercase().contains("content-encoding"), "{answer}");
}

#[test]
fn what_pages_load_is_compressed_and_nothing_else() {
    let nginx = Nginx::before(echo());
    // nginx decides by the type of what usher answers; text/html, as the echo has it, is always on its list.
    let asset = nginx.head("/usher/assets/room-0123456789abcdef.js");
    assert!(asset.contains("Content-Encoding: gzip\r\n"), "{asset}");
    assert!(asset.contains("Vary: Accept-Encoding\r\n"), "{asset}");
    let page = nginx.head("/usher/m/0199");
    assert!(!page.contains("Content-Encoding"), "{page}");
    let plain = nginx.get("/usher/assets/usher.css");
    assert!(reached(&plain, "/assets/usher.css"), "{plain}");
}

#[test]
fn only_web_socket_is_a_protocol_to_change_to() {
    let nginx = Nginx::before(echo());
    for (asked, passed) in [
        ("websocket", true),
        ("WebSocket", true),
        ("h2c", false),
        ("websocket, h2c", false),
    ] {
        let headers = format!("Connection: Upgrade\r\nUpgrade: {asked}\r\n");
        let mut socket = TcpStream::connect(nginx.address).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(
            socket,
            "GET /usher/api/events/ws HTTP/1.1\r\nHost: m\r\n{headers}\r\n"
        )
        .unwrap();
        let lines = BufReader::new(socket).lines().map_while(Result::ok);
        let head: Vec<_> = lines
            .skip_while(|line| !line.starts_with("GET "))
            .take_while(|line| !line.is_empty())
            .collect();
        assert_eq!(
            head.contains(&"Upgrade: websocket".to_owned()),
            passed,
            "{asked}: {head:?}"
        );
        assert_eq!(
            head.contains(&"Connection: upgrade".to_owned()),
            passed,
            "{asked}: {head:?}"
        );
        assert!(!head.iter().any(|line| line.contains("h2c")), "{head:?}");
    }
}

#[test]
fn the_operations_listener_is_not_mentioned_to_nginx() {
    let text = text_of("deploy/nginx.conf");
    let mut directives = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    assert!(directives.all(|line| !line.contains("9787")));
}
