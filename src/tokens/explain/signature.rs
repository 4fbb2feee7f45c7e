//! Whether a signature fits a configured key, and if not, which of the usual mistakes made it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::parts::{Parts, decoded};
use super::{Finding, Question, Step};
use crate::config::daemon::{Jitsi, Signing};
use crate::tokens::JitsiTokens;
use crate::tokens::keys::Keys;

const INVALID: &str = "Invalid signature";

/// Judges the signature against the keys of a deployment.
pub(super) fn judge(parts: &Parts, server: &Jitsi, question: &Question) -> Finding {
    let tokens = match JitsiTokens::new(server) {
        Ok(tokens) => tokens,
        Err(fault) => return Finding::note(format!("not checked: {fault}")),
    };
    let signature = decoded(parts.signature).unwrap_or_default();
    match (tokens.keys(), &server.signing) {
        (Keys::Rsa(_), _) => rsa(parts, &signature, &tokens),
        (Keys::Shared(key), _) if key.verifies(parts.message, &signature) => {
            Finding::ok("made with the secret of this deployment")
        }
        (Keys::Shared(_), Signing::Shared(secret)) => shared(parts, secret.expose(), server, question),
        (Keys::Shared(_), Signing::Rsa(_)) => Finding::note("not checked"),
    }
}

fn rsa(parts: &Parts, signature: &[u8], tokens: &JitsiTokens) -> Finding {
    let keys = tokens.keys().rsa();
    let kid = parts.header.get("kid").and_then(|kid| kid.as_str());
    let fitting = keys.iter().find(|key| key.verifies(parts.message, signature));
    match (fitting, kid) {
        (Some(key), Some(kid)) if key.kid == kid => Finding::ok("made with the key that it names"),
        (Some(key), _) => Finding::refused(
            Step::SignIn,
            INVALID,
            format!(
                "It was made with key {:?}: the signer must write that kid into the header.",
                key.kid
            ),
        ),
        (None, _) if keys.iter().any(|key| fits_pem(parts, key.pem())) => Finding::refused(
            Step::SignIn,
            INVALID,
            "The published key was used as if it were a shared secret: either an attack, or a library that was \
             told the wrong algorithm. Sign with the private key and RS256.",
        ),
        (None, Some(kid)) if !keys.iter().any(|key| key.kid == kid) => {
            Finding::refused(Step::SignIn, INVALID, "None of the configured keys made it.")
        }
        (None, _) => Finding::refused(
            Step::SignIn,
            INVALID,
            "Another key made it. Was a key replaced under the same kid? Prosody keeps the first one it fetched until \
             it restarts: a new key needs a new kid.",
        ),
    }
}

fn shared(parts: &Parts, secret: &str, server: &Jitsi, question: &Question) -> Finding {
    let advice = mistake(parts, secret, server)
        .map(str::to_owned)
        .or_else(|| other_server(parts, server, question))
        .unwrap_or_else(|| {
            "Another secret made it. The program that signs, usher (app_secret) and Prosody (app_secret; Docker: \
             JWT_APP_SECRET) must have the same one; compare them, and mind the one that was not restarted."
                .to_owned()
        });
    Finding::refused(Step::SignIn, INVALID, advice)
}

/// The ways in which a right secret is used wrongly.
fn mistake(parts: &Parts, secret: &str, server: &Jitsi) -> Option<&'static str> {
    let fits = |key: &[u8]| fits_secret(parts, key);
    let quoted = |mark: char| fits(format!("{mark}{secret}{mark}").as_bytes());
    let in_base64 = STANDARD
        .decode(secret)
        .or_else(|_| URL_SAFE_NO_PAD.decode(secret))
        .ok();
    if fits(secret.as_bytes()) {
        return Some("The secret is right, only the algorithm is not: sign with HS256.");
    }
    if ["\n", "\r\n", " "]
        .iter()
        .any(|end| fits(format!("{secret}{end}").as_bytes()))
    {
        return Some(
            "The signer's copy of the secret ends with a line break or a space. Trim it (echo -n, not echo).",
        );
    }
    if quoted('"') || quoted('\'') {
        return Some("The signer's copy of the secret has quotation marks around it. Take them off.");
    }
    if in_base64.is_some_and(|key| fits(&key)) {
        return Some(
            "The signer decodes the secret as Base64 first. Prosody takes the text as it is: do so as well.",
        );
    }
    if fits(STANDARD.encode(secret).as_bytes()) {
        return Some(
            "The signer encodes the secret as Base64 first. Prosody takes the text as it is: do so as well.",
        );
    }
    if hex(secret).is_some_and(|key| fits(&key)) {
        return Some("The signer decodes the secret as hexadecimal first. Prosody takes the text as it is.");
    }
    if fits(server.app_id.as_bytes()) {
        return Some("The signer used the application id in place of the secret.");
    }
    fits(b"").then_some("The signer's secret is empty: its setting did not reach it.")
}

fn other_server(parts: &Parts, server: &Jitsi, question: &Question) -> Option<String> {
    let others = question.jitsi.iter().filter(|other| other.name != server.name);
    let made = |other: &&Jitsi| matches!(&other.signing, Signing::Shared(s) if fits_secret(parts, s.expose().as_bytes()));
    let found = others.into_iter().find(made)?;
    Some(format!(
        "It was made with the secret of deployment {:?}, not of {:?}.",
        found.name, server.name
    ))
}

/// Whether the signature is the HMAC that the header says, with this key.
pub(super) fn fits_secret(parts: &Parts, key: &[u8]) -> bool {
    let algorithm = match parts.header.get("alg").and_then(|alg| alg.as_str()) {
        Some("HS384") => Algorithm::HS384,
        Some("HS512") => Algorithm::HS512,
        _ => Algorithm::HS256,
    };
    let key = DecodingKey::from_secret(key);
    let signature = decoded(parts.signature)
        .map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
        .unwrap_or_default();
    jsonwebtoken::crypto::verify(&signature, parts.message.as_bytes(), &key, algorithm).unwrap_or(false)
}

/// With and without the line break at its end: readers of files differ.
fn fits_pem(parts: &Parts, pem: &str) -> bool {
    [pem, pem.trim_end()]
        .iter()
        .any(|text| fits_secret(parts, text.as_bytes()))
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.is_ascii() && text.len().is_multiple_of(2);
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    digits.then(|| (0..text.len()).step_by(2).map(byte).collect())?
}
