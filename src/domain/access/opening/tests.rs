//! When rooms open, case by case, and what holds for all of them.

use chrono::Duration;
use proptest::prelude::*;

use super::*;
use crate::domain::access::{Channel, RoomPattern, Rule};
use crate::domain::meeting::{Appointment, Details, Kind, MeetingType, Slot};
use crate::domain::observation::BackendId;
use crate::domain::{ClientId, MeetingId, RoomKey};

const WINDOW: Window = Window {
    early: Duration::minutes(15),
    grace: Duration::minutes(5),
    ends_are_kept: false,
    tokens_live: Duration::minutes(20),
};
const KEPT: Window = Window {
    ends_are_kept: true,
    ..WINDOW
};

/// So many minutes into the day of the tests.
pub(in crate::domain::access) fn at(minute: i64) -> Timestamp {
    Timestamp::from_timestamp(1_795_000_000, 0).unwrap() + Duration::minutes(minute)
}

pub(in crate::domain::access) fn when(start: i64, minutes: u32) -> Option<Slot> {
    Some(Slot {
        starts_at: at(start),
        minutes,
    })
}

pub(in crate::domain::access) fn booking(slot: Option<Slot>) -> Booking {
    Booking {
        client: ClientId::parse("ataraxia").unwrap(),
        kind: Kind::Meeting,
        room: RoomKey {
            backend: BackendId::jitsi("main"),
            name: room("r"),
        },
        meeting_type: MeetingType::Video,
        role_context: None,
        slot,
        appointment: None,
        idempotency_key: None,
        continues: None,
        details: Details::default(),
    }
}

pub(in crate::domain::access) fn meeting(booking: Booking) -> Meeting {
    Meeting::book(MeetingId::new(at(0), [7; 10]), booking, at(0)).meeting
}

fn with(status: Status, booking: Booking) -> Meeting {
    let mut meeting = meeting(booking);
    meeting.status = status;
    meeting
}

fn active(booking: Booking, started_at: i64) -> Meeting {
    let started_at = at(started_at);
    with(Status::Active { started_at }, booking)
}

/// Everybody left at that minute.
pub(in crate::domain::access) fn completed(booking: Booking, ended_at: i64) -> Meeting {
    let started_at = booking.slot.map_or(at(0), |slot| slot.starts_at);
    let ended_at = at(ended_at);
    with(Status::Completed { started_at, ended_at }, booking)
}

fn cancelled(booking: Booking, minute: i64) -> Meeting {
    let status = Status::Cancelled {
        started_at: None,
        at: at(minute),
    };
    called_off(with(status, booking), minute)
}

fn called_off(mut meeting: Meeting, minute: i64) -> Meeting {
    meeting.called_off_at = Some(at(minute));
    meeting
}

/// People came by themselves.
fn unbooked() -> Booking {
    Booking {
        client: ClientId::adhoc(),
        ..booking(None)
    }
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn rule(rooms: &str) -> Rule {
    Rule {
        rooms: RoomPattern::parse(rooms).unwrap(),
        unbooked: None,
        members: None,
        guests: None,
        moderators: None,
        lobby_bypass: None,
        features: None,
        max_people: None,
        lobby: None,
        wait_for_host: None,
        password: None,
    }
}

fn closed() -> RoomRules {
    RoomRules {
        rules: vec![Rule {
            unbooked: Some(Unbooked::Deny),
            ..rule("*")
        }],
        ..RoomRules::default()
    }
}

/// What the door says in a word, where nobody may open an unbooked room.
fn word(meetings: &[Meeting], window: Window, minute: i64) -> String {
    let booked = Booked::of(meetings.to_vec(), window, at(minute));
    match closed().opening(&room("r"), &booked) {
        Ok(_) => "opens".to_owned(),
        Err(Closed::TooEarly { opens_at }) => format!("in {}", (opens_at - at(minute)).num_minutes()),
        Err(Closed::Over) => "over".to_owned(),
        Err(Closed::NotBooked) => "not booked".to_owned(),
    }
}

#[test]
fn a_booked_meeting_opens_its_room_around_its_time() {
    let booked = [meeting(booking(when(60, 30)))];
    for (minute, expected) in [
        (0, "in 45"),
        (44, "in 1"),
        (45, "opens"),
        (60, "opens"),
        (90, "opens"),
        (94, "opens"),
        (95, "not booked"),
    ] {
        assert_eq!(word(&booked, WINDOW, minute), expected, "{minute}");
    }
    let going_on = [active(booking(when(60, 30)), 60)];
    assert_eq!(word(&going_on, WINDOW, 600), "opens", "as long as it goes on");
    assert_eq!(
        word(&[active(booking(when(60, 30)), 5)], WINDOW, 10),
        "opens",
        "who began early is in"
    );
    assert_eq!(
        word(&[meeting(booking(None))], WINDOW, 600),
        "opens",
        "no time was agreed"
    );
}

#[test]
fn people_may_come_back_in_the_time_that_was_booked() {
    let left = [completed(booking(when(60, 30)), 70)];
    assert_eq!(word(&left, WINDOW, 80), "opens");
    assert_eq!(word(&left, WINDOW, 95), "not booked");
    assert_eq!(word(&[completed(booking(None), 70)], WINDOW, 71), "not booked");
}

#[test]
fn what_is_called_off_stays_closed() {
    let off = [cancelled(booking(when(60, 30)), 10)];
    assert_eq!(word(&off, WINDOW, 11), "over");
    assert_eq!(
        word(&off, WINDOW, 109),
        "over",
        "tokens from before are still good"
    );
    assert_eq!(
        word(&off, WINDOW, 110),
        "not booked",
        "the room is anybody's again"
    );
    assert_eq!(word(&[cancelled(booking(None), 10)], WINDOW, 600), "over");
    let ended = called_off(completed(booking(when(60, 30)), 93), 93);
    assert_eq!(
        word(std::slice::from_ref(&ended), WINDOW, 97),
        "over",
        "clients that lost their room come back at once"
    );
    assert_eq!(
        word(&[ended], WINDOW, 113),
        "not booked",
        "counted from the later one"
    );
    let another = [off[0].clone(), meeting(booking(when(120, 30)))];
    assert_eq!(word(&another, WINDOW, 80), "in 25");
    assert_eq!(word(&another, WINDOW, 110), "opens");
}

/// People are in the room again, although it was to stay shut.
fn come_back(to: &Meeting, window: Window, minute: i64) -> Meeting {
    let mut meeting = Meeting::unbooked(
        MeetingId::new(at(minute), [8; 10]),
        to.booking.room.clone(),
        Some(to),
        at(minute),
    );
    let started_at = at(minute);
    meeting.status = Status::Active { started_at };
    meeting.shut = window.shut(to, started_at);
    meeting
}

#[test]
fn who_comes_back_to_what_is_over_for_everyone_opens_nothing() {
    let off = cancelled(booking(when(60, 30)), 70);
    let ended = called_off(completed(booking(when(60, 30)), 70), 70);
    let kept = completed(booking(when(60, 30)), 90);
    for (over, window, minute, last) in [
        (off, WINDOW, 71, 109),
        (ended, WINDOW, 71, 109),
        (kept, KEPT, 91, 94),
    ] {
        let mut all = vec![over];
        for _ in 0..20 {
            let next = come_back(&all[0], window, minute);
            assert_eq!(next.shut.map(|shut| shut.until), Some(at(last + 1)));
            all.insert(0, next);
        }
        assert_eq!(word(&all, window, minute), "over");
        assert_eq!(
            word(&all[..1], window, last),
            "over",
            "the first of them is forgotten"
        );
        assert_eq!(
            word(&all[..1], window, last + 1),
            "opens",
            "nobody would put them out now"
        );
    }
}

#[test]
fn what_follows_is_shut_although_nobody_knows_any_more_whose_it_is() {
    let off = cancelled(booking(when(60, 30)), 70);
    let mut next = come_back(&off, WINDOW, 71);
    next.booking.client = ClientId::adhoc();
    assert_eq!(WINDOW.shut(&next, at(72)), next.shut);
    assert_eq!(WINDOW.shut(&next, at(110)), None);
}

#[test]
fn who_comes_back_to_a_room_that_is_not_shut_is_at_home() {
    for (before, window) in [
        (completed(booking(when(60, 30)), 70), WINDOW),
        (completed(booking(when(60, 30)), 90), WINDOW),
        (called_off(completed(unbooked(), 70), 70), KEPT),
    ] {
        assert_eq!(window.shut(&before, at(91)), None, "{before:?}");
    }
    let left = completed(booking(when(60, 30)), 70);
    let back = come_back(&left, WINDOW, 71);
    assert_eq!(word(&[back, left], WINDOW, 72), "opens");
}

#[test]
fn an_end_that_is_kept_closes_the_room() {
    for meeting in [
        meeting(booking(when(60, 30))),
        active(booking(when(60, 30)), 60),
        completed(booking(when(60, 30)), 90),
    ] {
        assert_eq!(
            word(std::slice::from_ref(&meeting), KEPT, 89),
            "opens",
            "{:?}",
            meeting.status
        );
        assert_eq!(word(&[meeting], KEPT, 90), "over");
    }
    let next = [
        completed(booking(when(60, 30)), 90),
        meeting(booking(when(90, 30))),
    ];
    assert_eq!(word(&next, KEPT, 91), "opens", "the next ones come in");
}

#[test]
fn nobody_is_locked_out_by_a_booking_made_behind_them() {
    let later = meeting(booking(when(60, 30)));
    let inside = active(unbooked(), 0);
    let booked = Booked::of(vec![inside.clone(), later.clone()], WINDOW, at(1));
    assert_eq!(booked, Booked::Nothing);
    assert!(RoomRules::default().opening(&room("r"), &booked).is_ok());
    assert_eq!(
        word(&[inside, later.clone()], WINDOW, 50),
        "opens",
        "its time is now"
    );
    assert_eq!(
        word(&[meeting(unbooked()), later], WINDOW, 1),
        "in 44",
        "nobody is in yet"
    );
}

#[test]
fn an_appointment_in_person_has_no_room() {
    let mut booking = booking(when(60, 30));
    booking.details.appointment = Some(Appointment {
        in_person: true,
        ..Appointment::default()
    });
    assert_eq!(word(&[meeting(booking)], WINDOW, 60), "not booked");
}

#[test]
fn of_several_meetings_the_nearest_counts() {
    let at_ten = meeting(booking(when(600, 30)));
    let at_one = meeting(booking(when(60, 30)));
    for meetings in [[at_ten.clone(), at_one.clone()], [at_one.clone(), at_ten.clone()]] {
        assert_eq!(word(&meetings, WINDOW, 0), "in 45");
        assert_eq!(word(&meetings, WINDOW, 100), "in 485");
    }
    let goes_on = active(booking(when(0, 30)), 0);
    let booked = Booked::of(vec![at_one, goes_on.clone()], WINDOW, at(50));
    assert_eq!(
        booked.meeting(),
        Some(&goes_on),
        "those who are in are in the way"
    );
}

#[test]
fn rules_say_as_what_a_room_opens() {
    let rules = RoomRules {
        channels: [(7, Channel::default())].into(),
        rules: vec![
            Rule {
                max_people: Some(4),
                lobby: Some(true),
                ..rule("ward-*")
            },
            Rule {
                password: Some(RoomPassword::parse("open sesame").unwrap()),
                unbooked: Some(Unbooked::Deny),
                ..rule("*")
            },
        ],
    };
    let now = Booked::Now(Box::new(meeting(booking(when(0, 30)))));
    let ward = rules.opening(&room("ward-1"), &now).unwrap();
    assert_eq!((ward.max_people, ward.lobby), (Some(4), true));
    assert_eq!(ward.password.map(RoomPassword::expose), Some("open sesame"));
    let hall = rules.opening(&room("hall"), &now).unwrap();
    assert_eq!((hall.max_people, hall.lobby), (None, false));
    assert_eq!(
        rules.opening(&room("hall"), &Booked::Nothing),
        Err(Closed::NotBooked)
    );
    assert!(
        rules.opening(&room("channel-7"), &Booked::Nothing).is_ok(),
        "nobody books a channel"
    );
    assert_eq!(
        rules.opening(&room("channel-8"), &Booked::Nothing),
        Err(Closed::NotBooked)
    );
    assert_eq!(
        RoomRules::default().opening(&room("hall"), &Booked::Nothing),
        Ok(Opening::default())
    );
}

#[test]
fn passwords_are_short_and_never_printed() {
    let password = RoomPassword::parse("در باز کن").unwrap();
    assert_eq!(format!("{password:?}"), "RoomPassword(…)");
    for text in ["", "a\nb", &"x".repeat(129)] {
        assert_eq!(RoomPassword::parse(text), Err(PasswordError), "{text:?}");
    }
}

pub(in crate::domain::access) fn some_meeting() -> impl Strategy<Value = Meeting> {
    let slot = proptest::option::of((0..200i64, 1..60u32));
    (slot, 0..5u8, 0..250i64, any::<bool>()).prop_map(|(slot, status, minute, arranged)| {
        let slot = slot.and_then(|(start, minutes)| when(start, minutes));
        let booking = if arranged { booking(slot) } else { unbooked() };
        match status {
            0 => active(booking, minute),
            1 => completed(booking, minute),
            2 => cancelled(booking, minute),
            3 => with(Status::Missed { at: at(minute) }, booking),
            _ => meeting(booking),
        }
    })
}

pub(in crate::domain::access) fn some_window() -> impl Strategy<Value = Window> {
    (0..30i64, 0..30i64, any::<bool>(), 0..60i64).prop_map(|(early, grace, ends_are_kept, tokens_live)| {
        Window {
            early: Duration::minutes(early),
            grace: Duration::minutes(grace),
            ends_are_kept,
            tokens_live: Duration::minutes(tokens_live),
        }
    })
}

proptest! {
    #[test]
    fn the_order_of_meetings_is_no_matter(
        mut meetings in prop::collection::vec(some_meeting(), 0..5), window in some_window(), minute in 0..300i64,
    ) {
        let before = word(&meetings, window, minute);
        meetings.reverse();
        prop_assert_eq!(before, word(&meetings, window, minute));
    }

    #[test]
    fn a_room_opens_when_it_was_said_to(
        meetings in prop::collection::vec(some_meeting(), 0..5), window in some_window(), minute in 0..300i64,
    ) {
        if let Booked::Later { opens_at, .. } = Booked::of(meetings.clone(), window, at(minute)) {
            prop_assert!(at(minute) < opens_at);
            let then = Booked::of(meetings.clone(), window, opens_at);
            prop_assert!(matches!(then, Booked::Now(_)), "{then:?}");
            let just_before = Booked::of(meetings, window, opens_at - Duration::milliseconds(1));
            prop_assert!(!matches!(just_before, Booked::Nothing), "{just_before:?}");
        }
    }

    #[test]
    fn a_further_booking_for_now_opens_every_room(
        mut meetings in prop::collection::vec(some_meeting(), 0..5), window in some_window(), minute in 0..300i64,
    ) {
        meetings.push(meeting(booking(when(minute, 1))));
        prop_assert_eq!(word(&meetings, window, minute), "opens");
    }

    #[test]
    fn the_rule_for_unbooked_rooms_says_nothing_about_booked_ones(
        meetings in prop::collection::vec(some_meeting(), 0..5), window in some_window(), minute in 0..300i64,
    ) {
        let booked = Booked::of(meetings, window, at(minute));
        let (strict, open) = (closed(), RoomRules::default());
        let (strict, open) = (strict.opening(&room("r"), &booked), open.opening(&room("r"), &booked));
        match booked {
            Booked::Nothing => prop_assert!(strict.is_err() && open.is_ok()),
            _ => prop_assert_eq!(strict, open),
        }
    }
}
