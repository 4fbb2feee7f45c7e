//! A listener that does not read: cut off, while others hear everything.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::*;
use crate::patience::soon;

/// Events that fill what the kernel keeps on both sides and the queue behind it, twice over.
const MANY: usize = 1500;

/// Asks to listen with the smallest window there is, and reads no more than the head.
async fn deaf(usher: &Usher) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, usher.port()));
    let mut socket = socket.connect(address).await.unwrap();
    let request = format!("GET {EVENTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 15];
    soon("the head", socket.read_exact(&mut head)).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    socket
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_others_hear_everything() {
    let usher = Usher::start(setup()).await;
    let mut deaf = deaf(&usher).await;
    let mut follower = follow(&usher, KEY, "").await;
    usher
        .until_metrics(&[("usher_listeners{kind=\"sse\"}", 2.0)])
        .await;
    let (mut booked, heard) = tokio::join!(book_many(&usher, "many", MANY), follower.events(MANY));
    let mut found = meetings(&heard);
    found.sort_unstable();
    booked.sort_unstable();
    assert_eq!(found, booked);
    usher
        .until_metrics(&[
            ("usher_listeners_cut_total{reason=\"queue_full\"}", 1.0),
            ("usher_listeners{kind=\"sse\"}", 1.0),
        ])
        .await;
    let mut rest = Vec::new();
    let _ = soon("the end", deaf.read_to_end(&mut rest)).await;
    let events = String::from_utf8_lossy(&rest).matches("\nevent: ").count();
    assert!((1..MANY).contains(&events), "{events} events came before the cut");
    assert!(follower.last.ends_with(&format!("-{MANY}")));
}
