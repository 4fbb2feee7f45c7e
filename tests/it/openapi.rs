//! The description of the API against the program that it describes.

mod page;
mod routes;
mod tried;

use serde_json::Value;

use crate::usher::{Usher, answered};

/// The document.
async fn document(usher: &Usher) -> Value {
    answered(usher.get("/openapi.json")).await
}

/// Path, method in small letters, and description of every operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("a map of paths");
    let all = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().expect("a map of methods");
        item.iter()
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    all.collect()
}
