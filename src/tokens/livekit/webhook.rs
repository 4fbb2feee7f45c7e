//! Who signed a webhook of LiveKit, and which body (`webhook/verifier.go` and `auth/verifier.go` of livekit/protocol).
//!
//! The token in `Authorization` holds the hash of the body. So who signed, and when, is known before a byte of the body is
//! read; whether it is the body that was signed, after.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::LiveKitTokens;
use crate::domain::Timestamp;
use crate::tokens::verify::{Refusal, decoded, parse, present, split};

/// A good signature under a body that has not been seen yet.
#[derive(Debug)]
pub struct WebhookSignature<'a> {
    server: &'a LiveKitTokens,
    body: [u8; SHA256_OUTPUT_LEN],
}

/// How far the clocks of a LiveKit server and of usher may differ, in milliseconds; LiveKit's own receiver allows as much.
const LEEWAY_MILLIS: f64 = 60_000.0;

/// What is looked at in the header: `typ` is not, and LiveKit has no `kid`.
#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Extensions that a reader must understand (RFC 7515 section 4.1.11); we understand none.
    #[serde(default, deserialize_with = "present")]
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    /// The API key, which names the secret.
    iss: String,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
    exp: f64,
    /// Of the body, in base64 with padding.
    sha256: String,
}

/// Judges the `Authorization` header of a webhook, with or without `Bearer`. Every key of every server verifies, so that
/// one can be changed without a gap.
pub(in crate::tokens) fn judge<'a>(
    servers: &'a [LiveKitTokens],
    authorization: &str,
    now: Timestamp,
) -> Result<WebhookSignature<'a>, Refusal> {
    let (message, header, payload, signature) = split(token(authorization)).ok_or(Refusal::Malformed)?;
    let header: Header = parse(header)?;
    if header.alg != "HS256" {
        return Err(Refusal::WrongAlgorithm);
    }
    if header.crit.is_some() {
        return Err(Refusal::Malformed);
    }
    // Read before it is known to be true: only the issuer says which secret it would be true with.
    let claims: Claims = parse(payload)?;
    let mut keys = servers
        .iter()
        .flat_map(|server| server.keys().map(move |key| (server, key)));
    let (server, key) = keys
        .find(|(_, key)| key.id == claims.iss)
        .ok_or(Refusal::UnknownKey)?;
    if !key.secret.verifies(message, &decoded(signature)?) {
        return Err(Refusal::BadSignature);
    }
    claims.check_time(now)?;
    let body = claims.body()?;
    Ok(WebhookSignature { server, body })
}

/// LiveKit sends the bare token.
fn token(authorization: &str) -> &str {
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start(),
        _ => authorization,
    }
}

// === impl Claims ===

impl Claims {
    fn check_time(&self, now: Timestamp) -> Result<(), Refusal> {
        let now = now.timestamp_millis() as f64;
        if now > self.exp * 1000.0 + LEEWAY_MILLIS {
            return Err(Refusal::Expired);
        }
        if self.nbf.is_some_and(|nbf| now < nbf * 1000.0 - LEEWAY_MILLIS) {
            return Err(Refusal::NotYetValid);
        }
        Ok(())
    }

    fn body(&self) -> Result<[u8; SHA256_OUTPUT_LEN], Refusal> {
        let hash = STANDARD.decode(&self.sha256).map_err(|_| Refusal::Malformed)?;
        hash.try_into().map_err(|_| Refusal::Malformed)
    }
}

// === impl WebhookSignature ===

impl<'a> WebhookSignature<'a> {
    /// The deployment whose key signed.
    pub fn server(&self) -> &'a LiveKitTokens {
        self.server
    }

    /// Whether it is this body that was signed, byte for byte. LiveKit's JSON varies its white space on purpose.
    pub fn covers(&self, body: &[u8]) -> bool {
        verify_slices_are_equal(&self.body, digest(&SHA256, body).as_ref()).is_ok()
    }
}

#[cfg(test)]
mod tests;
