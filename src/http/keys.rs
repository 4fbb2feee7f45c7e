//! Public keys for Prosody: one PEM per kid (`asap_key_server`), and the key set (`cache_keys_url`).
//!
//! Prosody's token library keeps a PEM until it is restarted and asks for the set again a minute before `max-age` ends
//! (jitsi-meet `resources/prosody-plugins/token/util.lib.lua`). An unknown key must be 404: a 204 hangs the sign-in.

use utoipa::OpenApi;

use super::Incoming;
use super::answer::Answer;
use super::error::ApiError;
use super::openapi::tag;
use super::refused::Refused;
use crate::telemetry::label::{Label, Route};
use crate::tokens::Keyring;

#[derive(OpenApi)]
#[openapi(paths(pem, control_pem, jwks))]
pub(super) struct Docs;

const PEM_CACHE: &str = "public, max-age=3600";
/// New keys are published at least this long before they sign.
const JWKS_CACHE: &str = "public, max-age=600";

/// Answers one public key, as `asap_key_server` asks for it
#[utoipa::path(
    get,
    path = Route::AsapKey.as_str(),
    operation_id = "public_key",
    tag = tag::SERVERS,
    params(("kid" = String, Path, pattern = "^[0-9a-f]{64}$", description = "SHA-256 of the key's id, in hexadecimal.")),
    responses((status = 200, description = "The key, for an hour.", body = String, content_type = "application/x-pem-file")),
    extensions(("x-errors" = json!(["not_found"]))),
)]
pub(super) fn pem(request: &Incoming, file: &str) -> Result<Answer, Refused> {
    named(request, file, Keyring::public_key_pem)
}

/// Answers the public key of usher's own calls to Prosody
///
/// As `prosody_password_public_key_repo_url` of Jitsi's modules asks for it: the keys of the tokens with which usher acts on
/// rooms, and of no others.
#[utoipa::path(
    get,
    path = Route::ControlKey.as_str(),
    operation_id = "control_key",
    tag = tag::SERVERS,
    params(("kid" = String, Path, pattern = "^[0-9a-f]{64}$", description = "SHA-256 of the key's id, in hexadecimal.")),
    responses((status = 200, description = "The key, for an hour.", body = String, content_type = "application/x-pem-file")),
    extensions(("x-errors" = json!(["not_found"]))),
)]
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

/// Answers all public keys, as `cache_keys_url` asks for them
///
/// New keys are there ten minutes or more before they sign.
#[utoipa::path(
    get,
    path = Route::Jwks.as_str(),
    operation_id = "public_keys",
    tag = tag::SERVERS,
    responses((status = 200, description = "A key set (RFC 7517), for ten minutes.", body = Object)),
)]
pub(super) fn jwks(request: &Incoming) -> Answer {
    let keyring = request.api.keyring.borrow().clone();
    Answer::public(keyring.jwks(), "application/json", JWKS_CACHE)
}
