use proptest::prelude::*;

use super::*;
use crate::domain::meeting::{Booking, Input, Kind, MeetingType, Order, Status, Step};
use crate::domain::observation::{BackendId, RoomKey};
use crate::domain::samples::{at, policy};
use crate::domain::{ClientId, MeetingId, RoomName};

fn slot(starts: i64) -> Slot {
    Slot {
        starts_at: at(starts),
        minutes: 30,
    }
}

fn people(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| UserId::parse(name).unwrap()).collect()
}

fn booked() -> Meeting {
    let backend = BackendId::jitsi("main");
    let mut booking = Booking {
        client: ClientId::parse("ataraxia").unwrap(),
        kind: Kind::Meeting,
        room: RoomKey {
            backend,
            name: RoomName::parse("alpha").unwrap(),
        },
        meeting_type: MeetingType::Video,
        role_context: None,
        slot: Some(slot(600)),
        appointment: None,
        idempotency_key: None,
        continues: None,
        details: Default::default(),
    };
    booking
        .details
        .name_people(people(&["ann", "bob", "ann"]), people(&["eve"]));
    Meeting::book(MeetingId::new(at(0), [0; 10]), booking, at(0)).meeting
}

fn apply(meeting: Meeting, input: &Input, now: i64) -> Step {
    meeting.apply(input, at(now), &policy()).unwrap()
}

fn changed(meeting: Meeting, change: Change) -> Step {
    apply(meeting, &Input::Change(change), 10)
}

fn words(step: &Step) -> Vec<&'static str> {
    step.events.iter().map(|event| event.kind.subject()).collect()
}

fn titled(title: &str) -> Change {
    Change {
        title: Some(title.into()),
        ..Change::default()
    }
}

#[test]
fn another_time_title_and_people_are_told_once() {
    let change = Change {
        slot: Some(slot(1200)),
        participants: Some(people(&["ann", "kim"])),
        description: Some("bring the letters".into()),
        ..titled("Talk")
    };
    let step = changed(booked(), change.clone());
    assert_eq!(words(&step), ["rescheduled"]);
    let details = &step.meeting.booking.details;
    assert_eq!(details.title.as_deref(), Some("Talk"));
    assert_eq!(details.participants, people(&["ann", "kim"]));
    assert_eq!(details.hosts, people(&[]), "eve is not in any more");
    assert!(
        !changed(step.meeting, change).changed,
        "what does not differ changes nothing"
    );
}

#[test]
fn hosts_are_participants_and_stay_hosts_as_long_as_they_are() {
    let details = booked().booking.details;
    assert_eq!(details.participants, people(&["ann", "bob", "eve"]));
    let hosts = Change {
        hosts: Some(people(&["kim"])),
        ..Change::default()
    };
    let details = changed(booked(), hosts).meeting.booking.details;
    assert_eq!(details.participants, people(&["ann", "bob", "eve", "kim"]));
    let order_only = Change {
        participants: Some(people(&["eve", "bob", "ann"])),
        ..Change::default()
    };
    assert!(!changed(booked(), order_only).changed);
}

#[test]
fn texts_beside_the_title_are_told_nobody_and_can_be_taken_away() {
    let noted = Change {
        notes: Some("went well".into()),
        description: Some("first".into()),
        ..Change::default()
    };
    let step = changed(booked(), noted);
    assert!(step.changed && step.events.is_empty());
    let cleared = Change {
        notes: Some(String::new()),
        ..Change::default()
    };
    assert_eq!(changed(step.meeting, cleared).meeting.booking.details.notes, None);
}

#[test]
fn of_a_meeting_that_is_over_only_texts_beside_the_title_change() {
    let cancelled = apply(booked(), &Input::Cancel, 5).meeting;
    let refused = cancelled
        .clone()
        .apply(&Input::Change(titled("Talk")), at(10), &policy())
        .unwrap_err();
    assert_eq!((refused.from, refused.to), ("cancelled", "rescheduled"));
    let same = Change {
        slot: cancelled.booking.slot,
        notes: Some("by telephone".into()),
        ..Change::default()
    };
    let step = changed(cancelled, same);
    assert!(step.changed && step.events.is_empty());
}

#[test]
fn another_time_moves_the_moment_of_missing_it() {
    let moved = Change {
        slot: Some(slot(7200)),
        ..Change::default()
    };
    let meeting = changed(booked(), moved).meeting;
    assert_eq!(meeting.next_due(&policy()), Some(at(7200 + 35 * 60)));
    let waiting = apply(meeting, &Input::Tick, 600 + 35 * 60);
    assert!(!waiting.changed);
    let missed = apply(waiting.meeting, &Input::Tick, 7200 + 35 * 60);
    assert_eq!(words(&missed), ["missed"]);
}

#[test]
fn another_end_is_warned_of_anew_and_another_start_alone_is_not() {
    let mut meeting = apply(booked(), &Input::Start, 600).meeting;
    let ends_at = slot(600).ends_at();
    meeting.warned_of = Some(ends_at);
    meeting.orders = vec![Order::Warn { ends_at }];
    let sooner = Slot {
        starts_at: at(540),
        minutes: 31,
    };
    let moved = |slot| Change {
        slot: Some(slot),
        ..Change::default()
    };
    let same_end = changed(meeting.clone(), moved(sooner));
    assert_eq!(words(&same_end), ["rescheduled"], "also while it is going on");
    assert_eq!(same_end.meeting.warned_of, Some(ends_at));
    let later_end = changed(meeting, moved(slot(900))).meeting;
    assert_eq!(later_end.warned_of, None);
    assert!(later_end.orders.is_empty());
}

#[test]
fn nothing_about_an_appointment_in_person_happens_by_itself() {
    let mut meeting = booked();
    meeting.booking.details.appointment = Some(crate::domain::meeting::Appointment {
        in_person: true,
        ..Default::default()
    });
    assert_eq!(meeting.next_due(&policy()), None);
    let step = apply(meeting, &Input::Tick, 1_000_000);
    assert!(!step.changed && step.meeting.status == Status::Scheduled);
}

fn any_change() -> impl Strategy<Value = Change> {
    let names = || {
        prop::option::of(prop::collection::vec(
            prop::sample::select(vec!["ann", "bob", "eve"]),
            0..4,
        ))
    };
    let text = || prop::option::of(prop::sample::select(vec!["", "a", "b"]));
    let named = |names: Option<Vec<&str>>| names.map(|names| people(&names));
    let when = prop::option::of((0..5i64).prop_map(|n| slot(n * 600)));
    (when, text(), text(), text(), names(), names()).prop_map(
        move |(slot, title, description, notes, participants, hosts)| Change {
            slot,
            title: title.map(Into::into),
            description: description.map(Into::into),
            notes: notes.map(Into::into),
            participants: named(participants),
            hosts: named(hosts),
        },
    )
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        6 => any_change().prop_map(Input::Change),
        2 => Just(Input::Tick),
        1 => Just(Input::Start),
        1 => Just(Input::End),
        1 => Just(Input::Cancel),
        1 => Just(Input::Done(Order::Warn { ends_at: at(0) })),
    ]
}

proptest! {
    #[test]
    fn whatever_is_agreed_is_numbered_final_and_idempotent(
        inputs in prop::collection::vec((0..600i64, any_input()), 1..30)
    ) {
        let (mut meeting, mut now) = (booked(), 0);
        for (passed, input) in inputs {
            now += passed;
            let Ok(step) = meeting.clone().apply(&input, at(now), &policy()) else { continue };
            let expected: Vec<_> = (meeting.sequence + 1..=step.meeting.sequence).collect();
            let told: Vec<_> = step.events.iter().map(|event| event.sequence).collect();
            prop_assert_eq!(told, expected, "no gap");
            if meeting.status.is_final() {
                prop_assert_eq!(step.meeting.status, meeting.status, "final is final");
                prop_assert_eq!(step.meeting.booking.slot, meeting.booking.slot);
                prop_assert!(step.events.is_empty());
            }
            let hosts = &step.meeting.booking.details.hosts;
            prop_assert!(hosts.iter().all(|host| step.meeting.booking.details.participants.contains(host)));
            let again = step.meeting.clone().apply(&input, at(now), &policy());
            prop_assert!(again.is_ok_and(|again| again.events.is_empty() && !again.changed), "asked twice: {:?}", input);
            meeting = step.meeting;
        }
    }

    #[test]
    fn the_version_tells_every_difference_that_is_shown(
        inputs in prop::collection::vec(any_input(), 1..30)
    ) {
        let mut meeting = booked();
        for input in inputs {
            // At one and the same moment, so that the time tells nothing.
            let Ok(step) = meeting.clone().apply(&input, at(700), &policy()) else { continue };
            let shown = |meeting: &Meeting| {
                let mut shown = meeting.clone();
                (shown.edition, shown.warned_of, shown.closed_of) = (0, None, None);
                shown.orders.clear();
                shown
            };
            let differs = shown(&step.meeting) != shown(&meeting);
            prop_assert_eq!(differs, step.meeting.version() != meeting.version());
            meeting = step.meeting;
        }
    }
}
