//! Webhooks as LiveKit 1.9 and 1.13 send them, and as nobody should.

mod order;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::observation::{Arrival, LeaveReason, Person, Role, What};

const NOW: i64 = 1_795_296_830;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(millis).unwrap()
}

fn now() -> Timestamp {
    at(NOW * 1000)
}

fn server() -> LiveKit {
    LiveKit::new("main".into(), "https://livekit.test".into(), Vec::new())
}

/// One event in full, as a server sends it.
fn event(name: &str, parts: Value) -> Value {
    let mut event = json!({
        "event": name, "id": "EV_cg8STngnaQhV", "createdAt": "1795296826",
        "room": {
            "sid": "RM_tYja3qsMZZJX", "name": "r2", "emptyTimeout": 300, "departureTimeout": 4,
            "creationTime": "1795296820", "creationTimeMs": "1795296820716",
            "turnPassword": "Dxeth2RVEq9I48WbFwNPQEFdT9ncQVjXtveJqgSWSrG",
            "enabledCodecs": [{"mime": "audio/PCMU"}, {"mime": "video/VP8"}],
        },
    });
    merge(&mut event, parts);
    event
}

fn somebody(parts: Value) -> Value {
    let mut participant = json!({
        "sid": "PA_MUQPR7NS5QQr", "identity": "alice", "state": "ACTIVE", "metadata": "m", "joinedAt": "1795296825",
        "joinedAtMs": "1795296825827", "name": "Alice", "version": 2, "clientProtocol": 2, "attributes": {"k": "v"},
        "permission": {"canSubscribe": true, "canPublish": true, "canPublishData": true},
        "capabilities": ["CAP_PACKET_TRAILER"],
    });
    merge(&mut participant, parts);
    json!({ "participant": participant })
}

/// Null takes a field away.
fn merge(into: &mut Value, parts: Value) {
    let Value::Object(parts) = parts else {
        *into = parts;
        return;
    };
    for (name, value) in parts {
        match value {
            Value::Null => drop(into.as_object_mut().unwrap().remove(&name)),
            value @ Value::Object(_) if into[&name].is_object() => merge(&mut into[&name], value),
            value => into[&name] = value,
        }
    }
}

fn told(event: &Value) -> Result<Notification, IngestError> {
    told_to(&server(), event)
}

fn told_to(server: &LiveKit, event: &Value) -> Result<Notification, IngestError> {
    Body::read(event.to_string().as_bytes())?.translate(server, now())
}

fn seen(event: &Value) -> Option<What> {
    told(event)
        .unwrap_or_else(|error| panic!("{error}: {event}"))
        .seen
        .map(|seen| seen.what)
}

/// The field that is at fault.
fn fault(event: &Value) -> String {
    match told(event) {
        Err(IngestError::Field { field, .. }) => field.to_owned(),
        other => panic!("{other:?}: {event}"),
    }
}

fn part() -> Part {
    Part::Opening("RM_tYja3qsMZZJX".into())
}

fn alice() -> Arrival {
    Arrival {
        occupant: crate::domain::observation::OccupantId("PA_MUQPR7NS5QQr".into()),
        part: part(),
        entered_at: Some(at(1_795_296_825_827)),
        role: Role::Person,
        person: Person::reported(Some("alice"), Some("Alice")),
    }
}

/// How somebody left, in short: the kind of fact, and why.
fn left(parts: Value) -> Option<(&'static str, LeaveReason)> {
    let what = seen(&event("participant_left", somebody(parts)))?;
    Some(match what {
        What::Left(departure) => ("left", departure.reason),
        What::Aborted(departure) => ("aborted", departure.reason),
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_room_opens_and_closes() {
    let opened_at = Some(at(1_795_296_820_716));
    let notification = told(&event("room_started", json!({}))).unwrap();
    let seen = notification.seen.clone().unwrap();
    assert_eq!(notification.id.as_deref(), Some("EV_cg8STngnaQhV"));
    assert_eq!(
        (notification.created_at, seen.at),
        (at(1_795_296_826_000), at(1_795_296_826_000))
    );
    assert_eq!(
        (seen.source, seen.room.backend.name.as_str()),
        (Source::Livekit, "main")
    );
    assert_eq!(notification.about, Subject::Life(seen.room.clone(), part()));
    let opened = What::RoomOpened {
        part: part(),
        opened_at,
        since: seen.at,
    };
    assert_eq!(seen.what, opened);
    for (reason, for_everyone) in [
        (json!(null), false),
        (json!("ROOM_END_API_DELETE"), true),
        (json!(1), true),
        (json!("ROOM_END_IDLE_TIMEOUT"), false),
        (json!("ROOM_END_OF_TIME"), false),
    ] {
        let closed = What::RoomClosed {
            part: part(),
            opened_at,
            for_everyone,
        };
        let finished = event("room_finished", json!({ "roomEndReason": reason }));
        assert_eq!(super::tests::seen(&finished), Some(closed), "{reason}");
    }
}

#[test]
fn people_come_and_go() {
    let joined = seen(&event("participant_joined", somebody(json!({}))));
    assert_eq!(joined, Some(What::Entered(alice())));
    for (reason, expected) in [
        ("CLIENT_INITIATED", LeaveReason::Left),
        ("DUPLICATE_IDENTITY", LeaveReason::Left),
        ("PARTICIPANT_REMOVED", LeaveReason::Kicked),
        ("ROOM_DELETED", LeaveReason::RoomClosed),
        ("ROOM_CLOSED", LeaveReason::RoomClosed),
        ("SERVER_SHUTDOWN", LeaveReason::Lost),
        ("SIGNAL_CLOSE", LeaveReason::Lost),
        ("CONNECTION_TIMEOUT", LeaveReason::Lost),
        ("MEDIA_FAILURE", LeaveReason::Lost),
        ("STATE_MISMATCH", LeaveReason::Lost),
        ("JOIN_FAILURE", LeaveReason::Lost),
        ("AGENT_ERROR", LeaveReason::Lost),
        ("MIGRATION", LeaveReason::Switching),
        ("UNKNOWN_REASON", LeaveReason::Left),
        ("USER_REJECTED", LeaveReason::Left),
        ("ABDUCTED", LeaveReason::Left),
    ] {
        let found = left(json!({ "disconnectReason": reason }));
        assert_eq!(found, Some(("left", expected)), "{reason}");
    }
    assert_eq!(left(json!({})), Some(("left", LeaveReason::Left)));
    assert_eq!(
        left(json!({"disconnectReason": 4})),
        Some(("left", LeaveReason::Kicked))
    );
    let aborted = event(
        "participant_connection_aborted",
        somebody(json!({"disconnectReason": "SIGNAL_CLOSE"})),
    );
    assert!(
        matches!(seen(&aborted), Some(What::Aborted(departure)) if departure.entered_at == alice().entered_at)
    );
}

#[test]
fn what_is_no_person_is_not_counted() {
    for (parts, is_person) in [
        (json!({"kind": "STANDARD"}), true),
        (json!({"kind": 0}), true),
        (json!({"kind": "SIP"}), false),
        (json!({"kind": "AGENT"}), false),
        (json!({"kind": "EGRESS"}), false),
        (json!({"kind": "INGRESS"}), false),
        (json!({"kind": "BRIDGE"}), false),
        (json!({"kind": "ANDROID"}), false),
        (json!({"kind": 99}), false),
        (json!({"permission": {"hidden": true}}), false),
        (json!({"permission": {"recorder": true}}), false),
        (json!({"permission": {"agent": true}}), false),
        (json!({"permission": "all"}), true),
    ] {
        let found = seen(&event("participant_joined", somebody(parts.clone())));
        assert_eq!(found.is_some(), is_person, "{parts}");
    }
    let with_callers = LiveKit {
        callers_are_people: true,
        ..server()
    };
    let caller = event("participant_joined", somebody(json!({"kind": "SIP"})));
    assert!(told_to(&with_callers, &caller).unwrap().seen.is_some());
}

#[test]
fn who_was_hidden_after_coming_is_still_seen_to_go() {
    let hidden = json!({"permission": {"hidden": true}, "disconnectReason": "PARTICIPANT_REMOVED"});
    assert_eq!(left(hidden), Some(("aborted", LeaveReason::Kicked)));
    assert_eq!(left(json!({"kind": "AGENT"})), None);
}

fn egress(parts: Value) -> Value {
    let mut info = json!({
        "egressId": "EG_1", "roomId": "RM_tYja3qsMZZJX", "roomName": "r2", "status": "EGRESS_ACTIVE",
        "startedAt": "1795296825000000000", "roomComposite": {"file": {"s3": {"secret": "hunter2"}}},
    });
    merge(&mut info, parts);
    json!({ "egressInfo": info, "room": null })
}

#[test]
fn an_egress_is_a_recorder() {
    let started = seen(&event(
        "egress_started",
        egress(json!({"status": "EGRESS_STARTING"})),
    ));
    let Some(What::Entered(recorder)) = started else {
        panic!("{started:?}")
    };
    assert_eq!(
        (recorder.role, recorder.occupant.0.as_str(), &recorder.part),
        (Role::Recorder, "EG_1", &part())
    );
    assert_eq!(recorder.entered_at, None, "what it has then is gone when it ends");
    for (status, goes_on) in [
        ("EGRESS_ACTIVE", true),
        ("EGRESS_ENDING", false),
        ("EGRESS_STARTING", false),
    ] {
        let updated = seen(&event("egress_updated", egress(json!({ "status": status }))));
        assert_eq!(updated.is_some(), goes_on, "{status}");
    }
    for (status, reason) in [
        ("EGRESS_COMPLETE", LeaveReason::Left),
        ("EGRESS_FAILED", LeaveReason::Lost),
    ] {
        let ended = seen(&event("egress_ended", egress(json!({ "status": status }))));
        assert!(
            matches!(ended, Some(What::Left(departure)) if departure.reason == reason),
            "{status}"
        );
    }
    let of_a_page = event(
        "egress_started",
        egress(json!({"roomId": null, "roomName": null})),
    );
    assert_eq!(told(&of_a_page).unwrap().about, Subject::Nothing);
    assert_eq!(
        fault(&event("egress_started", egress(json!({"roomId": null})))),
        "egressInfo.roomId"
    );
    assert_eq!(
        fault(&event("egress_ended", egress(json!({"egressId": ""})))),
        "egressInfo.egressId"
    );
    assert_eq!(fault(&event("egress_ended", json!({}))), "egressInfo");
}

#[test]
fn other_events_are_signs_of_life_only() {
    for name in [
        "track_published",
        "ingress_started",
        "agent_job_started",
        "room_exploded",
    ] {
        let notification = told(&event(name, json!({}))).unwrap();
        assert_eq!(notification.seen, None, "{name}");
        assert!(
            matches!(notification.about, Subject::Life(_, life) if life == part()),
            "{name}"
        );
    }
    for room in [
        json!(null),
        json!("r2"),
        json!([1, {"sid": 2}]),
        json!(1.5),
        json!(true),
        json!({"sid": "RM_1"}),
    ] {
        let mut strange = event("room_exploded", json!({}));
        strange["room"] = room;
        assert_eq!(told(&strange).unwrap().about, Subject::Nothing, "{strange}");
    }
}

#[test]
fn rooms_that_usher_would_not_name_so_are_foreign() {
    for name in [
        "R2",
        " r2",
        "café",
        "a/b",
        "a b",
        "a*",
        &"x".repeat(256),
        "[acme]r2",
        "a\u{7}",
    ] {
        let foreign = event("participant_joined", json!({"room": {"name": name}}));
        let notification = told(&foreign).unwrap();
        assert_eq!(
            (notification.about, notification.seen),
            (Subject::Foreign, None),
            "{name}"
        );
    }
    let ours = event("room_started", json!({"room": {"name": "caf%c3%a9-1.x_y~z"}}));
    assert!(seen(&ours).is_some());
}

#[test]
fn both_spellings_and_numbers_are_read() {
    let snake = json!({
        "event": "participant_left", "id": "EV_cg8STngnaQhV", "created_at": 1_795_296_826,
        "room": {"sid": "RM_tYja3qsMZZJX", "name": "r2", "creation_time": 1_795_296_820, "creation_time_ms": 1_795_296_820_716_i64},
        "participant": {
            "sid": "PA_MUQPR7NS5QQr", "identity": "alice", "name": "Alice", "joined_at_ms": 1_795_296_825_827_i64,
            "disconnect_reason": "PARTICIPANT_REMOVED",
        },
    });
    let camel = event(
        "participant_left",
        somebody(json!({"disconnectReason": "PARTICIPANT_REMOVED"})),
    );
    assert_eq!(told(&snake).unwrap(), told(&camel).unwrap());
    let ended = json!({
        "event": "egress_ended", "createdAt": "1795296826", "room_end_reason": 1,
        "egress_info": {"egress_id": "EG_1", "room_id": "RM_tYja3qsMZZJX", "room_name": "r2"},
    });
    assert!(matches!(seen(&ended), Some(What::Left(_))));
}

#[test]
fn older_servers_tell_whole_seconds() {
    let whole = json!({"joinedAtMs": null});
    let joined = seen(&event("participant_joined", somebody(whole)));
    assert!(
        matches!(joined, Some(What::Entered(arrival)) if arrival.entered_at == Some(at(1_795_296_825_000)))
    );
    let unsaid = json!({"joinedAtMs": "0", "joinedAt": null});
    let joined = seen(&event("participant_joined", somebody(unsaid)));
    assert!(matches!(joined, Some(What::Entered(arrival)) if arrival.entered_at.is_none()));
}

#[test]
fn what_would_corrupt_a_meeting_is_refused() {
    let long = "x".repeat(256);
    for (parts, field) in [
        (json!({"createdAt": null}), "createdAt"),
        (json!({"createdAt": "0"}), "createdAt"),
        (json!({"createdAt": "soon"}), "createdAt"),
        (json!({"createdAt": NOW + 7200}), "createdAt"),
        (json!({"createdAt": i64::MAX}), "createdAt"),
        (json!({"event": ""}), "event"),
        (json!({"event": {}}), "event"),
        (json!({"id": long}), "id"),
        (json!({"id": "a\u{7}"}), "id"),
        (json!({"room": null}), "room"),
        (json!({"room": [1]}), "room"),
        (json!({"room": {"name": null}}), "room.name"),
        (json!({"room": {"name": ""}}), "room.name"),
        (json!({"room": {"sid": null}}), "room.sid"),
        (json!({"room": {"sid": long}}), "room.sid"),
        (json!({"room": {"sid": "a\nb"}}), "room.sid"),
        (json!({"participant": null}), "participant"),
        (json!({"participant": {"sid": ""}}), "participant.sid"),
        (json!({"participant": {"joinedAtMs": 1}}), "participant.joinedAt"),
        (
            json!({"participant": {"joinedAtMs": i64::MAX}}),
            "participant.joinedAt",
        ),
    ] {
        let mut joined = event("participant_joined", somebody(json!({})));
        merge(&mut joined, parts.clone());
        assert_eq!(fault(&joined), field, "{parts}");
    }
    let opened = event("room_started", json!({"room": {"creationTimeMs": 5}}));
    assert_eq!(fault(&opened), "room.creationTime");
    for text in [
        "",
        "{",
        "null",
        "7",
        "\"event\"",
        "[[",
        "{\"event\":\"a\",\"event\":\"b\"}",
        "\u{feff}{}",
    ] {
        assert!(Body::read(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn nobody_is_named_by_an_address_and_nothing_secret_is_kept() {
    let parts =
        json!({"identity": "ann@example.com", "name": "Ann <ann@example.com>", "metadata": "hunter2"});
    let joined = event("participant_joined", somebody(parts));
    let body = Body::read(joined.to_string().as_bytes()).unwrap();
    let kept = format!(
        "{:?} {:?}",
        body.translate(&server(), now()).unwrap(),
        told(&event("egress_started", egress(json!({}))))
    );
    assert!(!kept.contains("ann@example.com"), "{kept}");
    for secret in ["Dxeth2RVEq9I48", "hunter2", "PCMU"] {
        assert!(!format!("{body:?} {kept}").contains(secret), "{secret}");
    }
}

/// Any JSON, with the names that are looked for more often than chance would have it.
fn some_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "event|id|createdAt|room|participant|egressInfo|sid|name|joinedAtMs|creationTime|permission|kind|hidden",
        ".{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "participant_joined|participant_left|room_started|room_finished|egress_started|egress_ended"
            .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("1795296826")),
    ];
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Body::read(&bytes).and_then(|body| body.translate(&server(), now()));
    }

    #[test]
    fn no_json_is_too_strange(value in some_json(), name in "participant_joined|participant_left|room_finished|egress_ended") {
        let _ = told(&value);
        let mut strange = event(&name, somebody(json!({})));
        for field in ["room", "participant", "egressInfo", "id"] {
            let mut changed = strange.clone();
            changed[field] = value.clone();
            let _ = told(&changed);
        }
        strange["participant"]["permission"] = value.clone();
        strange["participant"]["joinedAtMs"] = value.clone();
        strange["unheard-of"] = value;
        let _ = told(&strange);
    }
}
