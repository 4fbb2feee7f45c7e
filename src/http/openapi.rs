//! The description of this API: collected from the handlers, served as a document for programs and as a page for people.
//!
//! Each file with routes has a `Docs` that lists its handlers; [`document`] puts them together and writes out what they
//! have in common: the errors, told by their codes.

pub(super) mod form;
mod methods;
mod page;
mod refusals;
mod security;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use http::header::IF_NONE_MATCH;
use http::{HeaderValue, StatusCode};
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use warp::Filter;
use warp::filters::BoxedFilter;

use super::answer::{Answer, ErrorBody};
use super::{
    Api, Incoming, answered, appointments, audit, conference, get, hooks, jitsi, join, keys, live, livekit,
    meetings, pages, records, sso,
};
use crate::domain::hex;
use crate::telemetry::label::{Label, Route};
pub(super) use methods::Methods;
use security::Schemes;

/// What operations are sorted by: the `tag` of each is one of these.
pub(super) mod tag {
    pub const JITSI: &str = "Tokens for Jitsi";
    pub const LIVEKIT: &str = "Tokens for LiveKit";
    pub const SIGN_IN: &str = "Sign-in";
    pub const MEETINGS: &str = "Meetings";
    pub const APPOINTMENTS: &str = "Appointments";
    pub const RECORDS: &str = "Records";
    pub const LIVE: &str = "Live updates";
    pub const SERVERS: &str = "Meeting servers";
    pub const PAGES: &str = "Pages";
    pub const ABOUT: &str = "About this API";
}

/// What holds for the whole.
#[derive(OpenApi)]
#[openapi(
    info(title = "usher", description = include_str!("openapi/about.md")),
    servers((url = ".")),
    paths(json, page::page),
    components(schemas(ErrorBody)),
    modifiers(&Schemes),
    tags(
        (name = tag::JITSI, description = "For programs: who may enter which room, and whether a token is good."),
        (name = tag::LIVEKIT, description = "The same for LiveKit, and for people by their channels."),
        (name = tag::SIGN_IN, description = "People prove who they are, on pages of usher or of programs."),
        (name = tag::MEETINGS, description = "Meetings are made, read, changed, joined and called off."),
        (name = tag::APPOINTMENTS, description = "Meetings as hospitals and calendars speak of them."),
        (name = tag::RECORDS, description = "Who was there, what was used, and who did what."),
        (name = tag::LIVE, description = "Events as they happen."),
        (name = tag::SERVERS, description = "What meeting servers ask and report."),
        (name = tag::PAGES, description = "What browsers visit and load."),
        (name = tag::ABOUT, description = "This description."),
    ),
)]
struct Whole;

/// The document as it is sent.
#[derive(Debug)]
struct Text {
    json: String,
    /// RFC 9110 section 8.8.3.
    tag: HeaderValue,
}

/// Changes only with the program, so it is kept, and asked for again.
const ASK_AGAIN: &str = "no-cache";

/// The routes of this file.
pub(super) fn routes(api: &Api) -> BoxedFilter<(Answer,)> {
    let value = serde_json::to_value(document()).expect("a document is texts and maps with texts as keys");
    let (text, reference) = (Arc::new(Text::of(&value)), Arc::new(page::reference(&value)));
    let document =
        get(api, Route::OpenApi, warp::path!("openapi.json").boxed()).then(move |request, body| {
            let text = Arc::clone(&text);
            answered(request, body, async move |request: &Incoming, _| {
                Ok(json(request, &text))
            })
        });
    let page = get(api, Route::ApiPage, warp::path!("openapi").boxed()).then(move |request, body| {
        let reference = Arc::clone(&reference);
        answered(request, body, async move |request: &Incoming, _| {
            Ok(page::page(request, &reference))
        })
    });
    document.or(page).unify().boxed()
}

/// The description of every public route.
pub(super) fn document() -> Document {
    let mut document = Whole::openapi();
    for part in parts() {
        document.merge(part);
    }
    refusals::write_out(&mut document);
    document
}

/// Of each file with routes, what it says about them.
fn parts() -> Vec<Document> {
    vec![
        jitsi::Docs::openapi(),
        livekit::Docs::openapi(),
        sso::Docs::openapi(),
        meetings::Docs::openapi(),
        appointments::Docs::openapi(),
        join::Docs::openapi(),
        conference::Docs::openapi(),
        audit::Docs::openapi(),
        hooks::Docs::openapi(),
        keys::Docs::openapi(),
        live::Docs::openapi(),
        pages::Docs::openapi(),
        records::Docs::openapi(),
    ]
}

/// This document
#[utoipa::path(
    get,
    path = Route::OpenApi.as_str(),
    tag = tag::ABOUT,
    params(("If-None-Match" = Option<String>, Header, description = "The `ETag` of the document that the caller has.")),
    responses(
        (status = 200, description = "OpenAPI 3.1, generated from the program that answers.", body = Object,
            headers(("ETag" = String, description = "Changes with the document."))),
        (status = 304, description = "The caller has it already."),
    ),
)]
fn json(request: &Incoming, text: &Text) -> Answer {
    let known = request.headers.get_all(IF_NONE_MATCH).iter();
    let mut known = known
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let same =
        known.any(|tag| matches!(tag.trim().trim_start_matches("W/"), tag if tag == "*" || tag == text.tag));
    let answer = if same {
        Answer::public("", "application/json", ASK_AGAIN).with_status(StatusCode::NOT_MODIFIED)
    } else {
        Answer::public(&text.json, "application/json", ASK_AGAIN)
    };
    answer.with_etag(text.tag.clone())
}

// === impl Text ===

impl Text {
    fn of(document: &Value) -> Self {
        let json = document.to_string();
        let hash = digest(&SHA256, json.as_bytes());
        let tag = format!("\"{}\"", hex(&hash.as_ref()[..16]));
        let tag = HeaderValue::from_str(&tag).expect("hexadecimal digits between quotes");
        Self { json, tag }
    }
}

#[cfg(test)]
mod tests;
