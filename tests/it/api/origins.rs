//! Pages that call: listed origins, preflights, and never everybody.

use http::Method;
use serde_json::json;

use super::{GENERATE, JWKS, Said, client, with_clients};
use crate::usher::{KEY, Usher};

const OWN: &str = "https://app.example.com";
const OTHER: &str = "https://other.example.com";

async fn usher() -> Usher {
    let lines =
        |origin: &str| format!("scopes = [\"tokens:issue\"]\nrooms = [\"*\"]\norigins = [\"{origin}\"]");
    with_clients(&[
        client("app", "app", &lines(OWN)),
        client("other", "other", &lines(OTHER)),
    ])
    .await
}

async fn preflight(usher: &Usher, origin: &str) -> Said {
    let request = usher
        .http
        .request(Method::OPTIONS, format!("{}{GENERATE}", usher.url()));
    let asked = request
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST");
    Said::to(asked.header("Access-Control-Request-Headers", "authorization,content-type")).await
}

#[tokio::test]
async fn a_preflight_is_answered_for_ten_minutes() {
    let usher = usher().await;
    let said = preflight(&usher, OWN).await;
    assert!(said.status.is_success(), "{said:?}");
    assert_eq!(said.header("access-control-allow-origin"), OWN);
    assert_eq!(said.header("access-control-max-age"), "600");
    assert_eq!(
        said.header("access-control-allow-methods"),
        "GET,POST,PUT,PATCH,DELETE"
    );
    assert_eq!(
        said.header("access-control-allow-headers"),
        "authorization,content-type,x-request-id,idempotency-key,last-event-id,if-match"
    );
    assert!(said.header("vary").contains("origin"), "{said:?}");
    assert!(!said.header("x-request-id").is_empty());
    for stranger in [
        "https://evil.example.com",
        "null",
        "https://app.example.com.evil.com",
        "http://app.example.com",
    ] {
        let said = preflight(&usher, stranger).await;
        assert_eq!(said.header("access-control-allow-origin"), "", "{stranger}");
    }
}

#[tokio::test]
async fn a_page_calls_only_for_its_own_client() {
    let usher = usher().await;
    let body = json!({"roomName": "r", "userName": "u"});
    let call =
        |key: &str, origin: &str| Said::to(usher.post_as(key, GENERATE, &body).header("Origin", origin));
    let own = call("app", OWN).await;
    assert_eq!(
        (own.status.as_u16(), own.header("access-control-allow-origin")),
        (200, OWN)
    );
    assert_eq!(
        own.header("access-control-expose-headers"),
        "x-request-id,etag,retry-after"
    );
    let borrowed = call("app", OTHER).await;
    borrowed.assert_refused(403, "origin_not_allowed");
    assert_eq!(
        borrowed.header("access-control-allow-origin"),
        OTHER,
        "its page may read why"
    );
    for (key, origin) in [("app", "https://evil.example.com"), (KEY, OWN)] {
        call(key, origin).await.assert_refused(403, "origin_not_allowed");
    }
    let stranger = call("app", "https://evil.example.com").await;
    assert_eq!(stranger.header("access-control-allow-origin"), "");
    let refused = call("wrong", OWN).await;
    refused.assert_refused(401, "unauthenticated");
    assert_eq!(refused.header("access-control-allow-origin"), OWN);
}

#[tokio::test]
async fn nothing_is_open_to_every_origin() {
    let usher = usher().await;
    for path in [JWKS, "/nowhere", GENERATE] {
        let said = Said::to(usher.get(path).header("Origin", "https://evil.example.com")).await;
        assert_eq!(said.header("access-control-allow-origin"), "", "{path}");
        assert_eq!(said.header("access-control-allow-credentials"), "", "{path}");
    }
}
