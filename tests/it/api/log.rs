//! The log: one line for each request, and nothing in any of them that opens a door or names a person.

use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};

use super::{BATCH, CREATE, GENERATE, Said, VALIDATE, text};
use crate::usher::{APP_SECRET, KEY, PROSODY_SECRET, Setup, Usher, answered};

const EMAIL: &str = "sara.private@example.com";
const NAME: &str = "Sara Privatename";

fn with_id(request: RequestBuilder, id: &str) -> RequestBuilder {
    request.header("X-Request-Id", id)
}

/// Gets tokens and has them judged; returns them.
async fn use_tokens(usher: &Usher) -> Vec<String> {
    let body = json!({"roomName": "private-room", "userName": NAME, "userEmail": EMAIL, "userId": EMAIL});
    let token = answered(with_id(usher.post(GENERATE, &body), "log-1")).await;
    let body = json!({"appointmentId": "a", "therapistName": NAME, "clientId": EMAIL});
    let room = answered(with_id(usher.post(CREATE, &body), "log-2")).await;
    let tokens =
        [&token["token"], &room["therapistToken"], &room["clientToken"]].map(|token| text(token).to_owned());
    for (number, token) in tokens.iter().enumerate() {
        let check = usher.post(VALIDATE, &json!({"token": token}));
        answered(with_id(check, &format!("log-3{number}"))).await;
    }
    let broken = usher.post(VALIDATE, &json!({"token": format!("{}x", tokens[0])}));
    assert_eq!(answered(with_id(broken, "log-4")).await["code"], "bad_signature");
    tokens.into()
}

/// Sends what is refused, with secrets and people in every place of a request.
async fn be_refused(usher: &Usher, token: &str) {
    let guess = usher.post_as("a-guessed-key", GENERATE, &json!({}));
    Said::to(with_id(guess, "log-5"))
        .await
        .assert_refused(401, "unauthenticated");
    let typo = usher.post(GENERATE, &json!({"roomName": {"name": NAME}, "userName": EMAIL}));
    Said::to(with_id(typo, "log-6"))
        .await
        .assert_refused(400, "wrong_type");
    let in_path = usher.get(&format!("/asap/{EMAIL}.pem?jwt={token}"));
    Said::to(with_id(in_path, "log-7"))
        .await
        .assert_refused(404, "not_found");
    let event = json!({"n": 1, "type": "joined", "at": NAME, "occupant": {"jid": EMAIL, "name": NAME}});
    let batch = json!({"host": "h", "instance": "i", "events": [event]});
    answered(with_id(usher.report(BATCH, &batch), "log-8")).await;
}

/// The lines about the requests of this test, without what differs from run to run.
fn request_lines(log: &str) -> BTreeMap<String, Value> {
    let mut lines = BTreeMap::new();
    for line in log.lines() {
        let mut line: Map<String, Value> = serde_json::from_str(line).expect("every line is an object");
        let id = line
            .get("request_id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if id.starts_with("log-") {
            for name in ["time", "target", "duration_ms", "request_id"] {
                assert!(line.remove(name).is_some(), "{name} is missing");
            }
            assert!(
                lines.insert(id, line.into()).is_none(),
                "one line for each request"
            );
        }
    }
    lines
}

/// The line about a request of the client `ataraxia`, with further fields.
fn line(route: &str, status: u16, more: Value) -> Value {
    let mut line = json!({
        "level": "info", "message": format!("POST {route} {status}"), "method": "POST", "route": route, "status": status
    });
    line.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    line
}

#[tokio::test]
async fn one_line_each_and_no_secret_in_any() {
    let levels = ("USHER_LOG".to_owned(), "debug".to_owned());
    let mut usher = Usher::start(Setup {
        variables: vec![levels],
        ..Setup::default()
    })
    .await;
    let tokens = use_tokens(&usher).await;
    be_refused(&usher, &tokens[1]).await;
    usher.signal("TERM");
    assert!(usher.ended().success());
    let log = usher.log();
    let secrets = [
        KEY,
        APP_SECRET,
        PROSODY_SECRET,
        EMAIL,
        NAME,
        "a-guessed-key",
        "private-room",
    ];
    for secret in secrets
        .into_iter()
        .chain(tokens.iter().flat_map(|token| token.split('.').skip(1)))
    {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    assert_told(&request_lines(&log));
}

fn assert_told(lines: &BTreeMap<String, Value>) {
    let client = || json!({"client": "ataraxia"});
    assert_eq!(lines["log-1"], line(GENERATE, 200, client()));
    assert_eq!(lines["log-2"], line(CREATE, 200, client()));
    assert_eq!(lines["log-30"], line(VALIDATE, 200, client()));
    assert_eq!(
        lines["log-4"],
        line(
            VALIDATE,
            200,
            json!({"client": "ataraxia", "reason": "bad_signature"})
        )
    );
    assert_eq!(
        lines["log-5"],
        line(GENERATE, 401, json!({"reason": "unauthenticated"}))
    );
    assert_eq!(
        lines["log-6"],
        line(
            GENERATE,
            400,
            json!({"client": "ataraxia", "reason": "wrong_type"})
        )
    );
    assert_eq!(lines["log-7"]["route"], "/asap/{kid}.pem");
    assert_eq!(lines["log-8"], line(BATCH, 200, json!({})));
    assert_eq!(lines.len(), 10);
}
