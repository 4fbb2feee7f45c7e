//! Every route is described, and what is described is there.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;

use super::{document, operations};
use crate::usher::{Setup, Usher};

const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// A path with something in the place of each parameter.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.split_once('}') {
        Some((_, ending)) => format!("x{ending}"),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// What the log says which route took the request.
fn routes_by_request(log: &str) -> BTreeMap<String, String> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let named = lines.filter_map(|line| {
        let (id, route) = (line["request_id"].as_str()?, line["route"].as_str()?);
        Some((id.to_owned(), route.to_owned()))
    });
    named.collect()
}

#[tokio::test]
async fn what_is_described_is_routed_and_nothing_else() {
    let usher = Usher::start(Setup::default()).await;
    let document = document(&usher).await;
    let operations = operations(&document);
    let (mut asked, mut count) = (Vec::new(), 0);
    for path in document["paths"].as_object().unwrap().keys() {
        let described = |method: &Method| {
            let mut all = operations.iter();
            all.any(|(other, name, _)| other == path && method.as_str().eq_ignore_ascii_case(name))
        };
        for method in METHODS {
            count += 1;
            let id = format!("asked-{count}");
            let url = format!("{}{}", usher.url(), filled(path));
            let request = usher
                .http
                .request(method.clone(), url)
                .header("X-Request-Id", &id);
            let answer = request.send().await.expect("usher answers");
            let is_405 = answer.status() == 405;
            assert_eq!(
                is_405,
                !described(&method),
                "{method} {path}: {}",
                answer.status()
            );
            if is_405 {
                let allow = answer.headers()["Allow"].to_str().unwrap().to_owned();
                let allowed: Vec<_> = allow.split(", ").collect();
                for method in METHODS {
                    assert_eq!(
                        allowed.contains(&method.as_str()),
                        described(&method),
                        "{path}: {allow}"
                    );
                }
            } else {
                asked.push((id, path.clone()));
            }
        }
    }
    usher.until_routed(&asked).await;
}

impl Usher {
    /// Waits until the log names the route of each of these requests, and expects it to be the one that was asked for.
    async fn until_routed(&self, asked: &[(String, String)]) {
        let all_there = async |usher: &Self| {
            let routes = routes_by_request(&usher.log());
            asked
                .iter()
                .all(|(id, _)| routes.contains_key(id))
                .then_some(routes)
        };
        let routes = self.eventually("the log names every request", all_there).await;
        for (id, path) in asked {
            let route = &routes[id];
            // The sample's first page is one of its pages.
            let is_it =
                route == path || (route.starts_with("/client_apps/") && path.starts_with("/client_apps/"));
            assert!(is_it, "{path} is routed to {route}");
        }
    }
}

#[tokio::test]
async fn the_document_is_sent_once() {
    let usher = Usher::start(Setup::default()).await;
    let first = usher.get("/openapi.json").send().await.unwrap();
    let tag = first.headers()["ETag"].to_str().unwrap().to_owned();
    assert_eq!(first.headers()["Content-Type"], "application/json");
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".into()] {
        let again = usher
            .get("/openapi.json")
            .header("If-None-Match", known)
            .send()
            .await
            .unwrap();
        assert_eq!(
            (again.status().as_u16(), again.headers()["ETag"].to_str().unwrap()),
            (304, tag.as_str())
        );
        assert_eq!(again.text().await.unwrap(), "");
    }
    let other = usher
        .get("/openapi.json")
        .header("If-None-Match", "\"other\"")
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), 200);
}
