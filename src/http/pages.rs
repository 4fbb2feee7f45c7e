//! What pages load, the choice of their language, and the sample pages.

use std::time::Duration;

use http::StatusCode;
use url::{Url, form_urlencoded};
use utoipa::OpenApi;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::Answer;
use super::backend::jitsi;
use super::cookie::{Cookie, Cookies};
use super::error::ApiError;
use super::language::{self, choose};
use super::openapi::tag;
use super::origin::base;
use super::refused::Refused;
use super::{Api, Incoming, answered, get, read};
use crate::config::{Client, Config};
use crate::domain::ClientId;
use crate::pages::{Asset, Frame, SampleApp, sample_script};
use crate::telemetry::label::{Label, Route};

/// Another content has another name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Scripts of the sample have names that one can remember, so they are asked for again.
const ASK_AGAIN: &str = "no-cache";
/// How long a browser remembers the language.
const A_YEAR: Duration = Duration::from_secs(31_536_000);
const SCRIPT: &str = "text/javascript; charset=utf-8";

#[derive(OpenApi)]
#[openapi(paths(asset, choose_language, sample_index, sample))]
pub(super) struct Docs;

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let asset =
        warp::path!("assets" / String)
            .and(read(api, Route::Asset))
            .then(|file: String, request, body| {
                answered(request, body, async move |_: &Incoming, _| asset(&file))
            });
    let language = warp::path!("language" / String)
        .and(read(api, Route::Language))
        .then(|tag: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                choose_language(request, &tag)
            })
        });
    let index = get(
        api,
        Route::SamplePage,
        warp::path!("client_apps" / "jitsi_meet").boxed(),
    )
    .then(|request, body| answered(request, body, async |request: &Incoming, _| sample_index(request)));
    let file = warp::path!("client_apps" / "jitsi_meet" / String)
        .and(read(api, Route::SamplePage))
        .then(|file: String, request, body| {
            answered(request, body, async move |request: &Incoming, _| {
                sample(request, &file)
            })
        });
    let pages = index.or(file).unify();
    asset.or(language).unify().or(pages).unify().boxed()
}

/// Answers what pages load
#[utoipa::path(
    get,
    path = Route::Asset.as_str(),
    tag = tag::PAGES,
    params(("file" = String, Path, description = "A name that a page of usher names; another content has another name.")),
    responses((status = 200, description = "The file, for ever.", content(
        (String = "text/css; charset=utf-8"), (String = "text/javascript; charset=utf-8"), (String = "image/svg+xml"),
        (String = "text/plain; charset=utf-8"),
    ))),
    extensions(("x-errors" = json!(["not_found"]))),
)]
fn asset(file: &str) -> Result<Answer, Refused> {
    let asset = Asset::named(file).ok_or(ApiError::NotFound)?;
    Ok(Answer::compiled_in(asset.content, asset.content_type, FOR_EVER))
}

/// Remembers the language of pages, in a cookie, and leads back
#[utoipa::path(
    get,
    path = Route::Language.as_str(),
    tag = tag::PAGES,
    params(
        ("tag" = String, Path, pattern = "^(en|fa)$", description = "English or Persian."),
        ("back" = String, Query, description = "The path of a page of usher."),
    ),
    responses((status = 303, description = "Back to the page.", headers(("Location" = String, description = "A page of usher.")))),
    extensions(("x-errors" = json!(["not_found", "invalid_field"]))),
)]
fn choose_language(request: &Incoming, tag: &str) -> Result<Answer, Refused> {
    let language = language::tagged(tag).ok_or(ApiError::NotFound)?;
    let public_url = &request.config.daemon.http.public_url;
    let mut fields = form_urlencoded::parse(request.query.as_bytes());
    let back = fields
        .find_map(|(name, back)| (name == "back").then_some(back))
        .and_then(|back| below(public_url, &back));
    let back = back.ok_or_else(|| ApiError::Invalid {
        field: "back",
        why: "must be a path below usher's public address".into(),
    })?;
    let cookie = Cookies::new(&request.config).set(Cookie::Language, language::tag(language), A_YEAR);
    Ok(Answer::see_other(&back).with_cookie(cookie))
}

/// The address of a page of ours, by its path as browsers read it: neither `//` nor `..` leads elsewhere.
fn below(public_url: &str, path: &str) -> Option<Url> {
    let home = Url::parse(&format!("{public_url}/")).ok()?;
    let page = home.join(path).ok()?;
    let ours = page.origin() == home.origin() && page.path().starts_with(home.path());
    (ours && path.starts_with('/')).then_some(page)
}

/// Shows the sample program: ask for a room, sign in, see who you are, go in
///
/// It is there where the registered `redirect_uris` of a client name its callback page.
#[utoipa::path(
    get,
    path = concat!("/client_apps/jitsi_meet", "/"),
    tag = tag::PAGES,
    responses((status = 200, description = "The first page.", body = String, content_type = "text/html; charset=utf-8")),
    extensions(("x-errors" = json!(["not_found"]))),
)]
fn sample_index(request: &Incoming) -> Result<Answer, Refused> {
    sample(request, "")
}

/// Answers pages and scripts of the sample program
#[utoipa::path(
    get,
    path = Route::SamplePage.as_str(),
    tag = tag::PAGES,
    params(("page" = String, Path, example = "callback.html", description = "`index.html`, `callback.html`, `room.html`, or a script that they load.")),
    responses((status = 200, description = "The page or the script.", content(
        (String = "text/html; charset=utf-8"), (String = "text/javascript; charset=utf-8"),
    ))),
    extensions(("x-errors" = json!(["not_found"]))),
)]
fn sample(request: &Incoming, file: &str) -> Result<Answer, Refused> {
    let config = &request.config;
    let public_url = &config.daemon.http.public_url;
    let callback = format!("{public_url}{}/callback.html", SampleApp::FOLDER);
    let (id, client) = registered(config, &callback).ok_or(ApiError::NotFound)?;
    if let Some(script) = sample_script(file) {
        return Ok(Answer::compiled_in(script, SCRIPT, ASK_AGAIN));
    }
    let keyring = request.api.keyring.borrow().clone();
    let domain = jitsi(&keyring, id, client)?.domain();
    let language = choose(&request.headers, Some(&(id.clone(), client.language)), config);
    let app = SampleApp {
        frame: Frame {
            language,
            base: &base(config),
        },
        client: id.as_str(),
        callback: &callback,
        domain,
    };
    let (page, jitsi) = match file {
        "" | "index.html" => (app.index(), None),
        "callback.html" => (app.callback(), None),
        "room.html" => (app.room(), Some(domain)),
        _ => return Err(ApiError::NotFound.into()),
    };
    Ok(Answer::page(StatusCode::OK, page, &policy(jitsi)).for_client(id))
}

fn registered<'a>(config: &'a Config, redirect_uri: &str) -> Option<(&'a ClientId, &'a Client)> {
    let named = |client: &Client| client.redirect_uris.iter().any(|known| known == redirect_uri);
    config.clients.iter().find(|(_, client)| named(client))
}

/// What a sample page may load: our own, and in the room Jitsi's External API with the frame that it makes.
fn policy(jitsi: Option<&str>) -> String {
    let (scripts, frames) = match jitsi {
        Some(domain) => (format!("'self' https://{domain}"), format!("https://{domain}")),
        None => ("'self'".into(), "'none'".into()),
    };
    format!(
        "default-src 'none'; script-src {scripts}; frame-src {frames}; connect-src 'self'; style-src 'self'; \
         img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comes_back_to_pages_of_ours_alone() {
        let back = |path| below("https://meet.example.com/usher", path).map(String::from);
        let page = "/usher/sso/login/?client_id=a&next=/team1";
        assert_eq!(back(page), Some(format!("https://meet.example.com{page}")));
        for strange in [
            "",
            "usher/sso/",
            "//evil.example/usher/",
            "/\\evil.example/usher/",
            "https://evil.example/usher/",
            "https://meet.example.com/usher/",
            "/usher/../room",
            "/usher/%2e%2e/room",
            "/usher-2/",
            "/room",
            "\t//evil.example/usher/",
            "javascript:alert(1)",
        ] {
            assert_eq!(back(strange), None, "{strange}");
        }
    }
}
