//! Webhooks of which the one or the other is not as LiveKit would sign it.

use aws_lc_rs::hmac;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::config::daemon::{ApiKey, LiveKit};
use crate::config::secret::Secret;
use crate::tokens::samples::{NOW, at};

const BODY: &[u8] = br#"{"event":"room_started"}"#;
const SECRET: &str = "the secret of the present key, 0123456789";
const OLD_SECRET: &str = "the secret of the key before, 0123456789";
const OTHER_SECRET: &str = "the secret of another server, 0123456789";

fn server(name: &str, keys: &[(&str, &str)]) -> LiveKitTokens {
    let key = |(key, secret): &(&str, &str)| ApiKey {
        api_key: (*key).into(),
        api_secret: Secret::new(*secret),
    };
    let keys = keys.iter().map(key).collect();
    LiveKitTokens::new(&LiveKit::new(name.into(), "https://livekit.test".into(), keys)).unwrap()
}

fn servers() -> [LiveKitTokens; 2] {
    [
        server("main", &[("new", SECRET), ("old", OLD_SECRET)]),
        server("other", &[("third", OTHER_SECRET)]),
    ]
}

fn claims() -> Value {
    let hash = STANDARD.encode(digest(&SHA256, BODY));
    let now = at(NOW).timestamp();
    json!({"iss": "new", "nbf": now, "exp": now + 300, "iat": now, "sha256": hash})
}

fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn header() -> Value {
    json!({"typ": "JWT", "alg": "HS256"})
}

/// The server that the token shows, where it covers the body.
fn judged(token: &str) -> Result<&'static str, Refusal> {
    let servers = servers();
    let signature = judge(&servers, token, at(NOW))?;
    assert!(signature.covers(BODY) && !signature.covers(b"{}"));
    Ok(if signature.server().name() == "main" {
        "main"
    } else {
        "other"
    })
}

/// The same for good claims with this change.
fn judged_with(name: &str, value: Value) -> Result<&'static str, Refusal> {
    let mut claims = claims();
    claims[name] = value;
    judged(&signed(&header(), &claims, SECRET))
}

#[test]
fn every_key_of_every_server_verifies() {
    for (key, secret, server) in [
        ("new", SECRET, "main"),
        ("old", OLD_SECRET, "main"),
        ("third", OTHER_SECRET, "other"),
    ] {
        let mut claims = claims();
        claims["iss"] = json!(key);
        let token = signed(&header(), &claims, secret);
        assert_eq!(judged(&token), Ok(server));
        for others in [SECRET, OLD_SECRET, OTHER_SECRET]
            .into_iter()
            .filter(|other| *other != secret)
        {
            assert_eq!(
                judged(&signed(&header(), &claims, others)),
                Err(Refusal::BadSignature),
                "{key}"
            );
        }
    }
    assert_eq!(judged_with("iss", json!("nobody")), Err(Refusal::UnknownKey));
    assert_eq!(
        judge(&[], &signed(&header(), &claims(), SECRET), at(NOW)).unwrap_err(),
        Refusal::UnknownKey
    );
}

#[test]
fn the_word_bearer_may_stand_before_it() {
    let token = signed(&header(), &claims(), SECRET);
    assert_eq!(judged(&format!("Bearer {token}")), Ok("main"));
    assert_eq!(judged(&format!("bearer {token}")), Ok("main"));
    assert_eq!(judged(&format!("Basic {token}")), Err(Refusal::Malformed));
}

#[test]
fn the_kind_of_token_does_not_matter_and_the_algorithm_does() {
    for good in [
        json!({"alg": "HS256"}),
        json!({"alg": "HS256", "typ": "at+jwt", "kid": "1"}),
    ] {
        assert_eq!(judged(&signed(&good, &claims(), SECRET)), Ok("main"), "{good}");
    }
    for alg in ["none", "HS512", "RS256", "hs256", ""] {
        let header = json!({ "alg": alg });
        assert_eq!(
            judged(&signed(&header, &claims(), SECRET)),
            Err(Refusal::WrongAlgorithm),
            "{alg}"
        );
    }
    for bad in [
        json!({}),
        json!({"alg": 1}),
        json!({"alg": "HS256", "crit": ["b64"]}),
        json!(["HS256"]),
    ] {
        assert_eq!(
            judged(&signed(&bad, &claims(), SECRET)),
            Err(Refusal::Malformed),
            "{bad}"
        );
    }
}

#[test]
fn clocks_may_differ_by_a_minute() {
    let servers = servers();
    let token = signed(&header(), &claims(), SECRET);
    let judged = |seconds| judge(&servers, &token, at(NOW) + Duration::seconds(seconds)).map(drop);
    for good in [-60, -59, 0, 300, 359, 360] {
        assert_eq!(judged(good), Ok(()), "{good}");
    }
    for early in [-61, -3600] {
        assert_eq!(judged(early), Err(Refusal::NotYetValid), "{early}");
    }
    for late in [361, 86_400] {
        assert_eq!(judged(late), Err(Refusal::Expired), "{late}");
    }
}

#[test]
fn a_token_must_end_and_name_a_body() {
    assert_eq!(judged_with("nbf", json!(0)), Ok("main"));
    let hash = digest(&SHA256, BODY);
    let unpadded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(hash);
    for (name, value) in [
        ("exp", json!(null)),
        ("exp", json!("soon")),
        ("nbf", json!(null)),
        ("iss", json!(["new"])),
        ("sha256", json!(null)),
        ("sha256", json!("")),
        ("sha256", json!(unpadded)),
        ("sha256", json!(crate::domain::hex(hash.as_ref()))),
        ("sha256", json!(STANDARD.encode(&hash.as_ref()[1..]))),
    ] {
        assert_eq!(
            judged_with(name, value.clone()),
            Err(Refusal::Malformed),
            "{name}: {value}"
        );
    }
    for name in ["exp", "iss", "sha256"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(
            judged(&signed(&header(), &claims, SECRET)),
            Err(Refusal::Malformed),
            "no {name}"
        );
    }
}

proptest! {
    #[test]
    fn no_header_is_too_strange(text in "\\PC{0,200}") {
        prop_assert!(judge(&servers(), &text, at(NOW)).is_err());
    }

    #[test]
    fn no_other_body_passes(body in proptest::collection::vec(any::<u8>(), 0..200), place in any::<prop::sample::Index>(), bit in 0..8) {
        let mut claims = claims();
        claims["sha256"] = json!(STANDARD.encode(digest(&SHA256, &body)));
        let servers = servers();
        let token = signed(&header(), &claims, SECRET);
        let signature = judge(&servers, &token, at(NOW)).unwrap();
        prop_assert!(signature.covers(&body));
        let mut other = body.clone();
        if other.is_empty() {
            other.push(0);
        } else {
            let place = place.index(other.len());
            other[place] ^= 1_u8 << bit;
        }
        prop_assert!(!signature.covers(&other));
    }

    #[test]
    fn no_letter_of_the_token_can_be_changed(place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
        let token = signed(&header(), &claims(), SECRET);
        let place = place.index(token.len());
        let mut other = token.clone();
        other.replace_range(place..=place, &letter);
        // The last letter of a signature has bits that stand for nothing; base64 must still refuse them.
        prop_assert!(other == token || judge(&servers(), &other, at(NOW)).is_err());
    }
}
