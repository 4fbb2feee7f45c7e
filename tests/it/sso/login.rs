//! The login page and its form: in, wrong, again, and after a restart.

use serde_json::json;

use super::browser::{Browser, csrf, parameter};
use super::{ANN, LOGIN, SARA, SARAS_ID, setup, signed_in, to_portal, token_of, validated};
use crate::api::claims;
use crate::usher::{APP_ID, PASSWORD, Usher};

#[tokio::test]
async fn the_form_leads_back_with_a_token_for_the_room() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let answer = browser.sign_in(LOGIN, &to_portal("/Team1"), SARA, PASSWORD).await;
    assert_eq!(answer.status, 303);
    let address = answer.header("location");
    assert!(
        address.starts_with("https://app.test/callback?token="),
        "{address}"
    );
    assert!(address.ends_with("&next=/Team1"), "{address}");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    let claims = claims(&token_of(&answer));
    assert_eq!(
        (
            claims["aud"].as_str(),
            claims["room"].as_str(),
            claims["sub"].as_str()
        ),
        (Some(APP_ID), Some("team1"), Some("meet.test"))
    );
    assert_eq!(claims["context"]["user"]["id"], SARAS_ID);
    assert_eq!(claims["context"]["user"]["moderator"], true);
    assert_eq!(claims["context"]["features"]["recording"], true);
    assert_eq!(claims["context"]["group"], "portal-people");
    assert_eq!(
        claims["context"]["user"]["email"],
        json!(null),
        "the portal does not ask for it"
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
    assert!(claims["sid"].is_string());
}

#[tokio::test]
async fn who_is_signed_in_is_led_straight_on() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    signed_in(&browser, SARA, "/team1").await;
    let again = browser.visit(LOGIN, &to_portal("/acme/team2")).await;
    assert_eq!(again.status, 303);
    let claims = claims(&token_of(&again));
    assert_eq!(
        (claims["sub"].as_str(), claims["room"].as_str()),
        (Some("acme"), Some("team2"))
    );
    let anew = browser
        .visit(LOGIN, &format!("{}&prompt=login", to_portal("/team1")))
        .await;
    assert_eq!(anew.status, 200);
    assert_eq!(
        usher
            .metric("usher_signins_total{method=\"password\",result=\"success\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn without_a_room_a_token_opens_none() {
    let usher = Usher::start(setup()).await;
    let token = signed_in(&Browser::of(&usher), SARA, "/").await;
    assert!(claims(&token).get("room").is_none());
    assert_eq!(validated(&usher, &token).await["valid"], true);
}

#[tokio::test]
async fn what_is_wrong_is_said_on_the_page_and_nothing_else_is_lost() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser.sign_in(LOGIN, &to_portal("/team1"), SARA, "guess").await;
    assert_eq!(page.status, 401);
    assert!(
        page.text.contains("sara@example.com") && !page.text.contains("guess"),
        "{}",
        page.text
    );
    let off = browser
        .sign_in(LOGIN, &to_portal("/team1"), "off@example.com", PASSWORD)
        .await;
    assert_eq!(off.status, 403);
    let empty = browser.submit(&page, &[("username", SARA)]).await;
    assert_eq!(empty.status, 400);
    let answer = browser
        .submit(&empty, &[("username", SARA), ("password", PASSWORD)])
        .await;
    assert_eq!(answer.status, 303);
    assert_eq!(
        usher
            .metric("usher_signins_total{method=\"password\",result=\"refused\"}")
            .await,
        2.0
    );
}

#[tokio::test]
async fn sessions_live_through_a_crash() {
    let mut usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let page = browser.visit(LOGIN, &to_portal("/team1")).await;
    usher.kill9();
    usher.restart().await;
    let answer = browser
        .submit(&page, &[("username", SARA), ("password", PASSWORD)])
        .await;
    assert_eq!(
        answer.status, 303,
        "the form was shown before the crash: {answer:?}"
    );
    let token = token_of(&answer);
    usher.kill9();
    usher.restart().await;
    assert_eq!(validated(&usher, &token).await["user"]["id"], SARAS_ID);
    assert_eq!(browser.visit(LOGIN, &to_portal("/team1")).await.status, 303);
}

#[tokio::test]
async fn a_user_who_is_switched_off_is_out_at_once() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let token = signed_in(&browser, ANN, "/team1").await;
    let users = super::PEOPLE.replace("HASH", super::HASH);
    let users = users.replace("id = \"u-ann\"", "id = \"u-ann\"\nactive = false");
    std::fs::write(usher.config_dir().join("users.toml"), users).unwrap();
    usher
        .eventually("the token is revoked", async |usher| {
            let judged = validated(usher, &token).await;
            (judged["code"] == "revoked").then_some(())
        })
        .await;
    assert_eq!(
        browser.visit(LOGIN, &to_portal("/team1")).await.status,
        200,
        "asked to sign in"
    );
}

#[tokio::test]
async fn each_sign_in_is_a_new_session_and_ends_the_one_before() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let first = signed_in(&browser, SARA, "/team1").await;
    let cookie = browser.cookie("usher_session").expect("a session has a cookie");
    let anew = format!("{}&prompt=login", to_portal("/team1"));
    let answer = browser.sign_in(LOGIN, &anew, ANN, PASSWORD).await;
    assert_eq!(answer.status, 303);
    assert_ne!(browser.cookie("usher_session"), Some(cookie.clone()));
    assert_eq!(validated(&usher, &first).await["code"], "revoked");
    let thief = Browser::of(&usher);
    thief.keep("usher_session", &cookie);
    assert_eq!(thief.visit(LOGIN, &to_portal("/team1")).await.status, 200);
}

/// Somebody plants a cookie of their own making, or of their own session, and waits for the victim to sign in.
#[tokio::test]
async fn a_planted_session_is_never_signed_in() {
    let usher = Usher::start(setup()).await;
    let attacker = Browser::of(&usher);
    signed_in(&attacker, ANN, "/team1").await;
    let planted = attacker.cookie("usher_session").unwrap();
    for cookie in [
        planted.as_str(),
        "01a1fec2-4a71-72de-a5e4-697e257fb7a8.AAAA",
        "x",
        "",
    ] {
        let victim = Browser::of(&usher);
        victim.keep("usher_session", cookie);
        let anew = format!("{}&prompt=login", to_portal("/team1"));
        let answer = victim.sign_in(LOGIN, &anew, SARA, PASSWORD).await;
        assert_eq!(answer.status, 303);
        assert_ne!(victim.cookie("usher_session").as_deref(), Some(cookie));
    }
    assert_eq!(
        attacker.visit(LOGIN, &to_portal("/team1")).await.status,
        200,
        "theirs has ended"
    );
}

#[tokio::test]
async fn behind_tls_cookies_belong_to_the_host_alone_and_links_begin_with_the_path() {
    let mut setup = setup();
    setup.http = "public_url = \"https://meet.test/usher\"".into();
    let usher = Usher::start(setup).await;
    let browser = Browser::of(&usher);
    let page = browser.visit(LOGIN, &to_portal("/team1")).await;
    assert!(
        page.text.contains(" action=\"/usher/sso/login/?client_id=portal"),
        "{}",
        page.text
    );
    assert!(browser.cookie("__Host-usher_form").is_some());
    let fields = [
        ("csrf", csrf(&page)),
        ("username", SARA.into()),
        ("password", PASSWORD.into()),
    ];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let answer = browser
        .send(browser.form(LOGIN, &to_portal("/team1"), &fields))
        .await;
    assert_eq!(answer.status, 303);
    let line = answer.header("set-cookie");
    assert!(
        line.starts_with("__Host-usher_session=")
            && line.contains("; Path=/; ")
            && line.ends_with("; Secure")
    );
    assert_eq!(
        parameter(answer.header("location"), "next").as_deref(),
        Some("/team1")
    );
}

/// With a provider, and in another language, the person would otherwise be led on as who they were.
#[tokio::test]
async fn who_is_to_sign_in_anew_is_so_on_every_way_from_the_page() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    signed_in(&browser, SARA, "/team1").await;
    let anew = format!("{}&prompt=login", to_portal("/team1"));
    let page = browser.visit(LOGIN, &anew).await;
    let (_, link) = page.text.split_once("/language/fa?").expect("a link");
    let link = link.split('"').next().unwrap();
    let back = browser.visit("/language/fa", link).await;
    let back = url::Url::parse(back.header("location")).unwrap();
    let page = browser.visit(LOGIN, back.query().unwrap()).await;
    assert_eq!((page.status.as_u16(), page.header("location")), (200, ""));
}

#[tokio::test]
async fn an_address_without_a_path_is_one_too() {
    let mut setup = setup();
    setup.clients = setup
        .clients
        .replace("https://other.test/callback", "https://other.test");
    let usher = Usher::start(setup).await;
    let browser = Browser::of(&usher);
    let to = super::browser::query(&[("client_id", "other"), ("redirect_uri", "https://other.test")]);
    let answer = browser.sign_in(LOGIN, &to, SARA, PASSWORD).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(
        answer
            .header("location")
            .starts_with("https://other.test/?token=")
    );
}
