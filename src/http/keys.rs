//! Public keys for Prosody: one PEM per kid (`asap_key_server`), and the key set (`cache_keys_url`).
//!
//! Prosody's token library keeps a PEM until it is restarted and asks for the set again a minute before `max-age` ends
//! (jitsi-meet `resources/prosody-plugins/token/util.lib.lua`). An unknown key must be 404: a 204 hangs the sign-in.

use super::Incoming;
use super::answer::Answer;
use super::error::ApiError;
use super::refused::Refused;
use crate::tokens::Keyring;

const PEM_CACHE: &str = "public, max-age=3600";
/// New keys are published at least this long before they sign.
const JWKS_CACHE: &str = "public, max-age=600";

/// `GET /asap/{sha256 of kid}.pem`
pub(super) fn pem(request: &Incoming, file: &str) -> Result<Answer, Refused> {
    named(request, file, Keyring::public_key_pem)
}

/// `GET /asap/control/{sha256 of kid}.pem`: the keys of tokens with which usher acts on rooms, and of no others.
pub(super) fn control_pem(request: &Incoming, file: &str) -> Result<Answer, Refused> {
    named(request, file, Keyring::control_key_pem)
}

fn named(
    request: &Incoming,
    file: &str,
    find: impl for<'k> Fn(&'k Keyring, &str) -> Option<&'k str>,
) -> Result<Answer, Refused> {
    let hash = file
        .strip_suffix(".pem")
        .filter(|hash| hash.len() == 64)
        .ok_or(ApiError::NotFound)?;
    let keyring = request.api.keyring.borrow().clone();
    let pem = find(&keyring, hash).ok_or(ApiError::NotFound)?;
    Ok(Answer::public(pem, "application/x-pem-file", PEM_CACHE))
}

/// `GET /.well-known/jwks.json`
pub(super) fn jwks(request: &Incoming) -> Answer {
    let keyring = request.api.keyring.borrow().clone();
    Answer::public(keyring.jwks(), "application/json", JWKS_CACHE)
}
