//! The routes of usher's module on Prosody's web server: who may, what is answered, and what people see.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::prosody::people::People;
use crate::prosody::server::{BREAKOUT, DOMAIN, MUC, Prosody, Setup};

const SECRET: &str = "a secret of Prosody and usher";
const ALPHA: &str = "alpha@conference.meet.test";

/// A Prosody whose usher is nowhere, and a caller of its routes.
struct Bench {
    prosody: Prosody,
    people: People,
    http: Client,
}

impl Bench {
    async fn new() -> Self {
        let setup = Setup::with_usher("http://127.0.0.1:1", SECRET)
            .end("modules_enabled = { \"usher_events\", \"test_breakout\" }");
        Self {
            prosody: Prosody::start(setup).await,
            people: People::start(),
            http: Client::new(),
        }
    }

    async fn ask(&self, route: &str, body: &Value) -> (StatusCode, Value) {
        self.ask_with(&format!("Bearer {SECRET}"), route, body.to_string())
            .await
    }

    async fn ask_with(&self, authorization: &str, route: &str, body: String) -> (StatusCode, Value) {
        let (method, path) = route.split_once(' ').expect("a method and a path");
        let method = method.parse().expect("a method");
        let request = self
            .http
            .request(method, format!("{}{path}", self.prosody.http()))
            .header("host", MUC)
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .body(body);
        let answer = request.send().await.expect("Prosody answers");
        let status = answer.status();
        let text = answer.text().await.expect("a text");
        let json = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{route}: {status} {text}"));
        (status, json)
    }

    async fn enter(&mut self, name: &str, room: &str) -> String {
        let joined = self.people.join(&self.prosody, name, room).await;
        joined["jid"]
            .as_str()
            .unwrap_or_else(|| panic!("{joined}"))
            .to_owned()
    }

    async fn put_out(&mut self, name: &str) -> Value {
        let out = |notice: &Value| notice["id"] == name && notice.get("removed").is_some();
        self.people.notice(out).await["removed"].clone()
    }
}

#[tokio::test]
async fn who_does_not_know_the_secret_can_do_nothing() {
    let mut bench = Bench::new().await;
    bench.enter("ann", ALPHA).await;
    let order = json!({ "room": ALPHA, "text": "out" }).to_string();
    let refused = (StatusCode::UNAUTHORIZED, json!({ "error": "unauthorized" }));
    for route in [
        "POST /usher/end",
        "POST /usher/say",
        "POST /usher/remove",
        "GET /usher/rooms",
    ] {
        for presented in [
            "",
            "Bearer ",
            "Bearer wrong",
            SECRET,
            &format!("Bearer {SECRET} ."),
            "Basic x",
        ] {
            let answer = bench.ask_with(presented, route, order.clone()).await;
            assert_eq!(answer, refused, "{route} {presented:?}");
        }
    }
    let (_, rooms) = bench.ask("GET /usher/rooms", &json!({})).await;
    assert_eq!(
        rooms,
        json!({ "rooms": [{ "room": ALPHA, "people": 1 }] }),
        "she is still there"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_what_is_not_there_is_named() {
    let mut bench = Bench::new().await;
    bench.enter("ann", ALPHA).await;
    let bad = (StatusCode::BAD_REQUEST, json!({ "error": "bad_request" }));
    let long = "x".repeat(3000);
    for body in [
        "".to_owned(),
        "null".to_owned(),
        "[".to_owned(),
        "7".to_owned(),
        json!({ "room": 7 }).to_string(),
        json!({ "room": ALPHA, "text": 7 }).to_string(),
        json!({ "room": ALPHA, "text": "a\nb" }).to_string(),
        json!({ "room": ALPHA, "text": long }).to_string(),
    ] {
        let bearer = format!("Bearer {SECRET}");
        assert_eq!(
            bench.ask_with(&bearer, "POST /usher/end", body.clone()).await,
            bad,
            "{body}"
        );
    }
    assert_eq!(bench.ask("POST /usher/say", &json!({ "room": ALPHA })).await, bad);
    assert_eq!(
        bench.ask("POST /usher/remove", &json!({ "room": ALPHA })).await,
        bad
    );
    let huge = json!({ "room": ALPHA, "more": "x".repeat(20_000) });
    assert_eq!(
        bench.ask("POST /usher/end", &huge).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );

    let unknown = (StatusCode::NOT_FOUND, json!({ "error": "unknown_room" }));
    for room in [
        "beta@conference.meet.test",
        "alpha@breakout.meet.test",
        "alpha",
        "@",
        "alpha@x@y",
        "",
    ] {
        assert_eq!(
            bench.ask("POST /usher/end", &json!({ "room": room })).await,
            unknown,
            "{room:?}"
        );
    }
    let stranger = json!({ "room": ALPHA, "occupant": "nobody@meet.test/1" });
    let answer = bench.ask("POST /usher/remove", &stranger).await;
    assert_eq!(
        answer,
        (StatusCode::NOT_FOUND, json!({ "error": "unknown_occupant" }))
    );
}

#[tokio::test]
async fn what_is_said_reaches_jitsis_client_and_any_other() {
    let mut bench = Bench::new().await;
    bench.people.focus(&bench.prosody, ALPHA).await;
    bench.enter("ann", ALPHA).await;
    let text = "وقت این جلسه <b>&amp; \"۵\" دقیقهٔ دیگر تمام می‌شود.";
    let said = bench
        .ask("POST /usher/say", &json!({ "room": ALPHA, "text": text }))
        .await;
    assert_eq!(said, (StatusCode::OK, json!({ "said": true })));
    let heard = bench
        .people
        .notice(|notice| notice["id"] == "ann" && notice.get("message").is_some())
        .await;
    let expected = json!({
        "from": ALPHA, "type": "groupchat", "body": text,
        "json": { "type": "system_chat_message", "message": text },
    });
    assert_eq!(heard["message"], expected);
}

#[tokio::test]
async fn one_person_is_put_out_and_told_why() {
    let mut bench = Bench::new().await;
    let ann = bench.enter("ann", ALPHA).await;
    bench.enter("bob", ALPHA).await;
    let order = json!({ "room": ALPHA, "occupant": ann, "text": "not yet" });
    assert_eq!(bench.ask("POST /usher/remove", &order).await.0, StatusCode::OK);
    let out = bench.put_out("ann").await;
    assert_eq!(
        (&out["codes"], &out["reason"]),
        (&json!([307, 110]), &json!("not yet")),
        "{out}"
    );
    let (_, rooms) = bench.ask("GET /usher/rooms", &json!({})).await;
    assert_eq!(rooms, json!({ "rooms": [{ "room": ALPHA, "people": 1 }] }));
}

#[tokio::test]
async fn a_room_ends_with_its_breakout_rooms() {
    let mut bench = Bench::new().await;
    let side = format!("4b1c@{BREAKOUT}");
    bench.people.focus(&bench.prosody, ALPHA).await;
    bench.enter("ann", ALPHA).await;
    bench.enter("bob", ALPHA).await;
    bench.enter("bob", &side).await;
    bench.people.recorder(&bench.prosody, ALPHA).await;
    let (_, rooms) = bench.ask("GET /usher/rooms", &json!({})).await;
    assert_eq!(
        rooms,
        json!({ "rooms": [{ "room": ALPHA, "people": 3 }] }),
        "places, by now"
    );
    let ended = bench
        .ask("POST /usher/end", &json!({ "room": ALPHA, "text": "it is late" }))
        .await;
    assert_eq!(ended, (StatusCode::OK, json!({ "ended": 2 })));
    for name in ["ann", "bob", "bob"] {
        let out = bench.put_out(name).await;
        assert_eq!(
            (&out["destroyed"], &out["reason"]),
            (&json!(true), &json!("it is late")),
            "{out}"
        );
    }
    assert_eq!(
        bench.ask("GET /usher/rooms", &json!({})).await.1,
        json!({ "rooms": [] })
    );
    let again = bench.ask("POST /usher/end", &json!({ "room": ALPHA })).await;
    assert_eq!(again.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_routes_are_those_of_the_conference_component() {
    let bench = Bench::new().await;
    let url = format!("{}/usher/rooms", bench.prosody.http());
    let asked = bench
        .http
        .get(url)
        .header("host", DOMAIN)
        .bearer_auth(SECRET)
        .send()
        .await;
    assert_eq!(asked.expect("Prosody answers").status(), StatusCode::NOT_FOUND);
}
