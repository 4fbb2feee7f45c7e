//! The same for people, as a page.

use super::{document, operations};
use crate::usher::{Setup, Usher};

#[tokio::test]
async fn the_page_shows_every_operation_and_code() {
    let usher = Usher::start(Setup::default()).await;
    let document = document(&usher).await;
    let answer = usher.get("/openapi").send().await.unwrap();
    let policy = answer.headers()["Content-Security-Policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'self'"),
        "{policy}"
    );
    let page = answer.text().await.unwrap();
    assert!(!page.contains("<script"));
    for (path, method, operation) in operations(&document) {
        let anchor = format!("<article id={}>", operation["operationId"]);
        assert!(page.contains(&anchor), "{method} {path}: no {anchor}");
        for code in operation["x-errors"].as_array().unwrap() {
            assert!(
                page.contains(&format!("<code>{}</code>", code.as_str().unwrap())),
                "{code}"
            );
        }
    }
    for link in page.split("href=\"#").skip(1) {
        let (anchor, _) = link.split_once('"').unwrap();
        assert!(
            page.contains(&format!("id=\"{anchor}\"")),
            "nothing is at #{anchor}"
        );
    }
}
