//! Public keys: `GET /asap/{sha256 of kid}.pem` and `GET /.well-known/jwks.json`.

use std::path::Path;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};
use usher::tokens::sha256_hex;

use super::{GENERATE, JWKS, Said, VALIDATE, claims, header, now, text};
use crate::forged::rsa_setup;
use crate::usher::{Setup, Usher, answered};

const LONG_AGO: &str = "2026-01-01T00:00:00Z";

fn pem_path(kid: &str) -> String {
    format!("/asap/{}.pem", sha256_hex(kid))
}

async fn token(usher: &Usher) -> String {
    text(&answered(usher.post(GENERATE, &json!({"roomName": "r", "userName": "u"}))).await["token"])
        .to_owned()
}

fn at(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0)
        .unwrap()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Checks a token with the PEM, by the means of another program.
fn openssl_verifies(folder: &Path, pem: &str, token: &str) -> bool {
    use base64::Engine;
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(signature)
        .unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    write("public.pem", pem.as_bytes());
    write("message", message.as_bytes());
    write("signature", &signature);
    let arguments = [
        "dgst",
        "-sha256",
        "-verify",
        "public.pem",
        "-signature",
        "signature",
        "message",
    ];
    let said = std::process::Command::new("openssl")
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    said.status.success()
}

#[tokio::test]
async fn prosody_fetches_the_keys_that_sign() {
    let folder = tempfile::tempdir().unwrap();
    let usher = Usher::start(rsa_setup(folder.path(), &[("2026-11", LONG_AGO)])).await;
    let token = token(&usher).await;
    assert_eq!(
        header(&token),
        json!({"alg": "RS256", "typ": "JWT", "kid": "2026-11"})
    );

    let pem = Said::to(usher.get(&pem_path("2026-11"))).await;
    assert_eq!(pem.header("cache-control"), "public, max-age=3600");
    assert_eq!(pem.header("content-type"), "application/x-pem-file");
    assert!(
        pem.text.starts_with("-----BEGIN PUBLIC KEY-----\n"),
        "{}",
        pem.text
    );
    assert!(openssl_verifies(folder.path(), &pem.text, &token));

    let set = Said::to(usher.get(JWKS)).await;
    assert_eq!(set.header("cache-control"), "public, max-age=600");
    assert_eq!(set.header("content-type"), "application/json");
    let set = super::without(set.json(), &["/keys/0/n"]);
    let key = json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "2026-11", "n": "…", "e": "AQAB"});
    assert_eq!(set, json!({"keys": [key]}));

    for unknown in [
        pem_path("2026-12"),
        "/asap/x.pem".into(),
        format!("/asap/{}", sha256_hex("2026-11")),
    ] {
        let refused = Said::to(usher.get(&unknown)).await;
        refused.assert_refused(404, "not_found");
        assert_eq!(
            refused.header("cache-control"),
            "no-store",
            "an answer that may change soon"
        );
    }
}

#[tokio::test]
async fn a_secret_is_never_published() {
    let usher = Usher::start(Setup::default()).await;
    let set = Said::to(usher.get(JWKS)).await;
    assert_eq!((set.status.as_u16(), set.json()), (200, json!({"keys": []})));
}

#[tokio::test]
async fn a_new_key_is_published_ahead_and_signs_from_its_time_on() {
    let folder = tempfile::tempdir().unwrap();
    // Far enough ahead that the daemon is up by then.
    let from = now() + 8;
    let keys = [("old", LONG_AGO), ("new", at(from).as_str())].map(|(kid, from)| (kid, from.to_owned()));
    let keys: Vec<_> = keys.iter().map(|(kid, from)| (*kid, from.as_str())).collect();
    let usher = Usher::start(rsa_setup(folder.path(), &keys)).await;
    let set = Said::to(usher.get(JWKS)).await.json();
    let kids: Vec<_> = set["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| text(&key["kid"]).to_owned())
        .collect();
    assert_eq!(kids, ["old", "new"], "published before it signs");
    assert_eq!(Said::to(usher.get(&pem_path("new"))).await.status, 200);
    let by_old = std::sync::Mutex::new(None);
    let by_new = usher
        .eventually("the new key signs", async |usher| {
            let token = token(usher).await;
            let (kid, iat) = (
                header(&token)["kid"].clone(),
                claims(&token)["iat"].as_i64().unwrap(),
            );
            assert_eq!(kid == "new", iat >= from, "{kid} at {iat}");
            by_old.lock().unwrap().get_or_insert(token.clone());
            (kid == "new").then_some(token)
        })
        .await;
    for token in [by_old.into_inner().unwrap().expect("some token was made"), by_new] {
        let judged: Value = answered(usher.post(VALIDATE, &json!({"token": token}))).await;
        assert_eq!(judged["valid"], true, "the old key is kept while its tokens live");
    }
}
