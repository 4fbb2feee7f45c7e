//! People who sign in for a booked room: only those whom it concerns, and not before its time.

use chrono::{DateTime, Duration};
use serde_json::{Value, json};

use super::persian;
use crate::api::{Said, claims, text};
use crate::usher::{self, CLIENTS, KEY, PASSWORD, Usher, now_millis};

const CALLBACK: &str = "https://app.test/callback";
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$SlLp7cYoe0zoUOJeJ4FGrw$zksFXKtcQyQ1Z+HZr28WNepnpDxT/ZjXscvtNS2xBKc";

fn setup() -> usher::Setup {
    let person = |id: &str, more: &str| {
        format!("[\"{id}@example.com\"]\nid = \"{id}\"\nname = \"{id}\"\npassword = \"{HASH}\"\n{more}\n")
    };
    let people = [
        person("hana", ""),
        person("pat", ""),
        person("eve", "roles = [\"doctor\"]"),
    ];
    usher::Setup {
        clients: CLIENTS.to_owned() + &format!("redirect_uris = [\"{CALLBACK}\"]\n"),
        users: people.concat(),
        ..persian()
    }
}

/// Signs in for a room, as a program does it.
async fn sign_in(usher: &Usher, who: &str, room: &str, language: &str) -> Said {
    let body = json!({
        "username": format!("{who}@example.com"), "password": PASSWORD, "client_id": "ataraxia",
        "redirect_uri": CALLBACK, "next": format!("/{room}"),
    });
    let request = usher.http.post(format!("{}/sso/api/login/", usher.url()));
    Said::to(request.header("Accept-Language", language).json(&body)).await
}

/// The room of a meeting of Pat with Hana, who hosts it.
async fn book(usher: &Usher, in_minutes: i64) -> (String, String) {
    let starts_at = DateTime::from_timestamp_millis(now_millis()).unwrap() + Duration::minutes(in_minutes);
    let body = json!({
        "title": "Talk", "participants": ["pat", "hana"], "hosts": ["hana"], "scheduledAt": starts_at, "durationMinutes": 30,
    });
    let booked: Value = usher::answered(usher.post_as(KEY, "/api/meetings", &body)).await;
    let meeting = &booked["data"]["meeting"];
    (
        text(&meeting["id"]).to_owned(),
        text(&meeting["roomName"]).to_owned(),
    )
}

#[tokio::test]
async fn a_booked_room_is_for_those_who_have_a_seat() {
    let usher = Usher::start(setup()).await;
    let (_, room) = book(&usher, 5).await;
    for (who, moderates) in [("pat", false), ("hana", true)] {
        let said = sign_in(&usher, who, &room, "en").await;
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(
            claims(text(&said.json()["token"]))["moderator"],
            moderates,
            "{who}"
        );
    }
    sign_in(&usher, "eve", &room, "en")
        .await
        .assert_refused(403, "not_a_member");
}

#[tokio::test]
async fn those_who_have_a_seat_are_told_when_the_room_opens() {
    let usher = Usher::start(setup()).await;
    let (id, room) = book(&usher, 60).await;
    let english = sign_in(&usher, "pat", &room, "en").await;
    let sentence = text(&english.json()["error"]).to_owned();
    assert!(
        sentence.starts_with("This room opens at 2") && sentence.ends_with("(Asia/Tehran)."),
        "{sentence}"
    );
    english.assert_refused(403, "too_early");
    let persian = sign_in(&usher, "hana", &room, "fa").await;
    let sentence = text(&persian.json()["error"]).to_owned();
    assert!(
        sentence.starts_with("این اتاق در \u{2066}2") && sentence.ends_with("باز می‌شود."),
        "{sentence}"
    );
    persian.assert_refused(403, "too_early");
    sign_in(&usher, "eve", &room, "en")
        .await
        .assert_refused(403, "not_a_member");
    super::cancel(&usher, &id).await;
    sign_in(&usher, "pat", &room, "en")
        .await
        .assert_refused(409, "meeting_over");
    sign_in(&usher, "eve", &room, "en")
        .await
        .assert_refused(403, "not_a_member");
}
