//! The document as a page: what of it is shown, and where.

use http::StatusCode;
use serde_json::{Map, Value};

use super::tag;
use crate::config::daemon::Language;
use crate::http::Incoming;
use crate::http::answer::Answer;
use crate::http::origin::base;
use crate::pages::Frame;
use crate::pages::reference::{
    Content, Field, Form, Group, Operation, Piece, Prose, Reference, ReferencePage, Refusal, Reply,
};
use crate::telemetry::label::{Label, Route};

/// What the page loads: style sheets and an icon.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// This description, to read
#[utoipa::path(
    get,
    path = Route::ApiPage.as_str(),
    operation_id = "description",
    tag = tag::ABOUT,
    responses((status = 200, description = "A page in English.", body = String, content_type = "text/html; charset=utf-8")),
)]
pub(super) fn page(request: &Incoming, reference: &Reference) -> Answer {
    let frame = Frame {
        language: Language::En,
        base: &base(&request.config),
    };
    let page = ReferencePage { frame, reference };
    Answer::page(StatusCode::OK, page.render(), POLICY)
}

/// Picks out of the document what the page shows.
pub(super) fn reference(document: &Value) -> Reference {
    let schemes = object(&document["components"]["securitySchemes"]);
    let schemas = object(&document["components"]["schemas"]);
    Reference {
        title: text(&document["info"]["title"]),
        version: text(&document["info"]["version"]),
        about: Prose::paragraphs(&text(&document["info"]["description"])),
        callers: schemes
            .map(|(name, scheme)| (name.clone(), prose(&scheme["description"])))
            .collect(),
        groups: list(&document["tags"]).map(|tag| group(tag, document)).collect(),
        forms: schemas.map(|(name, schema)| form(name, schema)).collect(),
    }
}

fn group(tag: &Value, document: &Value) -> Group {
    let operations = object(&document["paths"]).flat_map(|(path, item)| {
        let methods = object(item).filter(|(_, operation)| operation["tags"][0] == tag["name"]);
        methods.map(|(method, of)| operation(method, path, of, document))
    });
    Group {
        name: text(&tag["name"]),
        about: prose(&tag["description"]),
        operations: operations.collect(),
    }
}

fn operation(method: &str, path: &str, operation: &Value, document: &Value) -> Operation {
    let answers = object(&operation["responses"]).filter(|(status, _)| !is_error(status));
    Operation {
        anchor: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: prose(&operation["summary"]),
        about: Prose::paragraphs(&text(&operation["description"])),
        callers: list(&operation["security"]).map(caller).collect(),
        parameters: list(&operation["parameters"]).map(parameter).collect(),
        body: operation.get("requestBody").map(content),
        answers: answers.map(|(status, answer)| reply(status, answer)).collect(),
        errors: errors(operation, document),
    }
}

/// `api_key (tokens:issue)`; nothing where nobody needs to be named.
fn caller(needed: &Value) -> String {
    let scheme = |(name, scopes): (&String, &Value)| {
        let scopes: Vec<_> = list(scopes).map(text).collect();
        match scopes.is_empty() {
            true => name.clone(),
            false => format!("{name} ({})", scopes.join(", ")),
        }
    };
    let schemes: Vec<_> = object(needed).map(scheme).collect();
    match schemes.is_empty() {
        true => "nothing".to_owned(),
        false => schemes.join(" and "),
    }
}

fn parameter(parameter: &Value) -> Field {
    Field {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        kind: kind(&parameter["schema"]),
        is_required: parameter["required"] == true,
        about: prose(&parameter["description"]),
    }
}

fn reply(status: &str, answer: &Value) -> Reply {
    let headers =
        object(&answer["headers"]).map(|(name, header)| (name.clone(), prose(&header["description"])));
    Reply {
        status: status.to_owned(),
        content: content(answer),
        headers: headers.collect(),
    }
}

fn content(body: &Value) -> Content {
    let types: Vec<_> = object(&body["content"]).collect();
    let of_first = types.first().map_or(&Value::Null, |(_, content)| content);
    let one = of_first.get("example").into_iter();
    let several = object(&of_first["examples"]).filter_map(|(_, example)| example.get("value"));
    Content {
        types: types
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
        kind: kind(&of_first["schema"]),
        about: prose(&body["description"]),
        examples: one.chain(several).map(pretty).collect(),
    }
}

/// In the order of their statuses.
fn errors(operation: &Value, document: &Value) -> Vec<Refusal> {
    let examples = &document["components"]["examples"];
    let mut errors: Vec<_> = list(&operation["x-errors"])
        .map(|code| {
            let code = text(code);
            Refusal {
                status: text(&examples[&code]["summary"]),
                sentence: text(&examples[&code]["value"]["error"]),
                code,
            }
        })
        .collect();
    errors.sort_by(|one, other| (&one.status, &one.code).cmp(&(&other.status, &other.code)));
    errors
}

fn is_error(status: &str) -> bool {
    status.starts_with('4') || status.starts_with('5')
}

fn form(name: &str, schema: &Value) -> Form {
    let needed: Vec<_> = list(&schema["required"]).map(text).collect();
    let fields = object(&schema["properties"]).map(|(name, schema)| Field {
        name: name.clone(),
        place: String::new(),
        kind: kind(schema),
        is_required: needed.contains(name),
        about: prose(&schema["description"]),
    });
    Form {
        name: name.to_owned(),
        about: prose(&schema["description"]),
        kind: kind(schema),
        fields: fields.collect(),
    }
}

/// What a value is, in a few words.
fn kind(schema: &Value) -> Vec<Piece> {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return vec![Piece::Form(name.to_owned())];
    }
    for choice in ["oneOf", "anyOf"] {
        if schema[choice].is_array() {
            let kinds = list(&schema[choice]).map(kind).collect::<Vec<_>>();
            return kinds.join(&Piece::Words(" or ".into()));
        }
    }
    let mut pieces = vec![Piece::Words(words(schema))];
    if schema["items"].is_object() {
        pieces.push(Piece::Words(" of ".into()));
        pieces.extend(kind(&schema["items"]));
    } else if schema["additionalProperties"].is_object() {
        pieces.push(Piece::Words(" with values ".into()));
        pieces.extend(kind(&schema["additionalProperties"]));
    }
    pieces
}

fn words(schema: &Value) -> String {
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind),
    };
    let choices: Vec<_> = list(&schema["enum"]).map(text).collect();
    let mut words = vec![types];
    words.extend((!choices.is_empty()).then(|| format!("({})", choices.join(", "))));
    words.extend(schema["format"].as_str().map(|format| format!("({format})")));
    words.extend(bounds(schema));
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn bounds(schema: &Value) -> Option<String> {
    let bound = |names: [&str; 3]| names.iter().find_map(|name| schema[*name].as_u64());
    let least = bound(["minimum", "minLength", "minItems"]);
    match (least, bound(["maximum", "maxLength", "maxItems"])) {
        (Some(least), Some(most)) => Some(format!("{least}–{most}")),
        (None, Some(most)) => Some(format!("at most {most}")),
        _ => None,
    }
}

fn pretty(example: &Value) -> String {
    serde_json::to_string_pretty(example).unwrap_or_default()
}

fn prose(value: &Value) -> Prose {
    Prose::new(value.as_str().unwrap_or_default())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
