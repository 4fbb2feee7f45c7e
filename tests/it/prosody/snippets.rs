//! Every snippet of `prosody-snippets`, pasted where it says and loaded in a real Prosody.
//!
//! Jitsi's own modules are not part of this repository. Where `JITSI_PROSODY_PLUGINS` names their folder, they are
//! loaded and must do what the snippet promises. Elsewhere Prosody reports them as missing, and the tests only show
//! that the configuration is read and that usher's own module is at work; the names of the tests say which is which.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::people::People;
use super::receiver::{Answer, Batch, Receiver};
use super::server::{Prosody, Setup, jitsi_plugins, snippets_folder};

const ALPHA: &str = "alpha@conference.meet.test";
const KID: &str = "2026-11";
/// The hexadecimal SHA-256 of `KID`.
const KID_HASH: &str = "05e01bd602cd4d89d1e4f3f0243cf6a1b1b132f0c0183008542d6d381ba87de6";

/// One file, cut at its `-- [ … ]` lines and pasted into a `Setup`; `changes` are what an administrator replaces.
pub fn paste(setup: Setup, file: &str, usher: &str, changes: &[(&str, &str)]) -> Setup {
    let text = fs::read_to_string(snippets_folder().join(file)).expect("the snippet is there");
    let text = text
        .replace("meet.example.com", "meet.test")
        .replace("http://127.0.0.1:8787", usher);
    let text = changes
        .iter()
        .fold(text, |text, (from, to)| text.replace(from, to));
    let mut parts = text.split("\n-- [");
    let introduction = parts.next().unwrap_or_default();
    assert!(
        introduction
            .lines()
            .all(|line| line.starts_with("--") || line.is_empty()),
        "{introduction}"
    );
    parts.fold(setup, |setup, part| {
        let (place, lines) = part.split_once('\n').expect("a place and its lines");
        match place.split([' ', ']', ':']).next() {
            Some("global") => setup.global(lines),
            Some("VirtualHost") => setup.host(lines),
            Some("Component") if place.contains("breakout") => {
                setup.end(&format!("Component \"breakout.meet.test\" \"muc\"\n{lines}"))
            }
            Some("Component") => setup.muc(lines),
            Some("end") => setup.end(lines),
            _ => panic!("{file} names an unknown place: {place}"),
        }
    })
}

/// What Jitsi's modules expect of every installation.
pub fn with_jitsi(setup: Setup, folders: &[PathBuf]) -> Setup {
    let setup = setup.global("muc_mapper_domain_base = \"meet.test\"");
    folders.iter().fold(setup, |setup, folder| setup.plugins(folder))
}

/// A token with this header and these claims. Without a secret its signature is nonsense.
fn token(header: &Value, claims: &Value, secret: Option<&str>) -> String {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = match secret {
        Some(secret) => {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
            BASE64_URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes()))
        }
        None => BASE64_URL_SAFE_NO_PAD.encode("no signature"),
    };
    format!("{signed}.{signature}")
}

fn claims(room: &str, moderator: bool) -> Value {
    json!({
        "iss": "your-app-id", "aud": "your-app-id", "sub": "meet.test", "room": room, "exp": 4_102_444_800_u64,
        "context": { "user": { "id": "ann-7", "name": "Ann", "moderator": moderator } },
    })
}

#[tokio::test]
async fn usher_events_as_pasted_reports_both_components() {
    let receiver = Receiver::start().await;
    let setup = paste(Setup::default(), "usher-events.cfg.lua", &receiver.url(), &[]);
    let prosody = Prosody::start(setup).await;
    receiver
        .wait("both lists of rooms", |events| events.len() >= 2)
        .await;

    let batches = receiver.batches();
    let mut hosts: Vec<_> = batches
        .iter()
        .filter_map(|batch| batch.body["host"].as_str())
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    assert_eq!(hosts, ["breakout.meet.test", "conference.meet.test"]);
    assert!(
        batches
            .iter()
            .all(|batch| batch.authorization == "Bearer replace-me-by-a-random-secret")
    );
    assert_eq!(prosody.logged("Unable to load module"), 0);
}

#[tokio::test]
async fn every_snippet_is_read_even_where_jitsis_modules_are_missing() {
    let receiver = Receiver::start().await;
    let mut files: Vec<String> = fs::read_dir(snippets_folder())
        .expect("the folder of snippets")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".cfg.lua"))
        .collect();
    files.sort();
    assert_eq!(files.len(), 7, "{files:?}");
    let readme = fs::read_to_string(snippets_folder().join("README.md")).expect("the README");
    for file in files {
        assert!(
            readme.contains(&format!("`{file}`")),
            "README.md does not name {file}"
        );
        let prosody = Prosody::start(paste(Setup::default(), &file, &receiver.url(), &[])).await;
        let ours_failed = prosody
            .log()
            .lines()
            .any(|line| line.contains("usher_events") && line.contains("\terror\t"));
        assert!(!ours_failed, "{file}:\n{}", prosody.log());
    }
}

#[tokio::test]
async fn with_jitsis_modules_an_hs256_token_opens_its_room_and_gives_its_role() {
    let Some(folders) = jitsi_plugins("tokens with a shared secret") else {
        return;
    };
    let receiver = Receiver::start().await;
    let setup = with_jitsi(Setup::default(), &folders)
        .plugins(snippets_folder())
        .muc("token_verification_allowlist = { \"auth.meet.test\" }");
    let setup = paste(setup, "token-hs256.cfg.lua", &receiver.url(), &[]);
    let setup = paste(setup, "usher-events.cfg.lua", &receiver.url(), &[])
        .muc("modules_enabled = { \"token_verification\", \"token_affiliation\", \"usher_events\" }");
    let prosody = Prosody::start(setup).await;
    let mut people = People::start();
    people.focus(&prosody, ALPHA).await;

    let secret = Some("replace-me-by-at-least-32-random-characters");
    let header = json!({ "typ": "JWT", "alg": "HS256" });
    let ann = json!({ "token": token(&header, &claims("alpha", true), secret) });
    let joined = people.join_with(&prosody, "ann", ALPHA, ann).await;
    assert_eq!(
        (&joined["affiliation"], &joined["role"]),
        (&json!("owner"), &json!("moderator")),
        "{joined}"
    );
    let bob = json!({ "token": token(&header, &claims("alpha", false), secret) });
    let joined = people.join_with(&prosody, "bob", ALPHA, bob).await;
    assert_eq!(
        (&joined["affiliation"], &joined["role"]),
        (&json!("member"), &json!("participant")),
        "{joined}"
    );

    let elsewhere = json!({ "token": token(&header, &claims("beta", false), secret) });
    let refused = people.join_with(&prosody, "cat", ALPHA, elsewhere).await;
    assert_eq!(
        (&refused["at"], &refused["refused"]),
        (&json!("room"), &json!("not-allowed")),
        "{refused}"
    );
    let forged = json!({ "token": token(&header, &claims("alpha", false), Some("another secret")) });
    let refused = people.join_with(&prosody, "dan", ALPHA, forged).await;
    assert_eq!(
        (&refused["at"], &refused["text"]),
        (&json!("sign-in"), &json!("Invalid signature")),
        "{refused}"
    );

    let events = receiver.facts(3).await;
    assert_eq!(events[1]["occupant"]["id"], "ann-7");
    assert_eq!(events[1]["occupant"]["moderator"], json!(true));
    assert_eq!(events[2]["occupant"]["moderator"], json!(false));
}

#[tokio::test]
async fn with_jitsis_modules_the_rs256_snippets_ask_usher_for_keys() {
    let Some(folders) = jitsi_plugins("tokens with a private key") else {
        return;
    };
    for (file, asked_at_start) in [
        ("token-rs256-keyserver.cfg.lua", None),
        ("token-rs256-jwks.cfg.lua", Some("/.well-known/jwks.json")),
    ] {
        let receiver = Receiver::start().await;
        receiver.answer(Answer::Status(404));
        let setup = paste(with_jitsi(Setup::default(), &folders), file, &receiver.url(), &[]);
        let prosody = Prosody::start(setup).await;
        let asked = |path: &str| {
            let path = path.to_owned();
            move |batches: &[Batch]| batches.iter().any(|batch| batch.path.starts_with(&path))
        };
        if let Some(path) = asked_at_start {
            receiver.wait_for_batches(path, asked(path)).await;
        }
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": KID });
        let unknown = json!({ "token": token(&header, &claims("alpha", false), None) });
        let refused = People::start().join_with(&prosody, "ann", ALPHA, unknown).await;
        assert_eq!(
            refused["text"], "could not obtain public key",
            "{file}: {refused}"
        );
        receiver
            .wait_for_batches(file, asked(&format!("/asap/{KID_HASH}.pem")))
            .await;
    }
}

#[tokio::test]
async fn with_the_contributed_module_event_sync_reports_with_usher_s_secret() {
    let Some(folders) = jitsi_plugins("event_sync's calls") else {
        return;
    };
    if !folders
        .iter()
        .any(|folder| folder.join("mod_event_sync_component.lua").exists())
    {
        return; // It is not one of Jitsi's own.
    }
    let receiver = Receiver::start().await;
    let breakout = "Component \"breakout.meet.test\" \"muc\"\nmuc_room_locking = false";
    let setup = with_jitsi(Setup::default(), &folders).end(breakout);
    let prosody = Prosody::start(paste(setup, "event-sync.cfg.lua", &receiver.url(), &[])).await;
    People::start().join(&prosody, "ann", ALPHA).await;

    let created = |batches: &[Batch]| batches.iter().any(|batch| batch.path == "/events/room/created");
    receiver.wait_for_batches("the room", created).await;
    let batches = receiver.batches();
    assert!(
        batches
            .iter()
            .all(|batch| batch.authorization == "Bearer replace-me-by-a-random-secret")
    );
}
