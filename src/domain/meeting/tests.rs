use chrono::Duration;
use proptest::prelude::*;

use super::*;
use crate::domain::EventKind;
use crate::domain::attendance::Told;
use crate::domain::observation::*;
use crate::domain::samples::{at, policy, room_on};

mod openings;
mod orders;
mod people;

fn room() -> RoomKey {
    room_on(BackendId::jitsi("main"))
}

fn adhoc() -> Meeting {
    Meeting::unbooked(MeetingId::new(at(0), [0; 10]), room(), None, at(0))
}

fn booked(starts: i64) -> Meeting {
    let slot = Some(Slot {
        starts_at: at(starts),
        minutes: 30,
    });
    let booking = Booking {
        client: ClientId::parse("ataraxia").unwrap(),
        kind: Kind::Appointment,
        slot,
        ..adhoc().booking
    };
    Meeting::book(MeetingId::new(at(0), [0; 10]), booking, at(0)).meeting
}

fn seen(when: i64, what: What) -> Input {
    Input::Observed(Observation {
        room: room(),
        at: at(when),
        source: Source::EventSync,
        what,
    })
}

fn arrival(who: &str, part: &Part, from: i64) -> Arrival {
    Arrival {
        occupant: OccupantId(who.into()),
        part: part.clone(),
        entered_at: Some(at(from)),
        role: Role::Person,
        person: Person::reported(Some(who), None),
    }
}

fn enters(who: &str, from: i64) -> Input {
    seen(from, What::Entered(arrival(who, &Part::Main, from)))
}

fn enters_breakout(who: &str, from: i64) -> Input {
    seen(
        from,
        What::Entered(arrival(who, &Part::Breakout("b1".into()), from)),
    )
}

fn leaves_part(who: &str, part: &Part, from: i64, to: i64) -> Input {
    leaves_because(LeaveReason::Unsaid, who, part, (from, to))
}

fn leaves_because(reason: LeaveReason, who: &str, part: &Part, (from, to): (i64, i64)) -> Input {
    let Arrival {
        occupant,
        part,
        entered_at,
        role,
        person,
    } = arrival(who, part, from);
    let departure = Departure {
        occupant,
        part,
        entered_at,
        role,
        person,
        reason,
    };
    seen(to, What::Left(departure))
}

fn leaves(who: &str, from: i64, to: i64) -> Input {
    leaves_part(who, &Part::Main, from, to)
}

fn room_closed(when: i64, for_everyone: bool) -> Input {
    seen(
        when,
        What::RoomClosed {
            part: Part::Main,
            opened_at: Some(at(0)),
            for_everyone,
        },
    )
}

fn roster(when: i64, since: i64, present: &[(&str, i64)]) -> Input {
    let present = present
        .iter()
        .map(|(who, from)| arrival(who, &Part::Main, *from))
        .collect();
    seen(
        when,
        What::Roster {
            part: Part::Main,
            opened_at: None,
            present,
            since: at(since),
        },
    )
}

/// Runs the inputs at the given times and returns the meeting and everything that was told.
fn run(mut meeting: Meeting, inputs: &[(i64, Input)]) -> (Meeting, Vec<Event>) {
    let mut told = Vec::new();
    for (now, input) in inputs {
        let step = meeting.apply(input, at(*now), &policy()).unwrap();
        told.extend(step.events);
        meeting = step.meeting;
    }
    (meeting, told)
}

fn words(told: &[Event]) -> Vec<&'static str> {
    told.iter().map(|event| event.kind.subject()).collect()
}

#[test]
fn two_people_come_and_go() {
    let inputs = [
        (10, enters("ann", 10)),
        (20, enters("bob", 20)),
        (70, leaves("ann", 10, 70)),
        (73, Input::Tick),
        (100, leaves("bob", 20, 100)),
        (160, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    let expected = [
        "active",
        "participant.joined",
        "participant.joined",
        "participant.left",
        "participant.left",
        "completed",
    ];
    assert_eq!(words(&told), expected);
    assert_eq!(
        meeting.status,
        Status::Completed {
            started_at: at(10),
            ended_at: at(100)
        }
    );
    let figures = meeting.figures.unwrap();
    assert_eq!(
        (figures.duration_seconds(), figures.person_millis, figures.peak),
        (90, 140_000, 2)
    );
    assert_eq!(
        told.iter().map(|event| event.sequence).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6]
    );
    assert_eq!(told[3].people_now, 1);
    assert_eq!(
        told[5].cause,
        crate::domain::Cause::new("event_sync", "last_left")
    );
}

#[test]
fn moving_to_a_breakout_room_and_back_is_not_leaving() {
    let breakout = Part::Breakout("b1".into());
    let inputs = [
        (10, enters("ann", 10)),
        (20, leaves("ann", 10, 20)),
        (21, enters_breakout("ann", 21)),
        (30, enters("ann", 30)),
        (30, leaves_part("ann", &breakout, 21, 30)),
        (50, leaves("ann", 30, 50)),
        (110, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    assert_eq!(
        words(&told),
        ["active", "participant.joined", "participant.left", "completed"]
    );
    assert_eq!(meeting.figures.unwrap().duration_seconds(), 40);
    let left = told[2].participant.as_ref().unwrap();
    assert_eq!(
        (left.joined_at, left.left_at),
        (at(10), Some(at(50))),
        "one visit"
    );
}

#[test]
fn who_is_back_before_his_breakout_room_is_heard_of_was_never_gone() {
    let breakout = Part::Breakout("b1".into());
    let inputs = [
        (10, enters("ann", 10)),
        (
            20,
            leaves_because(LeaveReason::Switching, "ann", &Part::Main, (10, 20)),
        ),
        (26, enters("ann", 25)),
        (26, enters_breakout("ann", 20)),
        (
            26,
            leaves_because(LeaveReason::Switching, "ann", &breakout, (20, 25)),
        ),
        (50, leaves("ann", 25, 50)),
        (110, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    assert_eq!(
        words(&told),
        ["active", "participant.joined", "participant.left", "completed"]
    );
    assert_eq!(meeting.figures.unwrap().duration_seconds(), 40);
    assert_eq!(told[2].participant.as_ref().unwrap().joined_at, at(10));
}

#[test]
fn who_is_seen_in_a_breakout_room_first_has_come_once() {
    let away = |part: &Part, span| leaves_because(LeaveReason::Switching, "ann", part, span);
    let inputs = [
        (20, enters_breakout("ann", 20)),
        (21, enters("ann", 10)),
        (21, away(&Part::Main, (10, 20))),
        (50, leaves_part("ann", &Part::Breakout("b1".into()), 20, 50)),
        (110, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    assert_eq!(
        words(&told),
        ["active", "participant.joined", "participant.left", "completed"]
    );
    assert_eq!(meeting.status.started_at(), Some(at(10)));
}

#[test]
fn a_booked_meeting_outlives_an_early_look_and_closes_after_its_start() {
    let (meeting, told) = run(
        booked(600),
        &[
            (10, enters("ann", 10)),
            (20, leaves("ann", 10, 20)),
            (400, Input::Tick),
        ],
    );
    assert!(matches!(meeting.status, Status::Active { .. }));
    assert_eq!(
        meeting.next_due(&policy()),
        Some(at(900)),
        "not before its start plus the grace"
    );
    let (meeting, _) = run(meeting, &[(900, Input::Tick)]);
    assert_eq!(
        meeting.status,
        Status::Completed {
            started_at: at(10),
            ended_at: at(20)
        }
    );
    assert_eq!(words(&told), ["active", "participant.joined", "participant.left"]);
}

#[test]
fn nobody_came() {
    let meeting = booked(600);
    assert_eq!(meeting.next_due(&policy()), Some(at(600 + 1800 + 300)));
    let (meeting, told) = run(meeting, &[(2700, Input::Tick), (2800, enters("ann", 2800))]);
    assert_eq!(meeting.status, Status::Missed { at: at(2700) });
    assert_eq!(words(&told), ["missed", "amended"]);
}

#[test]
fn the_server_closes_the_room_for_everyone() {
    let (meeting, told) = run(
        booked(600),
        &[(610, enters("ann", 610)), (700, room_closed(700, true))],
    );
    assert_eq!(
        words(&told),
        ["active", "participant.joined", "participant.left", "completed"]
    );
    assert_eq!(
        meeting.status,
        Status::Completed {
            started_at: at(610),
            ended_at: at(700)
        }
    );
}

#[test]
fn a_fact_that_arrives_late_amends_and_never_completes_twice() {
    let inputs = [
        (10, enters("ann", 10)),
        (50, leaves("ann", 10, 50)),
        (200, Input::Tick),
        (300, leaves("bob", 20, 80)),
        (301, leaves("bob", 20, 80)),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    assert_eq!(
        words(&told),
        [
            "active",
            "participant.joined",
            "participant.left",
            "completed",
            "amended"
        ]
    );
    assert_eq!(
        meeting.status,
        Status::Completed {
            started_at: at(10),
            ended_at: at(80)
        }
    );
    assert_eq!(meeting.figures.unwrap().peak, 2);
}

#[test]
fn whoever_is_missing_from_a_roster_left_when_the_server_was_last_heard() {
    let inputs = [
        (10, enters("ann", 10)),
        (20, enters("bob", 20)),
        (500, roster(500, 90, &[("bob", 20)])),
        (501, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    let left = told.last().unwrap();
    assert_eq!(
        (left.kind, left.at, left.synthesised),
        (EventKind::ParticipantLeft, at(90), true)
    );
    assert!(meeting.attendance.is_anybody_in());
    let (meeting, told) = run(meeting, &[(900, roster(900, 560, &[])), (1000, Input::Tick)]);
    assert_eq!(words(&told), ["participant.left", "completed"]);
    assert!(told[1].synthesised, "a server that died closes nothing itself");
    assert_eq!(meeting.status.ended_at(), Some(at(560)));
}

#[test]
fn a_recorder_is_no_person() {
    let recorder = Arrival {
        role: Role::Recorder,
        ..arrival("recorder", &Part::Main, 20)
    };
    let inputs = [
        (10, enters("ann", 10)),
        (20, seen(20, What::Entered(recorder))),
        (50, leaves("ann", 10, 50)),
        (110, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    let expected = [
        "active",
        "participant.joined",
        "recording.started",
        "participant.left",
        "recording.ended",
        "completed",
    ];
    assert_eq!(
        words(&told),
        expected,
        "a recorder alone does not keep the meeting alive"
    );
    assert_eq!(meeting.figures.unwrap().peak, 1);
}

#[test]
fn a_recorder_that_comes_first_starts_nothing() {
    let recorder = Arrival {
        role: Role::Recorder,
        ..arrival("recorder", &Part::Main, 20)
    };
    let (meeting, told) = run(booked(600), &[(20, seen(20, What::Entered(recorder)))]);
    assert_eq!((words(&told), meeting.status), (vec![], Status::Scheduled));
    let (_, told) = run(meeting, &[(610, enters("ann", 610))]);
    assert_eq!(
        words(&told),
        ["active", "recording.started", "participant.joined"]
    );
}

#[test]
fn whoever_comes_after_the_grace_by_the_servers_clock_comes_to_another_meeting() {
    let (meeting, _) = run(adhoc(), &[(10, enters("ann", 10)), (50, leaves("ann", 10, 50))]);
    assert_eq!(meeting.lapses_at(&policy()), Some(at(110)));
    // usher was away until now, and hears next of somebody who came in at 180.
    let (meeting, told) = run(meeting, &[(300, Input::Lapse)]);
    assert_eq!(words(&told), ["participant.left", "completed"]);
    assert_eq!(meeting.status.ended_at(), Some(at(50)));
}

#[test]
fn a_roster_of_people_whose_beginning_is_unknown_is_told_once() {
    let unknown = |when: i64| {
        let arrival = Arrival {
            entered_at: None,
            ..arrival("ann", &Part::Main, 0)
        };
        let (part, present, since) = (Part::Main, vec![arrival], at(when - 60));
        seen(
            when,
            What::Roster {
                part,
                opened_at: None,
                present,
                since,
            },
        )
    };
    let (meeting, told) = run(
        adhoc(),
        &[(60, unknown(60)), (120, unknown(120)), (180, unknown(180))],
    );
    assert_eq!(words(&told), ["active", "participant.joined"]);
    assert_eq!(meeting.attendance.stays().len(), 1);
}

#[test]
fn a_roster_overrules_what_was_only_guessed() {
    let (part, since) = (Part::Main, at(90));
    let inputs = [
        (10, enters("ann", 10)),
        (100, seen(100, What::Vanished { part, since })),
        (130, roster(130, 100, &[("ann", 10)])),
        (200, leaves("ann", 10, 200)),
        (204, Input::Tick),
        (261, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    let expected = [
        "active",
        "participant.joined",
        "participant.left",
        "participant.joined",
        "participant.left",
        "completed",
    ];
    assert_eq!(words(&told), expected);
    assert_eq!(meeting.figures.unwrap().duration_seconds(), 190);
}

#[test]
fn the_room_is_open_from_its_opening_to_the_last_leave() {
    let inputs = [
        (5, seen(5, What::opened(at(5)))),
        (10, enters("ann", 10)),
        (50, leaves("ann", 10, 50)),
        (110, Input::Tick),
        (115, room_closed(115, false)),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    let figures = meeting.figures.unwrap();
    assert_eq!((figures.open_seconds(), figures.duration_seconds()), (45, 40));
    assert_eq!(
        told.last().unwrap().kind,
        EventKind::Completed,
        "that the room was closed later changes nothing"
    );
}

#[test]
fn a_step_that_the_state_does_not_have_is_refused_by_name() {
    let (meeting, _) = run(booked(600), &[(10, Input::Cancel), (11, Input::Cancel)]);
    let refused = meeting.apply(&Input::Start, at(20), &policy()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a meeting that is cancelled cannot become active"
    );
    let refused = booked(600).apply(&Input::End, at(20), &policy()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a meeting that is scheduled cannot become completed"
    );
}

#[test]
fn a_room_that_nobody_mentions_for_a_day_is_given_up() {
    let (meeting, _) = run(adhoc(), &[(10, enters("ann", 10))]);
    let due = meeting.next_due(&policy()).unwrap();
    assert_eq!(due, at(10) + SILENCE_LIMIT);
    let later = (due - at(0)).num_seconds();
    let (meeting, told) = run(meeting, &[(later, Input::Tick), (later + 60, Input::Tick)]);
    assert_eq!(words(&told), ["participant.left", "completed"]);
    assert_eq!(
        meeting.figures.unwrap().duration_seconds(),
        0,
        "nothing is invented"
    );
}

/// What really happened: visits as (who, from, to), each also known to the room's closing list.
#[derive(Debug, Clone)]
struct Truth {
    facts: Vec<Input>,
    end: i64,
}

fn truth() -> impl Strategy<Value = Truth> {
    let visit = (0..4usize, 1..300i64, 1..200i64, any::<bool>());
    prop::collection::vec(visit, 1..8).prop_map(|visits| {
        let mut facts = Vec::new();
        let mut end = 0;
        for (n, (who, from, stays, entry_lost)) in visits.into_iter().enumerate() {
            let who = format!("person{who}-{n}");
            end = end.max(from + stays);
            facts.extend((!entry_lost).then(|| enters(&who, from)));
            facts.push(leaves(&who, from, from + stays));
        }
        Truth { facts, end }
    })
}

/// The facts in some order, some of them several times.
fn told_badly(truth: Truth) -> impl Strategy<Value = (Truth, Vec<Input>)> {
    let facts = truth.facts.clone();
    let repeats = prop::collection::vec(prop::sample::select(facts.clone()), 0..6);
    let mixed = repeats
        .prop_map(move |again| facts.iter().cloned().chain(again).collect::<Vec<_>>())
        .prop_shuffle();
    mixed.prop_map(move |mixed| (truth.clone(), mixed))
}

fn any_input() -> impl Strategy<Value = Input> {
    let who = || prop::sample::select(vec!["ann", "bob", "eve"]);
    prop_oneof![
        4 => (who(), 0..400i64).prop_map(|(who, from)| enters(who, from)),
        3 => (who(), 0..400i64).prop_map(|(who, from)| enters_breakout(who, from)),
        4 => (who(), 0..400i64, -5..200i64).prop_map(|(who, from, stays)| leaves(who, from, from + stays)),
        1 => (0..400i64, any::<bool>()).prop_map(|(when, all)| room_closed(when, all)),
        1 => (0..400i64, 0..400i64).prop_map(|(when, since)| roster(when, since, &[("ann", 10)])),
        1 => (0..400i64).prop_map(|when| seen(when, What::opened(at(when)))),
        3 => Just(Input::Tick),
        1 => Just(Input::Lapse),
        1 => Just(Input::Start),
        1 => Just(Input::End),
        1 => Just(Input::Cancel),
    ]
}

proptest! {
    #[test]
    fn any_order_and_repetition_ends_in_the_same_figures((truth, mixed) in truth().prop_flat_map(told_badly)) {
        let finish = |facts: Vec<Input>| {
            let mut inputs: Vec<_> = facts.into_iter().map(|fact| (truth.end, fact)).collect();
            inputs.extend([5, 61].map(|later| (truth.end + later, Input::Tick)));
            run(adhoc(), &inputs)
        };
        let (straight, _) = finish(truth.facts.clone());
        let (meeting, told) = finish(mixed);
        prop_assert_eq!(meeting.figures, straight.figures);
        prop_assert_eq!(meeting.status, straight.status);
        prop_assert_eq!(meeting.figures.unwrap().ended_at, at(truth.end));
        let completed = told.iter().filter(|event| event.kind == EventKind::Completed).count();
        prop_assert_eq!(completed, 1);
        let joined = told.iter().filter(|event| event.kind == EventKind::ParticipantJoined).count();
        let left = told.iter().filter(|event| event.kind == EventKind::ParticipantLeft).count();
        prop_assert_eq!(joined, left);
    }

    #[test]
    fn nothing_makes_it_insane(inputs in prop::collection::vec((0..40i64, any_input()), 1..40), is_booked in any::<bool>()) {
        let mut meeting = if is_booked { booked(100) } else { adhoc() };
        let mut sequence = meeting.sequence;
        let mut final_status = None;
        let mut now = 0;
        for (passed, input) in inputs {
            now += passed;
            let Ok(step) = meeting.clone().apply(&input, at(now), &policy()) else { continue };
            for event in &step.events {
                sequence += 1;
                prop_assert_eq!(event.sequence, sequence, "no gap");
                prop_assert!(final_status.is_none() || event.kind == EventKind::Amended, "final is final");
                if event.status.is_final() {
                    final_status = Some(event.status.as_str());
                }
            }
            prop_assert!(!step.changed || step.meeting != meeting);
            if let Ok(again) = step.meeting.clone().apply(&input, at(now), &policy()) {
                prop_assert!(again.events.is_empty(), "a repetition is silent: {:?} {:?}", input, again.events);
            }
            meeting = step.meeting;
            prop_assert!(final_status.is_none_or(|word| word == meeting.status.as_str()));
            prop_assert!(!meeting.status.is_final() || meeting.next_due(&policy()).is_none());
            let figures = meeting.attendance.figures(at(now.max(600)));
            prop_assert!(figures.is_none_or(|f| f.occupied_millis <= f.person_millis && f.occupied_millis >= 0));
        }
    }

    #[test]
    fn it_always_ends(
        inputs in prop::collection::vec(any_input(), 1..20),
        grace in prop_oneof![1..4i64, 60..400i64],
        warn_before_end in 0..40i64,
        enforce_end in any::<bool>(),
    ) {
        let policy = Policy {
            booked_grace: Duration::seconds(grace),
            warn_before_end: Duration::minutes(warn_before_end),
            enforce_end,
            ..policy()
        };
        let (mut meeting, mut now) = (booked(100), 400);
        for input in inputs {
            if let Ok(step) = meeting.clone().apply(&input, at(now), &policy) {
                meeting = step.meeting;
            }
        }
        for _ in 0..20 {
            let Some(due) = meeting.next_due(&policy) else { break };
            now = now.max((due - at(0)).num_seconds());
            let step = meeting.apply(&Input::Tick, at(now), &policy).unwrap();
            prop_assert!(step.changed, "it was due at {now} and had nothing to do: {:?}", step.meeting);
            meeting = step.meeting;
        }
        prop_assert!(meeting.status.is_final(), "{:?}", meeting.status);
        prop_assert!(meeting.attendance.people().all(|stay| stay.told == Told::Left) || !meeting.status.is_final());
    }

    #[test]
    fn a_stored_meeting_reads_back_the_same(inputs in prop::collection::vec(any_input(), 1..20)) {
        let mut meeting = booked(100);
        for input in inputs {
            if let Ok(step) = meeting.clone().apply(&input, at(400), &policy()) {
                meeting = step.meeting;
            }
        }
        let stored = serde_json::to_vec(&meeting).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Meeting>(&stored).unwrap(), meeting);
    }
}
