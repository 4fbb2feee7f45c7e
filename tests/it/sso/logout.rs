//! Signing out: everything that came of the session is worth nothing from then on.

use serde_json::json;

use super::browser::{Browser, parameter, query};
use super::{LOGIN, LOGOUT, PORTAL, REFRESH, SARA, USER_INFO};
use super::{api_login, posted, setup, signed_in, to_portal, validated};
use crate::api::{Said, VALIDATE, claims, now, text};
use crate::forged::Forgery;
use crate::usher::{APP_SECRET, PASSWORD, Usher, answered};

#[tokio::test]
async fn tokens_are_revoked_at_once_and_for_good() {
    let mut usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let token = signed_in(&browser, SARA, "/team1").await;
    let cookie = browser.cookie("usher_session").unwrap();
    let to = query(&[("client_id", "portal"), ("redirect_uri", PORTAL)]);
    let answer = browser.visit(LOGOUT, &to).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, PORTAL));
    assert_eq!(browser.cookie("usher_session"), None);
    usher.kill9();
    usher.restart().await;
    assert_eq!(validated(&usher, &token).await["code"], "revoked");
    let by_program = answered(usher.post(VALIDATE, &json!({"token": token}))).await;
    assert_eq!(by_program["code"], "revoked");
    Said::to(usher.get(USER_INFO).bearer_auth(&token))
        .await
        .assert_refused(401, "revoked");
    browser.keep("usher_session", &cookie);
    assert_eq!(browser.visit(LOGIN, &to_portal("/team1")).await.status, 200);
}

#[tokio::test]
async fn a_program_signs_out_with_the_token() {
    let usher = Usher::start(setup()).await;
    let given = api_login(&usher, SARA, PASSWORD, "/team1").await.json();
    let request = usher.get(LOGOUT).bearer_auth(text(&given["token"]));
    assert_eq!(Said::to(request).await.status, 200);
    assert_eq!(validated(&usher, text(&given["token"])).await["code"], "revoked");
    let body = json!({"refresh_token": given["refresh_token"], "client_id": "portal"});
    posted(&usher, REFRESH, &body)
        .await
        .assert_refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn an_address_that_is_not_registered_is_not_gone_to_but_the_session_ends() {
    let usher = Usher::start(setup()).await;
    for (client, address) in [
        ("portal", "https://evil.test/"),
        ("portal", "https://app.test/callback/"),
        ("other", PORTAL),
        ("nobody", PORTAL),
    ] {
        let browser = Browser::of(&usher);
        let token = signed_in(&browser, SARA, "/team1").await;
        let to = query(&[("client_id", client), ("redirect_uri", address)]);
        let page = browser.visit(LOGOUT, &to).await;
        assert_eq!(
            (page.status.as_u16(), page.header("location")),
            (400, ""),
            "{client} {address}"
        );
        assert_eq!(validated(&usher, &token).await["code"], "revoked");
    }
}

#[tokio::test]
async fn who_comes_from_elsewhere_is_asked_and_can_say_yes() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let token = signed_in(&browser, SARA, "/team1").await;
    let to = query(&[("client_id", "portal"), ("redirect_uri", PORTAL)]);
    let page = browser
        .send(browser.get(LOGOUT, &to).header("sec-fetch-site", "cross-site"))
        .await;
    let answer = browser.submit(&page, &[]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, PORTAL));
    assert_eq!(validated(&usher, &token).await["code"], "revoked");
}

#[tokio::test]
async fn pages_of_the_program_sign_out_without_a_question() {
    let usher = Usher::start(setup()).await;
    for referer in ["https://app.test/", "https://app.test/some/page"] {
        let browser = Browser::of(&usher);
        signed_in(&browser, SARA, "/team1").await;
        let to = query(&[
            ("client_id", "portal"),
            ("redirect_uri", "https://app.test/cb?keep=1"),
        ]);
        let request = browser
            .get(LOGOUT, &to)
            .header("sec-fetch-site", "cross-site")
            .header("referer", referer);
        let answer = browser.send(request).await;
        assert_eq!(answer.status, 303, "{referer}");
        assert_eq!(parameter(answer.header("location"), "keep").as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn signing_out_twice_or_never_having_been_in_is_no_fault() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    for _ in 0..2 {
        let page = browser.visit(LOGOUT, "").await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("name=\"csrf\""));
    }
}

/// Its session can go on for as long as the refresh token does.
#[tokio::test]
async fn a_program_is_not_told_that_somebody_is_out_whose_token_is_worth_nothing() {
    let usher = Usher::start(setup()).await;
    let given = api_login(&usher, SARA, PASSWORD, "/team1").await.json();
    let mut old = claims(text(&given["token"]));
    old["exp"] = json!(now() - 1);
    let old = Forgery::of(&old).hs256(APP_SECRET.as_bytes());
    for (token, code) in [(old.as_str(), "expired"), ("x", "malformed")] {
        let page = Said::to(usher.get(LOGOUT).bearer_auth(token)).await;
        assert_eq!(page.status, 401, "{page:?}");
        assert!(page.text.contains(code) && page.header("set-cookie").is_empty());
    }
    assert_eq!(validated(&usher, text(&given["token"])).await["valid"], true);
    for _ in 0..2 {
        let request = usher.get(LOGOUT).bearer_auth(text(&given["token"]));
        assert_eq!(Said::to(request).await.status, 200, "twice is no fault");
    }
}
