//! Whose facts those of a room are that the server names life by life.

use super::*;
use crate::domain::meeting::{CloseReason, Shut};
use crate::domain::observation::{BackendId, OccupantId};
use crate::domain::participant::{Participant, ParticipantKind};
use crate::domain::samples::{self, at, room_on};
use crate::domain::{Input, Meeting, RoomKey};

fn policy(active_when_room_opens: bool) -> Policy {
    Policy {
        active_when_room_opens,
        ..samples::policy()
    }
}

fn room() -> RoomKey {
    room_on(BackendId::livekit("main"))
}

fn part(sid: &str) -> Part {
    Part::Opening(sid.into())
}

fn seen(when: i64, what: What) -> Observation {
    Observation {
        room: room(),
        at: at(when),
        source: Source::Livekit,
        what,
    }
}

fn arrival(sid: &str, from: i64) -> Arrival {
    let person = Participant {
        sid: "PA".into(),
        identity: "ann".into(),
        name: String::new(),
        kind: ParticipantKind::Standard,
        is_hidden: false,
        joined_at: Some(at(from)),
    };
    person.arrival(&part(sid))
}

/// A meeting in one life of the room, with somebody who came in at `from`.
fn in_life(number: u8, sid: &str, from: i64) -> Meeting {
    let meeting = Meeting::unbooked(MeetingId::new(at(from), [number; 10]), room(), None, at(from));
    let entered = Input::Observed(seen(from, What::Entered(arrival(sid, from))));
    meeting.apply(&entered, at(from), &policy(false)).unwrap().meeting
}

/// The first was concluded to be over at 50, after its list had lacked it; the second goes on in another life since 200.
fn first_and_second() -> (MeetingId, MeetingId, Index) {
    let (first, second) = (in_life(1, "a", 10), in_life(2, "b", 200));
    let vanished = What::Vanished {
        part: part("a"),
        since: at(50),
    };
    let policy = policy(false);
    let first = first.apply(&Input::Observed(seen(100, vanished)), at(100), &policy);
    let first = first.unwrap().meeting.apply(&Input::Tick, at(120), &policy);
    let first = first.unwrap().meeting;
    assert!(first.status.is_final());
    let mut index = Index::default();
    index.put(&first, &policy, at(200));
    index.put(&second, &policy, at(200));
    (first.id, second.id, index)
}

#[test]
fn what_a_server_says_late_of_one_life_is_about_the_meeting_that_was_in_it() {
    let (first, second, index) = first_and_second();
    let closed = |sid: &str| What::RoomClosed {
        part: part(sid),
        opened_at: Some(at(0)),
        for_everyone: true,
    };
    let route = |what| index.route(&seen(300, what), &policy(false));
    assert_eq!(
        route(closed("a")),
        Route::Known(first),
        "though it closed after that was over"
    );
    assert_eq!(route(closed("b")), Route::Known(second));
    let gone = |sid: &str| What::Gone {
        occupant: OccupantId("PA".into()),
        part: part(sid),
        entered_at: at(10),
        since: at(50),
    };
    assert_eq!(route(gone("b")), Route::Known(second));
    assert_eq!(route(gone("a")), Route::Nobody);
}

#[test]
fn a_life_begins_a_meeting_once() {
    let (first, second, index) = first_and_second();
    let opened = |sid: &str, when: i64| {
        let what = What::RoomOpened {
            part: part(sid),
            opened_at: Some(at(0)),
            since: at(when),
        };
        index.route(&seen(when, what), &policy(true))
    };
    assert_eq!(opened("a", 5), Route::Known(first), "it says nothing new");
    assert_eq!(opened("b", 190), Route::Known(second));
}

#[test]
fn who_is_listed_is_of_the_meeting_of_this_moment() {
    let (first, second, index) = first_and_second();
    let listed = Observation {
        source: Source::Listing,
        ..seen(300, What::Entered(arrival("b", 40)))
    };
    assert_eq!(index.route(&listed, &policy(false)), Route::Known(second));
    let heard = seen(300, What::Entered(arrival("b", 40)));
    assert_eq!(
        index.route(&heard, &policy(false)),
        Route::Known(first),
        "a webhook may be late"
    );
}

#[test]
fn who_comes_back_to_what_was_called_off_makes_no_old_token_good() {
    let put = |index: &mut Index, meeting: &Meeting, when| index.put(meeting, &policy(false), at(when));
    let step = |meeting: Meeting, when, input: &Input| {
        meeting.apply(input, at(when), &policy(false)).unwrap().meeting
    };
    let mut index = Index::default();
    let ended = step(in_life(1, "a", 10), 100, &Input::End);
    put(&mut index, &ended, 100);
    let mut back = in_life(2, "b", 200);
    back.shut = Some(Shut {
        until: at(900),
        why: CloseReason::Ended,
    });
    put(&mut index, &back, 200);
    assert!(index.is_called_off(&room(), at(50)), "while they are in");
    assert_eq!(index.called_off_in(&room()), Some(ended.id));
    let gone = step(back, 300, &Input::End);
    put(&mut index, &gone, 300);
    assert!(index.is_called_off(&room(), at(50)), "and after");
    put(&mut index, &in_life(3, "c", 400), 400);
    assert!(!index.is_called_off(&room(), at(50)), "others meet there");
}
