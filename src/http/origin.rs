//! Which page a request comes from, as far as the browser tells; scripts cannot forge what is looked at here.

use http::header::ORIGIN;
use http::{HeaderMap, HeaderName};
use url::Url;

use super::error::ApiError;
use crate::config::{Client, Config};

/// Fetch Metadata (W3C): whether the request was caused by a page of this origin.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether no other site's page caused the request, as far as the browser tells: programs, and browsers before 2020 with
/// a visit, tell nothing.
pub(super) fn is_own_page(headers: &HeaderMap, config: &Config) -> bool {
    match (fetch_site(headers), headers.get(ORIGIN)) {
        (Some("same-origin" | "none"), _) => true,
        (Some(_), _) => false,
        (None, Some(origin)) => origin.as_bytes() == own(config).as_bytes(),
        (None, None) => true,
    }
}

/// A page that calls for a client must be ours, or of an origin that the client listed.
pub(super) fn require_origin(headers: &HeaderMap, config: &Config, client: &Client) -> Result<(), ApiError> {
    require_ours_or(&client.origins, headers, config)
}

/// A page that calls for nobody in particular must be ours, or of an origin that some client listed.
pub(super) fn require_known_origin(headers: &HeaderMap, config: &Config) -> Result<(), ApiError> {
    let listed = config.clients.values().flat_map(|client| &client.origins);
    require_ours_or(listed, headers, config)
}

/// Programs send no origin.
fn require_ours_or<'a>(
    listed: impl IntoIterator<Item = &'a String>,
    headers: &HeaderMap,
    config: &Config,
) -> Result<(), ApiError> {
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let is = |known: &String| known.as_bytes() == origin.as_bytes();
    if listed.into_iter().any(is) || is(&own(config)) {
        Ok(())
    } else {
        Err(ApiError::OriginNotAllowed)
    }
}

/// `same-origin`, `same-site`, `cross-site` or `none`; nothing from old browsers and from those who are no browser.
pub(super) fn fetch_site(headers: &HeaderMap) -> Option<&str> {
    headers.get(SEC_FETCH_SITE)?.to_str().ok()
}

/// The origin at which people reach us.
pub(super) fn own(config: &Config) -> String {
    Url::parse(&config.daemon.http.public_url).map_or_else(|_| String::new(), |url| origin_of(&url))
}

/// The path of the public address, without a trailing slash: `/usher`, or nothing.
pub(super) fn base(config: &Config) -> String {
    let url = Url::parse(&config.daemon.http.public_url);
    url.map_or_else(
        |_| String::new(),
        |url| url.path().trim_end_matches('/').to_owned(),
    )
}

/// As browsers send it (RFC 6454 section 6.2).
pub(super) fn origin_of(url: &Url) -> String {
    url.origin().ascii_serialization()
}
