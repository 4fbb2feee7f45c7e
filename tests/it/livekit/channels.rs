//! `POST /api/auth/client/`: one token for each channel.

use serde_json::json;

use super::*;
use crate::api::{now, text, without};

#[tokio::test]
async fn each_channel_has_a_token_of_its_own() {
    let usher = start().await;
    let said = sign_in(&usher, credentials()).await;
    assert_eq!(
        (said.status.as_u16(), said.header("cache-control")),
        (200, "no-store")
    );
    let answer = said.json();
    let channel = |room: &str, name: &str| json!({"token": "…", "room": room, "name": name});
    assert_eq!(
        without(answer.clone(), &["/tokens/8/token", "/tokens/1234567/token"]),
        json!({
            "success": true, "user_id": SARA_ID, "username": SARA,
            "channels": [{"channel_id": 8, "name": "Doctors"}, {"channel_id": 1_234_567, "name": "کانال عمومی"}],
            "tokens": {"8": channel("channel-8", "Doctors"), "1234567": channel("channel-1234567", "کانال عمومی")},
            "server_url": URL,
        })
    );
    for (number, leads) in [("8", true), ("1234567", false)] {
        let claims = verified(text(&answer["tokens"][number]["token"]));
        assert_eq!(
            claims.video.room,
            format!("channel-{number}"),
            "this room and no other"
        );
        assert!(claims.video.room_join && !claims.video.room_list && !claims.video.room_create);
        assert_eq!(
            claims.video.room_admin, leads,
            "the rules of the room say who moderates"
        );
        assert_eq!((claims.sub.as_str(), claims.name.as_str()), (SARA_ID, "Sara"));
        assert_eq!(
            claims.room_config.map(|config| config.max_participants),
            leads.then_some(12)
        );
        let life = i64::try_from(claims.exp).unwrap() - now();
        assert!((6 * 3600 - 60..=6 * 3600).contains(&life), "{life}");
    }
}

#[tokio::test]
async fn a_name_is_known_in_any_case() {
    let usher = start().await;
    let said = sign_in(
        &usher,
        json!({"username": " User@Example.COM ", "password": PASSWORD}),
    )
    .await;
    assert_eq!(said.json()["username"], SARA, "{said:?}");
}

#[tokio::test]
async fn only_servers_that_are_configured_are_named() {
    let second = server("second", "https://second.test:7443/lk");
    let usher = Usher::start(setup().sections(&second)).await;
    let at = async |url: &str| {
        let body = json!({"username": SARA, "password": PASSWORD, "server_url": url});
        sign_in(&usher, body).await
    };
    for (asked, answered) in [
        ("", URL),
        (URL, URL),
        ("https://livekit.test/", URL),
        ("https://second.test:7443/lk", "https://second.test:7443/lk"),
    ] {
        assert_eq!(at(asked).await.json()["server_url"], answered, "{asked}");
    }
    for asked in [
        "https://evil.test",
        "https://livekit.test.evil.test",
        "livekit.test",
        "https://second.test:7443",
    ] {
        at(asked).await.assert_refused(400, "unknown_server");
    }
    let other = at("https://second.test:7443/lk").await.json();
    let verifier = TokenVerifier::with_api_key("APItestsecond", API_SECRET);
    assert!(verifier.verify(text(&other["tokens"]["8"]["token"])).is_ok());
}

#[tokio::test]
async fn without_a_server_there_is_nothing_to_give() {
    let mut setup = setup();
    setup.sections.clear();
    let usher = Usher::start(setup).await;
    sign_in(&usher, credentials())
        .await
        .assert_refused(400, "unknown_server");
    let body = json!({"roomName": "r", "identity": "i"});
    let said = Said::to(usher.post(GENERATE, &body)).await;
    said.assert_refused(400, "unknown_server");
}

#[tokio::test]
async fn every_act_is_written_down_and_nothing_secret() {
    let usher = start().await;
    sign_in(
        &usher,
        json!({"username": "stranger@example.com", "password": "hunter2hunter2"}),
    )
    .await;
    sign_in(&usher, json!({"username": SARA, "password": "hunter2hunter2"})).await;
    let good = sign_in(&usher, credentials()).await;
    let mut acts = trail(&usher).await;
    acts[3..].sort();
    let act = |words: [&str; 5]| words.map(str::to_owned);
    assert_eq!(
        acts,
        [
            act(["login", "refused", "wrong_credentials", "-", "-"]),
            act(["login", "refused", "wrong_credentials", SARA_ID, "-"]),
            act(["login", "success", "-", SARA_ID, "-"]),
            act(["issue", "success", "-", SARA_ID, "channel-1234567"]),
            act(["issue", "success", "-", SARA_ID, "channel-8"]),
        ]
    );
    let everything = usher.log() + &format!("{:?}", usher.event_log());
    let token = text(&good.json()["tokens"]["8"]["token"]).to_owned();
    for secret in ["hunter2", PASSWORD, "stranger@", API_SECRET, &token] {
        assert!(!everything.contains(secret), "{secret}");
    }
    let issued = r#"usher_tokens_total{kind="livekit",result="issued"}"#;
    let refused = r#"usher_tokens_total{kind="livekit",result="refused"}"#;
    assert_eq!(
        (usher.metric(issued).await, usher.metric(refused).await),
        (2.0, 2.0)
    );
}

#[tokio::test]
async fn pages_of_strangers_may_not_ask() {
    let usher = start().await;
    let url = format!("{}{SIGN_IN}", usher.url());
    let from = |origin: &str| {
        usher
            .http
            .post(&url)
            .json(&credentials())
            .header("origin", origin)
    };
    Said::to(from("https://evil.test"))
        .await
        .assert_refused(403, "origin_not_allowed");
    assert_eq!(Said::to(from(&usher.url())).await.status, 200);
}
