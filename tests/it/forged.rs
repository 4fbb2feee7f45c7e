//! Tokens that are put together by hand, and key pairs for those that are not.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::usher::Setup;

/// A header and claims without a signature.
#[derive(Debug)]
pub struct Forgery(String);

// === impl Forgery ===

impl Forgery {
    /// With the header that `usher` gives tokens signed with a secret.
    pub fn of(claims: &Value) -> Self {
        Self::with_header(json!({"alg": "HS256", "typ": "JWT"}), claims)
    }

    pub fn with_header(header: Value, claims: &Value) -> Self {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        Self(format!("{}.{}", encode(&header), encode(claims)))
    }

    pub fn hs256(&self, secret: &[u8]) -> String {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), self.0.as_bytes());
        format!("{}.{}", self.0, URL_SAFE_NO_PAD.encode(tag))
    }

    pub fn unsigned(&self) -> String {
        format!("{}.", self.0)
    }
}

/// A daemon that signs with RSA keys, each with its kid and the time from which it signs; they are made in `folder`.
pub fn rsa_setup(folder: &Path, keys: &[(&str, &str)]) -> Setup {
    keys.iter().for_each(|(kid, _)| make_key(folder, kid));
    Setup {
        signing: signing_keys(folder, keys),
        ..Setup::default()
    }
}

/// The line of `usher.toml` that names these keys.
pub fn signing_keys(folder: &Path, keys: &[(&str, &str)]) -> String {
    let folder = folder.display();
    let key = |(kid, from): &(&str, &str)| {
        format!("{{ kid = \"{kid}\", file = \"{folder}/{kid}.pem\", from = \"{from}\" }}")
    };
    format!(
        "signing_keys = [{}]",
        keys.iter().map(key).collect::<Vec<_>>().join(", ")
    )
}

/// Makes a key pair as an administrator does.
pub fn make_key(folder: &Path, kid: &str) {
    let file = folder.join(format!("{kid}.pem"));
    let made = Command::new(env!("CARGO_BIN_EXE_usher"))
        .args(["key", "rsa", "--kid", kid, "--out"])
        .arg(file)
        .output();
    let made = made.expect("usher can be started");
    assert!(made.status.success(), "{made:?}");
}
