//! Waiting rooms, with the time as an argument.

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_795_222_000 + seconds, 0).unwrap()
}

fn id(number: u8) -> MeetingId {
    MeetingId::new(at(0), [number; 10])
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn waiter(name: &str) -> Waiter {
    Waiter {
        user: user(name),
        name: name.to_uppercase(),
    }
}

fn names(list: &[Waiting], decision: Option<Decision>) -> Vec<&str> {
    let of = |one: &&Waiting| one.decided.as_ref().map(|decided| decided.decision) == decision;
    list.iter().filter(of).map(|one| one.name.as_str()).collect()
}

#[test]
fn who_stops_asking_has_gone() {
    let rooms = WaitingRooms::default();
    rooms.wait(id(1), waiter("ann"), at(0)).unwrap();
    rooms.wait(id(1), waiter("bob"), at(5)).unwrap();
    rooms.wait(id(2), waiter("eve"), at(5)).unwrap();
    rooms.wait(id(1), waiter("ann"), at(10)).unwrap();
    assert_eq!(
        names(&rooms.list(id(1), at(19)), None),
        ["ANN", "BOB"],
        "longest first"
    );
    assert_eq!(names(&rooms.list(id(1), at(20)), None), ["ANN"]);
    assert_eq!(rooms.list(id(1), at(20))[0].since, at(0));
    assert_eq!(names(&rooms.list(id(1), at(25)), None), [""; 0]);
    rooms.wait(id(1), waiter("ann"), at(60)).unwrap();
    assert_eq!(rooms.list(id(1), at(60))[0].since, at(60), "they came anew");
    rooms.leave(id(1), &user("ann"));
    assert!(rooms.list(id(1), at(60)).is_empty());
}

#[test]
fn what_a_host_says_stays_until_another_says_otherwise() {
    let rooms = WaitingRooms::default();
    let decide = |who, decision, when| rooms.decide(id(1), &user(who), (decision, "sara"), at(when));
    assert!(!decide("ann", Decision::Admitted, 0), "nobody has asked");
    rooms.wait(id(1), waiter("ann"), at(0)).unwrap();
    assert_eq!(rooms.decision(id(1), &user("ann")), None);
    assert!(!decide("bob", Decision::Admitted, 0));
    assert!(decide("ann", Decision::Admitted, 1) && decide("ann", Decision::Admitted, 2));
    let decided = rooms.list(id(1), at(100))[0].decided.clone().unwrap();
    assert_eq!(
        (decided.by.as_str(), decided.at),
        ("sara", at(1)),
        "the first word counts"
    );
    assert_eq!(rooms.decision(id(1), &user("ann")), Some(Decision::Admitted));
    assert!(decide("ann", Decision::Denied, 3));
    assert_eq!(rooms.decision(id(1), &user("ann")), Some(Decision::Denied));
    assert_eq!(
        rooms.decision(id(2), &user("ann")),
        None,
        "each meeting has its own"
    );
}

#[test]
fn everybody_is_whoever_waits_now() {
    let rooms = WaitingRooms::default();
    for (who, when) in [("gone", 0), ("ann", 20), ("bob", 21), ("eve", 22)] {
        rooms.wait(id(1), waiter(who), at(when)).unwrap();
    }
    rooms.decide(id(1), &user("eve"), (Decision::Denied, "sara"), at(23));
    rooms.admit_all(id(1), "sara", at(24));
    let list = rooms.list(id(1), at(24));
    assert_eq!(names(&list, Some(Decision::Admitted)), ["ANN", "BOB"]);
    assert_eq!(names(&list, Some(Decision::Denied)), ["EVE"]);
    assert_eq!(names(&list, None), [""; 0]);
}

#[test]
fn the_memory_is_bounded() {
    let rooms = WaitingRooms::default();
    for number in 0..1000 {
        rooms.wait(id(1), waiter(&format!("u{number}")), at(0)).unwrap();
    }
    assert_eq!(rooms.wait(id(1), waiter("late"), at(14)), Err(Crowded));
    rooms.wait(id(1), waiter("u7"), at(14)).unwrap();
    rooms.wait(id(1), waiter("late"), at(15)).unwrap();
    assert_eq!(rooms.list(id(1), at(15)).len(), 2, "who has gone makes place");
    for number in 0..200 {
        rooms.note_moderator(id(1), &user(&format!("m{number}")), at(15));
    }
    assert!(rooms.is_moderator(id(1), |known| known.as_str() == "m199"));
    assert!(!rooms.is_moderator(id(1), |known| known.as_str() == "m0"));
    let half_a_day = 12 * 3600;
    rooms.wait(id(2), waiter("ann"), at(15 + half_a_day)).unwrap();
    assert_eq!(rooms.lock().rooms.len(), 1, "the quiet room is gone");
}

#[test]
fn there_are_no_more_rooms_than_fit() {
    let rooms = WaitingRooms::default();
    let number = |n: u16| MeetingId::new(at(i64::from(n)), [0; 10]);
    for meeting in (0..10_000).map(number) {
        rooms.wait(meeting, waiter("ann"), at(0)).unwrap();
    }
    assert_eq!(rooms.wait(number(10_000), waiter("ann"), at(1)), Err(Crowded));
    rooms.wait(number(0), waiter("bob"), at(1)).unwrap();
}

#[test]
fn the_room_that_is_idle_for_longest_makes_place() {
    let rooms = WaitingRooms::default();
    let number = |n: u16| MeetingId::new(at(i64::from(n)), [0; 10]);
    for meeting in (0..10_000).map(number) {
        rooms.note_moderator(meeting, &user("eve"), at(10));
    }
    rooms.wait(number(0), waiter("ann"), at(20)).unwrap();
    rooms.note_moderator(number(1), &user("sara"), at(20));
    rooms.decide(number(0), &user("ann"), (Decision::Admitted, "sara"), at(20));
    for meeting in (10_000..15_000).map(number) {
        rooms.wait(meeting, waiter("bob"), at(21)).unwrap();
    }
    assert_eq!(rooms.decision(number(0), &user("ann")), Some(Decision::Admitted));
    assert!(rooms.is_moderator(number(1), |known| known.as_str() == "sara"));
    assert_eq!(rooms.list(number(14_999), at(21)).len(), 1);
    assert_eq!(rooms.lock().rooms.len(), 10_000);
}
