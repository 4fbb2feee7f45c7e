//! The code flow as jitsi-meet speaks it, and the plain way into the room.

use serde_json::{Value, json};

use super::browser::{Browser, parameter, query};
use super::{ANN, AUTHORIZE, LOGOUT, MEET, SARA, SARAS_ID, TOKEN, setup, validated};
use crate::api::{Said, claims, text};
use crate::usher::{PASSWORD, Usher};

/// A verifier, and its SHA-256 in base64url (RFC 7636 appendix B).
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What jitsi-meet asks for, with these parameters changed or added; an empty one is left out.
pub fn asked(changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("client_id", "meet"),
        ("response_type", "code"),
        ("redirect_uri", MEET),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", r#"{"room":"Team1","roomSafe":"team1"}"#),
        ("nonce", "n-0S6_WzA2Mj"),
    ];
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    pairs.retain(|(_, value)| !value.is_empty());
    query(&pairs)
}

/// Signs in and takes the code out of the address.
pub async fn code(browser: &Browser, query: &str) -> String {
    let answer = browser.sign_in(AUTHORIZE, query, SARA, PASSWORD).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(answer.header("location").starts_with(MEET), "{answer:?}");
    parameter(answer.header("location"), "code").expect("the address has a code")
}

pub async fn exchanged(browser: &Browser, code: &str, changes: &[(&str, &str)]) -> Said {
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", MEET),
        ("client_id", "meet"),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    fields.retain(|(_, value)| !value.is_empty());
    browser.send(browser.form(TOKEN, "", &fields)).await
}

pub async fn refreshed(browser: &Browser, token: &Value) -> Said {
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(token)),
        ("client_id", "meet"),
    ];
    browser.send(browser.form(TOKEN, "", &fields)).await
}

#[tokio::test]
async fn a_code_becomes_tokens_and_they_are_renewed() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let answer = browser.sign_in(AUTHORIZE, &asked(&[]), SARA, PASSWORD).await;
    let address = answer.header("location");
    assert_eq!(
        parameter(address, "state").as_deref(),
        Some(r#"{"room":"Team1","roomSafe":"team1"}"#)
    );
    let code = parameter(address, "code").unwrap();
    let said = exchanged(&browser, &code, &[]).await;
    assert_eq!(
        (said.status.as_u16(), said.header("cache-control")),
        (200, "no-store"),
        "{said:?}"
    );
    let given = said.json();
    assert_eq!(given["token_type"], "Bearer");
    let left = given["expires_in"].as_i64().expect("seconds");
    // What has passed since the token was made is gone.
    assert!((3600 - 60..=3600).contains(&left), "{left}");
    let access = claims(text(&given["access_token"]));
    assert_eq!(
        (&access["room"], &access["moderator"]),
        (&json!("team1"), &json!(true))
    );
    let id = claims(text(&given["id_token"]));
    assert_eq!(
        (&id["aud"], &id["sub"], &id["nonce"], &id["sid"]),
        (
            &json!("meet"),
            &json!(SARAS_ID),
            &json!("n-0S6_WzA2Mj"),
            &access["sid"]
        )
    );
    assert!(id.get("room").is_none());
    let next = refreshed(&browser, &given["refresh_token"]).await;
    assert_eq!(next.status, 200);
    let next = next.json();
    assert_eq!(claims(text(&next["access_token"]))["room"], "team1");
    assert_eq!(claims(text(&next["id_token"]))["nonce"], "n-0S6_WzA2Mj");
}

#[tokio::test]
async fn an_id_token_opens_nothing() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let given = exchanged(&browser, &code(&browser, &asked(&[])).await, &[])
        .await
        .json();
    assert_eq!(validated(&usher, text(&given["id_token"])).await["valid"], false);
    let who = usher.get(super::USER_INFO).bearer_auth(text(&given["id_token"]));
    assert_eq!(Said::to(who).await.status, 401);
}

#[tokio::test]
async fn a_client_with_a_live_refresh_token_need_not_sign_in() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let given = exchanged(&browser, &code(&browser, &asked(&[])).await, &[])
        .await
        .json();
    let refresh_token = text(&given["refresh_token"]);
    let state = json!({"room": "team1", "refreshToken": refresh_token}).to_string();
    let stranger = Browser::of(&usher);
    let back = stranger.visit(AUTHORIZE, &asked(&[("state", &state)])).await;
    assert_eq!(back.status, 303);
    assert_eq!(
        parameter(back.header("location"), "state"),
        Some(state.clone()),
        "as it came"
    );
    assert_eq!(parameter(back.header("location"), "code"), None);
    let elsewhere = json!({"room": "team2", "refreshToken": refresh_token}).to_string();
    let page = stranger.visit(AUTHORIZE, &asked(&[("state", &elsewhere)])).await;
    assert_eq!(page.status, 200, "for another room one signs in");
    assert!(!page.text.contains(refresh_token), "{}", page.text);
    assert_eq!(
        refreshed(&browser, &given["refresh_token"]).await.status,
        200,
        "it was only looked at"
    );
    let dead = browser.visit(AUTHORIZE, &asked(&[("state", &state)])).await;
    assert_eq!(
        parameter(dead.header("location"), "state").as_deref(),
        Some(r#"{"room":"team1"}"#)
    );
    assert!(parameter(dead.header("location"), "code").is_some());
}

#[tokio::test]
async fn without_a_page_it_works_or_says_why_not() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let silent = browser.visit(AUTHORIZE, &asked(&[("prompt", "none")])).await;
    assert_eq!(
        parameter(silent.header("location"), "error").as_deref(),
        Some("login_required")
    );
    code(&browser, &asked(&[])).await;
    let silent = browser.visit(AUTHORIZE, &asked(&[("prompt", "none")])).await;
    assert!(parameter(silent.header("location"), "code").is_some());
    let state = r#"{"room":"booked1"}"#;
    let denied = browser
        .visit(AUTHORIZE, &asked(&[("prompt", "none"), ("state", state)]))
        .await;
    assert_eq!(
        parameter(denied.header("location"), "error").as_deref(),
        Some("access_denied")
    );
    let page = browser.visit(AUTHORIZE, &asked(&[("state", state)])).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("room_not_booked"));
}

#[tokio::test]
async fn a_hidden_frame_signs_out_with_the_id_token() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let given = exchanged(&browser, &code(&browser, &asked(&[])).await, &[])
        .await
        .json();
    let frame = Browser::of(&usher);
    let of_another = query(&[
        ("client_id", "portal"),
        ("id_token_hint", text(&given["id_token"])),
    ]);
    frame.visit(LOGOUT, &of_another).await;
    assert_eq!(
        validated(&usher, text(&given["access_token"])).await["valid"],
        true
    );
    let query = query(&[
        ("client_id", "meet"),
        ("redirect_uri", MEET),
        ("id_token_hint", text(&given["id_token"])),
    ]);
    let request = frame.get(LOGOUT, &query).header("sec-fetch-site", "cross-site");
    let answer = frame.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, MEET));
    assert_eq!(
        validated(&usher, text(&given["access_token"])).await["code"],
        "revoked"
    );
    let dead = refreshed(&browser, &given["refresh_token"]).await;
    assert_eq!(
        (dead.status.as_u16(), &dead.json()["error"]),
        (400, &json!("invalid_grant"))
    );
}

#[tokio::test]
async fn plain_token_auth_leads_into_the_room() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let state = json!({"room": "Team1", "tenant": "acme", "config.startAudioOnly": true, "config.x": "a\"b"});
    let asked = query(&[("client_id", "meet"), ("state", &state.to_string())]);
    let answer = browser.sign_in(AUTHORIZE, &asked, ANN, PASSWORD).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let (address, fragment) = answer.header("location").split_once('#').expect("a fragment");
    assert_eq!(address, "https://meet.test/acme/team1");
    let (token, overrides) = fragment.split_once('&').unwrap();
    assert_eq!(overrides, "config.startAudioOnly=true&config.x=%22a%5C%22b%22");
    let token = percent_encoding::percent_decode_str(token.strip_prefix("jwt=").unwrap());
    let token: String = serde_json::from_str(&token.decode_utf8().unwrap()).expect("the token is JSON");
    assert_eq!(claims(&token)["sub"], "acme");
}

#[tokio::test]
async fn apps_are_opened_by_a_button() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let asked = |platform: &str| {
        let state = json!({"room": "team1", platform: true}).to_string();
        query(&[("client_id", "meet"), ("state", &state)])
    };
    browser.sign_in(AUTHORIZE, &asked("ios"), ANN, PASSWORD).await;
    for (platform, link, end) in [
        ("ios", "org.jitsi.meet://meet.test/team1?jwt=ey", ""),
        (
            "android",
            "intent://meet.test/team1?jwt=ey",
            "#Intent;scheme=org.jitsi.meet;package=org.jitsi.meet;end",
        ),
        ("electron", "jitsi-meet://meet.test/team1?jwt=ey", ""),
    ] {
        let page = browser.visit(AUTHORIZE, &asked(platform)).await;
        assert_eq!(page.status, 200);
        let link = format!("href=\"{link}");
        assert!(
            page.text.contains(&link) && page.text.contains(end),
            "{platform}: {}",
            page.text
        );
    }
}
