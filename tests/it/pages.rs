//! What browsers are told about pages: types, policies, how long to keep what, and where the sample pages are.

use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};

use crate::usher::{CLIENTS, Setup, Usher};
use crate::web;

const SAMPLE: &str = r#"
[jitsi_meet]
redirect_uris = ["https://meet.test/usher/client_apps/jitsi_meet/callback.html"]
"#;

async fn with_sample() -> Usher {
    Usher::start(Setup {
        http: "public_url = \"https://meet.test/usher\"".into(),
        clients: format!("{CLIENTS}{SAMPLE}"),
        ..Setup::default()
    })
    .await
}

/// A browser that stays where it is.
async fn fetched(usher: &Usher, path: &str) -> Response {
    let browser = web::client().redirect(Policy::none()).build().unwrap();
    browser
        .get(format!("{}{path}", usher.url()))
        .send()
        .await
        .unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn sample_pages_are_there_for_the_program_that_names_them() {
    let usher = Usher::start(Setup::default()).await;
    for file in ["", "callback.html", "room.html", "session.js"] {
        let answer = fetched(&usher, &format!("/client_apps/jitsi_meet/{file}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{file}");
    }
    let usher = with_sample().await;
    for file in ["", "index.html", "callback.html", "room.html"] {
        let answer = fetched(&usher, &format!("/client_apps/jitsi_meet/{file}")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        let policy = header(&answer, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert_eq!(
            policy.contains("https://meet.test"),
            file == "room.html",
            "{policy}"
        );
    }
    let script = fetched(&usher, "/client_apps/jitsi_meet/session.js").await;
    assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
    for strange in ["../clients.toml", "x.html", "words.rs", "a/b"] {
        let answer = fetched(&usher, &format!("/client_apps/jitsi_meet/{strange}")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{strange}");
    }
    let posted = usher
        .http
        .post(format!("{}/client_apps/jitsi_meet/", usher.url()));
    assert_eq!(
        posted.send().await.unwrap().status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn what_pages_load_is_kept_for_ever() {
    let usher = with_sample().await;
    let page = fetched(&usher, "/client_apps/jitsi_meet/")
        .await
        .text()
        .await
        .unwrap();
    let assets: Vec<&str> = page
        .split('"')
        .filter_map(|part| part.strip_prefix("/usher/assets/"))
        .collect();
    assert!(assets.len() >= 2, "{page}");
    for file in assets {
        let answer = fetched(&usher, &format!("/assets/{file}")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        assert_eq!(
            header(&answer, "cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert!(!header(&answer, "content-type").is_empty());
    }
    let old = fetched(&usher, "/assets/usher-0000000000000000.css").await;
    assert_eq!(old.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_chosen_language_wins_over_that_of_the_browser() {
    let usher = with_sample().await;
    let answer = fetched(&usher, "/language/fa?back=%2Fusher%2Fclient_apps%2Fjitsi_meet%2F").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(
        header(&answer, "location"),
        "https://meet.test/usher/client_apps/jitsi_meet/"
    );
    let cookie = header(&answer, "set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(cookie, "__Host-usher_language=fa");
    let page = usher
        .get("/client_apps/jitsi_meet/")
        .header("Cookie", cookie)
        .header("Accept-Language", "en");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<html lang=\"fa\" dir=\"rtl\">"), "{page}");
    for astray in [
        "fa?back=%2F%2Fevil.test%2Fusher%2F",
        "fa?back=https%3A%2F%2Fevil.test",
        "fa?back=%2Froom",
        "fa?x=y",
        "fa",
    ] {
        let answer = fetched(&usher, &format!("/language/{astray}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{astray}");
    }
    let unknown = fetched(&usher, "/language/de?back=%2Fusher%2F").await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}
