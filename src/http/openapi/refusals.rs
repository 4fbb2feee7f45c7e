//! The errors of each route, written out from their codes.
//!
//! A handler names in `x-errors` what it alone refuses; what follows from its body and its callers is added here. A handler
//! that tells people about errors on a page has `x-error-pages` instead.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr};

use super::security;
use crate::config::daemon::Language;
use crate::http::answer::ErrorBody;
use crate::http::error::ApiError;
use crate::tokens::Refusal;

/// What a handler adds, as JSON or as a page.
const ERRORS: &str = "x-errors";
const ERROR_PAGES: &str = "x-error-pages";
/// Who is told these is let into a room or not, and what is booked there counts too.
const AT_THE_DOOR: [&str; 2] = ["not_a_member", "room_not_booked"];
const WHAT_IS_BOOKED: [&str; 4] = [
    "too_early",
    "waiting_for_host",
    "meeting_over",
    "removed_from_meeting",
];
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PAGE: &str = "text/html";
const REQUEST_ID: &str = "0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e5f";

/// An error as callers see it.
#[derive(Debug, Clone)]
struct Known {
    status: StatusCode,
    body: Value,
    /// In how many seconds it is worth trying again.
    retries: bool,
}

type Catalogue = BTreeMap<&'static str, Known>;

/// Writes the errors into every operation, and one example of each into the components.
pub(super) fn write_out(document: &mut OpenApi) {
    let catalogue = catalogue();
    let mut used = BTreeSet::new();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        left_out_is_not_null(operation);
        let codes = codes(operation);
        add(operation, &codes, &catalogue);
        used.extend(codes);
    }
    let components = document.components.get_or_insert_default();
    for (code, known) in catalogue.into_iter().filter(|(code, _)| used.contains(*code)) {
        let summary = known.status.as_str().to_owned();
        let example = ExampleBuilder::new()
            .summary(summary)
            .value(Some(known.body))
            .build();
        components.examples.insert(code.to_owned(), example.into());
    }
}

/// A body that may be left out is described as one that may be null, which is something else.
fn left_out_is_not_null(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        if let Some(RefOr::T(Schema::OneOf(choices))) = &content.schema {
            let form = choices
                .items
                .iter()
                .find(|choice| matches!(choice, RefOr::Ref(_)));
            content.schema = form.cloned().or(content.schema.take());
        }
    }
}

/// Every error by its code, from the errors themselves; and that of the door, which no route makes.
fn catalogue() -> Catalogue {
    let mut all = Catalogue::new();
    for error in ApiError::samples() {
        all.entry(error.code()).or_insert_with(|| known(&error));
    }
    let body = json!({
        "status": "error",
        "error": "The request did not arrive in time.",
        "code": "request_timeout",
        "request_id": REQUEST_ID,
    });
    let status = StatusCode::REQUEST_TIMEOUT;
    let late = Known {
        status,
        body,
        retries: false,
    };
    all.insert("request_timeout", late);
    all
}

fn known(error: &ApiError) -> Known {
    Known {
        status: error.status(),
        body: serde_json::to_value(ErrorBody::of(error, Language::En, REQUEST_ID)).unwrap_or_default(),
        retries: error.retry_after().is_some(),
    }
}

/// What the handler names, and what follows from its body and its callers.
fn codes(operation: &Operation) -> BTreeSet<String> {
    let named = [ERRORS, ERROR_PAGES].map(|list| extension(operation, list));
    let named = named.into_iter().flatten().flatten();
    let implied = of_body(operation).into_iter().chain(of_callers(operation));
    let mut codes: BTreeSet<_> = named.chain(implied.map(str::to_owned)).collect();
    if AT_THE_DOOR.iter().all(|code| codes.contains(*code)) {
        codes.extend(WHAT_IS_BOOKED.map(str::to_owned));
    }
    codes
}

fn extension(operation: &Operation, name: &str) -> Option<Vec<String>> {
    let list = operation.extensions.as_ref()?.get(name)?.as_array()?;
    Some(
        list.iter()
            .filter_map(|code| Some(code.as_str()?.to_owned()))
            .collect(),
    )
}

fn of_body(operation: &Operation) -> Vec<&'static str> {
    let Some(RefOr::T(body)) = &operation.request_body else {
        return vec!["internal_error"];
    };
    let mut codes = vec![
        "internal_error",
        "incomplete_body",
        "body_too_large",
        "request_timeout",
    ];
    if body.content.contains_key(JSON) {
        codes.extend(["invalid_json", "wrong_type"]);
    }
    if body.content.contains_key(FORM) {
        codes.extend(["unsupported_media_type", "invalid_form", "repeated_parameter"]);
    }
    codes
}

fn of_callers(operation: &Operation) -> Vec<&'static str> {
    let asks_for = |scheme| {
        let schemes = operation.security.iter().flatten();
        // A requirement shows its schemes only in its JSON.
        let mut names = schemes.filter_map(|needed| serde_json::to_value(needed).ok());
        names.any(|needed| needed.get(scheme).is_some())
    };
    let mut codes = Vec::new();
    if asks_for(security::API_KEY) {
        codes.extend([
            "unauthenticated",
            "missing_scope",
            "origin_not_allowed",
            "rate_limited",
        ]);
    }
    if asks_for(security::USER) {
        codes.extend(["unauthenticated", "link_token", "rate_limited", "unavailable"]);
        codes.extend(Refusal::ALL.map(Refusal::code));
    }
    if asks_for(security::PROSODY) || asks_for(security::LIVEKIT) {
        codes.extend(["unauthenticated", "rate_limited"]);
    }
    codes
}

fn add(operation: &mut Operation, codes: &BTreeSet<String>, catalogue: &Catalogue) {
    let on_page = extension(operation, ERROR_PAGES).is_some();
    let mut by_status: BTreeMap<StatusCode, Vec<(&str, &Known)>> = BTreeMap::new();
    for code in codes {
        let Some(known) = catalogue.get(code.as_str()) else {
            continue;
        };
        by_status.entry(known.status).or_default().push((code, known));
    }
    for (status, errors) in by_status {
        let response = response(status, &errors, if on_page { PAGE } else { JSON });
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.as_str().to_owned())
            .or_insert(response.into());
    }
    let codes: Vec<_> = codes.iter().map(String::as_str).collect();
    operation.extensions = Some(Extensions::from_iter([(ERRORS, json!(codes))]));
}

fn response(status: StatusCode, errors: &[(&str, &Known)], content_type: &str) -> Response {
    let lines = errors
        .iter()
        .map(|(code, known)| format!("- `{code}`: {}", known.body["error"].as_str().unwrap_or_default()));
    let mut response = ResponseBuilder::new()
        .description(lines.collect::<Vec<_>>().join("\n"))
        .content(content_type, content(errors, content_type));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = text("How one may prove who one is (RFC 9110 section 11.6.1).");
        response = response.header("WWW-Authenticate", challenge);
    }
    if errors.iter().any(|(_, known)| known.retries) {
        response = response.header("Retry-After", seconds());
    }
    response.build()
}

fn content(errors: &[(&str, &Known)], content_type: &str) -> Content {
    if content_type == PAGE {
        let page = ObjectBuilder::new().schema_type(Type::String).build();
        return ContentBuilder::new().schema(Some(page)).build();
    }
    let examples = errors.iter().map(|(code, _)| {
        let example = RefOr::Ref(Ref::new(format!("#/components/examples/{code}")));
        (*code, example)
    });
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Error")))
        .examples_from_iter::<_, _, RefOr<utoipa::openapi::example::Example>>(examples)
        .build()
}

fn text(description: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    HeaderBuilder::new()
        .schema(Some(text))
        .description(Some(description))
        .build()
}

fn seconds() -> Header {
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1.0));
    HeaderBuilder::new()
        .schema(Some(seconds))
        .description(Some("In how many seconds it is worth trying again."))
        .build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ];
    all.into_iter().flatten()
}
