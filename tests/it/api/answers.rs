//! What is the same for every route: bodies, errors, languages, ids, methods, and the operations listener.

use http::Method;
use serde_json::{Value, json};

use super::{BATCH, CREATE, GENERATE, JWKS, Said, VALIDATE, client, text, with_clients};
use crate::usher::{KEY, Setup, Usher, answered};

fn raw(usher: &Usher, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
    usher
        .http
        .post(format!("{}{path}", usher.url()))
        .bearer_auth(KEY)
        .body(body)
}

#[tokio::test]
async fn an_error_has_one_shape() {
    let usher = Usher::start(Setup::default()).await;
    let refused = Said::to(
        usher
            .post(GENERATE, &json!({"roomName": "r"}))
            .header("X-Request-Id", "shape-1"),
    )
    .await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json(),
        json!({
            "status": "error", "error": "The field userName is missing.", "code": "missing_field", "field": "userName",
            "request_id": "shape-1"
        })
    );
    assert_eq!(refused.header("content-type"), "application/json");
    let nowhere = Said::to(usher.get("/nowhere").header("X-Request-Id", "shape-2")).await;
    assert_eq!(nowhere.status, 404);
    assert_eq!(
        nowhere.json(),
        json!({
            "status": "error", "error": "There is nothing at this address.", "code": "not_found", "request_id": "shape-2"
        })
    );
}

#[tokio::test]
async fn a_request_keeps_its_id() {
    let usher = Usher::start(Setup::default()).await;
    let good = "A".repeat(64);
    for path in [GENERATE, "/nowhere"] {
        for id in ["a", "A-b_c.9", &good] {
            let said = Said::to(usher.post(path, &json!({})).header("X-Request-Id", id)).await;
            assert_eq!(
                (said.header("x-request-id"), text(&said.json()["request_id"])),
                (id, id)
            );
        }
        for id in ["", "a b", "a/b", "é", &"A".repeat(65), "x\"y"] {
            let said = Said::to(usher.post(path, &json!({})).header("X-Request-Id", id.as_bytes())).await;
            let made = said.header("x-request-id");
            assert!(!made.is_empty() && made != id, "{id} became {made}");
            assert_eq!(said.json()["request_id"], made);
        }
    }
    let good = usher
        .post(GENERATE, &json!({"roomName": "r", "userName": "u"}))
        .header("X-Request-Id", "fine");
    assert_eq!(Said::to(good).await.header("x-request-id"), "fine");
}

#[tokio::test]
async fn both_forms_of_an_address_and_head_are_answered() {
    let usher = Usher::start(Setup::default()).await;
    let body = json!({"roomName": "r", "userName": "u", "appointmentId": "a", "token": "x"});
    for path in [GENERATE, CREATE, VALIDATE] {
        answered(usher.post(&format!("{path}/"), &body)).await;
        answered(usher.post(&format!("{path}/?a=b/"), &body)).await;
        Said::to(usher.post(&format!("{path}//"), &body))
            .await
            .assert_refused(404, "not_found");
    }
    let batch = json!({"host": "h", "instance": "i", "events": []});
    answered(usher.report(&format!("{BATCH}/"), &batch)).await;
    let get = Said::to(usher.get(&format!("{JWKS}/"))).await;
    let head = Said::to(usher.http.head(format!("{}{JWKS}", usher.url()))).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), get.text.len().to_string());
    assert_eq!(head.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_wrong_method_learns_the_right_one() {
    let usher = Usher::start(Setup::default()).await;
    let posted = [
        GENERATE,
        CREATE,
        VALIDATE,
        BATCH,
        "/events/room/created",
        "/events/occupant/left/",
        "/sso/guest/",
        "/sso/api/login",
        "/sso/api/validate-token/",
        "/sso/api/refresh-token/",
        "/sso/token",
    ];
    let cases = posted.map(|path| (path, "POST, OPTIONS")).into_iter();
    let got = [JWKS, "/asap/0000.pem", "/sso/api/user-info/", "/sso/authorize"];
    let got = got.map(|path| (path, "GET, HEAD, OPTIONS"));
    let both = ["/sso/login/", "/sso/api/logout"].map(|path| (path, "GET, HEAD, POST, OPTIONS"));
    for (path, allow) in cases.chain(got).chain(both) {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
            if allow.contains(method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let refused = Said::to(usher.http.request(method, format!("{}{path}", usher.url()))).await;
            refused.assert_refused(405, "method_not_allowed");
            assert_eq!(refused.header("allow"), allow);
        }
    }
    for nowhere in [
        "/",
        "/api",
        "/api/jitsi",
        "/asap",
        "/asap/a/b.pem",
        "/sso",
        "/live",
        "/metrics",
    ] {
        let refused = Said::to(usher.get(nowhere)).await;
        refused.assert_refused(404, "not_found");
        assert_eq!(refused.header("allow"), "");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_said_to_be() {
    let usher = Usher::start(Setup::default()).await;
    let body = |size: usize| {
        let start = r#"{"roomName":"r","userName":"u","more":""#;
        format!("{start}{}\"}}", "x".repeat(size - start.len() - 2))
    };
    answered(raw(&usher, GENERATE, body(64 << 10))).await;
    for path in [GENERATE, CREATE, VALIDATE] {
        let refused = Said::to(raw(&usher, path, body((64 << 10) + 1))).await;
        refused.assert_refused(413, "body_too_large");
        assert_eq!(refused.json()["error"], "The body is larger than 64 KiB.");
    }
}

/// Every error, with a request that meets it; the client's own language is Persian.
fn errors(usher: &Usher) -> Vec<(u16, reqwest::RequestBuilder)> {
    let ask = |body: Value| usher.post_as("persian", GENERATE, &body);
    let large = usher
        .http
        .post(format!("{}{GENERATE}", usher.url()))
        .bearer_auth("persian")
        .body(vec![b' '; 70_000]);
    let broken = usher
        .http
        .post(format!("{}{GENERATE}", usher.url()))
        .bearer_auth("persian")
        .body("{");
    let origin = ask(json!({})).header("Origin", "https://evil.example.com");
    vec![
        (400, ask(json!({"userName": "u"}))),
        (400, ask(json!({"roomName": "*", "userName": "u"}))),
        (400, ask(json!({"roomName": 7, "userName": "u"}))),
        (
            400,
            ask(json!({"roomName": "r", "userName": "u", "expiresIn": 99_999_999})),
        ),
        (400, broken),
        (413, large),
        (403, usher.post_as("persian", VALIDATE, &json!({}))),
        (403, ask(json!({"roomName": "elsewhere", "userName": "u"}))),
        (403, origin),
    ]
}

#[tokio::test]
async fn errors_speak_the_callers_language() {
    let lines = "scopes = [\"tokens:issue\"]\nrooms = [\"r*\"]\nlanguage = \"fa\"";
    let usher = with_clients(&[client("persian", "persian", lines)]).await;
    let is_persian = |said: &Said| {
        text(&said.json()["error"])
            .chars()
            .any(|c| ('\u{600}'..='\u{6ff}').contains(&c))
    };
    for ((status, of_client), (_, chosen)) in errors(&usher).into_iter().zip(errors(&usher)) {
        let of_client = Said::to(of_client).await;
        let chosen = Said::to(chosen.header("Accept-Language", "de, en;q=0.8, fa;q=0.5")).await;
        assert_eq!(
            (of_client.status.as_u16(), chosen.status.as_u16()),
            (status, status)
        );
        assert_eq!(of_client.refusal(), chosen.refusal(), "a code has no language");
        assert!(is_persian(&of_client), "{of_client:?}");
        assert!(!is_persian(&chosen), "{chosen:?}");
    }
    let nameless = [
        usher.get("/nowhere"),
        usher.get(GENERATE),
        usher.post_as("wrong", GENERATE, &json!({})),
        usher.report(BATCH, &json!({"host": ""})),
    ];
    for request in nameless {
        let plain = Said::to(request.try_clone().unwrap()).await;
        let chosen = Said::to(request.header("Accept-Language", "fa-IR,fa;q=0.9,en;q=0.8")).await;
        assert!(!is_persian(&plain) && is_persian(&chosen), "{plain:?} {chosen:?}");
    }
}

#[tokio::test]
async fn the_daemons_own_language_is_the_last_resort() {
    let setup = Setup {
        http: "default_language = \"fa\"".into(),
        ..Setup::default()
    };
    let usher = Usher::start(setup).await;
    let said = Said::to(usher.get("/nowhere")).await;
    assert_eq!(said.json()["error"], "در این نشانی چیزی نیست.");
    let said = Said::to(usher.get("/nowhere").header("Accept-Language", "en")).await;
    assert_eq!(said.json()["error"], "There is nothing at this address.");
}

#[tokio::test]
async fn what_holds_a_token_is_kept_by_nobody() {
    let usher = Usher::start(Setup::default()).await;
    let body = json!({"roomName": "r", "userName": "u", "appointmentId": "a", "token": "x"});
    for path in [GENERATE, CREATE, VALIDATE] {
        let said = Said::to(usher.post(path, &body)).await;
        assert_eq!(
            (said.status.as_u16(), said.header("cache-control")),
            (200, "no-store")
        );
    }
}

#[tokio::test]
async fn the_operations_listener_answers_apart() {
    let usher = Usher::start(Setup::default()).await;
    let live = Said::to(usher.ops("/live")).await;
    assert_eq!(
        (live.status.as_u16(), live.json()),
        (200, json!({"status": "live"}))
    );
    let ready = Said::to(usher.ops("/ready")).await;
    assert_eq!(
        (ready.status.as_u16(), ready.json()),
        (200, json!({"status": "ready"}))
    );
    Said::to(usher.get("/nowhere?name=secret"))
        .await
        .assert_refused(404, "not_found");
    let metrics = Said::to(usher.ops("/metrics")).await;
    assert_eq!(
        metrics.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let line = "usher_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1";
    assert!(
        metrics.text.lines().any(|found| found == line),
        "{}",
        metrics.text
    );
    assert!(metrics.text.contains("usher_build_info{"));
    Said::to(usher.ops(GENERATE))
        .await
        .assert_refused(404, "not_found");
}
