//! The ways to sign tokens, and a forger who knows how.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::usher::APP_SECRET;

const KID: &str = "2026-11";

/// One way to sign, and the snippet that tells Prosody of it.
pub struct Way {
    pub snippet: &'static str,
    /// The line of `usher.toml`.
    pub signing: String,
    header: Value,
    /// What usher signs with.
    pub ours: Key,
    /// What usher and Prosody know nothing of.
    pub strange: Key,
}

pub enum Key {
    Shared(String),
    Rsa(RsaKeyPair),
}

// === impl Way ===

impl Way {
    pub fn shared() -> Self {
        Self {
            snippet: "token-hs256.cfg.lua",
            signing: format!("app_secret = \"{APP_SECRET}\""),
            header: json!({ "typ": "JWT", "alg": "HS256" }),
            ours: Key::shared(APP_SECRET),
            strange: Key::shared("another secret for tests only 0123456789"),
        }
    }

    pub fn rsa(snippet: &'static str, keys: &TempDir) -> Self {
        let (ours, strange) = (keys.path().join("ours.pem"), keys.path().join("strange.pem"));
        Self {
            snippet,
            signing: format!(
                "signing_keys = [{{ kid = \"{KID}\", file = \"{}\" }}]",
                ours.display()
            ),
            header: json!({ "typ": "JWT", "alg": "RS256", "kid": KID }),
            ours: Key::rsa(&ours),
            strange: Key::rsa(&strange),
        }
    }

    /// A token with this payload.
    pub fn signed(&self, key: &Key, payload: &Value) -> String {
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let [header, payload] = [&self.header, payload].map(|part| encode(part.to_string().as_bytes()));
        let message = format!("{header}.{payload}");
        let signature = encode(&key.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

// === impl Key ===

impl Key {
    fn shared(secret: &str) -> Self {
        Self::Shared(secret.to_owned())
    }

    /// A key as an administrator makes it; one that is there already is taken again.
    fn rsa(file: &Path) -> Self {
        if !file.exists() {
            let mut usher = Command::new(env!("CARGO_BIN_EXE_usher"));
            let made = usher
                .args(["key", "rsa", "--kid", KID, "--out"])
                .arg(file)
                .output();
            assert!(made.expect("usher can be started").status.success());
        }
        let der = PrivatePkcs8KeyDer::from_pem_file(file).expect("usher writes PKCS#8");
        Self::Rsa(RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("usher writes an RSA key"))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Shared(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let signed = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
                signed.expect("the buffer has the size of the key");
                signature
            }
        }
    }
}
