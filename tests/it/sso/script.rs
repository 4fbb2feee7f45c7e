//! Script in names, rooms and parameters, and line breaks in what becomes a header: on every page.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::browser::{Browser, query};
use super::{ANN, AUTHORIZE, LOGIN, LOGOUT, SARA, setup, signed_in, to_portal, token_of};
use crate::api::{Said, claims};
use crate::usher::{PASSWORD, Usher};

const SCRIPT: &str = "\"'><script>alert(1)</script><img src=x onerror=y>";

fn assert_harmless(page: &Said) {
    assert!(
        !page.text.contains("<script>alert") && !page.text.contains("<img src=x"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<b onclick"), "{}", page.text);
    if page.header("content-type").starts_with("text/html") {
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self';"),
            "{policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn script_in_names_and_rooms_stays_text_on_every_page() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let next = format!("/open{}", utf8_percent_encode(SCRIPT, NON_ALPHANUMERIC));
    for next in [next.as_str(), SCRIPT, "/open1"] {
        let page = browser.visit(LOGIN, &to_portal(next)).await;
        assert_eq!(page.status, 200);
        assert_harmless(&page);
        let again = browser
            .submit(&page, &[("username", SCRIPT), ("password", SCRIPT)])
            .await;
        assert_eq!(again.status, 401);
        assert_harmless(&again);
    }
    let page = browser
        .visit(LOGIN, &query(&[("client_id", SCRIPT), ("redirect_uri", SCRIPT)]))
        .await;
    assert_harmless(&page);
    let page = browser
        .visit(LOGIN, &query(&[(SCRIPT, "a"), (SCRIPT, "b")]))
        .await;
    assert_eq!(page.status, 400);
    assert_harmless(&page);
    signed_in(&browser, SARA, "/team1").await;
    for platform in ["ios", "android", "electron"] {
        let room = "<script>alert(1)";
        let state = json!({"room": room, "roomSafe": "%22onclick%3d%22x", platform: true}).to_string();
        assert_harmless(
            &browser
                .visit(AUTHORIZE, &query(&[("client_id", "meet"), ("state", &state)]))
                .await,
        );
    }
    let out = browser
        .get(LOGOUT, &query(&[("redirect_uri", SCRIPT)]))
        .header("sec-fetch-site", "cross-site");
    assert_harmless(&browser.send(out).await);
    assert_harmless(
        &browser
            .visit(LOGOUT, &query(&[("client_id", SCRIPT), ("redirect_uri", SCRIPT)]))
            .await,
    );
}

#[tokio::test]
async fn a_form_may_lead_to_the_program_and_nowhere_else() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser.visit(LOGIN, &to_portal("/team1")).await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("form-action 'self' https://app.test;"),
        "{policy}"
    );
    let state = query(&[("client_id", "meet"), ("state", r#"{"room":"team1"}"#)]);
    let page = browser.visit(AUTHORIZE, &state).await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("form-action 'self' https://meet.test;"),
        "{policy}"
    );
}

#[tokio::test]
async fn names_with_line_breaks_stay_one_line() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser.visit(LOGIN, &to_portal("/open1")).await;
    let name = "Bob\r\nSet-Cookie: usher_session=x\u{0}\u{1b}[31m";
    let answer = browser.submit_last(&page, &[("name", name)]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
    let claims = claims(&token_of(&answer));
    assert_eq!(
        claims["context"]["user"]["name"],
        "Bob Set-Cookie: usher_session=x [31m"
    );
    let state = "{\"room\":\"team1\"}\r\nX-Evil: 1";
    let asked = super::code::asked(&[("state", state)]);
    let answer = Browser::of(&usher)
        .sign_in(AUTHORIZE, &asked, ANN, PASSWORD)
        .await;
    assert_eq!((answer.status.as_u16(), answer.header("x-evil")), (303, ""));
    let back = super::browser::parameter(answer.header("location"), "state");
    assert_eq!(back.as_deref(), Some(state), "handed back as it came, encoded");
}

#[tokio::test]
async fn neither_log_nor_metrics_nor_trail_hold_what_people_typed() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    browser
        .sign_in(
            LOGIN,
            &to_portal("/team1"),
            "secret-typed-as-name",
            "secret-guess",
        )
        .await;
    let token = signed_in(&browser, SARA, "/team1").await;
    let cookie = browser.cookie("usher_session").unwrap();
    usher
        .eventually("the trail is published", async |usher| {
            let events = serde_json::to_string(&usher.event_log()).unwrap();
            events.contains("usher.audit.issue").then_some(())
        })
        .await;
    let events = serde_json::to_string(&usher.event_log()).unwrap();
    for text in [usher.log(), usher.metrics().await, events] {
        for secret in ["secret-typed", "secret-guess", PASSWORD, SARA, &token, &cookie] {
            assert!(!text.contains(secret), "{secret} in\n{text}");
        }
    }
}
