//! How callers prove who they are.

use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::schema::Components;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, HttpBuilder, SecurityScheme};

/// A client's API key, as `Bearer` or as `Basic` together with the client's id; with the scopes that the route needs.
pub(in crate::http) const API_KEY: &str = "api_key";
pub(in crate::http) const CLIENT: &str = "client";
/// The token of a person's sign-in.
pub(in crate::http) const USER: &str = "user";
/// The cookie of the sign-in, from pages of ours.
pub(in crate::http) const SESSION: &str = "session";
/// The secret of a meeting server.
pub(in crate::http) const PROSODY: &str = "prosody";
/// The signature of a LiveKit server under what it sends.
pub(in crate::http) const LIVEKIT: &str = "livekit";

/// Writes the schemes into the document.
pub(super) struct Schemes;

// === impl Schemes ===

impl Modify for Schemes {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_with(Components::default);
        let bearer = |description| http(HttpAuthScheme::Bearer, description);
        let schemes = [
            (API_KEY, bearer("The API key of a client, from `clients.toml`.")),
            (
                CLIENT,
                http(
                    HttpAuthScheme::Basic,
                    "The id of a client, and its API key as the password.",
                ),
            ),
            (USER, bearer("The token that a person was given at sign-in.")),
            (SESSION, cookie()),
            (
                PROSODY,
                bearer("The secret that usher shares with the meeting server (`prosody_secret`)."),
            ),
            (LIVEKIT, signature()),
        ];
        for (name, scheme) in schemes {
            components.add_security_scheme(name, scheme);
        }
    }
}

fn http(scheme: HttpAuthScheme, description: &str) -> SecurityScheme {
    let http: Http = HttpBuilder::new()
        .scheme(scheme)
        .description(Some(description))
        .build();
    SecurityScheme::Http(http)
}

fn cookie() -> SecurityScheme {
    let description = "The cookie of a sign-in; where usher is reached by TLS, its name begins with `__Host-`. It counts only \
                       in requests that pages of usher itself cause.";
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
        "usher_session",
        description,
    )))
}

fn signature() -> SecurityScheme {
    let description = "A token that the LiveKit server signs with one of its API keys (HS256), with or without `Bearer` before \
                       it. Its claim `sha256` is the hash of the body in base64; clocks may differ by a minute.";
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        "Authorization",
        description,
    )))
}
