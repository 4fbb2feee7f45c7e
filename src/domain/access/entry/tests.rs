//! Doors, case by case, and what holds at every door.

use proptest::prelude::*;

use super::*;
use crate::domain::UserId;
use crate::domain::access::opening::tests::{at, booking, completed, meeting, when};

fn user(email: &str, roles: &[&str]) -> User {
    User {
        id: UserId::parse("u1").unwrap(),
        username: email.to_owned(),
        name: "Sara".to_owned(),
        email: Some(email.to_owned()),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        organisations: Vec::new(),
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

fn role(name: &str) -> Party {
    Party::Role(name.to_owned())
}

fn person(email: &str) -> Party {
    Party::User(email.to_owned())
}

/// Somebody booked the room for now; whoever the rules let in may come.
fn booked() -> Booked {
    Booked::Now(Box::new(meeting(booking(when(60, 60)))))
}

/// The same, for these people.
fn booked_for(participants: &[&str], hosts: &[&str]) -> Booked {
    let ids = |names: &[&str]| names.iter().map(|name| UserId::parse(name).unwrap()).collect();
    let mut booking = booking(when(60, 60));
    booking.details.participants = ids(participants);
    booking.details.hosts = ids(hosts);
    Booked::Now(Box::new(meeting(booking)))
}

fn rules(rules: Vec<Rule>) -> RoomRules {
    RoomRules {
        rules,
        ..RoomRules::default()
    }
}

fn channels() -> RoomRules {
    let channel = Channel {
        name: "General".to_owned(),
        members: vec!["sara@example.com".to_owned()],
        roles: vec!["doctor".to_owned()],
    };
    RoomRules {
        channels: BTreeMap::from([(7, channel)]),
        rules: vec![Rule {
            guests: Some(true),
            unbooked: Some(Unbooked::Deny),
            moderators: Some(vec![role("doctor")]),
            ..rule("channel-*")
        }],
    }
}

#[test]
fn without_rules_whoever_signed_in_enters_without_privileges() {
    let sara = user("sara@example.com", &["doctor"]);
    let entry = RoomRules::default().entry(&room("team1"), Visitor::User(&sara), &Booked::Nothing);
    assert_eq!(entry, Ok(Entry::default()));
    let guest = RoomRules::default().entry(&room("team1"), Visitor::Guest, &booked());
    assert_eq!(guest, Err(EntryDenial::GuestsNotAllowed));
}

#[test]
fn each_question_is_answered_by_the_first_rule_that_says_something() {
    let rules = rules(vec![
        Rule {
            moderators: Some(vec![person("ann@example.com")]),
            ..rule("team-a")
        },
        Rule {
            members: Some(vec![role("doctor"), person("ann@example.com")]),
            moderators: Some(vec![role("doctor")]),
            lobby_bypass: Some(vec![role("nurse")]),
            max_people: Some(9),
            ..rule("team*")
        },
        Rule {
            features: Some(BTreeMap::from([("recording".to_owned(), true)])),
            max_people: Some(50),
            ..rule("*")
        },
    ]);
    let entry = |name: &str, user: &User| rules.entry(&room(name), Visitor::User(user), &Booked::Nothing);
    let (ann, doctor) = (
        user("Ann@Example.com", &[]),
        user("d@example.com", &["doctor", "nurse"]),
    );
    let both = entry("team-a", &ann).unwrap();
    assert!(
        both.moderator && both.lobby_bypass,
        "a moderator waits in no lobby"
    );
    assert_eq!(
        (both.max_people, both.features.get("recording")),
        (Some(9), Some(&true))
    );
    let doctor_in_a = entry("team-a", &doctor).unwrap();
    assert!(
        !doctor_in_a.moderator,
        "the rule of that room names somebody else"
    );
    assert!(doctor_in_a.lobby_bypass, "as a nurse");
    assert!(entry("TEAM-B", &doctor).unwrap().moderator);
    assert!(!entry("team-b", &ann).unwrap().moderator);
    let stranger = user("s@example.com", &["patient"]);
    assert_eq!(entry("team-b", &stranger), Err(EntryDenial::NotAMember));
    assert_eq!(entry("hall", &stranger).unwrap().max_people, Some(50));
}

#[test]
fn an_empty_list_is_an_answer() {
    let rules = rules(vec![
        Rule {
            moderators: Some(vec![]),
            features: Some(BTreeMap::new()),
            ..rule("quiet")
        },
        Rule {
            members: Some(vec![]),
            ..rule("closed")
        },
        Rule {
            moderators: Some(vec![role("doctor")]),
            features: Some(BTreeMap::from([("recording".to_owned(), false)])),
            ..rule("*")
        },
    ]);
    let doctor = user("d@example.com", &["doctor"]);
    let entry = |name: &str| rules.entry(&room(name), Visitor::User(&doctor), &Booked::Nothing);
    assert_eq!(entry("quiet"), Ok(Entry::default()));
    assert_eq!(entry("closed"), Err(EntryDenial::NotAMember));
    assert!(entry("other").unwrap().moderator);
}

#[test]
fn a_room_nobody_booked_is_closed_to_moderators_too() {
    let rules = rules(vec![Rule {
        unbooked: Some(Unbooked::Deny),
        moderators: Some(vec![role("doctor")]),
        ..rule("clinic-*")
    }]);
    let doctor = user("d@example.com", &["doctor"]);
    let entry = |booked| rules.entry(&room("clinic-1"), Visitor::User(&doctor), &booked);
    assert_eq!(
        entry(Booked::Nothing),
        Err(EntryDenial::Closed(Closed::NotBooked))
    );
    assert!(entry(booked()).unwrap().moderator);
}

#[test]
fn where_guests_may_enter_everybody_may() {
    let rules = rules(vec![Rule {
        guests: Some(true),
        members: Some(vec![role("doctor")]),
        moderators: Some(vec![role("doctor")]),
        ..rule("open")
    }]);
    let stranger = user("s@example.com", &[]);
    for visitor in [Visitor::Guest, Visitor::User(&stranger)] {
        assert_eq!(
            rules.entry(&room("open"), visitor, &Booked::Nothing),
            Ok(Entry::default())
        );
    }
}

#[test]
fn a_channel_is_for_those_on_its_list() {
    let rules = channels();
    let entry = |name: &str, user: &User| rules.entry(&room(name), Visitor::User(user), &Booked::Nothing);
    let (sara, doctor, stranger) = (
        user("SARA@example.com", &[]),
        user("d@example.com", &["doctor"]),
        user("s@example.com", &["nurse"]),
    );
    assert_eq!(entry("channel-7", &sara), Ok(Entry::default()), "nobody books it");
    assert!(entry("Channel-7", &doctor).unwrap().moderator);
    assert_eq!(entry("channel-7", &stranger), Err(EntryDenial::NotAMember));
    assert_eq!(
        entry("channel-8", &doctor),
        Err(EntryDenial::NotAMember),
        "there is none such"
    );
    let guest = rules.entry(&room("channel-7"), Visitor::Guest, &booked());
    assert_eq!(guest, Err(EntryDenial::GuestsNotAllowed));
    for other in ["channel-07", "channel-", "channel-7x", "xchannel-7"] {
        assert_eq!(channel_number(&room(other)), None, "{other}");
    }
    assert_eq!(rules.channels_of(&sara).map(|(n, _)| n).collect::<Vec<_>>(), [7]);
    assert_eq!(rules.channels_of(&stranger).count(), 0);
    assert_eq!(channel_number(&Channel::room(u64::MAX)), Some(u64::MAX));
}

#[test]
fn a_tenant_is_no_way_around() {
    let mut rules = channels();
    rules.rules.push(Rule {
        members: Some(vec![role("doctor")]),
        ..rule("team*")
    });
    let stranger = user("s@example.com", &[]);
    for node in ["[acme]channel-7", "[acme]team1"] {
        let room = RoomName::from_node(node).unwrap();
        let entry = rules.entry(&room, Visitor::User(&stranger), &booked());
        assert_eq!(entry, Err(EntryDenial::NotAMember), "{node}");
    }
}

#[test]
fn somebody_without_an_address_is_nobody_on_a_list() {
    let rules = channels();
    let nameless = User {
        email: None,
        ..user("sara@example.com", &[])
    };
    let entry = rules.entry(&room("channel-7"), Visitor::User(&nameless), &Booked::Nothing);
    assert_eq!(
        entry,
        Err(EntryDenial::NotAMember),
        "a provider's name for somebody is no address"
    );
}

#[test]
fn a_meeting_that_names_its_people_is_theirs_alone() {
    let rules = rules(vec![Rule {
        guests: Some(true),
        members: Some(vec![role("doctor")]),
        moderators: Some(vec![role("nurse")]),
        ..rule("*")
    }]);
    let named = |id: &str, roles: &[&str]| User {
        id: UserId::parse(id).unwrap(),
        ..user("x@example.com", roles)
    };
    let entry = |visitor, booked: &Booked| rules.entry(&room("r"), visitor, booked);
    let theirs = booked_for(&["pat", "hana"], &["hana"]);
    let (pat, hana) = (named("pat", &[]), named("hana", &[]));
    let (doctor, nurse) = (named("pat", &["doctor"]), named("pat", &["nurse"]));
    let moderates = |visitor| entry(visitor, &theirs).map(|entry| (entry.moderator, entry.lobby_bypass));
    assert_eq!(moderates(Visitor::User(&pat)), Ok((false, false)));
    assert_eq!(moderates(Visitor::User(&hana)), Ok((true, true)), "by her seat");
    assert_eq!(
        moderates(Visitor::User(&doctor)),
        Ok((true, true)),
        "a doctor who takes part"
    );
    assert_eq!(moderates(Visitor::User(&nurse)), Ok((true, true)), "by the rule");
    let stranger = named("eve", &["doctor"]);
    assert_eq!(
        entry(Visitor::User(&stranger), &theirs),
        Err(EntryDenial::NotAMember),
        "although a doctor"
    );
    assert_eq!(entry(Visitor::Guest, &theirs), Err(EntryDenial::GuestsNotAllowed));
    assert!(
        entry(Visitor::Guest, &booked()).is_ok(),
        "a meeting that names nobody stays as the rules say"
    );
}

#[test]
fn only_those_who_may_enter_are_told_when() {
    let later = |booked: Booked| Booked::Later {
        meeting: Box::new(booked.meeting().unwrap().clone()),
        opens_at: at(45),
    };
    let entry = |user: &User, booked: &Booked| {
        RoomRules::default()
            .entry(&room("r"), Visitor::User(user), booked)
            .map(drop)
    };
    let pat = User {
        id: UserId::parse("pat").unwrap(),
        ..user("pat@example.com", &[])
    };
    let eve = user("eve@example.com", &["doctor"]);
    let too_early = Err(EntryDenial::Closed(Closed::TooEarly { opens_at: at(45) }));
    let theirs = later(booked_for(&["pat"], &[]));
    assert_eq!(entry(&pat, &theirs), too_early);
    assert_eq!(entry(&eve, &theirs), Err(EntryDenial::NotAMember));
    assert_eq!(
        entry(&eve, &later(booked())),
        too_early,
        "it is open to everyone, later"
    );
    let over = Booked::Over(Box::new(completed(booking(when(60, 60)), 70)));
    assert_eq!(entry(&pat, &over), Err(EntryDenial::Closed(Closed::Over)));
    let guests = RoomRules::default().entry(&room("r"), Visitor::Guest, &theirs);
    assert_eq!(guests, Err(EntryDenial::GuestsNotAllowed));
}

fn some_booked() -> impl Strategy<Value = Booked> {
    prop_oneof![
        Just(Booked::Nothing),
        Just(booked()),
        Just(booked_for(&["u1"], &[])),
        Just(booked_for(&["somebody"], &["somebody"])),
        Just(Booked::Over(Box::new(completed(booking(when(60, 60)), 70)))),
    ]
}

fn some_party() -> impl Strategy<Value = Party> {
    prop_oneof![
        "[abc]".prop_map(|name| role(&name)),
        "[abc]".prop_map(|name| person(&format!("{name}@x.test"))),
    ]
}

fn some_parties() -> impl Strategy<Value = Option<Vec<Party>>> {
    proptest::option::of(proptest::collection::vec(some_party(), 0..3))
}

fn some_rule() -> impl Strategy<Value = Rule> {
    let pattern = prop_oneof![Just("*"), Just("r*"), Just("r1"), Just("channel-?"), Just("s")];
    let unbooked = proptest::option::of(prop_oneof![Just(Unbooked::Allow), Just(Unbooked::Deny)]);
    let guests = proptest::option::of(any::<bool>());
    (
        pattern,
        unbooked,
        guests,
        some_parties(),
        some_parties(),
        some_parties(),
    )
        .prop_map(
            |(rooms, unbooked, guests, members, moderators, lobby_bypass)| Rule {
                unbooked,
                guests,
                members,
                moderators,
                lobby_bypass,
                ..rule(rooms)
            },
        )
}

fn some_rules() -> impl Strategy<Value = RoomRules> {
    let roles = proptest::collection::vec("[abc]", 0..2);
    let channel = roles.prop_map(|roles| Channel {
        roles,
        ..Channel::default()
    });
    let channels = proptest::collection::btree_map(0..3u64, channel, 0..3);
    let rules = proptest::collection::vec(some_rule(), 0..6);
    (channels, rules).prop_map(|(channels, rules)| RoomRules { channels, rules })
}

fn some_room() -> impl Strategy<Value = RoomName> {
    let node = prop_oneof![
        Just("r1"),
        Just("r2"),
        Just("s"),
        Just("channel-1"),
        Just("[t]r1"),
        Just("[t]channel-1")
    ];
    node.prop_map(|node| RoomName::from_node(node).unwrap())
}

/// Whether the second of two answers gives all that the first one gives.
fn gives_no_less(less: &Result<Entry, EntryDenial>, more: &Result<Entry, EntryDenial>) -> bool {
    match (less, more) {
        (Err(_), _) => true,
        (Ok(_), Err(_)) => false,
        (Ok(less), Ok(more)) => less.moderator <= more.moderator && less.lobby_bypass <= more.lobby_bypass,
    }
}

proptest! {
    #[test]
    fn who_can_say_more_about_themselves_never_gets_less(
        rules in some_rules(), room in some_room(), booked in some_booked(), name in "[abcd]", roles in proptest::collection::vec("[abcd]", 0..3),
    ) {
        let nobody = User { email: None, ..user("-", &[]) };
        let known = user(&format!("{name}@x.test"), &[]);
        let all: Vec<_> = roles.iter().map(String::as_str).collect();
        let more = user(&format!("{name}@x.test"), &all);
        let ladder = [Visitor::Guest, Visitor::User(&nobody), Visitor::User(&known), Visitor::User(&more)];
        let entries = ladder.map(|visitor| rules.entry(&room, visitor, &booked));
        for step in entries.windows(2) {
            prop_assert!(gives_no_less(&step[0], &step[1]), "{step:?}");
        }
    }

    #[test]
    fn a_booking_opens_doors_and_changes_nothing_else(rules in some_rules(), room in some_room(), role in "[abcd]") {
        let visitor = user("a@x.test", &[&role]);
        for visitor in [Visitor::User(&visitor), Visitor::Guest] {
            let (before, after) = (rules.entry(&room, visitor, &Booked::Nothing), rules.entry(&room, visitor, &booked()));
            match before {
                Err(EntryDenial::Closed(Closed::NotBooked)) => prop_assert_ne!(after, Err(EntryDenial::Closed(Closed::NotBooked))),
                before => prop_assert_eq!(before, after),
            }
        }
    }

    #[test]
    fn later_rules_do_not_overrule_earlier_ones(rules in some_rules(), later in some_rule(), room in some_room(), booked in some_booked()) {
        let first = Rule {
            unbooked: Some(Unbooked::Deny),
            members: Some(vec![role("a")]),
            guests: Some(false),
            moderators: Some(vec![]),
            lobby_bypass: Some(vec![]),
            features: Some(BTreeMap::new()),
            max_people: Some(1),
            ..rule("*")
        };
        let with = |rest: Vec<Rule>| RoomRules {
            rules: [vec![first.clone()], rest].concat(),
            ..rules.clone()
        };
        let visitor = user("a@x.test", &["a"]);
        let entry = |rules: RoomRules| rules.entry(&room, Visitor::User(&visitor), &booked);
        let more = [rules.rules.clone(), vec![later]].concat();
        prop_assert_eq!(entry(with(vec![])), entry(with(more)));
    }

    #[test]
    fn the_list_of_channels_and_the_door_agree(rules in some_rules(), role in "[abcd]") {
        let visitor = user("a@x.test", &[&role]);
        let open: Vec<_> = rules.channels_of(&visitor).map(|(number, _)| number).collect();
        for number in 0..4 {
            let entry = rules.entry(&Channel::room(number), Visitor::User(&visitor), &Booked::Nothing);
            prop_assert_eq!(entry.is_ok(), open.contains(&number));
        }
    }
}
