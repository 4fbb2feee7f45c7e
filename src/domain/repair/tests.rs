//! Lists against beliefs, with the time in hand.

use proptest::prelude::*;

use super::*;
use crate::domain::meeting::Status;
use crate::domain::observation::{BackendId, LeaveReason};
use crate::domain::participant::ParticipantKind;
use crate::domain::samples::{at, policy, room_on};
use crate::domain::{EventKind, Input, Meeting, MeetingId};

mod truth;

fn room() -> RoomKey {
    room_on(BackendId::livekit("main"))
}

fn person(sid: &str, joined: i64) -> Participant {
    Participant {
        sid: sid.into(),
        identity: sid.into(),
        name: String::new(),
        kind: ParticipantKind::Standard,
        is_hidden: false,
        joined_at: Some(at(joined)),
    }
}

fn life(sid: &str, opened: i64) -> Listed {
    Listed {
        room: room(),
        sid: sid.into(),
        opened_at: Some(at(opened)),
        trust: Trust::Served,
    }
}

fn listing(when: i64, rooms: Vec<Listed>, people: Vec<Participant>) -> Listing {
    Listing {
        at: at(when),
        rooms,
        people: HashMap::from([(room().name, people)]),
        counting: Counting { callers: false },
    }
}

fn webhook(when: i64, what: What) -> Observation {
    Observation {
        room: room(),
        at: at(when),
        source: Source::Livekit,
        what,
    }
}

fn joins(life: &str, who: &str, when: i64) -> Observation {
    let part = Part::Opening(life.into());
    webhook(when, What::Entered(person(who, when).arrival(&part)))
}

fn goes(life: &str, who: &str, (from, to): (i64, i64)) -> Observation {
    let part = Part::Opening(life.into());
    webhook(
        to,
        What::Left(person(who, from).departure(&part, LeaveReason::Left)),
    )
}

fn opens(life: &str, when: i64) -> Observation {
    let what = What::RoomOpened {
        part: Part::Opening(life.into()),
        opened_at: Some(at(when)),
        since: at(when),
    };
    webhook(when, what)
}

/// One meeting and the memory of its server.
struct Stage {
    meeting: Meeting,
    comparison: Comparison,
    told: Vec<EventKind>,
}

impl Stage {
    fn new() -> Self {
        let id = MeetingId::new(at(0), [0; 10]);
        Self {
            meeting: Meeting::unbooked(id, room(), None, at(0)),
            comparison: Comparison::default(),
            told: Vec::new(),
        }
    }

    fn take(&mut self, now: i64, input: &Input) {
        let step = self.meeting.clone().apply(input, at(now), &policy()).unwrap();
        self.told.extend(step.events.iter().map(|event| event.kind));
        self.meeting = step.meeting;
    }

    fn hear(&mut self, now: i64, seen: Observation) {
        self.take(now, &Input::Observed(seen));
    }

    fn belief(&self) -> Belief {
        let mut belief = Belief::new(room());
        belief.add(&self.meeting);
        belief
    }

    /// Compares and applies; what was found.
    fn list(&mut self, listing: &Listing) -> Vec<Kind> {
        self.list_after(listing, &|_| None)
    }

    fn list_after(&mut self, listing: &Listing, heard: Heard<'_>) -> Vec<Kind> {
        let beliefs = Beliefs::from([(room(), self.belief())]);
        let findings = self.comparison.compare(listing, &beliefs, heard);
        for finding in &findings {
            let input = Input::Observed(finding.seen.clone());
            let step = self.meeting.clone().apply(&input, listing.at, &policy()).unwrap();
            self.told.extend(step.events.iter().map(|event| event.kind));
            self.meeting = step.meeting;
        }
        findings.iter().map(|finding| finding.kind).collect()
    }

    fn ends(&self) -> Vec<(&str, Option<Timestamp>)> {
        let stays = self.meeting.attendance.stays().iter();
        stays
            .map(|stay| (stay.occupant.0.as_str(), stay.ended_at()))
            .collect()
    }
}

/// Ann and Bob in one room that was opened at 0.
fn two_in_a_room() -> Stage {
    let mut stage = Stage::new();
    stage.hear(0, opens("a", 0));
    stage.hear(10, joins("a", "ann", 10));
    stage.hear(20, joins("a", "bob", 20));
    let both = vec![person("ann", 10), person("bob", 20)];
    assert_eq!(stage.list(&listing(30, vec![life("a", 0)], both)), []);
    stage
}

#[test]
fn a_room_is_over_when_two_lists_far_enough_apart_lack_it() {
    let mut stage = two_in_a_room();
    for when in [60, 90, 104] {
        assert_eq!(stage.list(&listing(when, vec![], vec![])), [], "at {when}");
    }
    assert_eq!(stage.list(&listing(105, vec![], vec![])), [Kind::Ended]);
    assert_eq!(stage.ends(), [("ann", Some(at(30))), ("bob", Some(at(30)))]);
    assert_eq!(stage.list(&listing(150, vec![], vec![])), [], "once");
}

#[test]
fn a_list_that_shows_it_again_or_a_webhook_begins_the_count_anew() {
    let mut stage = two_in_a_room();
    let both = || vec![person("ann", 10), person("bob", 20)];
    assert_eq!(stage.list(&listing(60, vec![], vec![])), []);
    assert_eq!(stage.list(&listing(90, vec![life("a", 0)], both())), []);
    assert_eq!(stage.list(&listing(120, vec![], vec![])), []);
    assert_eq!(stage.list(&listing(150, vec![], vec![])), []);
    let heard = |sid: &str| (sid == "a").then_some(at(155));
    assert_eq!(stage.list_after(&listing(170, vec![], vec![]), &heard), []);
    assert_eq!(stage.list_after(&listing(214, vec![], vec![]), &heard), []);
    assert_eq!(
        stage.list_after(&listing(215, vec![], vec![]), &heard),
        [Kind::Ended]
    );
    assert_eq!(
        stage.ends()[0],
        ("ann", Some(at(155))),
        "until then it was heard of"
    );
}

#[test]
fn a_person_is_gone_when_two_lists_of_the_room_lack_them() {
    let mut stage = two_in_a_room();
    let only_bob = |when| listing(when, vec![life("a", 0)], vec![person("bob", 20)]);
    assert_eq!(stage.list(&only_bob(60)), []);
    let unknown = Listing {
        people: HashMap::new(),
        ..only_bob(90)
    };
    assert_eq!(
        stage.list(&unknown),
        [],
        "a list that could not be had says nothing"
    );
    assert_eq!(stage.list(&only_bob(105)), [Kind::Left]);
    assert_eq!(stage.ends(), [("ann", Some(at(30))), ("bob", None)]);
}

#[test]
fn another_connection_of_the_same_person_is_one_more_and_one_less() {
    let mut stage = two_in_a_room();
    let changed = |when| {
        let people = vec![person("ann2", 50), person("bob", 20)];
        listing(when, vec![life("a", 0)], people)
    };
    assert_eq!(stage.list(&changed(60)), [Kind::Joined]);
    assert_eq!(stage.list(&changed(105)), [Kind::Left]);
    let expected = [("ann", Some(at(30))), ("ann2", None), ("bob", None)];
    assert_eq!(stage.ends(), expected);
}

#[test]
fn of_two_rooms_with_one_name_a_list_of_people_shows_no_absence() {
    let mut stage = two_in_a_room();
    stage.hear(40, joins("b", "eve", 40));
    let half = |when| {
        let rooms = vec![life("a", 0), life("b", 35)];
        listing(when, rooms, vec![person("eve", 40), person("joe", 50)])
    };
    let found = stage.list(&half(60));
    assert_eq!(found, [Kind::Opened, Kind::Joined, Kind::Opened]);
    assert_eq!(stage.list(&half(120)), []);
    let joe = stage
        .meeting
        .attendance
        .stays()
        .iter()
        .find(|stay| stay.occupant.0 == "joe");
    assert_eq!(
        joe.unwrap().part,
        Part::Opening("b".into()),
        "in the one that was opened last"
    );
    assert_eq!(stage.meeting.attendance.people_now(), 4);
    let other = |when| {
        listing(
            when,
            vec![life("b", 35)],
            vec![person("eve", 40), person("joe", 50)],
        )
    };
    assert_eq!(stage.list(&other(150)), []);
    assert_eq!(
        stage.list(&other(195)),
        [Kind::Ended],
        "the other one is not there at all"
    );
    assert_eq!(stage.meeting.attendance.people_now(), 2);
}

#[test]
fn an_unknown_room_is_adopted_with_its_people_and_nothing_else() {
    let mut stage = Stage::new();
    let agent = Participant {
        kind: ParticipantKind::Service,
        ..person("agent", 5)
    };
    let caller = Participant {
        kind: ParticipantKind::Sip,
        ..person("caller", 5)
    };
    let people = vec![person("ann", 10), agent, caller];
    let found = stage.list(&listing(300, vec![life("a", 0)], people.clone()));
    assert_eq!(found, [Kind::Opened, Kind::Joined, Kind::Opened]);
    assert_eq!(stage.told, [EventKind::Active, EventKind::ParticipantJoined]);
    assert_eq!(stage.meeting.status.started_at(), Some(at(10)));
    assert_eq!(stage.list(&listing(330, vec![life("a", 0)], people)), []);
}

#[test]
fn after_a_stop_of_usher_its_last_list_bounds_the_estimate() {
    let mut stage = two_in_a_room();
    stage.comparison = Comparison::since(Some(at(30)));
    assert_eq!(stage.list(&listing(600, vec![], vec![])), []);
    assert_eq!(stage.list(&listing(645, vec![], vec![])), [Kind::Ended]);
    assert_eq!(stage.ends()[0], ("ann", Some(at(30))));
}

#[test]
fn a_ghost_is_over_though_it_is_listed_and_stays_so() {
    let mut stage = two_in_a_room();
    let both = vec![person("ann", 10), person("bob", 20)];
    let ghost = Listed {
        trust: Trust::Ghost { since: Some(at(700)) },
        ..life("a", 0)
    };
    let listing = listing(900, vec![ghost], both);
    assert_eq!(stage.list(&listing), [Kind::Ghost]);
    assert_eq!(stage.ends()[0], ("ann", Some(at(700))));
    assert_eq!(stage.list(&listing), [], "its list brings nobody back");
    stage.take(1000, &Input::Tick);
    assert!(matches!(stage.meeting.status, Status::Completed { .. }));
    let revived = Listing {
        rooms: vec![life("a", 0)],
        ..listing
    };
    assert_eq!(
        stage.list(&revived),
        [],
        "nor when something serves the room again"
    );
}

#[test]
fn what_is_doubtful_adds_nobody() {
    let mut stage = two_in_a_room();
    let doubtful = Listed {
        trust: Trust::Doubtful,
        ..life("a", 0)
    };
    let people = vec![person("ann", 10), person("bob", 20), person("eve", 25)];
    assert_eq!(stage.list(&listing(60, vec![doubtful], people)), []);
}

fn candidate(sid: &str, heard: Option<i64>) -> Candidate<'_> {
    Candidate {
        sid,
        heard_at: heard.map(at),
        has_news: false,
        is_believed: true,
    }
}

#[test]
fn a_room_is_asked_when_nothing_was_heard_of_it_and_again_while_it_is_quiet() {
    let mut watch = Watch::default();
    let asks = |watch: &mut Watch, heard, when| watch.asks(&candidate("a", heard), at(when));
    assert!(asks(&mut watch, None, 0), "at a start nothing has been heard");
    assert!(!asks(&mut watch, Some(5), 30));
    assert!(!asks(&mut watch, Some(5), 124));
    assert!(asks(&mut watch, Some(5), 125));
    watch.answered("a", true, at(125));
    assert!(!asks(&mut watch, Some(5), 244));
    assert!(asks(&mut watch, Some(5), 245));
}

#[test]
fn two_silences_make_a_ghost_and_a_webhook_or_an_answer_unmakes_it() {
    let mut watch = Watch::default();
    let room = candidate("a", Some(0));
    watch.answered("a", true, at(600));
    watch.answered("a", false, at(720));
    assert_eq!(watch.trust(&room), Trust::Doubtful);
    assert!(watch.asks(&room, at(750)), "asked until it is clear");
    watch.answered("a", false, at(764));
    assert_eq!(watch.trust(&room), Trust::Doubtful, "too soon");
    watch.answered("a", false, at(765));
    assert_eq!(watch.trust(&room), Trust::Ghost { since: Some(at(600)) });
    assert_eq!(watch.ghosts(), 1);
    assert!(!watch.asks(&room, at(800)) && watch.asks(&room, at(885)));
    let heard = candidate("a", Some(900));
    assert!(!watch.asks(&heard, at(901)));
    assert_eq!((watch.trust(&heard), watch.ghosts()), (Trust::Served, 0));
}

#[test]
fn a_room_that_only_a_list_tells_of_is_believed_when_it_has_answered() {
    let mut watch = Watch::default();
    let unknown = Candidate {
        has_news: true,
        is_believed: false,
        ..candidate("a", None)
    };
    assert!(watch.asks(&unknown, at(0)));
    assert_eq!(watch.trust(&unknown), Trust::Doubtful);
    watch.answered("a", true, at(0));
    assert_eq!(watch.trust(&unknown), Trust::Served);
    let of_no_interest = Candidate {
        has_news: false,
        ..unknown
    };
    assert!(!Watch::default().asks(&of_no_interest, at(0)));
}
