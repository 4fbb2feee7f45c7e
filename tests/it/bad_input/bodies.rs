//! Bodies that are not what the route takes.

use serde_json::{Value, json};

use super::{Before, POSTED, head, say, status};
use crate::api::{BATCH, CREATE, GENERATE, Said, VALIDATE};
use crate::usher::{KEY, PROSODY_SECRET, Setup, Usher};

/// Texts that no route takes.
fn malformed() -> Vec<Vec<u8>> {
    let texts = [
        "",
        " ",
        "{",
        "}",
        "{\"a\":",
        "{\"a\"}",
        "nul",
        "null",
        "true",
        "7",
        "\"text\"",
        "[",
        "[]",
        "[1,2,3]",
        "[[]]",
        "{}}",
        "{} {}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":NaN}",
        "{\"a\":-Infinity}",
        "{\"a\":01}",
        "{\"a\":1e999}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\u{1}\"}",
        "\u{feff}{}",
        "/**/{}",
        "roomName=r&userName=u",
        "{\"roomName\":\"r\",\"roomName\":\"s\",\"userName\":\"u\"}",
        "{\"host\":\"h\",\"host\":\"g\",\"instance\":\"i\",\"events\":[]}",
        "{\"room_name\":\"a\",\"room_name\":\"b\",\"created_at\":1}",
    ];
    let mut all: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    all.push(b"{\"roomName\":\"\xff\xfe\",\"userName\":\"u\"}".to_vec());
    all.push(vec![0; 1000]);
    all.push("[".repeat(60_000).into_bytes());
    all.push("{\"a\":".repeat(12_000).into_bytes());
    all.push(format!("{{\"roomName\":{}", "[".repeat(50_000)).into_bytes());
    all.push(format!("{{\"events\":[{}", "[".repeat(50_000)).into_bytes());
    all.push(format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200)).into_bytes());
    all
}

#[tokio::test]
async fn what_is_not_json_is_told_so_everywhere() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    for (path, secret) in POSTED {
        for body in malformed() {
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let request = usher
                .http
                .post(format!("{}{path}", usher.url()))
                .bearer_auth(secret)
                .body(body);
            let said = Said::to(request).await;
            let (status, code) = said.refusal();
            let known =
                ["invalid_json", "wrong_type", "missing_field", "invalid_field"].contains(&code.as_str());
            assert!(status == 400 && known, "{path} {shown}: {said:?}");
        }
    }
    before.assert_unharmed(&usher).await;
}

const NO_TEXT: &[&str] = &["7", "true", "[]", "{}"];
const NO_FLAG: &[&str] = &["\"true\"", "1", "[]", "{}"];
const NO_NUMBER: &[&str] = &["\"60\"", "-1", "1.5", "1e300", "true", "[]", "{}"];
const NO_TIME: &[&str] = &["\"60\"", "true", "[]", "{}"];
const NO_MAP: &[&str] = &["\"x\"", "7", "true", "[]", "[true]"];
const NO_LIST: &[&str] = &["\"x\"", "7", "true", "{\"a\":1}"];
const NO_ITEM: &[&str] = &["[7]", "[null]", "[\"x\"]"];

/// A body with one field to be filled in (`?`), the values that are of another type, and what the answer names.
const FIELDS: &[(&str, &str, &[&str], &str)] = &[
    (GENERATE, r#"{"userName":"u","roomName":?}"#, NO_TEXT, "roomName"),
    (GENERATE, r#"{"roomName":"r","userName":?}"#, NO_TEXT, "userName"),
    (
        GENERATE,
        r#"{"roomName":"r","userName":"u","userEmail":?}"#,
        NO_TEXT,
        "userEmail",
    ),
    (
        GENERATE,
        r#"{"roomName":"r","userName":"u","userId":?}"#,
        NO_TEXT,
        "userId",
    ),
    (
        GENERATE,
        r#"{"roomName":"r","userName":"u","avatar":?}"#,
        NO_TEXT,
        "avatar",
    ),
    (
        GENERATE,
        r#"{"roomName":"r","userName":"u","group":?}"#,
        NO_TEXT,
        "group",
    ),
    (
        GENERATE,
        r#"{"roomName":"r","userName":"u","appointmentId":?}"#,
        NO_TEXT,
        "appointmentId",
    ),
    (
        GENERATE,
        r#"{"roomName":"r","userName":"u","isModerator":?}"#,
        NO_FLAG,
        "isModerator",
    ),
    (
        GENERATE,
        r#"{"roomName":"r","userName":"u","expiresIn":?}"#,
        NO_NUMBER,
        "expiresIn",
    ),
    (
        GENERATE,
        r#"{"roomName":"r","userName":"u","features":?}"#,
        NO_MAP,
        "features",
    ),
    (
        GENERATE,
        r#"{"roomName":"r","userName":"u","features":{"lobby":?}}"#,
        NO_FLAG,
        "features.lobby",
    ),
    (CREATE, r#"{"appointmentId":?}"#, NO_TEXT, "appointmentId"),
    (
        CREATE,
        r#"{"appointmentId":"a","therapistId":?}"#,
        NO_TEXT,
        "therapistId",
    ),
    (
        CREATE,
        r#"{"appointmentId":"a","clientId":?}"#,
        NO_TEXT,
        "clientId",
    ),
    (
        CREATE,
        r#"{"appointmentId":"a","therapistName":?}"#,
        NO_TEXT,
        "therapistName",
    ),
    (
        CREATE,
        r#"{"appointmentId":"a","clientName":?}"#,
        NO_TEXT,
        "clientName",
    ),
    (
        CREATE,
        r#"{"appointmentId":"a","scheduledStartTime":?}"#,
        NO_TEXT,
        "scheduledStartTime",
    ),
    (
        CREATE,
        r#"{"appointmentId":"a","durationMinutes":?}"#,
        NO_NUMBER,
        "durationMinutes",
    ),
    (
        CREATE,
        r#"{"appointmentId":"a","callType":?}"#,
        NO_TEXT,
        "callType",
    ),
    (VALIDATE, r#"{"token":?}"#, NO_TEXT, "token"),
    (VALIDATE, r#"{"token":"x","roomName":?}"#, NO_TEXT, "roomName"),
    ("/events/room/created", r#"{"room_name":?}"#, NO_TEXT, "room_name"),
    ("/events/room/created", r#"{"room_jid":?}"#, NO_TEXT, "room_jid"),
    (
        "/events/room/created",
        r#"{"room_name":"r","is_breakout":?}"#,
        NO_FLAG,
        "is_breakout",
    ),
    (
        "/events/room/created",
        r#"{"room_name":"r","created_at":?}"#,
        NO_TIME,
        "created_at",
    ),
    (
        "/events/room/destroyed",
        r#"{"room_name":"r","destroyed_at":?}"#,
        NO_TIME,
        "destroyed_at",
    ),
    (
        "/events/room/destroyed",
        r#"{"room_name":"r","all_occupants":?}"#,
        NO_LIST,
        "all_occupants",
    ),
    (
        "/events/room/destroyed",
        r#"{"room_name":"r","all_occupants":?}"#,
        NO_ITEM,
        "all_occupants[0]",
    ),
    (
        "/events/occupant/joined",
        r#"{"room_name":"r","occupant":?}"#,
        &["\"x\"", "7", "true"],
        "occupant",
    ),
    (
        "/events/occupant/joined",
        r#"{"occupant":{"occupant_jid":?}}"#,
        NO_TEXT,
        "occupant.occupant_jid",
    ),
    (
        "/events/occupant/joined",
        r#"{"occupant":{"occupant_jid":"j","joined_at":?}}"#,
        NO_TIME,
        "occupant.joined_at",
    ),
    (
        "/events/occupant/left",
        r#"{"occupant":{"occupant_jid":"j","left_at":?}}"#,
        NO_TIME,
        "occupant.left_at",
    ),
    (BATCH, r#"{"instance":"i","events":[],"host":?}"#, NO_TEXT, "host"),
    (
        BATCH,
        r#"{"host":"h","events":[],"instance":?}"#,
        NO_TEXT,
        "instance",
    ),
    (
        BATCH,
        r#"{"host":"h","instance":"i","events":[],"dropped":?}"#,
        NO_NUMBER,
        "dropped",
    ),
    (
        BATCH,
        r#"{"host":"h","instance":"i","events":?}"#,
        NO_LIST,
        "events",
    ),
    (
        BATCH,
        r#"{"host":"h","instance":"i","events":[{"n":?}]}"#,
        NO_NUMBER,
        "events.n",
    ),
    (
        BATCH,
        r#"{"host":"h","instance":"i","events":?}"#,
        NO_ITEM,
        "events.n",
    ),
];

#[tokio::test]
async fn a_wrong_type_is_told_by_the_name_of_its_field() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    for (path, template, values, field) in FIELDS {
        let secret = if path.starts_with("/api/") {
            KEY
        } else {
            PROSODY_SECRET
        };
        for value in *values {
            let body = template.replace('?', value);
            let request = usher
                .http
                .post(format!("{}{path}", usher.url()))
                .bearer_auth(secret)
                .body(body.clone());
            let said = Said::to(request).await;
            assert_eq!(said.status, 400, "{path} {body}: {said:?}");
            assert_eq!(said.json()["field"], *field, "{path} {body}: {said:?}");
            assert!(!said.json()["error"].as_str().unwrap().is_empty());
        }
    }
    assert!(
        usher.event_log().is_empty(),
        "nothing of all this became a meeting"
    );
    before.assert_unharmed(&usher).await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_however_it_comes() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    for (path, secret) in POSTED {
        let head = head(path, secret);
        // Programs may send 64 KiB, meeting servers 4 MiB.
        let large = vec![b' '; if secret == KEY { 1 << 20 } else { (4 << 20) + 1 }];
        let whole = [
            format!("{head}content-length: {}\r\n\r\n", large.len()).into_bytes(),
            large.clone(),
        ]
        .concat();
        let mut chunked = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
        for chunk in large.chunks(10_000) {
            chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunked.extend_from_slice(chunk);
            chunked.extend_from_slice(b"\r\n");
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        let announced =
            format!("{head}content-length: 1000000000000\r\nexpect: 100-continue\r\n\r\n").into_bytes();
        for bytes in [whole, chunked, announced] {
            let answer = say(&usher, bytes).await;
            assert_eq!(status(&answer), 413, "{path}: {answer}");
            assert!(answer.contains("\"code\":\"body_too_large\""), "{answer}");
        }
        let nobody = head.replace(secret, "nobody");
        let answer = say(
            &usher,
            format!("{nobody}content-length: 1000000000000\r\nexpect: 100-continue\r\n\r\n"),
        )
        .await;
        assert!([401, 429].contains(&status(&answer)), "{answer}");
    }
    before.assert_unharmed(&usher).await;
}

#[tokio::test]
async fn texts_of_any_length_are_refused_or_bounded() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    let long = "x".repeat(60_000);
    let wide = "😀".repeat(15_000);
    for text in [&long, &wide] {
        let with = |name: &str| {
            let mut body = json!({"roomName": "r", "userName": "u"});
            body[name] = Value::from(text.as_str());
            body
        };
        for name in ["roomName", "userName", "userEmail", "userId", "avatar", "group"] {
            let said = Said::to(usher.post(GENERATE, &with(name))).await;
            said.assert_refused(400, "invalid_field");
            assert_eq!(said.json()["field"], name);
            assert!(said.text.len() < 1000, "{said:?}");
        }
        let features = json!({"roomName": "r", "userName": "u", "features": {text.as_str(): true}});
        let said = Said::to(usher.post(GENERATE, &features)).await;
        said.assert_refused(400, "invalid_field");
        assert!(said.text.len() < 1000, "{said:?}");
        let typed = json!({"roomName": "r", "userName": "u", "features": {text.as_str(): 7}});
        let said = Said::to(usher.post(GENERATE, &typed)).await;
        said.assert_refused(400, "wrong_type");
        assert!(
            said.text.len() < 1000,
            "an answer does not repeat what was sent: {} bytes",
            said.text.len()
        );
    }
    before.assert_unharmed(&usher).await;
}
