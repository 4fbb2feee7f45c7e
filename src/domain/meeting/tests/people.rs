//! People who are removed, and rooms that are made before anybody comes.

use super::*;
use crate::domain::UserId;

/// The booked meeting of these tests goes from second 1000 to here.
const END: i64 = 1000 + 30 * 60;

fn ahead() -> Policy {
    Policy {
        made_ahead: Some(Duration::seconds(600)),
        ..policy()
    }
}

fn on_livekit(mut meeting: Meeting) -> Meeting {
    meeting.booking.room.backend.kind = BackendKind::Livekit;
    meeting
}

fn run(mut meeting: Meeting, inputs: &[(i64, Input)]) -> Meeting {
    for (when, input) in inputs {
        meeting = meeting.apply(input, at(*when), &ahead()).unwrap().meeting;
    }
    meeting
}

fn slot(start: i64) -> Slot {
    Slot {
        starts_at: at(start),
        minutes: 30,
    }
}

fn open(start: i64) -> Order {
    Order::Open { slot: slot(start) }
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn out(who: &str, occupant: &str, since: i64) -> Order {
    Order::Remove {
        who: user(who),
        occupant: OccupantId(occupant.into()),
        since: at(since),
    }
}

/// A connection of `who`.
fn connects(who: &str, occupant: &str, from: i64) -> Input {
    let arrival = Arrival {
        person: Person::reported(Some(who), None),
        ..arrival(occupant, &Part::Main, from)
    };
    seen(from, What::Entered(arrival))
}

fn named(people: &[&str]) -> Change {
    Change {
        participants: Some(people.iter().map(|id| user(id)).collect()),
        ..Change::default()
    }
}

#[test]
fn a_room_is_made_once_when_its_door_opens() {
    let meeting = on_livekit(booked(1000));
    assert_eq!(meeting.next_due(&ahead()), Some(at(400)));
    let meeting = run(meeting, &[(399, Input::Tick)]);
    assert!(meeting.orders.is_empty());
    let meeting = run(meeting, &[(400, Input::Tick), (401, Input::Tick)]);
    assert_eq!(meeting.orders, [open(1000)]);
    let meeting = run(meeting, &[(402, Input::Done(open(1000))), (403, Input::Tick)]);
    assert!(meeting.orders.is_empty());
    assert_eq!(meeting.next_due(&ahead()), Some(at(END + 300)));
}

#[test]
fn jitsi_makes_its_rooms_itself_and_so_does_livekit_where_that_is_wanted() {
    let late = [(900, Input::Tick)];
    assert!(run(booked(1000), &late).orders.is_empty());
    let step = on_livekit(booked(1000)).apply(&Input::Tick, at(900), &policy());
    assert!(step.unwrap().meeting.orders.is_empty());
}

#[test]
fn nobody_needs_a_room_that_somebody_is_in_or_whose_time_is_over() {
    let entered = run(
        on_livekit(booked(1000)),
        &[(400, Input::Tick), (401, enters("ann", 401))],
    );
    assert!(entered.orders.is_empty());
    let slow = run(on_livekit(booked(1000)), &[(END, Input::Tick)]);
    assert!(slow.orders.is_empty() && slow.prepared_of == Some(slot(1000)));
}

#[test]
fn who_goes_on_beyond_the_end_has_the_room_made_again_unless_the_end_is_kept() {
    let story = [
        (1000, enters("ann", 1000)),
        (END + 10, leaves("ann", 1000, END + 10)),
        (END + 11, room_closed(END + 11, false)),
    ];
    let meeting = run(on_livekit(booked(1000)), &story);
    assert_eq!(meeting.orders, [open(1000)]);
    assert!(meeting.may_come(slot(1000), &ahead(), at(END + 12)));
    let kept = Policy {
        enforce_end: true,
        ..ahead()
    };
    assert!(!meeting.may_come(slot(1000), &kept, at(END + 12)));
    let meeting = meeting.apply(&Input::Tick, at(END + 12), &kept).unwrap().meeting;
    assert!(!meeting.orders.contains(&open(1000)), "{:?}", meeting.orders);
}

#[test]
fn another_time_is_another_room() {
    let meeting = run(on_livekit(booked(1000)), &[(400, Input::Tick)]);
    let moved = Change {
        slot: Some(slot(9000)),
        ..Change::default()
    };
    let meeting = run(meeting, &[(500, Input::Change(moved))]);
    assert!(meeting.orders.is_empty(), "it was for the old time");
    let meeting = run(meeting, &[(8400, Input::Tick)]);
    assert_eq!(meeting.orders, [open(9000)]);
}

#[test]
fn a_room_that_closes_while_people_are_expected_is_made_again() {
    let made = [(400, Input::Tick), (401, Input::Done(open(1000)))];
    let meeting = run(on_livekit(booked(1000)), &made);
    let closed = run(meeting.clone(), &[(500, room_closed(500, false))]);
    assert_eq!(closed.orders, [open(1000)]);
    let over = [
        (END + 300, Input::Tick),
        (END + 301, room_closed(END + 301, false)),
    ];
    assert!(run(meeting, &over).orders.is_empty(), "nobody came");
}

#[test]
fn a_room_that_was_made_for_nothing_is_closed() {
    let made = [(400, Input::Tick), (401, Input::Done(open(1000)))];
    let meeting = run(on_livekit(booked(1000)), &made);
    let cancelled = run(meeting, &[(500, Input::Cancel)]);
    let expected = Order::Close {
        since: at(500),
        why: CloseReason::Cancelled,
    };
    assert_eq!(cancelled.orders, [expected]);
}

#[test]
fn who_is_removed_is_put_out_once_for_each_connection() {
    let inside = [
        (10, connects("ann", "a1", 10)),
        (11, connects("ann", "a2", 11)),
        (12, connects("bob", "b1", 12)),
    ];
    let meeting = run(booked(0), &inside);
    let meeting = run(meeting, &[(20, Input::Remove(user("ann"))), (21, Input::Tick)]);
    assert_eq!(meeting.orders, [out("ann", "a1", 20), out("ann", "a2", 20)]);
    let meeting = run(
        meeting,
        &[(22, Input::Done(out("ann", "a1", 20))), (23, Input::Tick)],
    );
    assert_eq!(meeting.orders, [out("ann", "a2", 20)], "once is enough");
    let meeting = run(meeting, &[(24, leaves("a2", 11, 24)), (24, leaves("a1", 10, 24))]);
    assert!(meeting.orders.is_empty(), "they have gone");
    let meeting = run(meeting, &[(30, connects("ann", "a3", 30))]);
    assert_eq!(meeting.orders, [out("ann", "a3", 30)], "and come back");
}

#[test]
fn who_may_come_again_may_stay() {
    let inside = [(10, connects("ann", "a1", 10)), (20, Input::Remove(user("ann")))];
    let meeting = run(booked(0), &inside);
    let back = run(meeting, &[(21, Input::Readmit(user("ann")))]);
    assert!(back.orders.is_empty() && !back.booking.is_removed(&user("ann")));
    let again = run(back, &[(22, Input::Remove(user("ann")))]);
    assert_eq!(again.orders, [out("ann", "a1", 22)]);
}

#[test]
fn an_address_is_known_by_its_fingerprint_only() {
    let inside = [
        (10, connects("Ann@example.com", "a1", 10)),
        (20, Input::Remove(user("ann@EXAMPLE.com"))),
    ];
    let meeting = run(booked(0), &inside);
    assert_eq!(meeting.orders.len(), 1);
    assert!(meeting.booking.is_removed(&user("ann@example.com")));
    let stored = serde_json::to_string(&meeting.booking.details.removed).unwrap();
    assert!(!stored.contains('@'), "{stored}");
    let fingerprint = meeting.booking.details.removed[0].clone();
    let back = run(meeting, &[(21, Input::Readmit(fingerprint))]);
    assert!(!back.booking.is_removed(&user("ann@example.com")));
}

#[test]
fn the_list_of_people_says_who_may_come() {
    let people = [(1, Input::Change(named(&["ann", "bob"])))];
    let meeting = run(booked(0), &people);
    let inside = run(meeting, &[(10, connects("ann", "a1", 10))]);
    let without = run(inside, &[(20, Input::Change(named(&["bob"])))]);
    assert_eq!(without.orders, [out("ann", "a1", 20)]);
    let with = run(without.clone(), &[(21, Input::Change(named(&["bob", "ann"])))]);
    assert!(with.orders.is_empty());
    let of_all = run(without, &[(21, Input::Change(named(&[])))]);
    assert!(!of_all.booking.is_removed(&user("bob")), "it names nobody now");
}

#[test]
fn who_is_put_out_of_a_meeting_stays_out_of_what_follows_it() {
    let meeting = run(booked(0), &[(10, Input::Remove(user("ann")))]);
    let next = Meeting::unbooked(MeetingId::new(at(9), [9; 10]), room(), Some(&meeting), at(9));
    let next = run(next, &[(20, connects("ann", "a1", 20))]);
    assert_eq!(next.orders, [out("ann", "a1", 20)]);
}

#[test]
fn nobody_is_put_out_of_a_room_that_closes() {
    let inside = [
        (10, connects("ann", "a1", 10)),
        (20, Input::Remove(user("ann"))),
        (21, Input::Cancel),
    ];
    let meeting = run(booked(0), &inside);
    assert!(matches!(meeting.orders.as_slice(), [Order::Close { .. }]));
}

/// The room of what they continue stays shut until second 500.
fn shut() -> Meeting {
    let mut meeting = adhoc();
    meeting.shut = Some(Shut {
        until: at(500),
        why: CloseReason::TimeIsUp,
    });
    meeting
}

fn close(since: i64) -> Order {
    Order::Close {
        since: at(since),
        why: CloseReason::TimeIsUp,
    }
}

#[test]
fn each_coming_to_a_shut_room_closes_it_once() {
    let meeting = run(shut(), &[(100, connects("ann", "a1", 100)), (101, Input::Tick)]);
    assert_eq!(meeting.orders, [close(100)]);
    let told = run(meeting, &[(102, Input::Done(close(100))), (103, Input::Tick)]);
    assert!(told.orders.is_empty(), "once is enough");
    let meeting = run(
        told,
        &[(104, connects("bob", "b1", 104)), (105, room_closed(103, false))],
    );
    assert_eq!(meeting.orders, [close(104)], "that one was before he came");
    let gone = [
        (106, leaves("a1", 100, 106)),
        (106, leaves("b1", 104, 106)),
        (107, room_closed(107, false)),
    ];
    let meeting = run(meeting, &gone);
    assert!(meeting.orders.is_empty());
    let late = run(
        meeting,
        &[(110, connects("ann", "a2", 110)), (111, Input::Done(close(110)))],
    );
    assert!(late.orders.is_empty());
    let open = run(shut(), &[(500, connects("ann", "a1", 500))]);
    assert!(open.orders.is_empty(), "the room is anybody's again");
}

#[test]
fn who_comes_after_an_end_that_is_kept_has_the_room_closed_again() {
    let strict = Policy {
        enforce_end: true,
        ..ahead()
    };
    let apply = |meeting: Meeting, when, input| meeting.apply(&input, at(when), &strict).unwrap().meeting;
    let meeting = apply(booked(1000), 1010, connects("ann", "a1", 1010));
    let meeting = apply(meeting, END, Input::Tick);
    assert_eq!(meeting.orders, [close(END)]);
    let meeting = apply(meeting, END + 1, connects("bob", "b1", END + 1));
    assert_eq!(meeting.orders, [close(END + 1)]);
}

#[test]
fn who_is_switched_off_is_put_out_and_not_removed() {
    let without = |users: &[&str]| Policy {
        switched_off: Arc::new(users.iter().map(|id| user(id)).collect()),
        ..ahead()
    };
    let apply =
        |meeting: Meeting, when, input, policy| meeting.apply(&input, at(when), policy).unwrap().meeting;
    let (off, on) = (without(&["ann", "eve"]), without(&["eve"]));
    let inside = [(10, connects("ann", "a1", 10)), (11, connects("bob", "b1", 11))];
    let inside = run(booked(0), &inside);
    assert_eq!(inside.next_due(&off), Some(at(11)), "at once");
    let meeting = apply(inside, 20, Input::Tick, &off);
    assert_ne!(meeting.next_due(&off), Some(at(20)), "once");
    assert_eq!(meeting.orders, [out("ann", "a1", 20)]);
    assert!(!meeting.booking.is_removed(&user("ann")));
    let on_again = apply(meeting.clone(), 21, Input::Tick, &on);
    assert!(on_again.orders.is_empty());
    let off_again = apply(on_again, 22, Input::Tick, &off);
    assert_eq!(off_again.orders, [out("ann", "a1", 22)]);
    let told = apply(meeting, 23, Input::Done(out("ann", "a1", 20)), &off);
    let back = apply(told, 24, connects("ann", "a2", 24), &off);
    assert_eq!(back.orders, [out("ann", "a2", 24)]);
}

#[test]
fn what_was_stored_before_reads_as_nobody_removed() {
    let meeting = run(booked(0), &[(10, connects("ann", "a1", 10))]);
    let stored = serde_json::to_string(&meeting).unwrap();
    for name in ["removed", "prepared_of", "has_to_go", "shut"] {
        assert!(!stored.contains(name), "an empty {name} takes no room");
    }
    assert_eq!(serde_json::from_str::<Meeting>(&stored).unwrap(), meeting);
}

proptest! {
    #[test]
    fn nobody_who_was_removed_stays_without_an_order(
        inputs in prop::collection::vec((0..200i64, any_input(), 0..4u8), 1..40),
    ) {
        let (mut meeting, mut now) = (booked(100), 0);
        let mut told = Vec::new();
        for (passed, input, choice) in inputs {
            now += passed;
            let input = match (choice, meeting.orders.first()) {
                (0, _) => Input::Remove(user("ann")),
                (1, _) => Input::Readmit(user("ann")),
                (2, Some(order)) => {
                    told.push(order.clone());
                    Input::Done(order.clone())
                }
                _ => input,
            };
            if matches!(input, Input::Readmit(_)) {
                told.clear();
            }
            let Ok(step) = meeting.clone().apply(&input, at(now), &ahead()) else { continue };
            meeting = step.meeting;
            let removals = |orders: &[Order]| -> Vec<_> {
                let occupants = orders.iter().filter_map(|order| match order {
                    Order::Remove { occupant, .. } => Some(occupant.clone()),
                    _ => None,
                });
                occupants.collect()
            };
            let waiting = removals(&meeting.orders);
            let ordered = [waiting.clone(), removals(&told)].concat();
            let is_to_go = meeting.booking.is_removed(&user("ann"))
                && !meeting.status.is_final()
                && !meeting.is_closing();
            let mut hers = meeting.attendance.people().filter(|stay| {
                stay.is_open() && stay.person.user == Some(user("ann"))
            });
            prop_assert!(is_to_go || waiting.is_empty(), "{:?}", waiting);
            prop_assert!(!is_to_go || hers.all(|stay| ordered.contains(&stay.occupant)));
        }
    }
}
