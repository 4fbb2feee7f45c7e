//! What programs call: login, refresh, validation, and who somebody is.

use serde_json::{Value, json};

use super::{ANN, API_LOGIN, PORTAL, REFRESH, SARA, SARAS_ID, SSO_VALIDATE, USER_INFO};
use super::{api_login, posted, setup, validated};
use crate::api::{Said, VALIDATE, claims, text};
use crate::usher::{PASSWORD, Usher, answered};

async fn refreshed(usher: &Usher, token: &Value, client: &str) -> Said {
    posted(
        usher,
        REFRESH,
        &json!({"refresh_token": token, "client_id": client}),
    )
    .await
}

#[tokio::test]
async fn a_program_signs_somebody_in() {
    let usher = Usher::start(setup()).await;
    let said = api_login(&usher, SARA, PASSWORD, "/team1").await;
    assert_eq!(said.status, 200);
    assert_eq!(said.header("cache-control"), "no-store");
    assert_eq!(said.header("set-cookie"), "", "programs hold tokens");
    let answer = said.json();
    let token = text(&answer["token"]);
    assert_eq!(answer["user"]["id"], SARAS_ID);
    assert_eq!(answer["user"]["email"], SARA);
    assert_eq!(answer["user"]["roles"], json!(["doctor"]));
    assert_eq!(
        answer["redirect_to"],
        format!("{PORTAL}?token={token}&next=/team1")
    );
    assert_eq!(claims(token)["room"], "team1");
    let who = answered(usher.get(USER_INFO).bearer_auth(token)).await;
    assert_eq!(who, answer["user"]);
    assert_eq!(validated(&usher, token).await["expires_at"], answer["expires_at"]);
    let by_program = answered(usher.post(VALIDATE, &json!({"token": token}))).await;
    assert_eq!(by_program["valid"], true);
}

#[tokio::test]
async fn what_is_missing_or_unknown_is_named() {
    let usher = Usher::start(setup()).await;
    let whole =
        json!({"username": SARA, "password": PASSWORD, "client_id": "portal", "redirect_uri": PORTAL});
    for field in ["username", "password", "client_id", "redirect_uri"] {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(field);
        let said = posted(&usher, API_LOGIN, &body).await;
        said.assert_refused(400, "missing_field");
        assert_eq!(said.json()["field"], field);
    }
    let changed = |field: &str, value: &str| {
        let mut body = whole.clone();
        body[field] = value.into();
        body
    };
    let unknown = posted(&usher, API_LOGIN, &changed("client_id", "nobody")).await;
    unknown.assert_refused(400, "unknown_client");
    let elsewhere = posted(&usher, API_LOGIN, &changed("redirect_uri", "https://evil.test/")).await;
    elsewhere.assert_refused(400, "unknown_redirect_uri");
    let off = posted(&usher, API_LOGIN, &changed("username", "off@example.com")).await;
    off.assert_refused(403, "user_inactive");
    let wrong = posted(&usher, API_LOGIN, &changed("password", "guess")).await;
    wrong.assert_refused(401, "wrong_credentials");
    assert_eq!(
        wrong.header("www-authenticate"),
        "Bearer realm=\"usher\"",
        "no dialog of the browser"
    );
}

#[tokio::test]
async fn a_refresh_token_works_once_and_reuse_ends_everything() {
    let mut usher = Usher::start(setup()).await;
    let first = api_login(&usher, SARA, PASSWORD, "/team1").await.json();
    refreshed(&usher, &first["refresh_token"], "other")
        .await
        .assert_refused(401, "invalid_refresh_token");
    let second = refreshed(&usher, &first["refresh_token"], "portal").await;
    assert_eq!(second.status, 200, "{second:?}");
    let second = second.json();
    assert_eq!(claims(text(&second["token"]))["room"], "team1");
    usher.kill9();
    usher.restart().await;
    let reused = refreshed(&usher, &first["refresh_token"], "portal").await;
    reused.assert_refused(401, "refresh_token_reused");
    let dead = refreshed(&usher, &second["refresh_token"], "portal").await;
    dead.assert_refused(401, "invalid_refresh_token");
    for token in [&first["token"], &second["token"]] {
        assert_eq!(validated(&usher, text(token)).await["code"], "revoked");
    }
}

#[tokio::test]
async fn of_many_at_once_with_one_refresh_token_one_wins() {
    let usher = Usher::start(setup()).await;
    let first = api_login(&usher, SARA, PASSWORD, "/team1").await.json();
    let calls = (0..8).map(|_| refreshed(&usher, &first["refresh_token"], "portal"));
    let answers = futures_util::future::join_all(calls).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(won <= 1, "{answers:?}");
    assert_eq!(validated(&usher, text(&first["token"])).await["code"], "revoked");
}

#[tokio::test]
async fn a_room_that_is_closed_for_now_does_not_cost_the_refresh_token() {
    let usher = Usher::start(setup()).await;
    let first = api_login(&usher, ANN, PASSWORD, "/team1").await.json();
    let closed = format!(
        "{}\n[[rules]]\nrooms = \"team*\"\nunbooked = \"deny\"\n",
        super::ROOMS
    );
    std::fs::write(usher.config_dir().join("rooms.toml"), closed).unwrap();
    usher
        .eventually("the room closes", async |usher| {
            let said = api_login(usher, ANN, PASSWORD, "/team1").await;
            (said.status == 403).then_some(())
        })
        .await;
    refreshed(&usher, &first["refresh_token"], "portal")
        .await
        .assert_refused(403, "room_not_booked");
    std::fs::write(usher.config_dir().join("rooms.toml"), super::ROOMS).unwrap();
    usher
        .eventually("the room opens", async |usher| {
            let said = refreshed(usher, &first["refresh_token"], "portal").await;
            (said.status == 200).then_some(())
        })
        .await;
}

#[tokio::test]
async fn tokens_are_judged_with_a_reason() {
    let usher = Usher::start(setup()).await;
    assert_eq!(validated(&usher, "x").await["code"], "malformed");
    let forged = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA";
    assert_eq!(validated(&usher, forged).await["code"], "bad_signature");
    posted(&usher, SSO_VALIDATE, &json!({"client_id": "portal"}))
        .await
        .assert_refused(400, "missing_field");
    posted(&usher, SSO_VALIDATE, &json!({"token": "x"}))
        .await
        .assert_refused(400, "missing_field");
    let generated = answered(usher.post(
        "/api/jitsi/generate-token",
        &json!({"roomName": "a", "userName": "Bo"}),
    ));
    let of_program = validated(&usher, text(&generated.await["token"])).await;
    assert_eq!(
        (&of_program["valid"], &of_program["user"]),
        (&json!(true), &json!({"name": "Bo"}))
    );
    let nobody = Said::to(usher.get(USER_INFO)).await;
    nobody.assert_refused(401, "unauthenticated");
    Said::to(usher.get(USER_INFO).bearer_auth(forged))
        .await
        .assert_refused(401, "bad_signature");
}
