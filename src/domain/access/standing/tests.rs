//! Where people stand, case by case; and that no room says otherwise.

use chrono::Duration;
use proptest::prelude::*;

use super::*;
use crate::domain::access::opening::tests::{
    at, booking, completed, meeting, some_meeting, some_window, when,
};
use crate::domain::access::{Booked, Window};
use crate::domain::meeting::Appointment;
use crate::domain::{Meeting, Status};

const WINDOW: Window = Window {
    early: Duration::minutes(5),
    grace: Duration::minutes(5),
    ends_are_kept: false,
    tokens_live: Duration::minutes(20),
};
const SOMEBODY: Claim = Claim {
    passes: false,
    is_removed: false,
    decision: None,
};
const HOST: Claim = Claim {
    passes: true,
    is_removed: false,
    decision: None,
};

fn decided(decision: Decision) -> Claim {
    Claim {
        decision: Some(decision),
        ..SOMEBODY
    }
}

fn waits(for_host: bool, to_be_let_in: bool) -> Waits {
    Waits {
        for_host,
        to_be_let_in,
    }
}

/// Booked for half an hour from the tenth minute on.
fn at_ten() -> Meeting {
    meeting(booking(when(10, 30)))
}

fn with_status(status: Status) -> Meeting {
    let mut meeting = at_ten();
    meeting.status = status;
    meeting
}

/// Where somebody stands for whom nobody is waited.
fn stand(meeting: &Meeting, window: Window, minute: i64) -> Standing {
    let phase = window.phase(meeting, at(minute));
    phase.standing(Waits::default(), SOMEBODY, || false)
}

#[test]
fn everybody_comes_when_the_door_opens_and_not_before() {
    for claim in [SOMEBODY, HOST, decided(Decision::Admitted)] {
        let stand = |when| {
            WINDOW
                .phase(&at_ten(), when)
                .standing(Waits::default(), claim, || true)
        };
        let opens_at = at(5);
        let just_before = opens_at - Duration::milliseconds(1);
        assert_eq!(stand(just_before), Standing::TooEarly { opens_at });
        assert_eq!(stand(opens_at), Standing::Ready);
        assert_eq!(stand(at(44)), Standing::Ready, "as long as people may come back");
        assert_eq!(stand(at(45)), Standing::Over, "nobody came");
    }
    let going_on = with_status(Status::Active { started_at: at(1) });
    assert_eq!(stand(&going_on, WINDOW, 2), Standing::Ready, "it has begun early");
    assert_eq!(
        stand(&going_on, WINDOW, 100_000),
        Standing::Ready,
        "the meeting itself says when it is over"
    );
    let untimed = meeting(booking(None));
    assert_eq!(stand(&untimed, WINDOW, 100_000), Standing::Ready);
}

#[test]
fn nobody_comes_after_an_end_that_is_kept() {
    let window = Window {
        ends_are_kept: true,
        ..WINDOW
    };
    let going_on = with_status(Status::Active { started_at: at(10) });
    for meeting in [at_ten(), going_on] {
        assert_eq!(stand(&meeting, window, 39), Standing::Ready);
        assert_eq!(stand(&meeting, window, 40), Standing::Over);
    }
}

#[test]
fn rules_say_what_one_waits_for() {
    let stand = |waits, claim, host| Phase::Open.standing(waits, claim, || host);
    let (host, admission) = (
        Standing::Waiting(Reason::Host),
        Standing::Waiting(Reason::Admission),
    );
    for (rules, host_is_in, expected) in [
        (waits(false, false), false, Standing::Ready),
        (waits(true, false), false, host),
        (waits(true, false), true, Standing::Ready),
        (waits(false, true), false, admission),
        (waits(false, true), true, admission),
        (waits(true, true), false, host),
        (waits(true, true), true, admission),
    ] {
        assert_eq!(
            stand(rules, SOMEBODY, host_is_in),
            expected,
            "{rules:?} {host_is_in}"
        );
        let passes = Claim {
            passes: true,
            is_removed: false,
            decision: Some(Decision::Denied),
        };
        assert_eq!(stand(rules, passes, host_is_in), Standing::Ready);
        assert_eq!(
            stand(rules, decided(Decision::Admitted), host_is_in),
            Standing::Ready
        );
        assert_eq!(
            stand(rules, decided(Decision::Denied), host_is_in),
            Standing::Denied
        );
    }
}

#[test]
fn what_is_over_is_over_for_everybody() {
    let mut elsewhere = at_ten();
    elsewhere.booking.details.appointment = Some(Appointment {
        in_person: true,
        ..Appointment::default()
    });
    let cancelled = Status::Cancelled {
        started_at: None,
        at: at(0),
    };
    let mut called_off_elsewhere = elsewhere.clone();
    called_off_elsewhere.status = cancelled;
    for (meeting, expected) in [
        (completed(booking(when(10, 30)), 11), Standing::Over),
        (with_status(Status::Missed { at: at(11) }), Standing::Over),
        (with_status(cancelled), Standing::Cancelled),
        (elsewhere, Standing::InPerson),
        (called_off_elsewhere, Standing::Cancelled),
    ] {
        for claim in [SOMEBODY, HOST, decided(Decision::Admitted)] {
            let phase = WINDOW.phase(&meeting, at(12));
            assert_eq!(phase.standing(waits(true, true), claim, || true), expected);
        }
    }
}

proptest! {
    /// Whoever may come in finds the room open, and whoever is early is told the same moment by the room.
    #[test]
    fn a_room_says_the_same_as_the_meeting_that_has_it(
        meeting in some_meeting(), window in some_window(), minute in 0..300i64,
    ) {
        let booked = Booked::of(vec![meeting.clone()], window, at(minute));
        if meeting.booking.client.is_adhoc() {
            prop_assert_eq!(booked, Booked::Nothing, "nobody arranged it");
            return Ok(());
        }
        match (stand(&meeting, window, minute), booked) {
            (Standing::Ready, Booked::Now(_)) => {}
            (Standing::TooEarly { opens_at }, Booked::Later { opens_at: same, .. }) => prop_assert_eq!(opens_at, same),
            (Standing::Cancelled, Booked::Over(_) | Booked::Nothing) => {}
            (Standing::Over, Booked::Over(_) | Booked::Nothing) => {}
            // The meeting is over, and its people come back into what is left of its time.
            (Standing::Over, Booked::Now(_) | Booked::Later { .. }) => {
                prop_assert!(matches!(meeting.status, Status::Completed { .. }), "{:?}", meeting.status);
            }
            (standing, booked) => prop_assert!(false, "{standing:?}, but {booked:?}"),
        }
    }

    /// Time alone never takes back that somebody is too late.
    #[test]
    fn what_is_over_stays_over(
        meeting in some_meeting(), window in some_window(), minute in 0..300i64, later in 0..300i64,
    ) {
        let is_over = |minute| matches!(stand(&meeting, window, minute), Standing::Over | Standing::Cancelled);
        prop_assert!(!is_over(minute) || is_over(minute + later));
    }
}
