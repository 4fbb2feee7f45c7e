//! Forms and visits that another site causes.

use serde_json::json;

use super::browser::{Browser, csrf};
use super::{API_LOGIN, LOGIN, LOGOUT, PORTAL, SARA, setup, signed_in, to_portal, validated};
use crate::api::Said;
use crate::usher::{PASSWORD, Usher};

/// An attacker signs the victim in as themselves, to see what the victim does then.
#[tokio::test]
async fn nobody_is_signed_in_by_another_sites_form() {
    let usher = Usher::start(setup()).await;
    let attacker = Browser::of(&usher);
    let page = attacker.visit(LOGIN, &to_portal("/team1")).await;
    let token = csrf(&page);
    let fields = |csrf: &'static str| [("csrf", csrf), ("username", SARA), ("password", PASSWORD)];
    let victim = Browser::of(&usher);
    let stolen = [
        ("csrf", token.as_str()),
        ("username", SARA),
        ("password", PASSWORD),
    ];
    let without_cookie = victim
        .send(victim.form(LOGIN, &to_portal("/team1"), &stolen))
        .await;
    assert_eq!(without_cookie.status, 403, "the form was shown to somebody else");
    victim.visit(LOGIN, &to_portal("/team1")).await;
    for request in [
        victim.form(LOGIN, &to_portal("/team1"), &stolen),
        victim.form(LOGIN, &to_portal("/team1"), &fields("")),
        victim.form(LOGIN, &to_portal("/team1"), &fields("AAAA")),
        victim.form(LOGIN, &to_portal("/team1"), &fields("")[1..]),
    ] {
        assert_eq!(victim.send(request).await.status, 403);
    }
    assert_eq!(victim.cookie("usher_session"), None);
}

#[tokio::test]
async fn a_form_counts_from_our_own_pages_only() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser.visit(LOGIN, &to_portal("/team1")).await;
    let token = csrf(&page);
    let fields = [
        ("csrf", token.as_str()),
        ("username", SARA),
        ("password", PASSWORD),
    ];
    let form = || browser.form(LOGIN, &to_portal("/team1"), &fields);
    for (name, value) in [
        ("origin", "https://evil.test"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        assert_eq!(
            browser.send(form().header(name, value)).await.status,
            403,
            "{name}: {value}"
        );
    }
    let own = browser.send(form().header("origin", usher.url())).await;
    assert_eq!(own.status, 303);
}

#[tokio::test]
async fn the_json_login_is_for_scripts_of_known_pages() {
    let usher = Usher::start(setup()).await;
    let body = json!({"username": SARA, "password": PASSWORD, "client_id": "portal", "redirect_uri": PORTAL});
    let request = || usher.http.post(format!("{}{API_LOGIN}", usher.url()));
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let said = Said::to(request().header("content-type", kind).body(body.to_string())).await;
        said.assert_refused(415, "unsupported_media_type");
    }
    let evil = Said::to(request().json(&body).header("origin", "https://evil.test")).await;
    evil.assert_refused(403, "origin_not_allowed");
    let own = Said::to(request().json(&body).header("origin", "https://app.test")).await;
    assert_eq!(
        (own.status.as_u16(), own.header("access-control-allow-origin")),
        (200, "https://app.test")
    );
}

#[tokio::test]
async fn nobody_is_signed_out_by_another_sites_link() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let token = signed_in(&browser, SARA, "/team1").await;
    let query = super::query(&[("client_id", "portal"), ("redirect_uri", PORTAL)]);
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[
            ("sec-fetch-site", "cross-site"),
            ("referer", "https://evil.test/"),
        ],
        &[
            ("sec-fetch-site", "same-site"),
            ("referer", "https://evil.meet.test/"),
        ],
        &[("referer", "https://app.test.evil.test/")],
        &[("origin", "null")],
    ] {
        let mut request = browser.get(LOGOUT, &query);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let page = browser.send(request).await;
        assert_eq!(page.status, 200, "{headers:?}");
        assert!(page.text.contains("name=\"csrf\""), "asks first: {}", page.text);
        assert_eq!(validated(&usher, &token).await["valid"], true, "{headers:?}");
    }
    let forged = browser
        .send(browser.form(LOGOUT, &query, &[("csrf", "AAAA")]))
        .await;
    assert_eq!(forged.status, 403);
    assert_eq!(validated(&usher, &token).await["valid"], true);
}

/// With a token of one's own, put into a link, one cannot sign others out.
#[tokio::test]
async fn a_hint_of_somebody_else_ends_their_own_session_only() {
    let usher = Usher::start(setup()).await;
    let victim = Browser::of(&usher);
    let token = signed_in(&victim, SARA, "/team1").await;
    let attacker = Browser::of(&usher);
    let answer = attacker
        .sign_in(super::AUTHORIZE, &super::code::asked(&[]), super::ANN, PASSWORD)
        .await;
    let code = super::browser::parameter(answer.header("location"), "code").unwrap();
    let given = super::code::exchanged(&attacker, &code, &[]).await.json();
    let hint = super::query(&[("id_token_hint", given["id_token"].as_str().unwrap())]);
    let request = victim.get(LOGOUT, &hint).header("sec-fetch-site", "cross-site");
    victim.send(request).await;
    assert_eq!(validated(&usher, &token).await["valid"], true);
    assert!(victim.cookie("usher_session").is_some());
    assert_eq!(
        validated(&usher, given["access_token"].as_str().unwrap()).await["code"],
        "revoked"
    );
}
