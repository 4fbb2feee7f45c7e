//! What was told of a meeting, read as any subscriber would read it, and held against the contract.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::nats::Stored;

/// The events of one meeting, in the order in which they were told. Each must be a CloudEvent as the contract says.
pub fn of(told: &[Stored], meeting: &str) -> Vec<Value> {
    let concerned = told.iter().filter(|stored| meeting_of(stored) == meeting);
    let events: Vec<Value> = concerned.map(read).collect();
    check_order(&events);
    events
}

/// The meeting in a subject.
pub fn meeting_of(stored: &Stored) -> &str {
    stored.subject.split('.').nth(3).unwrap_or_default()
}

/// One line for each event, such as `3 participant.joined Ann`; the last word says why.
pub fn lines(events: &[Value]) -> Vec<String> {
    events.iter().map(line).collect()
}

/// The kind of an event, such as `participant.joined`.
pub fn kind(event: &Value) -> &str {
    let kind = event["type"]
        .as_str()
        .and_then(|kind| kind.strip_prefix("usher.meeting."));
    kind.and_then(|kind| kind.strip_suffix(".v1"))
        .unwrap_or_else(|| panic!("not a type: {event}"))
}

/// A time in the data of an event.
pub fn time(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap_or_else(|| panic!("not a time: {value}"));
    assert!(text.ends_with('Z'), "{text} is not in UTC");
    DateTime::parse_from_rfc3339(text).expect("RFC 3339").to_utc()
}

/// Numbers go up by one from 1, and nothing follows the end but corrections.
pub fn check_order(events: &[Value]) {
    let numbers: Vec<_> = events
        .iter()
        .map(|event| event["data"]["sequence"].as_u64())
        .collect();
    let expected: Vec<_> = (1..=events.len() as u64).map(Some).collect();
    assert_eq!(numbers, expected, "{:#?}", lines(events));
    let is_end = |event: &&Value| ["completed", "cancelled", "missed"].contains(&kind(event));
    assert!(events.iter().filter(is_end).count() <= 1, "{:#?}", lines(events));
}

/// What is the same for every event, whatever its kind.
pub fn check_event(event: &Value) {
    let data = &event["data"];
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["source"], "usher/meet.test");
    assert_eq!(event["datacontenttype"], "application/json");
    assert_eq!(event["subject"], data["meetingId"]);
    let id = format!(
        "{}-{}",
        data["meetingId"].as_str().unwrap_or("?"),
        data["sequence"]
    );
    assert_eq!(event["id"], id.as_str());
    assert!(time(&event["time"]) <= time(&data["observedAt"]), "{event}");
    for text in ["status", "kind", "client", "backend", "roomName", "meetingType"] {
        assert!(data[text].is_string(), "{text} in {event}");
    }
    for number in ["participantsNow", "participantsPeak"] {
        assert!(data[number].is_u64(), "{number} in {event}");
    }
    assert!(
        data["cause"]["by"].is_string() && data["cause"]["detail"].is_string(),
        "{event}"
    );
    assert!(data["synthesised"].is_boolean(), "{event}");
    check_figures(event);
    let text = event.to_string();
    assert!(
        !text.contains("null") && !text.contains("@example") && !text.contains("eyJ"),
        "{event}"
    );
}

/// Times and durations are there when they are known, and no sooner.
fn check_figures(event: &Value) {
    let data = &event["data"];
    let fields = |names: &[&str]| names.iter().filter(|name| data.get(**name).is_some()).count();
    let is_over = data["status"] == "completed";
    let figures = ["duration", "durationSeconds", "personSeconds"];
    assert_eq!(fields(&figures), if is_over { 3 } else { 0 }, "{event}");
    assert_eq!(
        data.get("startedAt").is_some(),
        data["status"] != "scheduled",
        "{event}"
    );
    assert_eq!(data.get("endedAt").is_some(), is_over, "{event}");
    if is_over {
        assert!(figures.iter().all(|name| data[*name].is_u64()), "{event}");
        assert!(time(&data["startedAt"]) <= time(&data["endedAt"]), "{event}");
    }
    if let Some(participant) = data.get("participant") {
        assert!(
            participant["occupant"].is_string() && participant["estimated"].is_boolean(),
            "{event}"
        );
        time(&participant["joinedAt"]);
    }
}

fn read(stored: &Stored) -> Value {
    let event: Value = serde_json::from_str(&stored.payload).expect("an event is JSON");
    check_event(&event);
    assert_eq!(event["id"], stored.id.as_str(), "Nats-Msg-Id");
    assert_eq!(stored.content_type, "application/cloudevents+json");
    let (client, meeting) = (event["data"]["client"].as_str(), event["subject"].as_str());
    let (client, meeting) = (client.unwrap_or("?"), meeting.unwrap_or("?"));
    assert_eq!(
        stored.subject,
        format!("usher.meetings.{client}.{meeting}.{}", kind(&event))
    );
    event
}

fn line(event: &Value) -> String {
    let data = &event["data"];
    let words = [
        data["sequence"].to_string(),
        kind(event).to_owned(),
        data["participant"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        data["cause"]["detail"].as_str().unwrap_or_default().to_owned(),
    ];
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}
