//! Which language an answer is in: what the person chose on a page, what the caller accepts, else the client's, else the
//! configured one.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::cookie::{Cookie, Cookies};
use crate::config::Config;
use crate::config::daemon::Language;
use crate::domain::ClientId;

/// Chooses among the languages that usher speaks (RFC 9110, section 12.5.4).
pub(super) fn choose(
    headers: &HeaderMap,
    client: Option<&(ClientId, Option<Language>)>,
    config: &Config,
) -> Language {
    let chosen = Cookies::new(config)
        .get(headers, Cookie::Language)
        .and_then(tagged);
    let accepted = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .and_then(accepted);
    let of_client = client.and_then(|(_, language)| *language);
    chosen
        .or(accepted)
        .or(of_client)
        .unwrap_or(config.daemon.http.default_language)
}

/// The language of a tag that we write ourselves.
pub(super) fn tagged(tag: &str) -> Option<Language> {
    match tag {
        "en" => Some(Language::En),
        "fa" => Some(Language::Fa),
        _ => None,
    }
}

/// The tag of a language, as [`tagged`] reads it.
pub(super) fn tag(language: Language) -> &'static str {
    match language {
        Language::En => "en",
        Language::Fa => "fa",
    }
}

/// The known language with the highest weight; the first among equals.
fn accepted(header: &str) -> Option<Language> {
    let weighed = header.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let language = known(parts.next()?)?;
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
        (weight > 0.0).then_some((language, weight))
    });
    let best = weighed.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(language, _)| language)
}

fn known(range: &str) -> Option<Language> {
    let primary = range.split('-').next()?;
    tagged(&primary.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_wish_is_weighed() {
        assert_eq!(accepted("fa-IR,fa;q=0.9,en;q=0.8"), Some(Language::Fa));
        assert_eq!(accepted("fa;q=0.5, EN-us"), Some(Language::En));
        assert_eq!(accepted("de, fr;q=0.3"), None);
        assert_eq!(accepted("fa;q=0"), None);
        assert_eq!(accepted("fa;q=x,;;,"), None);
    }
}
