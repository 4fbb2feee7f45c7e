//! Attacks on the code flow: codes used twice or by others, PKCE left out or weakened, answers to strangers.

use serde_json::json;

use super::browser::{Browser, parameter};
use super::code::{asked, code, exchanged, refreshed};
use super::{AUTHORIZE, MEET, setup, validated};
use crate::api::{Said, text};
use crate::usher::Usher;

fn assert_oauth(said: &Said, error: &str) {
    assert_eq!(
        (said.status.as_u16(), &said.json()["error"]),
        (400, &json!(error)),
        "{said:?}"
    );
    assert!(said.json().get("access_token").is_none());
}

#[tokio::test]
async fn a_code_that_comes_again_ends_what_it_was_traded_for() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let code = code(&browser, &asked(&[])).await;
    let given = exchanged(&browser, &code, &[]).await.json();
    assert_oauth(&exchanged(&browser, &code, &[]).await, "invalid_grant");
    assert_oauth(
        &refreshed(&browser, &given["refresh_token"]).await,
        "invalid_grant",
    );
}

#[tokio::test]
async fn of_many_at_once_with_one_code_one_wins() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let code = code(&browser, &asked(&[])).await;
    let calls = (0..8).map(|_| exchanged(&browser, &code, &[]));
    let answers = futures_util::future::join_all(calls).await;
    assert!(
        answers.iter().filter(|answer| answer.status == 200).count() <= 1,
        "{answers:?}"
    );
}

#[tokio::test]
async fn pkce_cannot_be_left_out_or_weakened() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    for changes in [
        [("code_challenge", ""), ("code_challenge_method", "")],
        [("code_challenge", ""), ("code_challenge_method", "S256")],
        [("code_challenge_method", "plain"), ("nonce", "x")],
        [("code_challenge_method", "s256"), ("nonce", "x")],
        [("code_challenge_method", ""), ("nonce", "x")],
        [("code_challenge", "short"), ("nonce", "x")],
    ] {
        let answer = browser.visit(AUTHORIZE, &asked(&changes)).await;
        let address = answer.header("location");
        assert_eq!(answer.status, 303, "{changes:?}");
        assert!(address.starts_with(MEET));
        assert_eq!(
            parameter(address, "error").as_deref(),
            Some("invalid_request"),
            "{changes:?}"
        );
        assert!(parameter(address, "state").is_some());
    }
    let code = code(&browser, &asked(&[])).await;
    let long = "a".repeat(128);
    for verifier in [
        super::code::CHALLENGE,
        "wrong-verifier-wrong-verifier-wrong-verifier-",
        &long,
    ] {
        assert_oauth(
            &exchanged(&browser, &code, &[("code_verifier", verifier)]).await,
            "invalid_grant",
        );
    }
    assert_oauth(
        &exchanged(&browser, &code, &[("code_verifier", "")]).await,
        "invalid_request",
    );
}

#[tokio::test]
async fn a_code_is_for_one_client_and_one_address() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    for changes in [
        ("client_id", "portal"),
        ("redirect_uri", "https://meet.test/static/sso.html?"),
        ("code", "x"),
    ] {
        let code = code(&browser, &format!("{}&prompt=login", asked(&[]))).await;
        assert_oauth(&exchanged(&browser, &code, &[changes]).await, "invalid_grant");
    }
    let nobody = exchanged(&browser, "x", &[("client_id", "nobody")]).await;
    assert_oauth(&nobody, "invalid_client");
    assert_oauth(
        &exchanged(&browser, "x", &[("grant_type", "password")]).await,
        "unsupported_grant_type",
    );
    let implicit = browser
        .visit(AUTHORIZE, &asked(&[("response_type", "token")]))
        .await;
    let error = parameter(implicit.header("location"), "error");
    assert_eq!(error.as_deref(), Some("unsupported_response_type"));
}

#[tokio::test]
async fn a_code_dies_with_its_session() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let code = code(&browser, &asked(&[])).await;
    browser.visit(super::LOGOUT, "").await;
    assert_oauth(&exchanged(&browser, &code, &[]).await, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_the_family_and_the_session() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let first = exchanged(&browser, &code(&browser, &asked(&[])).await, &[])
        .await
        .json();
    let second = refreshed(&browser, &first["refresh_token"]).await.json();
    assert_oauth(
        &refreshed(&browser, &first["refresh_token"]).await,
        "invalid_grant",
    );
    assert_oauth(
        &refreshed(&browser, &second["refresh_token"]).await,
        "invalid_grant",
    );
    assert_eq!(
        validated(&usher, text(&second["access_token"])).await["code"],
        "revoked"
    );
}

#[tokio::test]
async fn only_pages_of_the_client_trade_codes() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let code = code(&browser, &asked(&[])).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "meet"),
        ("code", code.as_str()),
    ];
    let from = |origin: &'static str| browser.form(super::TOKEN, "", &fields).header("origin", origin);
    let evil = browser.send(from("https://evil.test")).await;
    evil.assert_refused(403, "origin_not_allowed");
    assert_eq!(evil.header("access-control-allow-origin"), "");
    let own = browser.send(from("https://meet.test")).await;
    assert_eq!(own.header("access-control-allow-origin"), "https://meet.test");
    assert_oauth(&own, "invalid_request");
    let twice = "grant_type=refresh_token&client_id=meet&client_id=portal";
    let request = usher.http.post(format!("{}{}", usher.url(), super::TOKEN));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_oauth(&Said::to(request.body(twice)).await, "invalid_request");
}

/// A made-up code costs nothing, so it must not cost us a record each.
#[tokio::test]
async fn made_up_codes_and_refresh_tokens_do_not_fill_the_audit_trail() {
    let usher = Usher::start(setup()).await;
    let browser = Browser::of(&usher);
    let noted = async |action: &str| {
        let name = format!("usher_audit_records_total{{action=\"{action}\",outcome=\"refused\"}}");
        usher.metric(&name).await
    };
    let (mut tried, mut limited) = (0, 0);
    while limited < 50 {
        let codes = (0..25).map(|_| exchanged(&browser, "made-up", &[]));
        let codes = futures_util::future::join_all(codes).await;
        let token = json!("01a1fec2-4a71-72de-a5e4-697e257fb7a8.AAAA");
        let tokens = futures_util::future::join_all((0..25).map(|_| refreshed(&browser, &token))).await;
        let answers = codes.iter().chain(&tokens);
        limited += answers.filter(|answer| answer.status == 429).count();
        tried += 50;
        assert!(tried < 5000, "nobody counts");
    }
    let noted = noted("issue").await + noted("refresh").await;
    assert_eq!(noted as usize + limited, tried);
}
