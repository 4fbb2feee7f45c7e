//! What every answer has: an id, a line, a figure, and an answer at all.

use std::io;
use std::sync::{Arc, Mutex};

use usher::http::server::Limits;

use super::door::{Door, soon, trusting};
use crate::listening::listen;

/// The text of the log, for a test that runs on one thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn capture(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish();
        listen(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n")
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn an_id_is_taken_or_made_and_always_returned() {
    let door = Door::start(Limits::default());
    let answer = door.ask(get("/who", "x-request-id: call-7.a\r\n")).await;
    assert_eq!(header(&answer, "x-request-id"), Some("call-7.a"));
    assert!(
        answer.ends_with("call-7.a 127.0.0.1 1970-01-01 00:00:00 UTC"),
        "{answer}"
    );

    let answer = door.ask(get("/who", "x-request-id: not an id\r\n")).await;
    let made = header(&answer, "x-request-id").unwrap();
    assert_eq!(made.len(), 32);
    assert!(answer.contains(&format!("\r\n\r\n{made} 127.0.0.1")), "{answer}");

    let answer = door.ask(get("/nowhere", "")).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(header(&answer, "x-request-id").is_some());
}

#[tokio::test]
async fn the_caller_is_forwarded_only_by_whom_we_trust() {
    let forwarded = get("/who", "x-forwarded-for: 198.51.100.7\r\n");
    let trusting_door = Door::start_trusting(Limits::default(), trusting("127.0.0.1"));
    assert!(trusting_door.ask(&forwarded).await.contains(" 198.51.100.7 "));
    let door = Door::start_trusting(Limits::default(), trusting("192.0.2.1"));
    assert!(door.ask(&forwarded).await.contains(" 127.0.0.1 "));
}

#[tokio::test]
async fn a_trailing_slash_makes_no_difference() {
    let door = Door::start(Limits::default());
    let answer = door.ask(get("/hello/?a=/b/", "")).await;
    assert!(answer.ends_with("hello a=/b/"), "{answer}");
}

#[tokio::test]
async fn a_panic_is_an_answer_and_costs_nobody_else() {
    let log = Log::default();
    let _capture = log.capture();
    let door = Door::start(Limits::default());
    let mut caller = door.connect().await;
    caller
        .send("GET /panic HTTP/1.1\r\nhost: x\r\nx-request-id: p1\r\n\r\n")
        .await;
    let answer = caller.read_until("}").await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["code"], "internal_error");
    assert_eq!(body["status"], "error");
    assert_eq!(body["request_id"], "p1");

    caller.send(get("/hello", "")).await;
    assert!(caller.read_to_end().await.ends_with("hello "));
    assert!(door.figures().contains("usher_http_panics_total 1"));
    assert!(log.text().contains("the handler of request p1 panicked"));
}

#[tokio::test]
async fn one_line_and_one_figure_by_template() {
    let log = Log::default();
    let _capture = log.capture();
    let door = Door::start(Limits::default());
    door.ask(get("/who?token=secret", "x-request-id: r1\r\n")).await;
    door.ask(get("/secret-room", "")).await;
    let text = log.text();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("request_id=")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    for part in [
        "GET /asap/{kid}.pem 200",
        r#"route="/asap/{kid}.pem""#,
        r#"method="GET""#,
        "status=200",
        "duration_ms=",
        r#"request_id="r1""#,
        r#"client="ataraxia""#,
        r#"reason="expired""#,
    ] {
        assert!(lines[0].contains(part), "no {part} in {}", lines[0]);
    }
    assert!(!text.contains("secret"), "{text}");
    let figures = door.figures();
    for line in [
        r#"usher_http_requests_total{method="GET",route="/asap/{kid}.pem",status="200"} 1"#,
        r#"usher_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
        r#"usher_http_request_duration_seconds_count{route="/asap/{kid}.pem"} 1"#,
    ] {
        assert!(figures.contains(line), "no {line} in {figures}");
    }
    assert!(!figures.contains("secret"), "{figures}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let door = Door::start(Limits::default());
    let requests: String = (0..20)
        .map(|n| format!("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n<{n:02}>"))
        .collect();
    let mut caller = door.connect().await;
    caller.send(requests).await;
    let answers = caller.read_until("<19>").await;
    let places: Vec<_> = (0..20)
        .map(|n| answers.find(&format!("<{n:02}>")).unwrap())
        .collect();
    assert!(places.is_sorted());
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 20);
}

#[tokio::test]
async fn head_and_options_reach_the_routes() {
    let door = Door::start(Limits::default());
    let answer = door.ask(get("/hello", "").replacen("GET", "HEAD", 1)).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
    assert_eq!(header(&answer, "content-length"), Some("6"));
    let answer = door.ask(get("/hello", "").replacen("GET", "OPTIONS", 1)).await;
    assert!(answer.ends_with("hello "), "{answer}");
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let door = Door::start(Limits::default());
    let answer = door
        .ask(get("/hello", &format!("a: {}\r\n", "x".repeat(64 << 10))))
        .await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many: String = (0..101).map(|n| format!("h{n}: x\r\n")).collect();
    let answer = door.ask(get("/hello", &many)).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = door.ask("\u{1}\u{2} nonsense\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(door.ask(get("/hello", "")).await.ends_with("hello "));
}

#[tokio::test]
async fn a_caller_that_leaves_is_counted() {
    let log = Log::default();
    let _capture = log.capture();
    let mut door = Door::start(Limits::default());
    let mut caller = door.connect().await;
    caller.send(get("/gate", "")).await;
    soon(door.entered.notified()).await;
    drop(caller);
    door.soft.cancel();
    door.ended().await;
    let line = r#"usher_http_requests_total{method="GET",route="unmatched",status="499"} 1"#;
    assert!(door.figures().contains(line), "{}", door.figures());
}

#[tokio::test]
async fn an_answer_arrives_although_the_body_was_not_read() {
    let door = Door::start(Limits::default());
    let size = 1 << 20;
    let head = format!("POST /hello HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n");
    let answer = door.ask(head + &"x".repeat(size)).await;
    assert!(answer.ends_with("hello "), "{answer}");
}
