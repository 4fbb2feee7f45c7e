//! What the meeting server is told: warnings, the booked end, rooms of meetings that were called off.

use super::*;

/// The booked meeting of these tests goes from second 100 to here.
const END: i64 = 100 + 30 * 60;

fn strict() -> Policy {
    Policy {
        warn_before_end: Duration::minutes(5),
        enforce_end: true,
        ..policy()
    }
}

fn run_strictly(mut meeting: Meeting, inputs: &[(i64, Input)]) -> (Meeting, Vec<Event>) {
    let mut told = Vec::new();
    for (when, input) in inputs {
        let step = meeting.apply(input, at(*when), &strict()).unwrap();
        meeting = step.meeting;
        told.extend(step.events);
    }
    (meeting, told)
}

fn warn(end: i64) -> Order {
    Order::Warn { ends_at: at(end) }
}

fn close(since: i64, why: CloseReason) -> Order {
    Order::Close {
        since: at(since),
        why,
    }
}

fn moved_to(start: i64) -> Meeting {
    let mut meeting = booked(start);
    meeting.booking.slot = Some(Slot {
        starts_at: at(start),
        minutes: 30,
    });
    meeting
}

#[test]
fn people_are_told_once_that_the_end_is_near_and_the_end_closes_the_room() {
    let (meeting, _) = run_strictly(booked(100), &[(90, enters("ann", 90))]);
    assert_eq!(meeting.next_due(&strict()), Some(at(END - 300)));
    let (meeting, told) = run_strictly(meeting, &[(END - 300, Input::Tick), (END - 299, Input::Tick)]);
    assert_eq!(
        (meeting.orders.as_slice(), told.len()),
        ([warn(END)].as_slice(), 0)
    );
    let (meeting, _) = run_strictly(meeting, &[(END - 298, Input::Done(warn(END)))]);
    assert_eq!(
        (meeting.orders.as_slice(), meeting.next_due(&strict())),
        ([].as_slice(), Some(at(END)))
    );
    let (meeting, _) = run_strictly(meeting, &[(END, Input::Tick), (END + 1, Input::Tick)]);
    assert_eq!(meeting.orders, [close(END, CloseReason::TimeIsUp)]);
    let (meeting, told) = run_strictly(
        meeting,
        &[
            (END + 2, leaves("ann", 90, END + 2)),
            (END + 2, room_closed(END + 2, true)),
        ],
    );
    assert_eq!(words(&told), ["participant.left", "completed"]);
    assert!(meeting.orders.is_empty() && meeting.next_due(&strict()).is_none());
}

#[test]
fn where_the_end_is_not_enforced_people_are_only_told() {
    let lax = Policy {
        enforce_end: false,
        ..strict()
    };
    let meeting = run_strictly(booked(100), &[(90, enters("ann", 90))]).0;
    let told = meeting.apply(&Input::Tick, at(END - 10), &lax).unwrap().meeting;
    assert_eq!(told.orders, [warn(END)]);
    let later = told.apply(&Input::Tick, at(END + 10), &lax).unwrap().meeting;
    assert!(later.orders.is_empty(), "nobody wants to hear it after the end");
}

#[test]
fn a_warning_that_comes_too_late_is_passed_over_once() {
    let meeting = run_strictly(booked(100), &[(90, enters("ann", 90))]).0;
    let lax = Policy {
        enforce_end: false,
        ..strict()
    };
    let step = meeting.apply(&Input::Tick, at(END + 10), &lax).unwrap();
    assert!(step.changed && step.meeting.orders.is_empty());
    assert_eq!(
        step.meeting.next_due(&lax),
        Some(step.meeting.silent_from().unwrap())
    );
}

#[test]
fn nothing_is_said_in_an_empty_room() {
    let (meeting, _) = run_strictly(
        booked(100),
        &[
            (90, enters("ann", 90)),
            (END - 400, leaves("ann", 90, END - 400)),
            (END - 300, Input::Tick),
        ],
    );
    assert!(meeting.orders.is_empty() && meeting.warned_of.is_none());
}

#[test]
fn another_end_is_another_warning_and_takes_the_old_one_back() {
    let inside = [(90, enters("ann", 90)), (END - 300, Input::Tick)];
    let (mut meeting, _) = run_strictly(booked(100), &inside);
    meeting.booking.slot = moved_to(700).booking.slot;
    let (meeting, _) = run_strictly(meeting, &[(END - 290, Input::Tick)]);
    assert!(meeting.orders.is_empty(), "it was about the old end");
    let (meeting, _) = run_strictly(meeting, &[(END + 300, Input::Tick)]);
    assert_eq!(meeting.orders, [warn(END + 600)]);
    let (mut meeting, _) = run_strictly(meeting, &[(END + 600, Input::Tick)]);
    assert_eq!(meeting.orders, [close(END + 600, CloseReason::TimeIsUp)]);
    meeting.booking.slot = moved_to(7000).booking.slot;
    let (meeting, _) = run_strictly(meeting, &[(END + 601, Input::Tick)]);
    assert!(meeting.orders.is_empty(), "they have got more time");
    assert_eq!(meeting.next_due(&strict()), Some(at(7000 + 30 * 60 - 300)));
}

#[test]
fn who_is_put_out_by_a_caller_changes_no_figures() {
    for (word, why) in [
        (Input::End, CloseReason::Ended),
        (Input::Cancel, CloseReason::Cancelled),
    ] {
        let inside = [
            (90, enters("ann", 90)),
            (91, enters("bob", 91)),
            (END - 300, Input::Tick),
        ];
        let (meeting, _) = run_strictly(booked(100), &inside);
        let (meeting, _) = run_strictly(meeting, &[(1700, word.clone())]);
        assert_eq!(
            meeting.orders,
            [close(1700, why)],
            "and the warning is taken back"
        );
        let put_out = [
            (1701, leaves("ann", 90, 1701)),
            (1702, leaves("bob", 91, 1702)),
            (1702, room_closed(1702, true)),
        ];
        let (closed, told) = run_strictly(meeting.clone(), &put_out);
        assert_eq!((words(&told).len(), closed.orders.len()), (0, 0), "{word:?}");
        assert_eq!(closed.figures, meeting.figures);
    }
}

#[test]
fn who_could_not_be_put_out_at_once_is_corrected_once() {
    let inside = [
        (90, enters("ann", 90)),
        (91, enters("bob", 91)),
        (1000, Input::Cancel),
    ];
    let (meeting, _) = run_strictly(booked(100), &inside);
    let late = [
        (1600, leaves("ann", 90, 1600)),
        (1600, leaves("bob", 91, 1600)),
        (1600, room_closed(1600, true)),
        (1601, leaves("bob", 91, 1600)),
        (1602, Input::Done(close(1000, CloseReason::Cancelled))),
    ];
    let (meeting, told) = run_strictly(meeting, &late);
    assert_eq!(words(&told), ["amended"]);
    assert_eq!(meeting.figures.unwrap().duration_seconds(), 1510);
}

#[test]
fn a_room_that_never_says_that_it_closed_is_given_up_with_what_is_known() {
    let inside = [
        (90, enters("ann", 90)),
        (1000, Input::End),
        (1600, leaves("ann", 90, 1600)),
    ];
    let (meeting, told) = run_strictly(booked(100), &inside);
    assert_eq!(
        words(&told).last().copied(),
        Some("completed"),
        "people are still going"
    );
    let (meeting, told) = run_strictly(meeting, &[(1601, Input::Done(close(1000, CloseReason::Ended)))]);
    assert_eq!(words(&told), ["amended"]);
    assert_eq!(meeting.figures.unwrap().duration_seconds(), 1510);
}

#[test]
fn a_closing_before_the_word_is_another_one() {
    let inside = [
        (90, enters("ann", 90)),
        (1000, Input::End),
        (1001, room_closed(95, true)),
    ];
    let (meeting, _) = run_strictly(booked(100), &inside);
    assert!(meeting.is_closing());
}

#[test]
fn nobody_has_to_be_put_out_of_what_never_began() {
    let (meeting, _) = run_strictly(booked(100), &[(10, Input::Cancel)]);
    assert!(meeting.orders.is_empty());
    assert_eq!(meeting.called_off_at, Some(at(10)));
}

#[test]
fn what_was_stored_before_there_were_orders_reads_as_having_none() {
    let mut stored = serde_json::to_value(booked(100)).unwrap();
    let fields = stored.as_object_mut().unwrap();
    for name in ["orders", "warned_of", "closed_of", "called_off_at"] {
        assert!(fields.remove(name).is_none(), "an empty {name} takes no room");
    }
    assert_eq!(serde_json::from_value::<Meeting>(stored).unwrap(), booked(100));
}

proptest! {
    #[test]
    fn orders_are_kept_as_long_as_they_mean_something(
        inputs in prop::collection::vec((0..400i64, any_input(), any::<bool>()), 1..40),
    ) {
        let (mut meeting, mut now, mut warnings, mut closings, mut comings) = (booked(100), 0, 0, 0, 0);
        for (passed, input, done) in inputs {
            now += passed;
            let before = meeting.orders.clone();
            let input = match before.first().filter(|_| done) {
                Some(order) => Input::Done(order.clone()),
                None => input,
            };
            let comes = matches!(&input, Input::Observed(seen) if matches!(seen.what, What::Entered(_) | What::Roster { .. }));
            comings += usize::from(comes && END <= now);
            let Ok(step) = meeting.clone().apply(&input, at(now), &strict()) else { continue };
            meeting = step.meeting;
            let new: Vec<_> = meeting.orders.iter().filter(|order| !before.contains(order)).collect();
            warnings += new.iter().filter(|order| matches!(order, Order::Warn { .. })).count();
            closings += new.iter().filter(|order| matches!(order, Order::Close { why: CloseReason::TimeIsUp, .. })).count();
            prop_assert!(meeting.orders.len() <= 2 && (!meeting.is_closing() || meeting.orders.len() == 1));
            let warns = meeting.orders.iter().any(|order| matches!(order, Order::Warn { .. }));
            prop_assert!(!warns || !meeting.status.is_final());
            prop_assert!(!warns || now < END);
        }
        prop_assert!(warnings <= 1, "one end, {warnings} warnings");
        prop_assert!(closings <= 1 + comings, "one end and {comings} comings, {closings} closings");
    }
}
