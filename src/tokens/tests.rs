//! Tokens against an independent reader, forged tokens, and what holds for every token.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::samples::*;
use super::*;
use crate::config::daemon::Signing;
use crate::config::secret::Secret;
use crate::domain::{RoomName, UserId};

mod control;
mod identity;

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn issue(server: &JitsiTokens, grant: &Grant) -> String {
    server
        .issue(grant, at(NOW), token_id(at(NOW), [7; 10]))
        .unwrap()
        .token
}

/// What another implementation reads in a token, after it has checked the signature.
fn read(token: &str, key: &jsonwebtoken::DecodingKey, algorithm: jsonwebtoken::Algorithm) -> Value {
    let mut validation = jsonwebtoken::Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode(token, key, &validation).unwrap().claims
}

fn read_shared(token: &str) -> Value {
    let key = jsonwebtoken::DecodingKey::from_secret(SECRET.as_bytes());
    read(token, &key, jsonwebtoken::Algorithm::HS256)
}

fn refusal(token: &str) -> &'static str {
    match shared_tokens().verify(token, Some(&room("alpha")), at(NOW)) {
        Ok(_) => "accepted",
        Err(refusal) => refusal.code(),
    }
}

fn refusal_of(change: impl FnOnce(&mut Value)) -> &'static str {
    refusal(&with_claims(change))
}

#[test]
fn the_payload_is_exactly_what_the_contract_says() {
    let mut grant = grant("Ataraxia-12345", "Dr. Sarah Johnson");
    grant.moderator = true;
    grant.user.id = Some(UserId::parse("therapist-123").unwrap());
    grant.user.email = Some(Email::parse("sarah.johnson@example.com").unwrap());
    grant.user.avatar = Some(AvatarUrl::parse("https://example.com/s.png").unwrap());
    grant.group = Some(PlainText::parse("ataraxia-wellness").unwrap());
    assert_eq!(
        read_shared(&issue(&shared_tokens(), &grant)),
        json!({
            "iss": "your-app-id", "aud": "your-app-id", "sub": "meet.example.com", "room": "ataraxia-12345",
            "exp": NOW + 7200, "nbf": NOW - 10, "iat": NOW, "jti": "01a1fb95-2510-7707-8707-070707070707",
            "moderator": true,
            "context": {
                "user": {
                    "id": "therapist-123", "name": "Dr. Sarah Johnson", "email": "sarah.johnson@example.com",
                    "avatar": "https://example.com/s.png", "moderator": true, "affiliation": "owner",
                },
                "group": "ataraxia-wellness",
            },
        })
    );
}

#[test]
fn what_is_absent_is_left_out() {
    let payload = read_shared(&issue(&shared_tokens(), &grant("alpha", "Ann")));
    assert_eq!(
        payload["context"],
        json!({"user": {"name": "Ann", "affiliation": "member"}})
    );
    assert_eq!(payload["moderator"], false);
}

#[test]
fn a_shared_secret_signs_without_a_kid() {
    let header = jsonwebtoken::decode_header(issue(&shared_tokens(), &grant("alpha", "Ann"))).unwrap();
    assert_eq!((header.typ.as_deref(), header.kid), (Some("JWT"), None));
}

#[test]
fn a_verified_token_says_who_may_do_what() {
    let mut grant = grant("alpha", "Ann");
    grant.moderator = true;
    let verified = shared_tokens()
        .verify(&issue(&shared_tokens(), &grant), None, at(NOW))
        .unwrap();
    assert_eq!(verified.room.as_deref(), Some("alpha"));
    assert_eq!(
        verified.user,
        VerifiedUser {
            name: Some("Ann".to_owned()),
            ..VerifiedUser::default()
        }
    );
    assert!(verified.moderator);
    assert_eq!(verified.expires_at, grant.expires_at);
}

#[test]
fn there_is_no_leeway() {
    let server = shared_tokens();
    let token = issue(&server, &grant("alpha", "Ann"));
    let check = |second| server.verify(&token, None, at(second)).map(|_| ());
    assert_eq!(check(NOW - 11), Err(Refusal::NotYetValid));
    assert_eq!(check(NOW - 10), Ok(()));
    assert_eq!(check(NOW + 7199), Ok(()));
    assert_eq!(check(NOW + 7200), Err(Refusal::Expired));
}

#[test]
fn a_grant_that_is_over_becomes_no_token() {
    let over = Grant {
        expires_at: at(NOW),
        ..grant("alpha", "Ann")
    };
    let issued = shared_tokens().issue(&over, at(NOW), Uuid::nil());
    assert_eq!(issued, Err(TokenError::Expired));
}

#[test]
fn forged_headers_are_refused() {
    let payload = claims().to_string();
    let header = |header: &str| refusal(&forged(header, &payload, SECRET));
    assert_eq!(header(r#"{"typ":"JWT","alg":"HS256"}"#), "accepted");
    assert_eq!(
        header(r#"{"typ":"JWT","alg":"HS256","kid":"ignored, as by Prosody"}"#),
        "accepted"
    );
    for algorithm in [
        "none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256", "EdDSA", "hs256",
    ] {
        let text = json!({"typ": "JWT", "alg": algorithm}).to_string();
        assert_eq!(header(&text), "wrong_algorithm", "{algorithm}");
    }
    for malformed in [
        r#"{"alg":"HS256"}"#,
        r#"{"typ":"jwt","alg":"HS256"}"#,
        r#"{"typ":"at+jwt","alg":"HS256"}"#,
        r#"{"typ":"JWT"}"#,
        r#"{"typ":"JWT","alg":null}"#,
        r#"{"typ":"JWT","alg":["HS256"]}"#,
        r#"{"typ":"JWT","alg":"none","alg":"HS256"}"#,
        r#"{"typ":"JWT","alg":"HS256","kid":null}"#,
        r#"{"typ":"JWT","alg":"HS256","crit":["exp"]}"#,
        r#"{"typ":"JWT","alg":"HS256","crit":null}"#,
        r#"["HS256","JWT"]"#,
        "",
    ] {
        assert_eq!(header(malformed), "malformed", "{malformed}");
    }
}

#[test]
fn broken_shapes_are_refused() {
    let good = with_claims(|_| ());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let long = format!("{good}{}", "A".repeat(verify::MAX_BYTES));
    for broken in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "ä.ö.ü",
        message,
        &format!("{good}."),
        &format!("{good}="),
        &long,
    ] {
        assert_eq!(refusal(broken), "malformed", "{broken:.20}");
    }
    assert_eq!(refusal(&format!("{message}.")), "bad_signature");
    assert_eq!(
        refusal(&format!("{message}.{}", &signature[..42])),
        "malformed",
        "bits left over"
    );
    let (header, _) = message.split_once('.').unwrap();
    let other = with_claims(|claims| claims["room"] = json!("*"));
    let payload = other.split('.').nth(1).unwrap();
    assert_eq!(
        refusal(&format!("{header}.{payload}.{signature}")),
        "bad_signature"
    );
    assert_eq!(
        refusal(&forged(
            r#"{"typ":"JWT","alg":"HS256"}"#,
            &claims().to_string(),
            "other"
        )),
        "bad_signature"
    );
}

#[test]
fn every_claim_has_its_own_refusal() {
    assert_eq!(refusal_of(|c| c["iss"] = json!("other")), "wrong_issuer");
    assert_eq!(refusal_of(|c| c["iss"] = json!(null)), "wrong_issuer");
    assert_eq!(
        refusal_of(|c| c["aud"] = json!(["your-app-id"])),
        "wrong_audience"
    );
    assert_eq!(refusal_of(|c| c["aud"] = json!("jitsi")), "wrong_audience");
    assert_eq!(
        refusal_of(|c| c["sub"] = json!("other.example.com")),
        "wrong_subject"
    );
    assert_eq!(refusal_of(|c| c["sub"] = json!(null)), "wrong_subject");
    assert_eq!(refusal_of(|c| c["sub"] = json!("MEET.example.com")), "accepted");
    assert_eq!(refusal_of(|c| c["sub"] = json!("*")), "accepted");
    assert_eq!(refusal_of(|c| c["room"] = json!("beta")), "wrong_room");
    assert_eq!(refusal_of(|c| c["room"] = json!(7)), "wrong_room");
    assert_eq!(refusal_of(|c| c["room"] = json!("ALPHA")), "accepted");
    assert_eq!(refusal_of(|c| c["room"] = json!("*")), "accepted");
    assert_eq!(refusal_of(|c| c["exp"] = json!(NOW)), "expired");
    assert_eq!(refusal_of(|c| c["exp"] = json!(NOW as f64 + 0.5)), "accepted");
    assert_eq!(refusal_of(|c| c["exp"] = json!(-1e300)), "expired");
    assert_eq!(refusal_of(|c| c["nbf"] = json!(NOW + 1)), "not_yet_valid");
}

#[test]
fn strange_claims_are_refused() {
    assert_eq!(
        refusal_of(|c| c["exp"] = json!((NOW + 60).to_string())),
        "malformed"
    );
    assert_eq!(refusal_of(|c| c["exp"] = json!(null)), "malformed");
    assert_eq!(refusal_of(|c| c["exp"] = json!(1e300)), "malformed");
    assert_eq!(refusal_of(|c| c["nbf"] = json!(null)), "malformed");
    assert_eq!(
        refusal_of(|c| drop(c.as_object_mut().unwrap().remove("exp"))),
        "malformed"
    );
    assert_eq!(refusal_of(|c| c["context"] = json!(null)), "malformed");
    assert_eq!(refusal_of(|c| c["context"] = json!([])), "malformed");
    assert_eq!(refusal_of(|c| c["context"]["user"] = json!("Ann")), "malformed");
    assert_eq!(refusal_of(|c| c["context"]["user"] = json!(["Ann"])), "malformed");
    assert_eq!(refusal_of(|c| c["context"]["group"] = json!(7)), "malformed");
    assert_eq!(refusal_of(|c| c["context"]["room"] = json!(null)), "malformed");
    assert_eq!(
        refusal_of(|c| c["context"]["room"] = json!({"regex": true})),
        "wrong_room"
    );
    let header = r#"{"typ":"JWT","alg":"HS256"}"#;
    let twice = claims().to_string().replacen('{', r#"{"room":"beta","#, 1);
    assert_eq!(
        refusal(&forged(header, &twice, SECRET)),
        "malformed",
        "a claim named twice"
    );
    assert_eq!(
        refusal(&forged(header, r#"["your-app-id"]"#, SECRET)),
        "malformed"
    );
    assert_eq!(refusal(&forged(header, &"[".repeat(9000), SECRET)), "malformed");
    assert_eq!(refusal(&forged(header, r#"{"exp":1e999}"#, SECRET)), "malformed");
}

#[test]
fn a_tenant_is_part_of_the_room() {
    let server = shared_tokens();
    let acme = RoomName::from_node("[acme]alpha").unwrap();
    let check = |sub: &str| {
        let token = with_claims(|claims| claims["sub"] = json!(sub));
        server.verify(&token, Some(&acme), at(NOW)).map(|_| ())
    };
    assert_eq!(check("acme"), Ok(()));
    assert_eq!(check("*"), Ok(()));
    assert_eq!(check("meet.example.com"), Err(Refusal::WrongSubject));
}

#[test]
fn rsa_keys_take_turns_and_stay_published() {
    let (old, new) = (rsa_pem(), rsa_pem());
    let keys = vec![
        signing_key("2026-10", &old, NOW - 100),
        signing_key("2026-11", &new, NOW + 100),
    ];
    let server = JitsiTokens::new(&jitsi(Signing::Rsa(keys))).unwrap();
    let kid_at = |second| {
        let issued = server.issue(&grant("alpha", "Ann"), at(second), Uuid::nil());
        issued.map(|issued| jsonwebtoken::decode_header(issued.token).unwrap().kid.unwrap())
    };
    assert_eq!(kid_at(NOW - 101), Err(TokenError::NoKeyYet));
    assert_eq!(kid_at(NOW + 99), Ok("2026-10".to_owned()));
    assert_eq!(kid_at(NOW + 100), Ok("2026-11".to_owned()));
    let before = issue(&server, &grant("alpha", "Ann"));
    assert!(
        server.verify(&before, None, at(NOW + 200)).is_ok(),
        "an old token lives on"
    );
    for kid in ["2026-10", "2026-11"] {
        let pem = server.public_key_pem(&sha256_hex(kid)).unwrap();
        assert!(
            pem.starts_with("-----BEGIN PUBLIC KEY-----\n") && pem.ends_with("-----END PUBLIC KEY-----\n")
        );
    }
    assert_eq!(server.public_key_pem(&sha256_hex("../../x")), None);
    assert_eq!(server.public_key_pem("2026-10"), None);
}

#[test]
fn the_published_keys_verify_what_was_signed() {
    let keys = vec![signing_key("2026-11", &rsa_pem(), NOW - 100)];
    let server = JitsiTokens::new(&jitsi(Signing::Rsa(keys))).unwrap();
    let token = issue(&server, &grant("alpha", "Ann"));
    let set: Value = serde_json::from_str(&published(&[server])).unwrap();
    let key = &set["keys"][0];
    let mut names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(
        (&key["kid"], &key["alg"], &key["use"]),
        (&json!("2026-11"), &json!("RS256"), &json!("sig"))
    );
    let jwk = serde_json::from_value(key.clone()).unwrap();
    let claims = read(
        &token,
        &jsonwebtoken::DecodingKey::from_jwk(&jwk).unwrap(),
        jsonwebtoken::Algorithm::RS256,
    );
    assert_eq!(claims["room"], "alpha");
}

#[test]
fn shared_secrets_are_not_published() {
    assert_eq!(published(&[shared_tokens()]), r#"{"keys":[]}"#);
}

#[test]
fn a_public_key_does_not_serve_as_a_secret() {
    let keys = vec![signing_key("2026-11", &rsa_pem(), NOW - 100)];
    let server = JitsiTokens::new(&jitsi(Signing::Rsa(keys))).unwrap();
    let public = server.public_key_pem(&sha256_hex("2026-11")).unwrap().to_owned();
    let check = |header: &str, secret: &str| {
        let token = forged(header, &claims().to_string(), secret);
        server.verify(&token, None, at(NOW)).unwrap_err().code()
    };
    let hs = r#"{"typ":"JWT","alg":"HS256","kid":"2026-11"}"#;
    assert_eq!(check(hs, &public), "wrong_algorithm");
    assert_eq!(check(hs, public.trim_end()), "wrong_algorithm");
    let rs = |kid: &str| json!({"typ": "JWT", "alg": "RS256", "kid": kid}).to_string();
    assert_eq!(check(&rs("2026-11"), &public), "bad_signature");
    assert_eq!(check(&rs("2026-12"), &public), "unknown_key");
    assert_eq!(check(&rs("../../../etc/passwd"), &public), "unknown_key");
    assert_eq!(check(r#"{"typ":"JWT","alg":"RS256"}"#, &public), "unknown_key");
}

#[test]
fn unusable_keys_are_named_without_their_content() {
    let fault = |pem: &str| {
        let keys = vec![signing_key("2026-11", pem, NOW)];
        JitsiTokens::new(&jitsi(Signing::Rsa(keys))).unwrap_err()
    };
    let named = |kind: fn(String, String) -> KeyError| kind("main".to_owned(), "2026-11".to_owned());
    assert_eq!(
        fault("hunter2"),
        named(|server, kid| KeyError::NotPem { server, kid })
    );
    let ec = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
    assert_eq!(fault(ec), named(|server, kid| KeyError::NotRsa { server, kid }));
    assert!(!fault("hunter2").to_string().contains("hunter2"));
    let empty = JitsiTokens::new(&jitsi(Signing::Shared(Secret::new("")))).unwrap_err();
    assert_eq!(
        empty,
        KeyError::EmptySecret {
            server: "main".to_owned()
        }
    );
}

#[test]
fn both_forms_of_private_keys_are_read() {
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der>::as_der(&pair).unwrap();
    let published = |pem: String| {
        let keys = vec![signing_key("k", &pem, NOW)];
        let server = JitsiTokens::new(&jitsi(Signing::Rsa(keys))).unwrap();
        server.public_key_pem(&sha256_hex("k")).unwrap().to_owned()
    };
    let pkcs8 = published(keys::pem("PRIVATE KEY", der.as_ref()));
    let pkcs1 = published(keys::pem("RSA PRIVATE KEY", &der.as_ref()[26..]));
    assert_eq!(pkcs8, pkcs1, "PKCS#8 is PKCS#1 behind a head of 26 bytes");
}

#[test]
fn nothing_secret_is_debugged() {
    let server = shared_tokens();
    let issued = server
        .issue(&grant("alpha", "Ann"), at(NOW), Uuid::nil())
        .unwrap();
    let shown = format!("{server:?} {issued:?}");
    assert!(
        !shown.contains(SECRET) && !shown.contains(&issued.token),
        "{shown}"
    );
}

#[test]
fn refusal_codes_are_distinct() {
    let codes: std::collections::BTreeSet<_> = Refusal::ALL.map(Refusal::code).into();
    assert_eq!(codes.len(), Refusal::ALL.len());
}

/// Everything below a value that a JSON reader in Lua stumbles over.
fn stumbles(value: &Value) -> bool {
    match value {
        Value::Null | Value::Number(_) => true,
        Value::String(text) => text.contains(person::unspeakable),
        Value::Array(items) => items.iter().any(stumbles),
        Value::Object(fields) => fields.values().any(stumbles),
        Value::Bool(_) => false,
    }
}

proptest! {
    #[test]
    fn whatever_is_issued_is_accepted(name in any::<String>(), room in "\\PC{1,40}", moderator: bool) {
        let (Ok(name), Ok(room)) = (PlainText::parse(&name), RoomName::parse(&room)) else { return Ok(()) };
        let server = shared_tokens();
        let user = Person::named(name.clone());
        let grant = Grant { user, moderator, room: room.clone(), ..grant("alpha", "Ann") };
        let token = issue(&server, &grant);
        let verified = server.verify(&token, Some(&room), at(NOW)).unwrap();
        prop_assert_eq!(verified.user.name.as_deref(), Some(name.as_str()));
        prop_assert_eq!(verified.moderator, moderator);
        prop_assert!(!stumbles(&read_shared(&token)["context"]));
    }

    #[test]
    fn no_token_is_too_strange(text in "[ -~]{0,200}", header in any::<Vec<u8>>(), payload in any::<Vec<u8>>()) {
        prop_assert!(shared_tokens().verify(&text, None, at(NOW)).is_err());
        let (header, payload) = (String::from_utf8_lossy(&header), String::from_utf8_lossy(&payload));
        prop_assert!(shared_tokens().verify(&forged(&header, &payload, SECRET), None, at(NOW)).is_err());
    }

    #[test]
    fn a_changed_character_is_noticed(at_char in 0usize..200, replacement in "[A-Za-z0-9_-]") {
        let good = with_claims(|_| ());
        let index = at_char % good.len();
        prop_assume!(good.as_bytes()[index] != b'.' && !good[index..].starts_with(&replacement));
        let mut changed = good.clone();
        changed.replace_range(index..=index, &replacement);
        prop_assert!(shared_tokens().verify(&changed, None, at(NOW)).is_err());
    }
}
