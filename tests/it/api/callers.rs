//! Who may call, how it says who it is, and how often.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::json;

use super::{BATCH, CREATE, GENERATE, Said, VALIDATE, client, text, with_clients};
use crate::usher::{KEY, PROSODY_SECRET, Setup, Usher, answered};

/// So many that a machine must be very busy to answer them as slowly as they are allowed to come.
const HASTY: usize = 100;
const GUESSES: usize = 300;
const WHO: &str = "Bearer realm=\"usher\", Basic realm=\"usher\"";

#[tokio::test]
async fn a_client_says_who_it_is_in_two_ways_and_with_two_keys() {
    let old = usher::tokens::sha256_hex("old-key");
    let lines = client("pair", "new-key", "scopes = [\"tokens:issue\"]\nrooms = [\"*\"]");
    let usher = with_clients(&[lines.replace("keys = [", &format!("keys = [\"sha256:{old}\", "))]).await;
    let body = json!({"roomName": "r", "userName": "u"});
    let ask = || usher.http.post(format!("{}{GENERATE}", usher.url())).json(&body);
    for key in ["old-key", "new-key"] {
        answered(ask().bearer_auth(key)).await;
        answered(ask().basic_auth("pair", Some(key))).await;
    }
    answered(ask().header("Authorization", "bEARER  new-key ")).await;
    let wrong = [
        ask(),
        ask().bearer_auth("another"),
        ask().bearer_auth(""),
        ask().bearer_auth("new-key2"),
        ask().basic_auth("pair", Some("another")),
        ask().basic_auth("pair", None::<&str>),
        ask().basic_auth("nobody", Some("new-key")),
        ask().basic_auth("ataraxia", Some("new-key")),
        ask().header("Authorization", "new-key"),
        ask().header("Authorization", "Digest new-key"),
        ask().header("Authorization", "Basic !!!"),
        ask().header("Authorization", &b"Bearer \xff"[..]),
        ask()
            .header("Authorization", "Bearer new-key")
            .header("Authorization", "Bearer new-key"),
        ask().bearer_auth(usher::tokens::sha256_hex("new-key")),
        ask().bearer_auth(PROSODY_SECRET),
    ];
    for request in wrong {
        let refused = Said::to(request).await;
        refused.assert_refused(401, "unauthenticated");
        assert_eq!(refused.header("www-authenticate"), WHO);
        assert_eq!(refused.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn who_is_refused_is_not_listened_to() {
    let usher = Usher::start(Setup::default()).await;
    for path in [GENERATE, CREATE, VALIDATE, BATCH, "/events/room/created"] {
        let request = usher
            .http
            .post(format!("{}{path}", usher.url()))
            .bearer_auth("wrong")
            .body("{ not json");
        Said::to(request).await.assert_refused(401, "unauthenticated");
    }
    Said::to(usher.post_as(KEY, BATCH, &json!({})))
        .await
        .assert_refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let only = |id: &str, scope: &str| client(id, id, &format!("scopes = [\"{scope}\"]\nrooms = [\"*\"]"));
    let clients = [
        only("issuer", "tokens:issue"),
        only("writer", "meetings:write"),
        only("judge", "tokens:validate"),
    ];
    let usher = with_clients(&[clients.concat(), only("chief", "admin")]).await;
    let body = json!({"roomName": "r", "userName": "u", "appointmentId": "a", "token": "x"});
    let cases = [
        ("issuer", CREATE, "meetings:write"),
        ("issuer", VALIDATE, "tokens:validate"),
        ("writer", CREATE, "tokens:issue"),
        ("writer", GENERATE, "tokens:issue"),
        ("judge", GENERATE, "tokens:issue"),
    ];
    for (key, path, scope) in cases {
        let refused = Said::to(usher.post_as(key, path, &body)).await;
        refused.assert_refused(403, "missing_scope");
        assert_eq!(refused.json()["error"], format!("This needs the scope {scope}."));
    }
    for (key, path) in [
        ("issuer", GENERATE),
        ("judge", VALIDATE),
        ("chief", CREATE),
        ("chief", VALIDATE),
    ] {
        answered(usher.post_as(key, path, &body)).await;
    }
}

#[tokio::test]
async fn a_client_names_only_its_own_rooms() {
    let scopes = "scopes = [\"tokens:issue\", \"meetings:write\"]\n";
    let unsaid = client("mine", "mine", scopes);
    let listed = client(
        "cafe",
        "cafe",
        &format!("{scopes}rooms = [\"Café-*\", \"room-?\"]"),
    );
    let usher = with_clients(&[unsaid, listed]).await;
    let ask =
        |key: &str, room: &str| usher.post_as(key, GENERATE, &json!({"roomName": room, "userName": "u"}));
    for (key, room) in [
        ("mine", "mine-7"),
        ("mine", "MINE-x"),
        ("cafe", "café-1"),
        ("cafe", "Room-7"),
    ] {
        answered(ask(key, room)).await;
    }
    for (key, room) in [
        ("mine", "cafe-1"),
        ("mine", "xmine-1"),
        ("cafe", "mine-7"),
        ("cafe", "room-77"),
    ] {
        Said::to(ask(key, room))
            .await
            .assert_refused(403, "room_not_allowed");
    }
    let made = answered(usher.post_as("mine", CREATE, &json!({"appointmentId": "a"}))).await;
    assert!(text(&made["roomName"]).starts_with("mine-a-"));
    let refused = Said::to(usher.post_as("cafe", CREATE, &json!({"appointmentId": "a"}))).await;
    refused.assert_refused(403, "room_not_allowed");
}

#[tokio::test]
async fn a_client_that_calls_too_often_is_asked_to_wait() {
    let lines = "scopes = [\"tokens:issue\"]\nrooms = [\"*\"]\n";
    let hasty = client("hasty", "hasty", &format!("{lines}requests_per_second = 1"));
    let usher = with_clients(&[hasty, client("other", "other", lines)]).await;
    let body = json!({"roomName": "r", "userName": "u"});
    let begun = Instant::now();
    let answers = join_all((0..HASTY).map(|_| Said::to(usher.post_as("hasty", GENERATE, &body)))).await;
    // One at once, and one for each second that a busy machine took, by two clocks that need not agree to the millisecond.
    let allowed = 1 + begun.elapsed().as_secs_f64().ceil() as usize;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|said| said.status == 200);
    assert!(
        (1..=allowed).contains(&taken.len()) && !refused.is_empty(),
        "{} of {allowed}",
        taken.len()
    );
    for said in &refused {
        said.assert_refused(429, "rate_limited");
        assert_eq!(said.header("retry-after"), "1");
    }
    answered(usher.post_as("other", GENERATE, &body)).await;
    let metric =
        "usher_http_requests_total{method=\"POST\",route=\"/api/jitsi/generate-token\",status=\"429\"}";
    assert_eq!(usher.metric(metric).await, refused.len() as f64);
}

#[tokio::test]
async fn who_guesses_keys_is_asked_to_wait_and_disturbs_nobody_else() {
    let usher = Usher::start(Setup::default()).await;
    let guess = |from: &str| {
        let body = json!({"roomName": "r", "userName": "u"});
        Said::to(
            usher
                .post_as("guess", GENERATE, &body)
                .header("X-Forwarded-For", from),
        )
    };
    let begun = Instant::now();
    let guesses = join_all((0..GUESSES).map(|_| guess("203.0.113.7"))).await;
    // 50 at once, and five for each second that a busy machine took.
    let allowed = 50 + 5 * (1 + begun.elapsed().as_secs() as usize);
    let waiting: Vec<_> = guesses.iter().filter(|said| said.status == 429).collect();
    assert!(
        waiting.len() + allowed >= GUESSES && !waiting.is_empty(),
        "{} of {GUESSES}",
        waiting.len()
    );
    assert!(
        waiting
            .iter()
            .all(|said| said.refusal().1 == "rate_limited" && said.header("retry-after") == "1")
    );
    guess("203.0.113.8").await.assert_refused(401, "unauthenticated");
    let known = usher.post(GENERATE, &json!({"roomName": "r", "userName": "u"}));
    answered(known.header("X-Forwarded-For", "203.0.113.7")).await;
    let prosody = usher.report(BATCH, &json!({"host": "h", "instance": "i", "events": []}));
    answered(prosody.header("X-Forwarded-For", "203.0.113.7")).await;
}
