//! What a meeting server that has lost its mind may report; it knows the secret.

use serde_json::{Value, json};

use super::Before;
use crate::api::{BATCH, Said, now, text};
use crate::usher::{PROSODY_SECRET, Setup, Usher, answered};

const JOINED: &str = "/events/occupant/joined";
const CREATED: &str = "/events/room/created";

fn joined(changes: Value) -> Value {
    let mut body = json!({
        "room_name": "alpha", "room_jid": "alpha@conference.meet.test",
        "occupant": {"occupant_jid": "ann@meet.test/1", "joined_at": now(), "name": "Ann"}
    });
    merge(&mut body, changes);
    body
}

fn merge(into: &mut Value, changes: Value) {
    for (name, value) in changes.as_object().expect("changes are an object") {
        match value {
            Value::Object(_) => merge(&mut into[name], value.clone()),
            value => into[name] = value.clone(),
        }
    }
}

fn batch(events: Value) -> Value {
    json!({"host": "conference.meet.test", "instance": "one", "events": events})
}

fn event(n: u64, changes: Value) -> Value {
    let mut event = json!({
        "n": n, "type": "joined", "at": now(), "room_jid": "beta@conference.meet.test",
        "occupant": {"jid": "bob@meet.test/1", "name": "Bob"}
    });
    merge(&mut event, changes);
    event
}

/// Changes to a good report of somebody joining, and what the refusal names; `LONG` stands for 10 KiB.
const SENSELESS: &[(&str, &str)] = &[
    (r#"{"room_jid":"LONG@conference.meet.test"}"#, "room_jid"),
    (r#"{"room_jid":"alpha"}"#, "room_jid"),
    (r#"{"room_jid":"@conference.meet.test"}"#, "room_jid"),
    (r#"{"room_jid":"al\u0000pha@conference.meet.test"}"#, "room_jid"),
    (r#"{"room_jid":null,"room_name":"LONG"}"#, "room_name"),
    (r#"{"room_jid":null,"room_name":"al\npha"}"#, "room_name"),
    (r#"{"room_jid":null,"room_name":""}"#, "room_name"),
    (r#"{"is_breakout":true}"#, "breakout_room_id"),
    (
        r#"{"is_breakout":true,"breakout_room_id":""}"#,
        "breakout_room_id",
    ),
    (
        r#"{"is_breakout":true,"breakout_room_id":"LONG"}"#,
        "breakout_room_id",
    ),
    (
        r#"{"is_breakout":true,"breakout_room_id":"a\u0007"}"#,
        "breakout_room_id",
    ),
    (
        r#"{"occupant":{"occupant_jid":"ann@meet.test/LONG"}}"#,
        "occupant.occupant_jid",
    ),
    (
        r#"{"occupant":{"occupant_jid":"ann@meet.test/\u001b[2J"}}"#,
        "occupant.occupant_jid",
    ),
    (r#"{"occupant":{"occupant_jid":""}}"#, "occupant.occupant_jid"),
    (r#"{"occupant":{"joined_at":null}}"#, "occupant.joined_at"),
    (r#"{"occupant":{"joined_at":-1}}"#, "occupant.joined_at"),
    (r#"{"occupant":{"joined_at":0}}"#, "occupant.joined_at"),
    (r#"{"occupant":{"joined_at":5e-324}}"#, "occupant.joined_at"),
    (r#"{"occupant":{"joined_at":1e308}}"#, "occupant.joined_at"),
    (r#"{"occupant":{"joined_at":-1e308}}"#, "occupant.joined_at"),
    (
        r#"{"occupant":{"joined_at":18446744073709551615}}"#,
        "occupant.joined_at",
    ),
    (
        r#"{"occupant":{"joined_at":-9223372036854775808}}"#,
        "occupant.joined_at",
    ),
    (r#"{"occupant":null}"#, "occupant"),
];

#[tokio::test]
async fn event_sync_out_of_its_mind() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    let long = "j".repeat(10 << 10);
    let patches = SENSELESS
        .iter()
        .map(|(patch, field)| (serde_json::from_str(&patch.replace("LONG", &long)), *field));
    let mut cases: Vec<(Value, &str)> = patches.map(|(patch, field)| (patch.unwrap(), field)).collect();
    for time in [now() + 7200, now() - 8 * 86_400, now() * 1000] {
        cases.push((json!({"occupant": {"joined_at": time}}), "occupant.joined_at"));
    }
    for (patch, field) in cases {
        let said = Said::to(usher.report(JOINED, &joined(patch))).await;
        said.assert_refused(400, "invalid_field");
        assert_eq!(said.json()["field"], field, "{said:?}");
    }
    let raw = |body: String| {
        usher
            .http
            .post(format!("{}{CREATED}", usher.url()))
            .bearer_auth(PROSODY_SECRET)
            .body(body)
    };
    for time in ["NaN", "-nan", "inf", "1e999", "0x10", "--1", "-1", "1e308"] {
        let body = format!("{{\"room_jid\":\"alpha@conference.meet.test\",\"created_at\":{time}}}");
        assert_eq!(Said::to(raw(body)).await.status, 400, "{time}");
    }
    assert!(
        usher.event_log().is_empty(),
        "nothing of all this became a meeting"
    );
    before.assert_unharmed(&usher).await;
}

#[tokio::test]
async fn names_are_cleaned_on_their_way_to_events() {
    let usher = Usher::start(Setup::default()).await;
    let name = "\u{202e}nnA\u{0}\u{1b}[2J\u{2066}\r\n";
    let long = "ü".repeat(100_000);
    answered(usher.report(JOINED, &joined(json!({"occupant": {"name": name, "id": long}})))).await;
    let second = json!({"occupant": {"occupant_jid": "eve@meet.test/2", "name": long, "id": "eve\u{7}"}});
    answered(usher.report(JOINED, &joined(second))).await;
    let events = usher.eventually("both are published", async |usher| {
        let events: Vec<_> = usher
            .event_log()
            .into_iter()
            .filter(|event| text(&event["type"]).contains("joined"))
            .collect();
        (events.len() == 2).then_some(events)
    });
    for event in events.await {
        let written = event.to_string();
        assert!(written.len() < 4000, "{} bytes", written.len());
        assert!(
            !written.contains("\\u0000") && !written.contains("\\u001b") && !written.contains("\\u0007"),
            "{written}"
        );
    }
    assert_eq!(usher.metric("usher_people").await, 2.0);
}

#[tokio::test]
async fn batches_out_of_their_mind() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    let long = "h".repeat(10 << 10);
    let numbers = [
        json!(u64::MAX),
        json!(1_u64 << 53),
        json!(-1),
        json!(1.5),
        json!("1"),
        json!(1e300),
        Value::Null,
    ];
    let mut cases: Vec<_> = numbers
        .into_iter()
        .map(|n| (batch(json!([event(1, json!({"n": n}))])), "events.n"))
        .collect();
    for name in ["", long.as_str(), "a\u{0}b", "a\nb"] {
        cases.push((json!({"host": name, "instance": "one", "events": []}), "host"));
        cases.push((json!({"host": "h", "instance": name, "events": []}), "instance"));
    }
    for (body, field) in cases {
        let said = Said::to(usher.report(BATCH, &body)).await;
        said.assert_refused(400, "invalid_field");
        assert_eq!(said.json()["field"], field, "{said:?}");
    }
    // One event that makes no sense does not hold up the others.
    let far = now() + 10 * 86_400;
    let events = json!([
        event(1, json!({"at": far})),
        event(2, json!({"at": -1})),
        event(3, json!({"at": "now"})),
        event(4, json!({"room_jid": format!("{long}@conference.meet.test")})),
        event(5, json!({"occupant": {"jid": format!("bob@meet.test/{long}")}})),
        event(6, json!({"occupant": {"jid": "bob@meet.test/\u{0}"}})),
        event(7, json!({"breakout": ""})),
        event(8, json!({"breakout": long})),
        event(9, json!({"opened_at": 1e308})),
        event(10, json!({"type": 7})),
        event(11, json!({"type": "roster", "occupants": [{"jid": long}]})),
        event(12, json!({"type": "rooms", "rooms": [{"room_jid": long}]})),
        event(13, json!({"type": "\u{202e}desufnoc"})),
        event(14, json!({})),
    ]);
    let receipt = answered(usher.report(BATCH, &batch(events))).await;
    assert_eq!(receipt["stored"], 14);
    assert_eq!(usher.metric("usher_people").await, 1.0, "the last one made sense");
    before.assert_unharmed(&usher).await;
}

#[tokio::test]
async fn numbers_that_go_backwards_or_repeat_are_taken_once() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    let left = |n: u64| {
        event(
            n,
            json!({"type": "left", "at": now(), "occupant": {"joined_at": now()}}),
        )
    };
    for _ in 0..3 {
        let events = json!([
            event(5, json!({})),
            event(3, json!({})),
            event(3, json!({})),
            left(4)
        ]);
        answered(usher.report(BATCH, &batch(events))).await;
    }
    let highest = (1_u64 << 53) - 1;
    let receipt = answered(usher.report(BATCH, &batch(json!([event(highest, json!({}))])))).await;
    assert_eq!(receipt["stored"], highest);
    let receipt = answered(usher.report(BATCH, &batch(json!([event(6, json!({}))])))).await;
    assert_eq!(receipt["stored"], highest, "an older number changes nothing");
    let started = json!({"host": "conference.meet.test", "instance": "two", "events": [event(1, json!({}))]});
    let receipt = answered(usher.report(BATCH, &started)).await;
    assert_eq!(receipt["stored"], 1, "a module that was loaded anew counts anew");
    before.assert_unharmed(&usher).await;
}

#[tokio::test]
async fn batches_of_very_many_events() {
    let usher = Usher::start(Setup::default()).await;
    let before = Before::of(&usher);
    let post = |body: String| {
        usher
            .http
            .post(format!("{}{BATCH}", usher.url()))
            .bearer_auth(PROSODY_SECRET)
            .body(body)
    };
    let events = |count: usize| {
        let start = "{\"host\":\"h\",\"instance\":\"i\",\"events\":[";
        format!("{start}{}]}}", vec!["{\"n\":1}"; count].join(","))
    };
    let refused = Said::to(post(events(100_000))).await;
    refused.assert_refused(400, "wrong_type");
    assert_eq!(refused.json()["field"], "events");
    let receipt = answered(post(events(10_000))).await;
    assert_eq!(receipt["stored"], 1);
    let rooms: Vec<_> = (0..3_000)
        .map(|n| {
            event(
                n + 2,
                json!({"room_jid": format!("r{n}@conference.meet.test"), "occupant": {"name": null}}),
            )
        })
        .collect();
    let body = json!({"host": "h", "instance": "i", "events": rooms});
    assert_eq!(answered(usher.report(BATCH, &body)).await["stored"], 3_001);
    assert_eq!(usher.metric("usher_people").await, 3_000.0);
    before.assert_unharmed(&usher).await;
}
