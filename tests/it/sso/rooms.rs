//! Who gets into which room, and what people without an account may.

use serde_json::json;

use super::browser::Browser;
use super::{ANN, LOGIN, SARA, USER_INFO, api_login, setup, signed_in, to_portal, token_of, validated};
use crate::api::{CREATE, Said, claims, text};
use crate::usher::{PASSWORD, Usher, answered};

#[tokio::test]
async fn the_rules_decide_at_the_door() {
    let usher = Usher::start(setup()).await;
    api_login(&usher, ANN, PASSWORD, "/closed1")
        .await
        .assert_refused(403, "not_a_member");
    assert_eq!(api_login(&usher, SARA, PASSWORD, "/closed1").await.status, 200);
    api_login(&usher, SARA, PASSWORD, "/booked1")
        .await
        .assert_refused(403, "room_not_booked");
    let token = signed_in(&Browser::of(&usher), ANN, "/team1").await;
    assert_eq!(claims(&token)["moderator"], false);
    let refused = usher
        .metric("usher_tokens_total{kind=\"jitsi\",result=\"refused\"}")
        .await;
    assert_eq!(refused, 2.0);
}

#[tokio::test]
async fn a_room_opens_when_somebody_books_it() {
    let mut setup = setup();
    setup.clients = setup
        .clients
        .replace("rooms = [\"*\"]", "rooms = [\"*\"]\nroom_prefix = \"booked\"");
    let usher = Usher::start(setup).await;
    let created = answered(usher.post(CREATE, &json!({"appointmentId": "appt-1"}))).await;
    let next = format!("/{}", text(&created["roomName"]));
    assert_eq!(api_login(&usher, ANN, PASSWORD, &next).await.status, 200);
    api_login(&usher, ANN, PASSWORD, "/booked-2")
        .await
        .assert_refused(403, "room_not_booked");
}

#[tokio::test]
async fn a_refusal_is_a_page_and_the_person_stays_signed_in() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser
        .sign_in(LOGIN, &to_portal("/closed1"), ANN, PASSWORD)
        .await;
    assert_eq!(page.status, 403);
    assert!(
        page.text.contains("not_a_member") && page.header("location").is_empty(),
        "{page:?}"
    );
    signed_in_already(&browser, "/team1").await;
}

async fn signed_in_already(browser: &Browser, next: &str) -> String {
    let answer = browser.visit(LOGIN, &to_portal(next)).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    token_of(&answer)
}

#[tokio::test]
async fn guests_come_in_by_name_where_they_may() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser.visit(LOGIN, &to_portal("/open1")).await;
    let answer = browser
        .submit_last(&page, &[("name", "  Bob\tthe  guest ")])
        .await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let token = token_of(&answer);
    let claims = claims(&token);
    assert_eq!(
        (&claims["room"], &claims["moderator"]),
        (&json!("open1"), &json!(false))
    );
    assert_eq!(claims["context"]["user"]["name"], "Bob the guest");
    assert_eq!(validated(&usher, &token).await["user"]["roles"], json!([]));
    signed_in_already(&browser, "/open2").await;
    let asked = browser.visit(LOGIN, &to_portal("/team1")).await;
    assert_eq!(asked.status, 200, "a guest may have an account after all");
    assert!(!asked.text.contains("/sso/guest/"));
}

#[tokio::test]
async fn guests_stay_outside_elsewhere() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser.visit(LOGIN, &to_portal("/team1")).await;
    let csrf = super::browser::csrf(&page);
    for next in ["/team1", "/"] {
        let form = browser.form(
            "/sso/guest/",
            &to_portal(next),
            &[("csrf", &csrf), ("name", "Bob")],
        );
        let answer = browser.send(form).await;
        assert_eq!(answer.status, 403, "{next}");
        assert!(answer.text.contains("guests_not_allowed"));
    }
    assert_eq!(browser.cookie("usher_session"), None);
    Said::to(usher.get(USER_INFO))
        .await
        .assert_refused(401, "unauthenticated");
}

/// A token that names no room says that its holder has an account, which programs believe.
#[tokio::test]
async fn a_guest_is_nobody_outside_of_rooms() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser.visit(LOGIN, &to_portal("/open1")).await;
    let answer = browser.submit_last(&page, &[("name", "Dr. Sara")]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let asked = browser.visit(LOGIN, &to_portal("/")).await;
    assert_eq!((asked.status.as_u16(), asked.header("location")), (200, ""));
    let silent = browser
        .visit(
            super::AUTHORIZE,
            &super::code::asked(&[("state", ""), ("prompt", "none")]),
        )
        .await;
    let address = silent.header("location");
    assert_eq!(
        super::browser::parameter(address, "error").as_deref(),
        Some("access_denied"),
        "{address}"
    );
}

/// Each guest leaves records that no password stands before.
#[tokio::test]
async fn one_address_brings_so_many_guests_and_no_more() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser.visit(LOGIN, &to_portal("/open1")).await;
    let mut tried = 0;
    let refused = loop {
        let batch = (0..50).map(|_| browser.submit_last(&page, &[("name", "Bob")]));
        let answers = futures_util::future::join_all(batch).await;
        tried += answers.len();
        if let Some(refused) = answers.into_iter().find(|answer| answer.status != 303) {
            break refused;
        }
        assert!(tried < 5000, "nobody counts");
    };
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
}
