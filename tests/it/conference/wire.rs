//! The answers as the module reads them: form in, five mandatory fields out, texts for ids, a message for people.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{Booked, cancel, persian, setup};
use crate::usher::{PROSODY_SECRET, Setup, Usher};

const OWNER: &str = "9fe06261-0000@meet.test";
const ASKED_AT: &str = "2026-11-21T10:00:00.000Z";

/// What was answered.
struct Said {
    status: u16,
    body: Value,
}

/// Sends a request with Prosody's secret; `form` as the module encodes it.
async fn ask(usher: &Usher, method: Method, path: &str, form: &str) -> Said {
    said(request(usher, method, path, form).bearer_auth(PROSODY_SECRET)).await
}

fn request(usher: &Usher, method: Method, path: &str, form: &str) -> reqwest::RequestBuilder {
    let request = usher.http.request(method, format!("{}{path}", usher.url()));
    let request = request.header("User-Agent", "Prosody (0.12.3; posix)");
    match form {
        "" => request,
        form => request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.to_owned()),
    }
}

async fn said(request: reqwest::RequestBuilder) -> Said {
    let answer: Response = request.send().await.expect("usher answers");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("an answer is text");
    let body = match text.as_str() {
        "" => Value::Null,
        text => serde_json::from_str(text).expect("an answer is JSON"),
    };
    Said { status, body }
}

async fn create(usher: &Usher, room: &str) -> Said {
    let form =
        format!("name={room}&start_time=2026-11-21T10%3A00%3A00.000Z&mail_owner=9fe06261-0000%40meet.test");
    ask(usher, Method::POST, "/conference", &form).await
}

async fn show(usher: &Usher, id: &str) -> Said {
    ask(usher, Method::GET, &format!("/conference/{id}"), "").await
}

/// What the module makes of a 200: as strict as `parse_conference_response`.
fn require_sound(said: &Said, node: &str) {
    let body = &said.body;
    assert_eq!(said.status, 200, "{body}");
    assert_eq!(
        body["name"].as_str().map(str::to_lowercase).as_deref(),
        Some(node),
        "{body}"
    );
    for field in ["id", "mail_owner", "start_time"] {
        assert!(body[field].is_string(), "{field}: {body}");
    }
    assert!(
        body["duration"].as_i64().is_some_and(|seconds| seconds > 0),
        "{body}"
    );
    let id = body["id"].as_str().unwrap();
    assert!(
        id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
        "{id} goes into an address"
    );
    let nulls = body.as_object().unwrap().values().filter(|value| value.is_null());
    assert_eq!(nulls.count(), 0, "{body}");
}

fn refused(said: &Said) -> (u16, &str) {
    let code = said.body["code"].as_str().unwrap_or_default();
    assert!(said.body["message"].is_string(), "{}", said.body);
    (said.status, code)
}

#[tokio::test]
async fn a_booked_meeting_is_found_by_its_id_in_its_time() {
    let usher = Usher::start(setup()).await;
    let now = Booked::new(&usher, "now", 5).await;
    for _ in 0..2 {
        let asked = create(&usher, &now.room).await;
        assert_eq!(
            (asked.status, &asked.body),
            (409, &json!({"conflict_id": now.id}))
        );
        let shown = show(&usher, &now.id).await;
        require_sound(&shown, &now.room);
        assert_eq!(shown.body["id"], now.id);
        let thirty_days = 30 * 86_400;
        assert_eq!(
            shown.body["duration"], thirty_days,
            "nobody is put out by the module"
        );
        assert!(shown.body.get("max_occupants").is_none() && shown.body.get("password").is_none());
        let emptied = ask(&usher, Method::DELETE, &format!("/conference/{}", now.id), "").await;
        assert_eq!(
            (emptied.status, emptied.body),
            (204, Value::Null),
            "it can be opened again"
        );
    }
    usher
        .until_metrics(&[
            ("usher_reservations_total{result=\"booked\"}", 2.0),
            ("usher_reservations_total{result=\"shown\"}", 2.0),
            ("usher_reservations_total{result=\"emptied\"}", 2.0),
        ])
        .await;
}

#[tokio::test]
async fn too_early_and_called_off_are_said_in_words() {
    for (usher, early, over) in [
        (
            Usher::start(setup()).await,
            "This room opens at ",
            "This meeting is over.",
        ),
        (
            Usher::start(persian()).await,
            "این اتاق در \u{2066}",
            "این جلسه به پایان رسیده است.",
        ),
    ] {
        let later = Booked::new(&usher, "later", 120).await;
        for said in [create(&usher, &later.room).await, show(&usher, &later.id).await] {
            assert_eq!(refused(&said), (403, "too_early"));
            let message = said.body["message"].as_str().unwrap();
            assert!(
                message.starts_with(early) && message.contains(&later.opens()),
                "{message}"
            );
        }
        cancel(&usher, &later.id).await;
        for said in [create(&usher, &later.room).await, show(&usher, &later.id).await] {
            assert_eq!(
                refused(&said),
                (403, "meeting_over"),
                "a 409 would be read as a conflict"
            );
            assert_eq!(said.body["message"], over);
        }
        let logged = async |usher: &Usher| {
            let log = usher.log();
            (log.contains("\"too_early\"") && log.contains("\"meeting_over\"")).then_some(())
        };
        usher.eventually("the reasons in the log", logged).await;
    }
}

#[tokio::test]
async fn unbooked_rooms_open_by_rule() {
    let usher = Usher::start(setup()).await;
    let first = create(&usher, "team%5Cx2d1").await;
    require_sound(&first, "team\\x2d1");
    assert_eq!(first.body["mail_owner"], OWNER);
    for room in ["Hall", "%5Bacme%5Dhall", "caf%25c3%25a9", "channel-7"] {
        let (once, again) = (create(&usher, room).await, create(&usher, room).await);
        assert_eq!(once.status, 200, "{room}: {}", once.body);
        assert_eq!(
            once.body["id"], again.body["id"],
            "asked twice, answered the same"
        );
    }
    assert_eq!(
        create(&usher, "Hall").await.body["name"],
        "Hall",
        "as it was sent"
    );
    assert_eq!(
        refused(&create(&usher, "clinic-1").await),
        (403, "room_not_booked")
    );
    assert_eq!(
        refused(&create(&usher, "%5Bacme%5Dclinic-1").await),
        (403, "room_not_booked")
    );
    assert_eq!(
        refused(&create(&usher, "channel-8").await),
        (403, "room_not_booked")
    );
    assert_eq!(create(&usher, "small-1").await.body["max_occupants"], 1);
    assert_eq!(
        refused(&show(&usher, first.body["id"].as_str().unwrap()).await),
        (404, "not_found")
    );
}

#[tokio::test]
async fn the_rules_say_as_what_a_room_opens() {
    let usher = Usher::start(setup()).await;
    let ward = Booked::new(&usher, "ward", 0).await;
    assert_eq!(create(&usher, &ward.room).await.status, 409);
    let shown = show(&usher, &ward.id).await;
    require_sound(&shown, &ward.room);
    let terms = json!([
        shown.body["max_occupants"],
        shown.body["lobby"],
        shown.body["password"]
    ]);
    assert_eq!(terms, json!([2, true, "open sesame"]));
    assert!(!usher.log().contains("sesame") && !usher.metrics().await.contains("sesame"));
}

#[tokio::test]
async fn the_module_closes_the_room_where_usher_cannot() {
    let kept = |prosody: &str| {
        let plain = Setup::default();
        Setup {
            signing: format!("{}\n{prosody}", plain.signing),
            ..plain
        }
        .sections("[meetings]\nenforce_end = true\n")
    };
    for (prosody, expected) in [("", 1800), ("prosody_http = \"http://127.0.0.1:9\"", 30 * 86_400)] {
        let usher = Usher::start(kept(prosody)).await;
        let now = Booked::new(&usher, "now", 5).await;
        let shown = show(&usher, &now.id).await;
        require_sound(&shown, &now.room);
        assert_eq!(shown.body["duration"], expected, "{prosody}");
        let starts_at: chrono::DateTime<chrono::Utc> =
            shown.body["start_time"].as_str().unwrap().parse().unwrap();
        assert_eq!(starts_at.timestamp(), now.starts_at.timestamp());
    }
}

#[tokio::test]
async fn only_prosody_is_answered() {
    let usher = Usher::start(setup()).await;
    let now = Booked::new(&usher, "now", 0).await;
    let one = format!("/conference/{}", now.id);
    for (method, path, form) in [
        (Method::POST, "/conference", "name=hall"),
        (Method::GET, one.as_str(), ""),
        (Method::DELETE, one.as_str(), ""),
    ] {
        for secret in [None, Some("another secret"), Some(crate::usher::KEY)] {
            let request = request(&usher, method.clone(), path, form);
            let request = match secret {
                Some(secret) => request.bearer_auth(secret),
                None => request,
            };
            let said = said(request).await;
            assert_eq!(refused(&said), (401, "unauthenticated"), "{method} {path}");
            let message = said.body["message"].as_str().unwrap();
            assert!(message.contains("administrator"), "{message}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_room_is_refused() {
    let usher = Usher::start(setup()).await;
    let long = format!("name={}", "x".repeat(4000));
    let owner = format!("name=hall&mail_owner={}", "x".repeat(4000));
    for (form, code) in [
        ("start_time=x", "missing_field"),
        ("name=", "missing_field"),
        ("name=a%00b", "invalid_field"),
        ("name=a%0ab", "invalid_field"),
        (long.as_str(), "invalid_field"),
        (owner.as_str(), "invalid_field"),
        ("name=a&name=b", "repeated_parameter"),
        ("name=%ff", "invalid_form"),
    ] {
        let said = ask(&usher, Method::POST, "/conference", form).await;
        assert_eq!(refused(&said), (400, code), "{form}");
    }
    let json = usher.report("/conference", &json!({"name": "hall"}));
    assert_eq!(refused(&said(json).await), (415, "unsupported_media_type"));
    for id in [
        "1",
        "..",
        "0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e5f",
        "%2e%2e%2f",
        "2.0",
    ] {
        let shown = show(&usher, id).await;
        assert_eq!(shown.status, 404, "{id}: {}", shown.body);
    }
    let lenient = ask(&usher, Method::POST, "/conference", "name=hall&start_time=soon").await;
    require_sound(&lenient, "hall");
    assert_ne!(lenient.body["start_time"], ASKED_AT);
    assert_eq!(
        ask(&usher, Method::DELETE, "/conference/2.0", "").await.status,
        204
    );
}
