//! `GET /api/audit`: newest first, by every filter, page by page, and only for those who may.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use usher::audit::{Act, Action, Outcome};
use usher::domain::{ClientId, RoomName, UserId};

use super::writer::Writer;
use super::{AUDITOR, setup, written_meanwhile};
use crate::api::Said;
use crate::usher::{KEY, Usher};

const AUDIT: &str = "/api/audit";

pub async fn ask(usher: &Usher, query: &str) -> Value {
    let said = Said::to(usher.get(&format!("{AUDIT}{query}")).bearer_auth(AUDITOR)).await;
    assert_eq!(
        (said.status.as_u16(), said.header("cache-control")),
        (200, "no-store"),
        "{query}: {said:?}"
    );
    said.json()
}

/// The requests of the records that were found.
pub async fn found(usher: &Usher, query: &str) -> Vec<String> {
    let answer = ask(usher, query).await;
    let records = answer["data"]["records"].as_array().expect("a list").iter();
    records
        .map(|record| record["requestId"].as_str().expect("each has one").to_owned())
        .collect()
}

/// A second apart: a person who signs in, mistypes, and is let into a room; then somebody nobody knows.
fn story(writer: &Writer) -> [Act; 4] {
    let at = |seconds: i64| writer.now - TimeDelta::seconds(100 - seconds);
    let act = |seconds, action, request: &str| Act {
        at: at(seconds),
        action,
        client: ClientId::parse("ataraxia").ok(),
        user: UserId::parse("Ann@example.com").ok(),
        request_id: request.into(),
        ..writer.act(0)
    };
    let mistyped = Act {
        outcome: Outcome::Refused,
        reason: Some("wrong_credentials".into()),
        ..act(1, Action::Login, "mistyped")
    };
    let issued = Act {
        room: RoomName::parse("Team 1").ok(),
        ..act(2, Action::Issue, "issued")
    };
    let stranger = Act {
        client: None,
        user: None,
        outcome: Outcome::Failed,
        ..act(3, Action::Validate, "stranger")
    };
    [act(0, Action::Login, "signed-in"), mistyped, issued, stranger]
}

async fn told(usher: &mut Usher) -> DateTime<Utc> {
    written_meanwhile(usher, async |writer| {
        for act in story(writer) {
            writer.write_all([act]).await;
        }
        writer.now - TimeDelta::seconds(100)
    })
    .await
}

#[tokio::test]
async fn records_are_found_by_every_filter() {
    let mut usher = Usher::start(setup()).await;
    let start = told(&mut usher).await;
    let at = |seconds| (start + TimeDelta::seconds(seconds)).to_rfc3339();
    let all = ["stranger", "issued", "mistyped", "signed-in"];
    for (query, expected) in [
        ("", &all[..]),
        ("/?colour=blue", &all),
        ("?action=login", &["mistyped", "signed-in"]),
        ("?outcome=success", &["issued", "signed-in"]),
        ("?outcome=failed", &["stranger"]),
        ("?client=ataraxia", &all[1..]),
        ("?client=nobody", &[]),
        ("?user=Ann%40example.com", &all[1..]),
        ("?user=sha256:71d4f55f72fa128d", &all[1..]),
        ("?user=ann", &[]),
        ("?room=TEAM%201", &["issued"]),
        ("?action=login&outcome=refused&client=ataraxia", &["mistyped"]),
        (&format!("?from={}", at(2)), &["stranger", "issued"]),
        (&format!("?to={}", at(2)), &["mistyped", "signed-in"]),
        (&format!("?from={}&to={}", at(1), at(2)), &["mistyped"]),
        (
            &format!("?from={}", at(2).replace('+', "%2B")),
            &["stranger", "issued"],
        ),
    ] {
        assert_eq!(found(&usher, query).await, expected, "{query}");
    }
    let issued = ask(&usher, "?action=issue").await;
    let record = &issued["data"]["records"][0];
    let expected = json!({
        "id": record["id"], "time": record["time"], "action": "issue", "outcome": "success", "client": "ataraxia",
        "user": "Ann@example.com", "room": "team%201", "address": "192.0.2.1", "requestId": "issued",
    });
    assert_eq!(*record, expected);
    assert_eq!(
        issued,
        json!({"status": "success", "data": {"records": [record], "next_cursor": null}})
    );
    let time: DateTime<Utc> = record["time"].as_str().unwrap().parse().unwrap();
    assert_eq!(time, start + TimeDelta::seconds(2));
}

#[tokio::test]
async fn pages_follow_one_another_whatever_is_written_meanwhile() {
    let mut usher = Usher::start(setup()).await;
    let written = written_meanwhile(&mut usher, async |writer| writer.write(0, 130).await).await;
    assert_eq!(found(&usher, "").await.len(), 50);
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = cursor
            .as_str()
            .map_or("?limit=60".into(), |cursor| format!("?limit=60&cursor={cursor}"));
        seen.extend(found(&usher, &page).await);
        cursor = ask(&usher, &page).await["data"]["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
        written_meanwhile(&mut usher, async |writer| {
            writer.write(1000 + seen.len(), 3).await
        })
        .await;
    }
    seen.reverse();
    assert_eq!(seen, written);
}

#[tokio::test]
async fn a_rare_record_is_reached_in_bounded_steps() {
    let mut usher = Usher::start(setup()).await;
    written_meanwhile(&mut usher, async |writer| {
        writer
            .write_all([Act {
                action: Action::Logout,
                request_id: "rare".into(),
                ..writer.act(0)
            }])
            .await;
        let common = |n| Act {
            action: Action::Login,
            ..writer.act(n)
        };
        writer.write_all((0..10_100).map(common)).await;
    })
    .await;
    let first = ask(&usher, "?action=logout").await;
    assert_eq!(first["data"]["records"], json!([]));
    let cursor = first["data"]["next_cursor"].as_str().expect("there is more");
    assert_eq!(
        found(&usher, &format!("?action=logout&cursor={cursor}")).await,
        ["rare"]
    );
}

#[tokio::test]
async fn only_who_may_can_ask_and_only_what_makes_sense() {
    let usher = Usher::start(setup()).await;
    Said::to(usher.get(AUDIT))
        .await
        .assert_refused(401, "unauthenticated");
    let refused = Said::to(usher.get(AUDIT).bearer_auth(KEY)).await;
    refused.assert_refused(403, "missing_scope");
    assert!(refused.text.contains("audit:read"), "{refused:?}");
    for (query, field) in [
        ("?action=knock", "action"),
        ("?outcome=", "outcome"),
        ("?user=%00", "user"),
        ("?client=A", "client"),
        ("?room=a%2Fb", "room"),
        ("?from=yesterday", "from"),
        ("?to=2026-11-14", "to"),
        ("?limit=201", "limit"),
        ("?cursor=next", "cursor"),
        ("?limit=1&limit=2", "limit"),
    ] {
        let refused = Said::to(usher.get(&format!("{AUDIT}{query}")).bearer_auth(AUDITOR)).await;
        refused.assert_refused(400, "invalid_field");
        assert_eq!(refused.json()["field"], field, "{query}");
    }
    let posted = Said::to(usher.post_as(AUDITOR, AUDIT, &json!({}))).await;
    posted.assert_refused(405, "method_not_allowed");
    assert_eq!(found(&usher, "?limit=200").await, [""; 0]);
}
