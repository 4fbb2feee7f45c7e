//! One event as a line for people.
//!
//! Names of people and rooms come from anybody; what could move the cursor or turn the writing direction is replaced.

use std::fmt::Write;

use serde_json::Value;

/// Time, the end of the id of the meeting or audit record, kind, room, and what there is to say about it.
///
/// `tail` is the subject without its prefix. An id is shown by its last eight digits, because the first ones are the
/// time and so the same for meetings made together.
pub(super) fn readable(tail: &str, payload: &[u8]) -> String {
    let event = serde_json::from_slice(payload).unwrap_or(Value::Null);
    let tokens: Vec<&str> = tail.splitn(4, '.').collect();
    let text = |pointer| text(&event, pointer);
    let (id, kind, room, details) = match tokens[..] {
        ["meetings", _, id, kind] => (id, kind, text("/data/roomName"), details(&event)),
        ["audit", client, action] => (text("/id"), action, text("/data/room"), act(client, &event)),
        _ => ("", tail, text("/data/roomName"), details(&event)),
    };
    let id = id.get(id.len().saturating_sub(8)..).unwrap_or(id);
    let mut line = format!("{:<20}  {id:<8}  {kind:<18}  {room}", text("/time"));
    if !details.is_empty() {
        let _ = write!(line, "  {}", details.join(", "));
    }
    line.chars()
        .map(|c| if is_unsafe(c) { '\u{fffd}' } else { c })
        .collect()
}

fn details(event: &Value) -> Vec<String> {
    let number = |pointer| event.pointer(pointer).and_then(Value::as_u64);
    let mut details = vec![person(event)];
    details.extend(number("/data/durationSeconds").map(duration));
    details.extend(number("/data/participantsNow").map(|n| format!("{n} in")));
    details.extend(number("/data/participantsPeak").map(|n| format!("peak {n}")));
    details.push(format!(
        "{} {}",
        text(event, "/data/cause/by"),
        text(event, "/data/cause/detail")
    ));
    if event.pointer("/data/synthesised") == Some(&Value::Bool(true)) {
        details.push("synthesised".to_owned());
    }
    details.retain_mut(|detail| {
        *detail = detail.trim().to_owned();
        !detail.is_empty()
    });
    details
}

/// What an audit record says beside its action and room.
fn act(client: &str, event: &Value) -> Vec<String> {
    let outcome = [text(event, "/data/outcome"), text(event, "/data/reason")].join(" ");
    let details = [
        outcome.trim(),
        text(event, "/data/user"),
        client,
        text(event, "/data/address"),
    ];
    let told = details.into_iter().filter(|detail| !detail.is_empty());
    told.map(str::to_owned).collect()
}

fn person(event: &Value) -> String {
    match (
        text(event, "/data/participant/name"),
        text(event, "/data/participant/id"),
    ) {
        ("", id) => id.to_owned(),
        (name, "") => name.to_owned(),
        (name, id) => format!("{name} ({id})"),
    }
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn duration(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds:02}s"),
        _ => format!("{hours}h{minutes:02}m{seconds:02}s"),
    }
}

/// Control characters, and those that change the direction of what follows (Unicode Standard Annex 9).
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn line(tail: &str, event: &Value) -> String {
        readable(tail, event.to_string().as_bytes())
    }

    #[test]
    fn a_meeting_that_ended() {
        let event = json!({"time": "2026-11-14T10:42:03Z", "data": {
            "roomName": "team1", "durationSeconds": 2523, "participantsNow": 0, "participantsPeak": 2,
            "cause": {"by": "prosody", "detail": "last_left"}, "synthesised": true}});
        assert_eq!(
            line(
                "meetings.acme.0199c0de-0000-7000-8000-0000deadbeef.completed",
                &event
            ),
            "2026-11-14T10:42:03Z  deadbeef  completed           team1  42m03s, 0 in, peak 2, prosody last_left, synthesised"
        );
    }

    #[test]
    fn a_person_who_came() {
        let event = json!({"time": "2026-11-14T10:42:03Z", "data": {
            "roomName": "team1", "participant": {"id": "u1", "name": "Sara\u{1b}[2J"}}});
        assert_eq!(
            line("meetings.adhoc.1234567890.participant.joined", &event),
            "2026-11-14T10:42:03Z  34567890  participant.joined  team1  Sara\u{fffd}[2J (u1)"
        );
    }

    #[test]
    fn an_act_of_signing_in() {
        let event = json!({"id": "0199c0de-0000-7000-8000-0000deadbeef", "time": "2026-11-14T10:42:03Z", "data": {
            "outcome": "refused", "reason": "wrong_credentials", "user": "u1", "address": "192.0.2.1"}});
        assert_eq!(
            line("audit.acme.login", &event),
            "2026-11-14T10:42:03Z  deadbeef  login                 refused wrong_credentials, u1, acme, 192.0.2.1"
        );
    }

    #[test]
    fn what_is_no_event_still_has_its_subject() {
        assert_eq!(readable("keys.acme.used", b"not json").trim(), "keys.acme.used");
    }

    #[test]
    fn durations_read_at_a_glance() {
        assert_eq!([7, 67, 3667].map(duration), ["7s", "1m07s", "1h01m07s"]);
    }

    proptest! {
        #[test]
        fn no_event_can_break_the_line(tail in any::<String>(), name in any::<String>()) {
            let event = json!({"time": name, "data": {"roomName": name, "participant": {"name": name}}});
            prop_assert!(!line(&tail, &event).chars().any(is_unsafe));
        }
    }
}
