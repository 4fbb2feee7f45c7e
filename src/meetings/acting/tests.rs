//! Whose room it is while people are being put out of it.

use crate::domain::meeting::{Booking, CloseReason, Details, Kind, MeetingType, Order, Slot};
use crate::domain::observation::*;
use crate::domain::samples::{at, policy, room_on};
use crate::domain::{ClientId, Input, Meeting, MeetingId, RoomKey};
use crate::meetings::index::{Index, Route};

fn room() -> RoomKey {
    room_on(BackendId::jitsi("main"))
}

fn booked(n: u8, starts: i64) -> Meeting {
    let booking = Booking {
        client: ClientId::parse("ataraxia").unwrap(),
        kind: Kind::Meeting,
        room: room(),
        meeting_type: MeetingType::Video,
        role_context: None,
        slot: Some(Slot {
            starts_at: at(starts),
            minutes: 30,
        }),
        appointment: None,
        idempotency_key: None,
        continues: None,
        details: Details::default(),
    };
    Meeting::book(MeetingId::new(at(0), [n; 10]), booking, at(0)).meeting
}

fn ann(from: i64) -> Arrival {
    Arrival {
        occupant: OccupantId("ann".into()),
        part: Part::Main,
        entered_at: Some(at(from)),
        role: Role::Person,
        person: Person::default(),
    }
}

fn seen(when: i64, what: What) -> Observation {
    Observation {
        room: room(),
        at: at(when),
        source: Source::Prosody,
        what,
    }
}

fn roster(when: i64, since: i64) -> Observation {
    let what = What::Roster {
        part: Part::Main,
        opened_at: None,
        present: vec![ann(since)],
        since: at(when - 10),
    };
    seen(when, what)
}

fn step(meeting: Meeting, when: i64, input: Input) -> Meeting {
    meeting.apply(&input, at(when), &policy()).unwrap().meeting
}

/// Ann came in at 10, and the meeting was cancelled at 100; the next one in the room is booked for second 9000.
fn cancelled() -> (Meeting, Index) {
    let entered = Input::Observed(seen(10, What::Entered(ann(10))));
    let meeting = step(step(booked(1, 0), 10, entered), 100, Input::Cancel);
    let mut index = Index::default();
    index.put(&booked(2, 9000), &policy(), at(100));
    index.put(&meeting, &policy(), at(100));
    (meeting, index)
}

#[test]
fn people_who_have_not_gone_yet_are_still_those_of_the_cancelled_meeting() {
    let (meeting, index) = cancelled();
    let close = Order::Close {
        since: at(100),
        why: CloseReason::Cancelled,
    };
    assert_eq!(index.orders().get(&meeting.id), Some(&vec![close]));
    assert_eq!(index.route(&roster(500, 10), &policy()), Route::Known(meeting.id));
    assert_ne!(
        index.route(&roster(500, 300), &policy()),
        Route::Known(meeting.id),
        "whoever came later came to something else"
    );
    let closed = What::RoomClosed {
        part: Part::Main,
        opened_at: None,
        for_everyone: true,
    };
    assert_eq!(
        index.route(&seen(600, closed), &policy()),
        Route::Known(meeting.id)
    );
}

#[test]
fn once_the_room_has_closed_nothing_is_kept() {
    let (meeting, mut index) = cancelled();
    let closed = seen(
        600,
        What::RoomClosed {
            part: Part::Main,
            opened_at: None,
            for_everyone: true,
        },
    );
    let meeting = step(meeting, 600, Input::Observed(closed));
    index.put(&meeting, &policy(), at(600));
    assert!(index.orders().is_empty());
    assert_ne!(index.route(&roster(700, 10), &policy()), Route::Known(meeting.id));
}

#[test]
fn another_meeting_in_the_room_is_found() {
    let (meeting, mut index) = cancelled();
    assert_eq!(index.other_in(&room(), meeting.id), None, "it has not begun");
    let entered = Input::Observed(seen(200, What::Entered(ann(200))));
    let other = step(booked(3, 150), 200, entered);
    index.put(&other, &policy(), at(200));
    assert_eq!(index.other_in(&room(), meeting.id), Some(other.id));
    assert_eq!(index.other_in(&room(), other.id), None);
}

#[test]
fn a_meeting_that_is_not_stored_any_more_has_no_orders() {
    let (meeting, mut index) = cancelled();
    index.forget(meeting.id);
    assert!(index.orders().is_empty());
}
