//! What people and programs do at the door is in the trail before they are answered, and out in the same order.

use std::sync::Arc;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::asking::{ask, found};
use super::{requests, setup};
use crate::api::Said;
use crate::nats::{NatsServer, Reader};
use crate::patience::look_for;
use crate::usher::{PASSWORD, Setup, USERS, Usher, answered};

const CALLBACK: &str = "https://app.example.com/callback";
const PERSON: &str = "123e4567-e89b-12d3-a456-426614174000";
/// How many have tokens checked at a time, until usher is killed.
const CALLERS: usize = 16;

/// One person, who may sign in for the client `ataraxia`.
pub fn door() -> Setup {
    let setup = setup();
    let redirect = format!("rooms = [\"*\"]\nredirect_uris = [\"{CALLBACK}\"]");
    Setup {
        clients: setup.clients.replacen("rooms = [\"*\"]", &redirect, 1),
        users: USERS.into(),
        ..setup
    }
}

fn login(usher: &Usher, request: &str, username: &str, password: &str) -> RequestBuilder {
    let body = json!({
        "username": username, "password": password, "client_id": "ataraxia", "redirect_uri": CALLBACK,
    });
    let url = format!("{}/sso/api/login/", usher.url());
    usher.http.post(url).header("X-Request-Id", request).json(&body)
}

pub fn validate(usher: &Usher, request: &str, token: &str) -> RequestBuilder {
    let url = format!("{}/sso/api/validate-token/", usher.url());
    let body = json!({ "token": token, "client_id": "ataraxia" });
    usher.http.post(url).header("X-Request-Id", request).json(&body)
}

#[tokio::test]
async fn who_signs_in_and_who_fails_is_written_down_without_what_was_typed() {
    let mut usher = Usher::start(door()).await;
    let answer = answered(login(&usher, "right", "user@example.com", PASSWORD)).await;
    let token = answer["token"].as_str().expect("a token");
    for (request, name) in [
        ("mistyped", "user@example.com"),
        ("unknown", "my-secret-password@example.com"),
    ] {
        let refused = Said::to(login(&usher, request, name, "wrong-password-typed")).await;
        assert_eq!(refused.status, 401, "{refused:?}");
    }
    assert_eq!(answered(validate(&usher, "checked", token)).await["valid"], true);
    usher.kill9();
    usher.restart().await;

    let trail = ask(&usher, "").await;
    let line = |record: &Value| {
        let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
        ["requestId", "action", "outcome", "user"].map(text).join(" ")
    };
    let lines: Vec<_> = trail["data"]["records"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(line)
        .collect();
    let logins = [
        format!("right login success {PERSON}"),
        format!("mistyped login refused {PERSON}"),
        "unknown login refused -".to_owned(),
        format!("checked validate success {PERSON}"),
    ];
    let told: Vec<_> = lines
        .iter()
        .filter(|line| !line.contains(" issue "))
        .cloned()
        .collect();
    assert_eq!(told, logins);
    let out = look_for(async || Some(usher.event_log()).filter(|log| log.len() == lines.len()));
    let out = out.await.expect("the event log has the whole trail");
    let newest_first: Vec<_> = requests(&out).into_iter().rev().collect();
    assert_eq!(newest_first, found(&usher, "").await);
    for text in [trail.to_string(), json!(out).to_string(), usher.log()] {
        for typed in ["my-secret-password", "wrong-password-typed", PASSWORD, token] {
            assert!(!text.contains(typed), "{typed} in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_when_usher_was_killed_is_in_the_trail_and_out() {
    let nats = NatsServer::start();
    let mut usher = Usher::start(door().nats(&nats.url())).await;
    let answer = answered(login(&usher, "login", "user@example.com", PASSWORD)).await;
    let token: Arc<str> = answer["token"].as_str().expect("a token").into();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let calls = (0..).map(move |n| format!("c{caller}-{n}"));
        let calls = calls.map({
            let (http, url, token) = (usher.http.clone(), usher.url(), Arc::clone(&token));
            move |id| {
                let body = json!({ "token": &*token, "client_id": "ataraxia" });
                let request = http.post(format!("{url}/sso/api/validate-token/"));
                (id.clone(), request.header("X-Request-Id", id).json(&body))
            }
        });
        callers.spawn(until_refused(calls));
    }
    let reader = Reader::connect(&nats.url()).await;
    let begun = look_for(async || (reader.messages().await > 100).then_some(()));
    begun.await.expect("the trail grows");
    usher.kill9();
    let acknowledged = callers.join_all().await.concat();
    usher.restart().await;

    usher.until_metrics(&[("usher_audit_waiting", 0.0)]).await;
    let stored = reader.stored().await;
    let events: Vec<Value> = stored
        .iter()
        .map(|one| serde_json::from_str(&one.payload).unwrap())
        .collect();
    let ids: Vec<_> = stored.iter().map(|one| one.id.as_str()).collect();
    assert!(ids.is_sorted(), "in the order of the trail");
    let told = requests(&events);
    let missing: Vec<_> = acknowledged
        .iter()
        .filter(|id| !told.contains(&id.as_str()))
        .collect();
    assert!(
        missing.is_empty() && acknowledged.len() > 50,
        "{missing:?} of {}",
        acknowledged.len()
    );
}

/// Calls one after the other until there is nobody to answer; returns the requests that were answered.
async fn until_refused(calls: impl Iterator<Item = (String, RequestBuilder)>) -> Vec<String> {
    let mut answered = Vec::new();
    for (id, call) in calls {
        match call.send().await {
            Ok(answer) if answer.status().is_success() => answered.push(id),
            Ok(answer) => panic!("{id}: {}", answer.status()),
            Err(_) => break,
        }
    }
    answered
}
