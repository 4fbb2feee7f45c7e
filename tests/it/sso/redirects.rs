//! Attempts to be led to another site: by `next`, by `redirect_uri`, by the room.

use url::Url;

use super::browser::{Browser, query};
use super::{ANN, AUTHORIZE, LOGIN, PORTAL, SARA, setup, signed_in};
use crate::api::Said;
use crate::usher::{PASSWORD, Usher};

/// `next` in spellings that have led people away elsewhere, as the query holds them.
const NEXT: [&str; 36] = [
    "",
    "%20",
    "team1",
    "//evil.test",
    "///evil.test",
    "/%5Cevil.test",
    "%5C%5Cevil.test",
    "%5C/evil.test",
    "/%5C/evil.test",
    "/a//evil.test",
    "/.//evil.test",
    "/..//evil.test",
    "/../x",
    "/%252e%252e/x",
    "/%252fevil.test",
    "%2F%2Fevil.test",
    "%2Fa%2F%2Fb",
    "/%255cevil.test",
    "/%25252fevil.test",
    "/%09/evil.test",
    "/%0a/evil.test",
    "/%0d%0aLocation:%20https://evil.test",
    "/%250d%250aX-Y:%20z",
    "/%00",
    "/%2500",
    "https://evil.test",
    "HTTPS://evil.test",
    "https:evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "+//evil.test",
    "%20/team1",
    "@evil.test",
    "/%E2%80%A8/evil.test",
    "/%EF%BC%8Fevil.test",
    "/%E2%80%AEx",
];

#[tokio::test]
async fn next_leads_nowhere_but_to_the_programs_own_site() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    signed_in(&browser, SARA, "/team1").await;
    for next in NEXT {
        let answer = browser
            .visit(
                LOGIN,
                &format!("client_id=portal&redirect_uri={PORTAL}&next={next}"),
            )
            .await;
        assert_eq!(answer.status, 303, "{next}");
        let address = answer.header("location");
        assert!(
            address.starts_with("https://app.test/callback?token="),
            "{next}: {address}"
        );
        assert!(address.ends_with("&next=/"), "{next}: {address}");
    }
}

/// Addresses that look like a registered one.
const LOOKALIKES: [&str; 24] = [
    "https://evil.test/callback",
    "https://app.test/callback/",
    "https://app.test/callback?",
    "https://app.test/callback#",
    "https://app.test/callback?x=1",
    "https://app.test/callback/../evil",
    "https://app.test/callbackx",
    "https://app.test/Callback",
    "HTTPS://app.test/callback",
    "https://APP.test/callback",
    "http://app.test/callback",
    "https://app.test:443/callback",
    "https://app.test:8443/callback",
    "https://app.test./callback",
    "https://app.test.evil.test/callback",
    "https://user@app.test/callback",
    "https://app.test@evil.test/callback",
    "https://app.test%2Fcallback",
    "https://app.test/%63allback",
    "//app.test/callback",
    "/callback",
    "https://app.test\\callback",
    " https://app.test/callback",
    "https://other.test/callback",
];

#[tokio::test]
async fn an_address_must_be_registered_to_the_letter() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    signed_in(&browser, SARA, "/team1").await;
    for address in LOOKALIKES {
        let login = query(&[("client_id", "portal"), ("redirect_uri", address)]);
        let code = super::code::asked(&[("redirect_uri", address)]);
        for page in [
            browser.visit(LOGIN, &login).await,
            browser.visit(AUTHORIZE, &code).await,
        ] {
            assert_eq!(
                (page.status.as_u16(), page.header("location")),
                (400, ""),
                "{address}"
            );
            assert!(page.text.contains("unknown_redirect_uri"), "{address}");
        }
        let form = browser.form(LOGIN, &login, &[("username", SARA), ("password", PASSWORD)]);
        assert_eq!(browser.send(form).await.status, 400, "{address}");
    }
    let unknown = query(&[("client_id", "nobody"), ("redirect_uri", PORTAL)]);
    assert_eq!(browser.visit(LOGIN, &unknown).await.status, 400);
    let twice = format!("client_id=portal&redirect_uri={PORTAL}&redirect_uri=https://evil.test/");
    assert_eq!(browser.visit(LOGIN, &twice).await.status, 400);
}

#[tokio::test]
async fn the_room_never_becomes_another_host() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    signed_in(&browser, ANN, "/team1").await;
    for room in [
        "//evil.test",
        "https://evil.test",
        "..",
        "%2e%2e",
        "/\\evil.test",
        "@evil.test",
        "%2f%2fevil.test",
    ] {
        for state in [
            serde_json::json!({"room": room}),
            serde_json::json!({"room": "a", "tenant": room}),
            serde_json::json!({"room": "a", "roomSafe": room, "ios": true}),
        ] {
            let asked = query(&[("client_id", "meet"), ("state", &state.to_string())]);
            let answer = browser.visit(AUTHORIZE, &asked).await;
            assert!(stays(&answer), "{state}: {answer:?}");
        }
    }
}

fn stays(answer: &Said) -> bool {
    let host = |address: &str| Url::parse(address).ok()?.host_str().map(str::to_owned);
    match answer.status.as_u16() {
        303 => host(answer.header("location")).as_deref() == Some("meet.test"),
        200 => answer.text.contains("href=\"org.jitsi.meet://meet.test/"),
        400 => answer.header("location").is_empty(),
        _ => false,
    }
}
