//! How a listener ends: what is in progress is finished, what does not finish is cut off by the hard token.

use tokio::net::TcpStream;
use usher::http::server::Limits;

use super::door::Door;

#[tokio::test]
async fn a_soft_stop_finishes_what_is_inside_and_closes_the_rest() {
    let mut door = Door::start(Limits::default());
    let mut silent = door.connect().await;
    let mut kept_alive = door.connect().await;
    kept_alive.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n").await;
    kept_alive.read_until("hello ").await;
    let mut inside = door.connect().await;
    inside.send("GET /gate HTTP/1.1\r\nhost: x\r\n\r\n").await;
    door.entered.notified().await;

    door.soft.cancel();
    assert_eq!(silent.read_to_end().await, "");
    assert_eq!(kept_alive.read_to_end().await, "");
    door.open_gate();
    let answer = inside.read_to_end().await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("through"),
        "{answer}"
    );
    door.ended().await;
    assert!(TcpStream::connect(door.address).await.is_err());
}

#[tokio::test]
async fn half_a_request_ends_with_the_hard_token() {
    let mut door = Door::start(Limits::default());
    let mut half_head = door.connect().await;
    half_head.send("GET /hello HTTP/1.1\r\nhos").await;
    let mut half_body = door.connect().await;
    half_body
        .send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf")
        .await;
    let mut inside = door.connect().await;
    inside.send("GET /gate HTTP/1.1\r\nhost: x\r\n\r\n").await;
    door.entered.notified().await;

    door.soft.cancel();
    door.hard.cancel();
    door.ended().await;
    for mut caller in [half_head, half_body, inside] {
        assert_eq!(caller.read_to_end().await, "");
    }
}
