//! Tokens that act on rooms: what Prosody's library asks for, under a key that nobody else's token is checked with.

use super::*;

fn part(token: &str, number: usize) -> Value {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn rsa() -> JitsiTokens {
    JitsiTokens::new(&jitsi(Signing::Rsa(vec![signing_key("2026-11", &rsa_pem(), 0)]))).unwrap()
}

#[test]
fn they_are_good_for_a_minute_and_name_nobody() {
    let server = rsa();
    let id = token_id(at(NOW), [7; 10]);
    let issued = server.issue_control(at(NOW), id).unwrap();
    assert_eq!(
        part(&issued.token, 0),
        json!({ "typ": "JWT", "alg": "RS256", "kid": "control:2026-11" })
    );
    assert_eq!(
        part(&issued.token, 1),
        json!({
            "iss": "your-app-id", "aud": "your-app-id", "sub": "meet.example.com", "room": "*",
            "exp": NOW + 60, "nbf": NOW - 10, "iat": NOW, "jti": id.to_string(),
        })
    );
}

#[test]
fn their_key_is_published_apart() {
    let server = rsa();
    let (people, control) = (sha256_hex("2026-11"), sha256_hex("control:2026-11"));
    assert!(server.public_key_pem(&people).is_some() && server.control_key_pem(&control).is_some());
    assert_eq!(
        (server.public_key_pem(&control), server.control_key_pem(&people)),
        (None, None)
    );
    assert_eq!(server.public_key_pem(&people), server.control_key_pem(&control));
}

#[test]
fn they_are_no_tokens_for_people() {
    let server = rsa();
    let issued = server.issue_control(at(NOW), token_id(at(NOW), [7; 10])).unwrap();
    let refused = server
        .verify(&issued.token, Some(&room("alpha")), at(NOW))
        .unwrap_err();
    assert_eq!(refused.code(), "unknown_key");
}

#[test]
fn a_shared_secret_signs_none() {
    let none = shared_tokens().issue_control(at(NOW), token_id(at(NOW), [7; 10]));
    assert_eq!(none, Err(TokenError::NoKeyYet));
}
