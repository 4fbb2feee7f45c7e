//! The same through the modules that Jitsi ships, where they are.

use serde_json::{Value, json};

use super::stage::{MEETINGS, Stage};
use crate::end_to_end::tokens::way::Way;
use crate::ports::free_port;
use crate::prosody::people::People;
use crate::prosody::server::{self as prosody, MUC, Prosody, jitsi_plugins};
use crate::prosody::snippets::{paste, with_jitsi};
use crate::usher::{self, PROSODY_SECRET, Usher, answered};

const CHANGES: [(&str, &str); 1] = [("replace-me-by-a-random-secret", PROSODY_SECRET)];

#[tokio::test]
async fn also_through_jitsis_modules() {
    let Some(folders) = jitsi_plugins("acting through Jitsi's modules") else {
        return;
    };
    let keys = tempfile::tempdir().expect("a temporary folder");
    let way = Way::rsa("token-rs256-keyserver.cfg.lua", &keys);
    let port = free_port();
    let signing = format!(
        "{}\ncontrol = \"jitsi\"\nprosody_http = \"http://127.0.0.1:{port}\"",
        way.signing
    );
    let setup = usher::Setup {
        signing,
        ..usher::Setup::default()
    };
    let usher = Usher::start(setup.sections(MEETINGS)).await;
    let common = with_jitsi(prosody::Setup::default(), &folders).port(port);
    let snippets = [
        way.snippet,
        "roles-from-tokens.cfg.lua",
        "usher-events.cfg.lua",
        "jitsi-control.cfg.lua",
    ];
    let setup = snippets
        .into_iter()
        .fold(common, |setup, file| paste(setup, file, &usher.url(), &CHANGES));
    let setup = setup
        .muc("modules_enabled = { \"token_verification\", \"token_affiliation\", \"usher_events\" }")
        .muc("token_verification_allowlist = { \"auth.meet.test\" }");
    let prosody = Prosody::start(setup).await;
    let mut stage = Stage {
        usher,
        prosody,
        people: People::start(),
    };
    people_are_told_and_put_out(&mut stage).await;
    a_participant_can_end_nothing(&mut stage).await;
}

async fn people_are_told_and_put_out(stage: &mut Stage) {
    let meeting = stage.book("appt-1", 20).await;
    enter(stage, &meeting.room, "Ann").await;
    let said = stage
        .people
        .notice(|notice| notice["id"] == "Ann" && notice.get("message").is_some())
        .await;
    let text = said["message"]["json"]["message"].as_str().unwrap_or_default();
    assert!(text.starts_with("The booked time is over at "), "{said}");
    stage.until_orders("warn", "done", 1).await;
    stage.cancel(&meeting).await;
    let out = stage.put_out("Ann").await;
    assert_eq!(out["destroyed"], json!(true), "{out}");
    stage.until_orders("close", "done", 1).await;
}

/// Her token is signed with the same key, and still no token of that kind.
async fn a_participant_can_end_nothing(stage: &mut Stage) {
    let meeting = stage.book_long("appt-2").await;
    let token = enter(stage, &meeting.room, "Eve").await;
    let url = format!("{}/end-meeting?conference={}", stage.prosody.http(), meeting.room);
    let asked = stage
        .usher
        .http
        .post(url)
        .header("host", prosody::DOMAIN)
        .bearer_auth(token);
    assert_eq!(asked.send().await.expect("Prosody answers").status(), 401);
}

async fn enter(stage: &mut Stage, room: &str, name: &str) -> String {
    let node = room
        .strip_suffix(&format!("@{MUC}"))
        .expect("a room of the component");
    let wanted = json!({ "roomName": node, "userName": name });
    let issued: Value = answered(stage.usher.post("/api/jitsi/generate-token", &wanted)).await;
    let token = issued["token"].as_str().expect("a token").to_owned();
    stage.people.focus(&stage.prosody, room).await;
    let joined = stage
        .people
        .join_with(&stage.prosody, name, room, json!({ "token": token }))
        .await;
    assert_eq!(joined["joined"], room, "{joined}");
    stage.usher.until_metrics(&[("usher_people", 1.0)]).await;
    token
}
