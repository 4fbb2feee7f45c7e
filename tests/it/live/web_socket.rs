//! The same by WebSocket, and pages of others that try to open one.

use tokio_tungstenite::tungstenite::Message;

use super::socket::{Headers, Socket};
use super::*;
use crate::api::Said;
use crate::reload::save_in_place;
use crate::sso::browser::{Browser, query};

const SOCKET: &str = "/api/events/ws";

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

async fn open(usher: &Usher, key: &str, query: &str) -> Socket {
    let path = format!("{SOCKET}{query}");
    let opened = Socket::open(usher.port(), &path, &[("authorization", &bearer(key))]).await;
    opened.unwrap_or_else(|refused| panic!("{refused:?}"))
}

async fn refused(usher: &Usher, headers: Headers<'_>) -> (u16, String) {
    match Socket::open(usher.port(), SOCKET, headers).await {
        Ok(_) => panic!("let in with {headers:?}"),
        Err(refused) => refused,
    }
}

#[tokio::test]
async fn the_same_events_come_by_web_socket() {
    let usher = Usher::start(setup()).await;
    let mut follower = follow(&usher, KEY, "").await;
    let mut socket = open(&usher, KEY, "").await;
    let mut joins = open(&usher, KEY, "?type=participant.joined").await;
    let mut stranger = open(&usher, OTHER_KEY, "").await;
    let (_, room) = book(&usher, KEY, &[]).await;
    seen(&usher, &room, "joined", "ann", now()).await;
    let (others, _) = book(&usher, OTHER_KEY, &[]).await;
    let heard = follower.events(3).await;
    for event in &heard {
        assert_eq!(socket.json().await, *event);
    }
    assert_eq!(
        text(&joins.json().await["type"]),
        "usher.meeting.participant.joined.v1"
    );
    assert_eq!(stranger.json().await["subject"], others);
    usher
        .until_metrics(&[("usher_listeners{kind=\"websocket\"}", 3.0)])
        .await;
    drop(socket);
    usher
        .until_metrics(&[("usher_listeners{kind=\"websocket\"}", 2.0)])
        .await;

    let last = text(&heard[0]["id"]);
    let mut socket = open(&usher, KEY, &format!("?lastEventId={last}")).await;
    assert_eq!([socket.json().await, socket.json().await], heard[1..]);
    let mut socket = open(&usher, KEY, "?lastEventId=nonsense").await;
    assert_eq!(text(&socket.json().await["type"]), "usher.live.gap");
}

#[tokio::test]
async fn pings_go_both_ways_and_talk_is_not_listened_to() {
    let usher = Usher::start(setup()).await;
    let mut socket = open(&usher, KEY, "").await;
    socket.send(Message::Ping("there?".into())).await;
    assert_eq!(socket.message().await, Some(Message::Pong("there?".into())));
    socket.send(Message::text("{}")).await;
    let (meeting, _) = book(&usher, KEY, &[]).await;
    assert_eq!(
        socket.json().await["subject"],
        meeting,
        "a word or two do no harm"
    );
    assert!(matches!(socket.message().await, Some(Message::Ping(_))));

    for _ in 0..30 {
        socket.send(Message::text("{}")).await;
    }
    assert_eq!(u16::from(socket.farewell().await.unwrap().code), 1008);
    let mut socket = open(&usher, KEY, "").await;
    socket.send(Message::text("x".repeat(100_000))).await;
    assert!(
        socket
            .farewell()
            .await
            .is_none_or(|frame| u16::from(frame.code) != 1000)
    );
    usher
        .until_metrics(&[("usher_listeners{kind=\"websocket\"}", 0.0)])
        .await;
}

#[tokio::test]
async fn the_end_says_why() {
    let setup = setup();
    let mut usher = Usher::start(setup.clone()).await;
    let mut loses = open(&usher, OTHER_KEY, "").await;
    let mut stays = open(&usher, KEY, "").await;
    let clients = setup.clients.replace("[other]", "[gone]");
    save_in_place(&usher.config_dir().join("clients.toml"), &clients);
    assert_eq!(u16::from(loses.farewell().await.unwrap().code), 1008);
    usher.signal("TERM");
    assert_eq!(u16::from(stays.farewell().await.unwrap().code), 1001);
    assert!(usher.ended().success());
}

#[tokio::test]
async fn what_is_no_handshake_is_refused() {
    let usher = Usher::start(setup()).await;
    let request = usher.get(SOCKET).bearer_auth(KEY);
    let plain = Said::to(request).await;
    plain.assert_refused(426, "upgrade_required");
    assert_eq!(
        (plain.header("upgrade"), plain.header("sec-websocket-version")),
        ("websocket", "13")
    );
    let upgrade = |version: &str, key: &str| {
        let request = usher
            .get(SOCKET)
            .bearer_auth(KEY)
            .header("connection", "keep-alive, upgrade");
        let request = request
            .header("upgrade", "websocket")
            .header("sec-websocket-version", version);
        Said::to(request.header("sec-websocket-key", key))
    };
    upgrade("8", "dGhlIHNhbXBsZSBub25jZQ==")
        .await
        .assert_refused(426, "upgrade_required");
    upgrade("13", "short").await.assert_refused(400, "bad_handshake");
    assert_eq!(refused(&usher, &[]).await.0, 401);
    let poor = bearer(POOR_KEY);
    assert_eq!(
        refused(&usher, &[("authorization", &poor)]).await,
        (403, "missing_scope".into())
    );
}

/// The cookie of somebody who has signed in, as a header says it.
async fn session_cookie(usher: &Usher) -> String {
    let browser = Browser::of(usher);
    let to = query(&[
        ("client_id", "ataraxia"),
        ("redirect_uri", CALLBACK),
        ("next", "/team1"),
    ]);
    let answer = browser
        .sign_in("/sso/login/", &to, "doctor@example.com", PASSWORD)
        .await;
    assert_eq!(answer.status, 303, "{answer:?}");
    format!("usher_session={}", browser.cookie("usher_session").unwrap())
}

#[tokio::test]
async fn no_page_of_another_site_listens_with_our_cookie() {
    let mut setup = setup();
    setup.http = "public_url = \"http://usher.test\"\n".into();
    let usher = Usher::start(setup).await;
    let cookie = session_cookie(&usher).await;
    let with = |more: Headers<'_>| {
        [&[("cookie", &*cookie)], more]
            .concat()
            .into_iter()
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect::<Vec<_>>()
    };
    let try_with = async |more: Headers<'_>| {
        let headers = with(more);
        let headers: Vec<_> = headers.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        Socket::open(usher.port(), SOCKET, &headers).await
    };
    for foreign in [
        &[("origin", "http://evil.test")][..],
        &[("origin", "http://usher.test.evil.test")],
        &[("origin", "null")],
        &[("origin", "http://evil.test"), ("sec-fetch-site", "cross-site")],
        &[("origin", "http://usher.test"), ("sec-fetch-site", "same-site")],
        &[],
    ] {
        let refused = try_with(foreign)
            .await
            .err()
            .unwrap_or_else(|| panic!("let in with {foreign:?}"));
        assert!(matches!(refused.0, 401 | 403), "{foreign:?}: {refused:?}");
    }
    let mut socket = try_with(&[("origin", "http://usher.test"), ("sec-fetch-site", "same-origin")])
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"));
    let (meeting, _) = book(&usher, KEY, &["u-doctor"]).await;
    assert_eq!(socket.json().await["subject"], meeting);
    let by_stream = usher.get(EVENTS).header("cookie", &cookie);
    let foreign = by_stream
        .try_clone()
        .unwrap()
        .header("sec-fetch-site", "cross-site");
    assert_eq!(Said::to(foreign).await.status, 401);
    Follower::of(by_stream.header("sec-fetch-site", "same-origin")).await;
}
