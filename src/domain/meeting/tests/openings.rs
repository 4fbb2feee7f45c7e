//! Rooms of a server that names each life of a room: LiveKit's sids.

use super::*;

fn part(sid: &str) -> Part {
    Part::Opening(sid.into())
}

fn from_livekit(when: i64, what: What) -> Input {
    Input::Observed(Observation {
        room: room(),
        at: at(when),
        source: Source::Livekit,
        what,
    })
}

fn opened(sid: &str, made: i64, when: i64, since: i64) -> Input {
    let what = What::RoomOpened {
        part: part(sid),
        opened_at: Some(at(made)),
        since: at(since),
    };
    from_livekit(when, what)
}

fn joins(sid: &str, who: &str, from: i64) -> Input {
    from_livekit(from, What::Entered(arrival(who, &part(sid), from)))
}

fn departure(sid: &str, who: &str, from: i64) -> Departure {
    let Arrival {
        occupant,
        part,
        entered_at,
        role,
        person,
    } = arrival(who, &part(sid), from);
    Departure {
        occupant,
        part,
        entered_at,
        role,
        person,
        reason: LeaveReason::Left,
    }
}

fn goes(sid: &str, who: &str, from: i64, to: i64) -> Input {
    from_livekit(to, What::Left(departure(sid, who, from)))
}

fn closed(sid: &str, made: i64, when: i64) -> Input {
    let what = What::RoomClosed {
        part: part(sid),
        opened_at: Some(at(made)),
        for_everyone: false,
    };
    from_livekit(when, what)
}

fn listed(when: i64, what: What) -> Input {
    Input::Observed(Observation {
        room: room(),
        at: at(when),
        source: Source::Listing,
        what,
    })
}

fn vanished(sid: &str, when: i64, since: i64) -> Input {
    let (part, since) = (part(sid), at(since));
    listed(when, What::Vanished { part, since })
}

fn gone(sid: &str, who: &str, from: i64, (when, since): (i64, i64)) -> Input {
    let what = What::Gone {
        occupant: OccupantId(who.into()),
        part: part(sid),
        entered_at: at(from),
        since: at(since),
    };
    listed(when, what)
}

#[test]
fn two_rooms_of_one_name_are_one_meeting_until_both_are_empty() {
    let inputs = [
        (0, opened("a", 0, 0, 0)),
        (10, joins("a", "ann", 10)),
        (20, opened("b", 20, 20, 20)),
        (30, joins("b", "bob", 30)),
        (50, goes("a", "ann", 10, 50)),
        (70, closed("a", 0, 70)),
        (120, Input::Tick),
        (200, goes("b", "bob", 30, 200)),
        (259, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    assert!(
        !words(&told).contains(&"completed"),
        "the grace runs from the last leave of all"
    );
    let (meeting, told) = run(meeting, &[(260, Input::Tick)]);
    assert_eq!(words(&told), ["completed"]);
    let figures = meeting.figures.unwrap();
    assert_eq!(figures.duration_seconds(), 190);
    assert_eq!(figures.open_seconds(), 200, "the union, not the sum");
    assert_eq!(figures.peak, 2);
}

#[test]
fn deleting_one_of_two_rooms_ends_nothing() {
    let deleted = What::RoomClosed {
        part: part("a"),
        opened_at: Some(at(0)),
        for_everyone: true,
    };
    let inputs = [
        (10, joins("a", "ann", 10)),
        (30, joins("b", "bob", 30)),
        (50, from_livekit(50, deleted)),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    assert_eq!(words(&told).last(), Some(&"participant.left"));
    assert!(meeting.attendance.is_anybody_in());
}

/// LiveKit up to 1.13.5 says why people left, and nothing of the room.
#[test]
fn a_room_from_which_people_are_put_out_is_over_without_grace() {
    let last = |reason| {
        let ann = Departure {
            reason,
            ..departure("a", "ann", 10)
        };
        let inputs = [
            (10, joins("a", "ann", 10)),
            (20, joins("a", "bob", 20)),
            (50, goes("a", "bob", 20, 50)),
            (60, from_livekit(60, What::Left(ann))),
            (61, closed("a", 0, 61)),
        ];
        let (_, told) = run(adhoc(), &inputs);
        words(&told).last().map(|word| (*word).to_owned())
    };
    assert_eq!(last(LeaveReason::RoomClosed).as_deref(), Some("completed"));
    assert_eq!(last(LeaveReason::Left).as_deref(), Some("participant.left"));
}

#[test]
fn a_room_that_is_begun_again_has_lost_its_people() {
    let inputs = [
        (0, opened("a", 0, 0, 0)),
        (10, joins("a", "ann", 10)),
        (20, joins("a", "bob", 20)),
        (500, opened("a", 0, 500, 460)),
        (501, joins("a", "ann again", 501)),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    let left: Vec<_> = told
        .iter()
        .filter(|event| event.kind == EventKind::ParticipantLeft)
        .collect();
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|event| event.synthesised && event.at == at(460)));
    assert!(left.iter().all(|event| event.cause.detail == "server_lost"));
    assert!(matches!(meeting.status, Status::Active { .. }));
    // Its list still names those who were lost.
    let ghost = |when| listed(when, What::Entered(arrival("ann", &part("a"), 10)));
    let again = [
        (502, opened("a", 0, 500, 460)),
        (530, ghost(530)),
        (600, goes("a", "ann again", 501, 600)),
        (620, closed("a", 0, 620)),
        (660, Input::Tick),
    ];
    let (meeting, told) = run(meeting, &again);
    assert_eq!(words(&told), ["participant.left", "completed"], "once is enough");
    let figures = meeting.figures.unwrap();
    assert_eq!(figures.duration_seconds(), 450 + 99);
    assert_eq!(
        figures.open_seconds(),
        460 + 100,
        "it was not open while it was lost"
    );
}

#[test]
fn the_first_beginning_of_a_room_loses_nobody_however_late_it_comes() {
    let inputs = [
        (12, joins("a", "ann", 11)),
        (13, opened("a", 10, 12, 12)),
        (14, opened("a", 10, 12, 12)),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    assert_eq!(words(&told), ["active", "participant.joined"]);
    assert_eq!(meeting.openings.len(), 1);
}

#[test]
fn a_webhook_after_a_repaired_end_amends_once_and_completes_never_again() {
    let inputs = [
        (0, opened("a", 0, 0, 0)),
        (10, joins("a", "ann", 10)),
        (200, vanished("a", 200, 100)),
        (210, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    let expected = ["active", "participant.joined", "participant.left", "completed"];
    assert_eq!(words(&told), expected);
    assert!(told[3].synthesised);
    assert_eq!(meeting.status.ended_at(), Some(at(100)));
    let late = [
        (300, goes("a", "ann", 10, 130)),
        (301, closed("a", 0, 150)),
        (302, goes("a", "ann", 10, 130)),
        (303, vanished("a", 303, 100)),
        (400, Input::Tick),
    ];
    let (meeting, told) = run(meeting, &late);
    assert_eq!(words(&told), ["amended"]);
    assert_eq!(meeting.status.ended_at(), Some(at(130)));
    assert_eq!(
        meeting.openings[0].closed_at,
        Some(at(150)),
        "the server's word outweighs the guess"
    );
    let figures = meeting.figures.unwrap();
    assert_eq!((figures.duration_seconds(), figures.open_seconds()), (120, 130));
}

#[test]
fn a_room_that_nobody_saw_begin_is_whole() {
    let inputs = [
        (10, goes("a", "ann", 2, 10)),
        (30, closed("a", 0, 30)),
        (70, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    let expected = ["active", "participant.joined", "participant.left", "completed"];
    assert_eq!(words(&told), expected);
    let figures = meeting.figures.unwrap();
    assert_eq!((figures.duration_seconds(), figures.open_seconds()), (8, 10));
}

#[test]
fn an_abort_begins_nothing_and_ends_what_was_there() {
    let aborts = |who: &str, from, to| from_livekit(to, What::Aborted(departure("a", who, from)));
    let inputs = [
        (10, joins("a", "ann", 10)),
        (12, aborts("eve", 11, 12)),
        (40, aborts("ann", 10, 40)),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    assert_eq!(words(&told), ["active", "participant.joined", "participant.left"]);
    assert_eq!(meeting.attendance.stays().len(), 1);
    let guessed = [
        (10, joins("a", "ann", 10)),
        (90, gone("a", "ann", 10, (90, 20))),
        (95, aborts("ann", 10, 40)),
    ];
    let (meeting, _) = run(adhoc(), &guessed);
    assert_eq!(
        meeting.attendance.stays()[0].ended_at(),
        Some(at(40)),
        "it is better than a guess"
    );
}

#[test]
fn who_is_listed_after_having_been_given_up_was_never_gone() {
    let inputs = [
        (10, joins("a", "ann", 10)),
        (20, joins("a", "bob", 20)),
        (100, gone("a", "ann", 10, (100, 40))),
        (130, listed(130, What::Entered(arrival("ann", &part("a"), 10)))),
        (200, goes("a", "ann", 10, 200)),
        (200, goes("a", "bob", 20, 200)),
        (260, Input::Tick),
    ];
    let (meeting, told) = run(adhoc(), &inputs);
    assert_eq!(meeting.figures.unwrap().person_seconds(), 190 + 180);
    let joined: Vec<_> = told
        .iter()
        .filter(|event| event.kind == EventKind::ParticipantJoined)
        .map(|event| (event.cause.by.as_str(), event.synthesised))
        .collect();
    assert_eq!(joined, [("livekit", false), ("livekit", false), ("repair", true)]);
}

#[test]
fn a_room_that_is_open_counts_where_rooms_begin_meetings() {
    let policy = Policy {
        active_when_room_opens: true,
        ..policy()
    };
    let apply = |meeting: Meeting, now: i64, input: Input| {
        let step = meeting.apply(&input, at(now), &policy).unwrap();
        let told: Vec<_> = step.events.iter().map(|event| event.kind.subject()).collect();
        (step.meeting, told)
    };
    let (meeting, told) = apply(adhoc(), 0, opened("a", 0, 0, 0));
    assert_eq!((told, meeting.status.started_at()), (vec!["active"], Some(at(0))));
    let (meeting, _) = apply(meeting, 5, opened("b", 5, 5, 5));
    let (meeting, _) = apply(meeting, 100, closed("a", 0, 100));
    let (meeting, told) = apply(meeting, 200, Input::Tick);
    assert_eq!(told, Vec::<&str>::new(), "the other one is open");
    let (meeting, _) = apply(meeting, 300, vanished("b", 300, 250));
    let (_, told) = apply(meeting, 311, Input::Tick);
    assert_eq!(told, ["completed"]);
}

#[test]
fn a_meeting_that_continues_another_has_the_open_room_from_its_end_on() {
    let inputs = [
        (0, opened("a", 0, 0, 0)),
        (10, joins("a", "ann", 10)),
        (50, goes("a", "ann", 10, 50)),
        (110, Input::Tick),
    ];
    let (first, _) = run(adhoc(), &inputs);
    let id = MeetingId::new(at(200), [1; 10]);
    let second = Meeting::unbooked(id, room(), Some(&first), at(200));
    let inputs = [
        (200, joins("a", "bob", 200)),
        (220, goes("a", "bob", 200, 220)),
        (240, closed("a", 0, 240)),
        (280, Input::Tick),
    ];
    let (second, _) = run(second, &inputs);
    assert_eq!(second.figures.unwrap().open_seconds(), 170);
}
