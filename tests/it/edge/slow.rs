//! Callers that take their time.

use std::time::{Duration, Instant};

use usher::http::server::Limits;

use super::door::{BIG, Door, soon};

const SHORT: Duration = Duration::from_millis(150);

fn impatient_about_heads() -> Limits {
    Limits {
        head: SHORT,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_slow_head_is_cut_off_with_an_answer() {
    let door = Door::start(impatient_about_heads());
    let started = Instant::now();
    let answer = door.ask("GET /hello HTTP/1.1\r\nhost:").await;
    assert!(started.elapsed() >= SHORT);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains(&format!("content-length: {}", body.len())),
        "{answer}"
    );
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["code"], "request_timeout");
    let line = r#"usher_http_requests_total{method="other",route="unmatched",status="408"} 1"#;
    assert!(door.figures().contains(line));
}

#[tokio::test]
async fn a_head_that_drips_gets_no_more_time() {
    let door = Door::start(impatient_about_heads());
    let mut caller = door.connect().await;
    let started = Instant::now();
    caller.send("GET /hello HTTP/1.1\r\n").await;
    let mut drops = tokio::time::interval(SHORT / 10);
    let answer = soon(async {
        loop {
            tokio::select! {
                biased;
                answer = caller.read_available() => return answer,
                _ = drops.tick() => caller.drip("a: b\r\n").await,
            }
        }
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(started.elapsed() >= SHORT);
}

#[tokio::test]
async fn a_second_head_is_timed_as_well() {
    let door = Door::start(impatient_about_heads());
    let mut caller = door.connect().await;
    caller.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
    caller.read_until("hello ").await;
    caller.send("GET /hel").await;
    assert!(caller.read_to_end().await.starts_with("HTTP/1.1 408"));
}

#[tokio::test]
async fn half_a_body_is_answered_with_a_timeout() {
    let door = Door::start(Limits {
        body: SHORT,
        ..Limits::default()
    });
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\nx-request-id: b1\r\n";
    for body in [
        "content-length: 10\r\n\r\nhalf",
        "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let answer = door.ask(format!("{head}{body}")).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(
            answer.contains(r#""code":"request_timeout","request_id":"b1""#),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn the_time_of_a_body_does_not_count_against_the_answer() {
    let door = Door::start(Limits {
        body: SHORT,
        head: SHORT,
        idle: SHORT,
        ..Limits::default()
    });
    let mut caller = door.connect_saying("POST /gate HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    soon(door.entered.notified()).await;
    // Nothing may end this connection while it is our turn, so what is waited for here is time itself.
    tokio::time::timeout(SHORT * 3, caller.read_available())
        .await
        .expect_err("no answer yet");
    door.open_gate();
    assert!(caller.read_until("through").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn idle_connections_are_closed_before_and_after_a_request() {
    let door = Door::start(Limits {
        idle: SHORT,
        ..Limits::default()
    });
    let mut silent = door.connect().await;
    assert_eq!(silent.read_to_end().await, "");
    let mut caller = door.connect_saying("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n");
    caller.read_until("hello ").await;
    assert_eq!(caller.read_to_end().await, "");
}

#[tokio::test]
async fn a_parked_connection_takes_further_requests() {
    let door = Door::start(Limits {
        park: Duration::from_millis(1),
        ..Limits::default()
    });
    let mut caller = door.connect().await;
    for _ in 0..3 {
        caller.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
        caller.read_until("hello ").await;
        // Parking shows nowhere outside, so what is waited for here is time itself.
        tokio::time::timeout(Duration::from_millis(20), caller.read_available())
            .await
            .expect_err("still open");
    }
}

const BIG_REQUEST: &str = "GET /big HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn a_slow_reader_gets_its_whole_answer() {
    let door = Door::start(Limits {
        park: Duration::from_millis(1),
        ..Limits::default()
    });
    let mut caller = door.connect().await;
    caller.send(BIG_REQUEST).await;
    let begin = caller.read_available().await;
    // The reader rests for much longer than it takes to park, which shows nowhere outside.
    tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>())
        .await
        .expect_err("rested");
    caller
        .send("GET /hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    let answers = begin + &caller.read_to_end().await;
    let body = answers.split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(body.bytes().take_while(|byte| *byte == b'x').count(), BIG);
    assert!(answers.ends_with("hello "));
}

#[tokio::test]
async fn a_caller_that_does_not_read_is_cut_off() {
    let mut door = Door::start(Limits {
        idle: SHORT,
        ..Limits::default()
    });
    let mut deaf = door.connect_saying(BIG_REQUEST);
    let begin = deaf.read_available().await;
    door.soft.cancel();
    door.ended().await;
    assert!(begin.len() + deaf.read_to_end().await.len() < BIG);
}
