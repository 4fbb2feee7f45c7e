use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

fn whole() -> Value {
    serde_json::to_value(document()).unwrap()
}

/// Method and path of every operation, and what is said about it.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn every_operation_is_described() {
    let document = whole();
    let tags: BTreeSet<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .map(Value::to_string)
        .collect();
    for (name, operation) in operations(&document) {
        assert!(operation["summary"].is_string(), "{name} has no summary");
        let own = operation["tags"].as_array().unwrap();
        assert!(
            own.len() == 1 && tags.contains(&own[0].to_string()),
            "{name}: {own:?}"
        );
        if let Some(body) = operation.get("requestBody") {
            for (kind, content) in body["content"].as_object().unwrap() {
                let examples = content.get("example").or(content.get("examples"));
                assert!(examples.is_some(), "{name}: {kind} has no example");
            }
        }
    }
}

#[test]
fn every_public_route_is_described() {
    let described = document().paths.paths;
    for route in Route::ALL {
        let is_public = !route.is_supervision() && *route != Route::Unmatched;
        assert!(
            !is_public || described.contains_key(route.as_str()),
            "{}",
            route.as_str()
        );
    }
}

#[test]
fn operations_have_names_of_their_own() {
    let document = whole();
    let mut names = BTreeMap::new();
    for (name, operation) in operations(&document) {
        let other = names.insert(operation["operationId"].to_string(), name.clone());
        assert_eq!(other, None, "{name} is called {}", operation["operationId"]);
    }
}

#[test]
fn schemas_of_one_name_are_one_schema() {
    let mut known = BTreeMap::new();
    for part in parts() {
        for (name, schema) in part.components.unwrap_or_default().schemas {
            let schema = serde_json::to_value(schema).unwrap();
            let other = known.insert(name.clone(), schema.clone());
            assert!(
                other.is_none_or(|other| other == schema),
                "{name} is two things; give one another name"
            );
        }
    }
}

#[test]
fn every_code_is_one_that_callers_can_get() {
    let document = whole();
    for (name, operation) in operations(&document) {
        for code in operation["x-errors"].as_array().unwrap() {
            let known = &document["components"]["examples"][code.as_str().unwrap()];
            assert!(
                known.is_object(),
                "{name}: {code} is no code, or has no sample in http/error/samples.rs"
            );
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = whole();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in references {
        let place = document.pointer(reference.trim_start_matches('#'));
        assert!(place.is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

#[test]
fn addresses_take_what_is_described() {
    let methods = Methods::of(&document());
    let post = Some("POST, OPTIONS");
    assert_eq!(methods.at("/api/jitsi/create-room"), post);
    assert_eq!(methods.at("/api/jitsi/create-room/"), post);
    assert_eq!(methods.at("/openapi.json"), Some("GET, HEAD, OPTIONS"));
    for nothing in [
        "",
        "/",
        "/api/jitsi",
        "/api/jitsi/create-room/x",
        "//api/jitsi/create-room",
    ] {
        assert_eq!(methods.at(nothing), None, "{nothing}");
    }
}
