//! A real Chromium goes through the pages, on a site as an administrator has it: nginx with the shipped snippet, usher
//! behind `/usher/`, TLS. The stories are in `tests/browser/scenarios`; what they bring home is judged here.
//!
//! Pictures of all pages are left in `target/screenshots`.

mod chromium;
mod join;
mod livekit;
mod site;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::usher::{KEY, PASSWORD, answered};
use chromium::play;
use site::Site;

const USERNAME: &str = "user@example.com";

/// What a token says, without checking it.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a token has three parts");
    let bytes = URL_SAFE_NO_PAD.decode(payload).expect("in base64");
    serde_json::from_slice(&bytes).expect("of JSON")
}

/// What usher says of a token to a program.
async fn verdict(site: &Site, token: &str) -> Value {
    let question = json!({ "token": token });
    answered(site.usher.post_as(KEY, "/api/jitsi/validate-token", &question)).await
}

async fn sample(language: &str, room: &str) -> (Site, Value) {
    let site = Site::open().await;
    let story = json!({
        "scenario": "sample", "language": language, "room": room, "username": USERNAME, "password": PASSWORD,
    });
    let facts = play(&site, story).await;
    (site, facts)
}

#[tokio::test]
async fn a_person_signs_in_goes_in_and_signs_out() {
    let (site, facts) = sample("en-GB", "team1").await;
    assert_eq!(facts["wrong"], "The name or the password is wrong.");
    assert_eq!(facts["forgotten"], "", "a password is not sent back");
    let user = facts["user"].as_str().unwrap();
    assert!(user.contains("Sara") && user.contains("doctor"), "{user}");
    let token = facts["token"].as_str().unwrap();
    let given = &facts["given"];
    assert_eq!(given["domain"], "meet.test");
    assert_eq!(given["roomName"], "team1");
    assert!(given["jwt"] == facts["token"] || given["jwt"] == facts["again"]);
    assert_eq!(given["userInfo"]["displayName"], "Sara");
    let claims = claims(token);
    assert_eq!(claims["room"], "team1");
    assert_eq!(claims["context"]["user"]["name"], "Sara");
    assert_eq!(facts["code"], "revoked");
    for token in [&facts["token"], &facts["again"]] {
        let verdict = verdict(&site, token.as_str().unwrap()).await;
        assert_eq!(verdict["code"], "revoked", "{verdict}");
    }
}

#[tokio::test]
async fn the_same_in_persian_for_a_room_with_a_persian_name() {
    let (_, facts) = sample("fa-IR", "تیم ۱").await;
    assert_eq!(facts["wrong"], "نام کاربری یا رمز عبور اشتباه است.");
    assert_eq!(facts["given"]["roomName"], "تیم ۱");
    assert_eq!(facts["given"]["lang"], "fa");
    assert_eq!(facts["code"], "revoked");
}

#[tokio::test]
async fn a_room_of_jitsi_signs_people_in_by_a_window_of_its_own() {
    let site = Site::open().await;
    let story = json!({ "scenario": "inline", "username": USERNAME, "password": PASSWORD });
    let facts = play(&site, story).await;
    let (first, second) = (&facts["first"], &facts["second"]);
    for tokens in [first, second] {
        assert_eq!(tokens["status"], 200, "{}", tokens["error"]);
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(claims(access)["room"], "team1");
        assert_eq!(verdict(&site, access).await["code"], "revoked");
    }
    let id_token = claims(first["id_token"].as_str().unwrap());
    assert_eq!(id_token["nonce"], facts["nonce"]);
    assert_eq!(id_token["aud"], "meet-web");
    assert_ne!(first["refresh_token"], second["refresh_token"]);
}

#[tokio::test]
async fn every_other_page_is_as_it_should_be() {
    let site = Site::open().await;
    let story = json!({ "scenario": "pages", "username": USERNAME, "password": PASSWORD });
    let facts = play(&site, story).await;
    let address = facts["address"].as_str().unwrap();
    assert!(
        address.contains("?token=") && address.ends_with("&next=/team1"),
        "{address}"
    );
    assert_eq!(
        facts["strange"],
        json!({ "status": 400, "code": "unknown_client" })
    );
    assert_eq!(facts["guest"], "Ann <b>");
    let link = facts["link"].as_str().unwrap();
    assert!(
        link.starts_with("org.jitsi.meet://meet.test/open-day?jwt="),
        "{link}"
    );
}
