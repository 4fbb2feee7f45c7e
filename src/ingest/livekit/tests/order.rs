//! Whatever order webhooks come in, and however often each, the meeting comes out the same.

use chrono::Duration;
use proptest::sample::Index;

use super::*;
use crate::domain::meeting::{Input, Status};
use crate::domain::{Meeting, MeetingId, samples};

/// When the room was opened, in milliseconds.
const OPENED: i64 = 1_795_296_820_716;

/// Somebody who was in once, or tried to be.
#[derive(Debug, Clone)]
struct Guest {
    came: i64,
    stayed: i64,
    reason: &'static str,
    kind: &'static str,
    was_in: bool,
}

fn some_guest() -> impl Strategy<Value = Guest> {
    let reason = prop_oneof![
        Just("CLIENT_INITIATED"),
        Just("CONNECTION_TIMEOUT"),
        Just("PARTICIPANT_REMOVED")
    ];
    let kind = prop_oneof![4 => Just("STANDARD"), 1 => Just("AGENT")];
    let times = (0..120_000_i64, 0..120_000_i64);
    (times, reason, kind, prop::bool::weighted(0.8)).prop_map(|((came, stayed), reason, kind, was_in)| {
        Guest {
            came: OPENED + came,
            stayed,
            reason,
            kind,
            was_in,
        }
    })
}

/// The events of one life of the room in the order in which LiveKit makes them, each with its time in seconds.
fn events(guests: &[Guest], end: &str) -> Vec<Value> {
    let second = |millis: i64| millis / 1000;
    let mut events = vec![(second(OPENED), event("room_started", json!({})))];
    for (number, guest) in guests.iter().enumerate() {
        let who = somebody(json!({
            "sid": format!("PA_{number}"), "identity": format!("guest-{number}"), "kind": guest.kind,
            "joinedAt": second(guest.came), "joinedAtMs": guest.came, "disconnectReason": guest.reason,
        }));
        let gone = guest.came + guest.stayed;
        if guest.was_in {
            events.push((second(guest.came), event("participant_joined", who.clone())));
            events.push((second(gone), event("participant_left", who)));
        } else {
            events.push((second(gone), event("participant_connection_aborted", who)));
        }
    }
    let last = events.iter().map(|(at, _)| *at).max().unwrap_or_default();
    events.push((last + 20, event("room_finished", json!({ "roomEndReason": end }))));
    events.sort_by_key(|(at, _)| *at);
    let stamped = events.into_iter().enumerate().map(|(number, (at, mut event))| {
        event["createdAt"] = at.to_string().into();
        event["id"] = format!("EV_{number}").into();
        event
    });
    stamped.collect()
}

/// What a meeting becomes to whom these events are told, when all is over.
fn end_state(events: impl Iterator<Item = Value>) -> (Status, String) {
    let now = at(OPENED) + Duration::hours(1);
    let policy = samples::policy();
    let mut meeting: Option<Meeting> = None;
    for event in events {
        let notification = Body::read(event.to_string().as_bytes()).unwrap();
        let notification = notification.translate(&server(), now).unwrap();
        let Some(seen) = notification.seen else { continue };
        let fresh = || Meeting::unbooked(MeetingId::new(now, [0; 10]), seen.room.clone(), None, now);
        let step = meeting.unwrap_or_else(fresh);
        meeting = Some(
            step.apply(&Input::Observed(seen.clone()), now, &policy)
                .unwrap()
                .meeting,
        );
    }
    let meeting = meeting.expect("the room was opened");
    let later = now + Duration::hours(1);
    let meeting = meeting.apply(&Input::Tick, later, &policy).unwrap().meeting;
    let stays = meeting.attendance.stays().iter().map(|stay| {
        let end = stay.end.as_ref().map(|end| (end.at, end.estimated, end.reason));
        (stay.key(), stay.role, stay.person.clone(), end)
    });
    let stays = stays.collect::<Vec<_>>();
    (
        meeting.status,
        format!("{stays:#?} {:#?} {:#?}", meeting.openings, meeting.figures),
    )
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        guests in prop::collection::vec(some_guest(), 0..5),
        order in prop::collection::vec(any::<Index>(), 0..40),
        end in prop_oneof![Just("ROOM_END_IDLE_TIMEOUT"), Just("ROOM_END_API_DELETE")],
    ) {
        let events = events(&guests, end);
        let told_once = end_state(events.iter().cloned());
        // Any of them in any order, and then each once.
        let at_random = order.iter().map(|index| index.get(&events).clone());
        let shuffled = at_random.chain(events.iter().rev().cloned());
        prop_assert_eq!(end_state(shuffled), told_once);
    }
}
