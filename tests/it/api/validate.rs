//! `POST /api/jitsi/validate-token`: every code that can be reached, and nothing believed that is not signed.

use serde_json::{Value, json};
use usher::tokens::sha256_hex;

use super::{GENERATE, JWKS, Said, VALIDATE, moment, now, text};
use crate::forged::{Forgery, rsa_setup};
use crate::usher::{APP_ID, APP_SECRET, Setup, Usher, answered};

async fn judged(usher: &Usher, token: &str) -> Value {
    answered(usher.post(VALIDATE, &json!({"token": token}))).await
}

/// Checks that each token gets this code, and a sentence.
async fn assert_codes(usher: &Usher, cases: &[(&str, String)]) {
    for (code, token) in cases {
        let mut answer = judged(usher, token).await;
        let sentence = answer
            .as_object_mut()
            .unwrap()
            .remove("error")
            .expect("a sentence");
        assert!(!text(&sentence).is_empty());
        assert_eq!(answer, json!({"valid": false, "code": code}), "{token}");
    }
}

/// The claims of a good token, with these changed; null takes one away.
fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": APP_ID, "aud": APP_ID, "sub": "meet.test", "room": "team", "exp": now() + 600, "nbf": now() - 10,
        "context": {"user": {"id": "u-1", "name": "Ann", "moderator": true}}
    });
    for (name, value) in changes.as_object().expect("changes are an object") {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

fn signed(changes: Value) -> String {
    Forgery::of(&claims(changes)).hs256(APP_SECRET.as_bytes())
}

#[tokio::test]
async fn a_good_token_says_whom_it_lets_in() {
    let usher = Usher::start(Setup::default()).await;
    let body = json!({"roomName": "Team", "userName": "Ann", "userId": "u-1", "isModerator": true});
    let issued = answered(usher.post(GENERATE, &body)).await;
    let answer = judged(&usher, text(&issued["token"])).await;
    assert_eq!(
        answer,
        json!({
            "valid": true, "expiresAt": issued["expiresAt"], "room": "team", "moderator": true,
            "user": {"id": "u-1", "name": "Ann"}
        })
    );
    let with_room = |room: &str| usher.post(VALIDATE, &json!({"token": issued["token"], "roomName": room}));
    assert_eq!(answered(with_room("TEAM")).await["valid"], true);
    assert_eq!(answered(with_room("team2")).await["code"], "wrong_room");
    let foreign = judged(&usher, &signed(json!({}))).await;
    assert_eq!(foreign["valid"], true, "another program may share the secret");
    assert!(moment(&foreign["expiresAt"]).timestamp() > now());
}

#[tokio::test]
async fn every_fault_has_its_code() {
    let usher = Usher::start(Setup::default()).await;
    let forged =
        |header: Value| Forgery::with_header(header, &claims(json!({}))).hs256(APP_SECRET.as_bytes());
    assert_codes(
        &usher,
        &[
            ("malformed", "x".into()),
            ("malformed", "a.b.c".into()),
            ("malformed", signed(json!({})) + ".x"),
            ("malformed", signed(json!({"exp": null}))),
            ("malformed", forged(json!({"alg": "HS256"}))),
            (
                "malformed",
                forged(json!({"alg": "HS256", "typ": "JWT", "crit": ["exp"]})),
            ),
            (
                "bad_signature",
                Forgery::of(&claims(json!({}))).hs256(b"another secret that nobody shares"),
            ),
            ("bad_signature", Forgery::of(&claims(json!({}))).hs256(b"")),
            ("wrong_algorithm", forged(json!({"alg": "HS384", "typ": "JWT"}))),
            ("expired", signed(json!({"exp": now() - 1}))),
            ("not_yet_valid", signed(json!({"nbf": now() + 600}))),
            ("wrong_issuer", signed(json!({"iss": "another"}))),
            ("wrong_issuer", signed(json!({"iss": null}))),
            ("wrong_audience", signed(json!({"aud": "another"}))),
            ("wrong_audience", signed(json!({"aud": [APP_ID]}))),
            ("wrong_subject", signed(json!({"sub": "elsewhere.test"}))),
            ("wrong_room", signed(json!({"room": null}))),
        ],
    )
    .await;
    for nothing in [json!({}), json!({"token": null}), json!({"token": ""})] {
        Said::to(usher.post(VALIDATE, &nothing))
            .await
            .assert_refused(400, "missing_field");
    }
    let metric = "usher_token_checks_total{result=\"wrong_audience\"}";
    assert_eq!(usher.metric(metric).await, 2.0);
}

#[tokio::test]
async fn a_caller_reads_why_in_its_language() {
    let usher = Usher::start(Setup::default()).await;
    let request = usher
        .post(VALIDATE, &json!({"token": "x"}))
        .header("Accept-Language", "fa");
    assert_eq!(answered(request).await["error"], "این متن توکن معتبری نیست.");
}

#[tokio::test]
async fn forged_tokens_open_nothing_where_a_secret_signs() {
    let usher = Usher::start(Setup::default()).await;
    let good = signed(json!({}));
    let stripped = good.rsplit_once('.').unwrap().0.to_owned() + ".";
    let none =
        |alg: &str| Forgery::with_header(json!({"alg": alg, "typ": "JWT"}), &claims(json!({}))).unsigned();
    let paths = [
        "../../../dev/null",
        "/dev/null",
        "key' or '1'='1",
        "http://127.0.0.1/key",
        "\u{0}",
    ];
    let mut cases: Vec<_> = paths
        .iter()
        .map(|kid| json!({"alg": "HS256", "typ": "JWT", "kid": kid, "jku": "http://127.0.0.1:9/", "jwk": {"k": ""}}))
        .map(|header| ("bad_signature", Forgery::with_header(header, &claims(json!({}))).hs256(b"")))
        .collect();
    cases.extend(["none", "None", "nOnE", "NONE", ""].map(|alg| ("wrong_algorithm", none(alg))));
    cases.extend([
        ("bad_signature", stripped),
        (
            "malformed",
            Forgery::with_header(json!(["HS256", "JWT"]), &claims(json!({}))).hs256(APP_SECRET.as_bytes()),
        ),
        ("malformed", "A".repeat(60_000)),
        ("malformed", ".".repeat(60_000)),
        ("malformed", good.replace('.', "=.")),
        ("malformed", format!(" {good}")),
    ]);
    assert_codes(&usher, &cases).await;
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let usher = Usher::start(rsa_setup(folder.path(), &[("2026-11", "2026-01-01T00:00:00Z")])).await;
    let issued = answered(usher.post(GENERATE, &json!({"roomName": "team", "userName": "Ann"}))).await;
    assert_eq!(judged(&usher, text(&issued["token"])).await["valid"], true);
    let pem = Said::to(usher.get(&format!("/asap/{}.pem", sha256_hex("2026-11"))))
        .await
        .text;
    let jwks = Said::to(usher.get(JWKS)).await.text;
    let claims = claims(json!({}));
    let header = |alg: &str, kid: Value| json!({"alg": alg, "typ": "JWT", "kid": kid});
    let confused = |secret: &str| {
        Forgery::with_header(header("HS256", json!("2026-11")), &claims).hs256(secret.as_bytes())
    };
    let rs = |kid: Value| Forgery::with_header(header("RS256", kid), &claims).hs256(pem.as_bytes());
    let (message, _) = text(&issued["token"]).rsplit_once('.').unwrap();
    let malformed = Forgery::with_header(header("RS256", Value::Null), &claims).unsigned();
    assert_codes(
        &usher,
        &[
            ("wrong_algorithm", confused(&pem)),
            ("wrong_algorithm", confused(pem.trim())),
            ("wrong_algorithm", confused(&jwks)),
            (
                "wrong_algorithm",
                Forgery::with_header(header("none", json!("2026-11")), &claims).unsigned(),
            ),
            ("bad_signature", rs(json!("2026-11"))),
            ("bad_signature", format!("{message}.")),
            ("unknown_key", rs(json!("2026-12"))),
            ("unknown_key", rs(json!("../2026-11"))),
            ("unknown_key", rs(json!("k".repeat(10_000)))),
            (
                "unknown_key",
                Forgery::with_header(json!({"alg": "RS256", "typ": "JWT"}), &claims).hs256(b""),
            ),
            ("malformed", malformed),
            ("malformed", rs(json!(7))),
        ],
    )
    .await;
}
