//! usher's tokens at the door of a Prosody with Jitsi's own token modules: who gets in, and who is told why not.
//!
//! Only an extension of the end-to-end run, since Jitsi's modules are not part of this repository.

pub mod way;

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::stage::{Stage, undisturbed};
use super::story::lines;
use crate::nats::Version;
use crate::prosody::server::{self as prosody, MUC, jitsi_plugins};
use crate::prosody::snippets::{paste, with_jitsi};
use crate::usher::{APP_SECRET, PROSODY_SECRET, Setup, Usher, answered};
use way::Way;

/// What an administrator sets in the snippets.
const CHANGES: [(&str, &str); 2] = [
    ("replace-me-by-at-least-32-random-characters", APP_SECRET),
    ("replace-me-by-a-random-secret", PROSODY_SECRET),
];
const ROOM: &str = "ataraxia-door";

/// A token that must not open [`ROOM`], usher's code for it, and how Prosody's refusal begins.
type Refused = (String, &'static str, &'static str);

/// Good tokens of both kinds get in, others do not; usher and Prosody are of one mind.
pub async fn also_with_jitsis_modules() {
    let Some(folders) = jitsi_plugins("tokens at the door of Jitsi's modules") else {
        return;
    };
    let keys = tempfile::tempdir().expect("a temporary folder");
    for way in [
        Way::shared(),
        Way::rsa("token-rs256-keyserver.cfg.lua", &keys),
        Way::rsa("token-rs256-jwks.cfg.lua", &keys),
    ] {
        let mut stage = with_token_modules(&way, &folders).await;
        let room = format!("{ROOM}@{MUC}");
        let eve = token(&stage.usher, ROOM, "Eve", false).await;
        let early = enters(&mut stage, "Eve", ROOM, &eve).await;
        assert_eq!(
            early["refused"], "not-allowed",
            "only the focus may open a room: {early}"
        );
        stage.people.focus(&stage.prosody, &room).await;
        check_good_tokens(&mut stage, &way).await;
        check_refused(&mut stage, &way).await;
        check_events(&mut stage, &room).await;
        check_unicode(&mut stage).await;
    }
}

async fn with_token_modules(way: &Way, folders: &[PathBuf]) -> Stage {
    let usher = Setup {
        signing: way.signing.clone(),
        ..Setup::default()
    }
    .quick();
    let modules = "modules_enabled = { \"token_verification\", \"token_affiliation\", \"usher_events\" }";
    let prosody = |url: &str| {
        let setup = undisturbed(with_jitsi(prosody::Setup::default(), folders));
        let snippets = [way.snippet, "roles-from-tokens.cfg.lua", "usher-events.cfg.lua"];
        let setup = snippets
            .into_iter()
            .fold(setup, |setup, file| paste(setup, file, url, &CHANGES));
        setup
            .muc(modules)
            .muc("token_verification_allowlist = { \"auth.meet.test\" }")
    };
    Stage::with_prosody(Version::Newest, usher, prosody).await
}

async fn check_good_tokens(stage: &mut Stage, way: &Way) {
    for (name, moderator, affiliation) in [("Ann", true, "owner"), ("Bob", false, "member")] {
        let token = token(&stage.usher, ROOM, name, moderator).await;
        let judged = judge(&stage.usher, &token).await;
        assert_eq!(
            (&judged["valid"], &judged["moderator"]),
            (&json!(true), &json!(moderator)),
            "{judged}"
        );
        let joined = enters(stage, name, ROOM, &token).await;
        assert_eq!(joined["affiliation"], affiliation, "{}: {joined}", way.snippet);
    }
}

async fn check_refused(stage: &mut Stage, way: &Way) {
    for (number, (token, code, says)) in refused(way, &stage.usher).await.into_iter().enumerate() {
        let judged = until_judged(&stage.usher, &token, code).await;
        assert_eq!(judged["code"], code, "{judged}");
        let answer = enters(stage, &format!("mallory-{number}"), ROOM, &token).await;
        let text = answer["text"].as_str().unwrap_or_default();
        assert!(text.starts_with(says), "{} {code}: {answer}", way.snippet);
    }
}

/// One token for each reason that a stranger, or somebody with a token for something else, may meet.
async fn refused(way: &Way, usher: &Usher) -> Vec<Refused> {
    let good = token(usher, ROOM, "Mallory", true).await;
    let elsewhere = token(usher, "ataraxia-elsewhere", "Mallory", false).await;
    let short = json!({ "roomName": ROOM, "userName": "Mallory", "expiresIn": 1 });
    let old = issued(usher, &short).await;
    let forged = |name: &str, value: &str| way.signed(&way.ours, &changed(&good, name, value));
    let mismatch = "Room and token mismatched";
    vec![
        (
            way.signed(&way.strange, &payload(&good)),
            "bad_signature",
            "Invalid signature",
        ),
        (forged("iss", "other"), "wrong_issuer", "invalid 'iss' claim"),
        (forged("aud", "other"), "wrong_audience", "invalid 'aud' claim"),
        (forged("sub", "other.test"), "wrong_subject", mismatch),
        (elsewhere, "wrong_room", mismatch),
        (old, "expired", "Not acceptable by exp"),
    ]
}

/// Those who were let in, and nobody else, were in the meeting.
async fn check_events(stage: &mut Stage, room: &str) {
    stage.people.leave("Bob", room).await;
    stage.people.leave("Ann", room).await;
    let events = stage.listener.until_adhoc("completed").await;
    assert_eq!(
        lines(&events),
        [
            "1 active first_joined",
            "2 participant.joined Ann entered",
            "3 participant.joined Bob entered",
            "4 participant.left Bob left",
            "5 participant.left Ann left",
            "6 completed last_left",
        ]
    );
    assert_eq!(
        events[1]["data"]["participant"]["id"], "id-of-Ann",
        "as the token names her"
    );
}

/// A name that Jitsi writes with percent signs.
async fn check_unicode(stage: &mut Stage) {
    let wanted = json!({ "roomName": "ataraxia-اتاق Ärzte", "userName": "Zoë" });
    let issued = answered(stage.usher.post("/api/jitsi/generate-token", &wanted)).await;
    let node = issued["roomName"].as_str().expect("a room").to_owned();
    assert!(node.starts_with("ataraxia-%d8%a7"), "{node}");
    stage.people.focus(&stage.prosody, &format!("{node}@{MUC}")).await;
    let joined = enters(stage, "Zoe", &node, issued["token"].as_str().expect("a token")).await;
    assert_eq!(joined["affiliation"], "member", "{joined}");
    stage.until_people(1).await;
}

/// As `POST /api/jitsi/generate-token` makes it.
async fn token(usher: &Usher, room: &str, name: &str, moderator: bool) -> String {
    let wanted = json!({
        "roomName": room, "userName": name, "userId": format!("id-of-{name}"), "isModerator": moderator,
    });
    issued(usher, &wanted).await
}

async fn issued(usher: &Usher, wanted: &Value) -> String {
    let issued = answered(usher.post("/api/jitsi/generate-token", wanted)).await;
    issued["token"].as_str().expect("a token").to_owned()
}

async fn judge(usher: &Usher, token: &str) -> Value {
    let question = json!({ "token": token, "roomName": ROOM });
    answered(usher.post("/api/jitsi/validate-token", &question)).await
}

/// A token with a short life is good at first.
async fn until_judged(usher: &Usher, token: &str, code: &str) -> Value {
    let judged = async |usher: &Usher| {
        Some(judge(usher, token).await).filter(|judged| judged["valid"] == json!(false))
    };
    usher.eventually(&format!("{code} as the verdict"), judged).await
}

async fn enters(stage: &mut Stage, name: &str, room: &str, token: &str) -> Value {
    let address = format!("{room}@{MUC}");
    stage
        .people
        .join_with(&stage.prosody, name, &address, json!({ "token": token }))
        .await
}

fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("three parts");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn changed(token: &str, name: &str, value: &str) -> Value {
    let mut payload = payload(token);
    payload[name] = json!(value);
    payload
}
