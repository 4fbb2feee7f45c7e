//! Deployments, keys and moments that tests of tokens share.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::keys::pem;
use super::{Grant, JitsiTokens, Person, PlainText};
use crate::config::daemon::{Control, Jitsi, Signing, SigningKey};
use crate::config::secret::Secret;
use crate::domain::{RoomName, Timestamp};

pub(crate) const SECRET: &str = "a secret of thirty-two characters";
pub(crate) const NOW: i64 = 1_795_222_218;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_timestamp(second, 0).unwrap()
}

pub(crate) fn jitsi(signing: Signing) -> Jitsi {
    Jitsi {
        name: "main".to_owned(),
        domain: "meet.example.com".to_owned(),
        app_id: "your-app-id".to_owned(),
        signing,
        muc_domain: "conference.meet.example.com".to_owned(),
        prosody_secret: None,
        prosody_http: None,
        control: Control::default(),
    }
}

pub(crate) fn shared() -> Jitsi {
    jitsi(Signing::Shared(Secret::new(SECRET)))
}

pub(crate) fn shared_tokens() -> JitsiTokens {
    JitsiTokens::new(&shared()).unwrap()
}

/// A fresh private key, PKCS#8 PEM.
pub(crate) fn rsa_pem() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    pem(
        "PRIVATE KEY",
        AsDer::<Pkcs8V1Der>::as_der(&pair).unwrap().as_ref(),
    )
}

pub(crate) fn signing_key(kid: &str, pem: &str, from: i64) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        pem: Secret::new(pem),
        from: at(from),
    }
}

pub(crate) fn grant(room: &str, name: &str) -> Grant {
    Grant {
        room: RoomName::parse(room).unwrap(),
        user: Person::named(PlainText::parse(name).unwrap()),
        moderator: false,
        group: None,
        features: None,
        lobby_bypass: false,
        session: None,
        expires_at: at(NOW + 7200),
    }
}

/// The claims of a token that is accepted.
pub(crate) fn claims() -> Value {
    json!({
        "iss": "your-app-id", "aud": "your-app-id", "sub": "meet.example.com", "room": "alpha",
        "exp": NOW + 60, "nbf": NOW - 10, "iat": NOW,
        "context": {"user": {"name": "Ann"}},
    })
}

/// A token with any header and payload, HS256-signed with `secret`.
pub(crate) fn forged(header: &str, payload: &str, secret: &str) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let message = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let signature = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", encode(signature.as_ref()))
}

/// A token that is right but for what `change` does to its claims.
pub(crate) fn with_claims(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims();
    change(&mut claims);
    forged(r#"{"typ":"JWT","alg":"HS256"}"#, &claims.to_string(), SECRET)
}
