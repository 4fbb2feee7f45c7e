//! The fake server's tokens: HS256, as LiveKit's `auth` package signs and checks them, by the clock of that server.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use livekit_api::access_token::Claims;
use serde_json::json;

use crate::forged::Forgery;

/// An API key and its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub api_key: String,
    pub secret: String,
}

/// What clocks may differ by, in seconds.
const LEEWAY: usize = 60;
/// How long the token of a webhook is good, in seconds.
const WEBHOOK_SECS: i64 = 300;

// === impl Key ===

impl Key {
    pub fn new(api_key: &str, secret: &str) -> Self {
        Self {
            api_key: api_key.to_owned(),
            secret: secret.to_owned(),
        }
    }

    /// What stands in `Authorization` of a webhook with this body.
    pub fn sign_webhook(&self, body: &[u8], now: i64) -> String {
        let hash = BASE64_STANDARD.encode(digest(&SHA256, body));
        let claims = json!({
            "iss": self.api_key, "exp": now + WEBHOOK_SECS, "nbf": now, "iat": now, "sha256": hash,
        });
        Forgery::of(&claims).hs256(self.secret.as_bytes())
    }

    fn mac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes())
    }
}

/// What a caller may do; or what the server says of a token that it does not take.
pub fn verify(keys: &[Key], token: &str, now: i64) -> Result<Claims, &'static str> {
    const INVALID: &str = "invalid authorization token";
    let (signed, signature) = token.rsplit_once('.').ok_or(INVALID)?;
    let (header, payload) = signed.split_once('.').ok_or(INVALID)?;
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| INVALID);
    let header: serde_json::Value = serde_json::from_slice(&decode(header)?).map_err(|_| INVALID)?;
    let claims: Claims = serde_json::from_slice(&decode(payload)?).map_err(|_| INVALID)?;
    let key = keys.iter().find(|key| key.api_key == claims.iss);
    let key = key.ok_or("invalid API key")?;
    let is_ours = hmac::verify(&key.mac(), signed.as_bytes(), &decode(signature)?).is_ok();
    let now = usize::try_from(now).expect("it is after 1970");
    let is_in_time = claims.nbf <= now + LEEWAY && now <= claims.exp + LEEWAY;
    match header["alg"] == "HS256" && is_ours && is_in_time {
        true => Ok(claims),
        false => Err(INVALID),
    }
}
