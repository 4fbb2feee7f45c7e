//! Doors, case by case, and what holds at every door.

use proptest::prelude::*;

use super::*;
use crate::domain::UserId;

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
    let entry = RoomRules::default().entry(&room("team1"), Visitor::User(&sara), false);
    assert_eq!(entry, Ok(Entry::default()));
    let guest = RoomRules::default().entry(&room("team1"), Visitor::Guest, true);
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
    let entry = |name: &str, user: &User| rules.entry(&room(name), Visitor::User(user), false);
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
    let entry = |name: &str| rules.entry(&room(name), Visitor::User(&doctor), false);
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
    let entry = |is_booked| rules.entry(&room("clinic-1"), Visitor::User(&doctor), is_booked);
    assert_eq!(entry(false), Err(EntryDenial::Closed(Closed::NotBooked)));
    assert!(entry(true).unwrap().moderator);
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
        assert_eq!(rules.entry(&room("open"), visitor, false), Ok(Entry::default()));
    }
}

#[test]
fn a_channel_is_for_those_on_its_list() {
    let rules = channels();
    let entry = |name: &str, user: &User| rules.entry(&room(name), Visitor::User(user), false);
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
    let guest = rules.entry(&room("channel-7"), Visitor::Guest, true);
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
        let entry = rules.entry(&room, Visitor::User(&stranger), true);
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
    let entry = rules.entry(&room("channel-7"), Visitor::User(&nameless), false);
    assert_eq!(
        entry,
        Err(EntryDenial::NotAMember),
        "a provider's name for somebody is no address"
    );
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
        rules in some_rules(), room in some_room(), booked: bool, name in "[abcd]", roles in proptest::collection::vec("[abcd]", 0..3),
    ) {
        let nobody = User { email: None, ..user("-", &[]) };
        let known = user(&format!("{name}@x.test"), &[]);
        let all: Vec<_> = roles.iter().map(String::as_str).collect();
        let more = user(&format!("{name}@x.test"), &all);
        let ladder = [Visitor::Guest, Visitor::User(&nobody), Visitor::User(&known), Visitor::User(&more)];
        let entries = ladder.map(|visitor| rules.entry(&room, visitor, booked));
        for step in entries.windows(2) {
            prop_assert!(gives_no_less(&step[0], &step[1]), "{step:?}");
        }
    }

    #[test]
    fn a_booking_opens_doors_and_changes_nothing_else(rules in some_rules(), room in some_room(), role in "[abcd]") {
        let visitor = user("a@x.test", &[&role]);
        for visitor in [Visitor::User(&visitor), Visitor::Guest] {
            let (before, after) = (rules.entry(&room, visitor, false), rules.entry(&room, visitor, true));
            match before {
                Err(EntryDenial::Closed(Closed::NotBooked)) => prop_assert_ne!(after, Err(EntryDenial::Closed(Closed::NotBooked))),
                before => prop_assert_eq!(before, after),
            }
        }
    }

    #[test]
    fn later_rules_do_not_overrule_earlier_ones(rules in some_rules(), later in some_rule(), room in some_room(), booked: bool) {
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
        let entry = |rules: RoomRules| rules.entry(&room, Visitor::User(&visitor), booked);
        let more = [rules.rules.clone(), vec![later]].concat();
        prop_assert_eq!(entry(with(vec![])), entry(with(more)));
    }

    #[test]
    fn the_list_of_channels_and_the_door_agree(rules in some_rules(), role in "[abcd]") {
        let visitor = user("a@x.test", &[&role]);
        let open: Vec<_> = rules.channels_of(&visitor).map(|(number, _)| number).collect();
        for number in 0..4 {
            let entry = rules.entry(&Channel::room(number), Visitor::User(&visitor), false);
            prop_assert_eq!(entry.is_ok(), open.contains(&number));
        }
    }
}
