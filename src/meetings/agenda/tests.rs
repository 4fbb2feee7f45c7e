use proptest::prelude::*;

use super::key::{before, end_of};
use super::*;
use crate::domain::MeetingId;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(millis).unwrap()
}

fn spot(millis: i64, random: u8) -> Spot {
    let meeting = MeetingId::new(at(1_795_222_000_000), [random; 10]);
    let key = format!("{}/{meeting}", before("all", at(millis)));
    Spot::of_key("all", &key).unwrap()
}

/// Everything that a key can begin with, also where one name begins another.
fn some_owners() -> Vec<String> {
    let client = |name| Owner::Client(ClientId::parse(name).unwrap());
    let user = |name: &str| Owner::User(UserId::parse(name).unwrap());
    let long = "ü".repeat(128);
    let owners = [
        Owner::Everyone,
        client("a"),
        client("a0"),
        client("a-b"),
        client(&"z".repeat(64)),
        user("a/b"),
        user("a"),
        user(&long),
        Owner::Organisation("all".into()),
        Owner::Organisation(long.repeat(9)),
    ];
    owners.iter().map(Owner::name).collect()
}

#[test]
fn every_owner_has_a_list_of_its_own_and_keys_that_fit() {
    let owners = some_owners();
    for owner in &owners {
        let key = spot(0, 1).key(owner);
        assert!(key.len() <= crate::store::MAX_KEY_BYTES, "{key}");
        let on = owners.iter().filter(|other| Spot::of_key(other, &key).is_some());
        assert_eq!(on.collect::<Vec<_>>(), [owner]);
        assert_eq!(Spot::split(&key), Some((owner.as_str(), spot(0, 1))));
    }
    assert_eq!(Spot::split("complete"), None);
}

#[test]
fn somebody_known_by_an_address_is_known_by_its_fingerprint_too() {
    let name = |user: &str| Owner::User(UserId::parse(user).unwrap()).name();
    let reported = crate::domain::observation::Person::reported(Some("ann@example.com"), None);
    assert_eq!(name("ann@example.com"), name(reported.user.unwrap().as_str()));
    assert_ne!(name("ann"), name("bob"));
}

#[test]
fn what_is_no_cursor_is_refused() {
    let good = spot(7, 1).cursor();
    assert_eq!(Spot::from_cursor(&good), Some(spot(7, 1)));
    let shouted = spot(7, 1).key("all").to_uppercase();
    let bad = [
        String::new(),
        "AAAA".into(),
        format!("{good}A"),
        good[1..].to_owned(),
        good.repeat(1000),
        "ü".repeat(60),
        base64::Engine::encode(
            &base64::engine::general_purpose::URL_SAFE_NO_PAD,
            shouted.trim_start_matches("ALL/"),
        ),
    ];
    for text in bad {
        assert_eq!(Spot::from_cursor(&text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn keys_sort_by_time_within_an_owner(
        a in -9_000_000_000_000..9_000_000_000_000i64,
        b in -9_000_000_000_000..9_000_000_000_000i64,
        owner in prop::sample::select(some_owners()),
    ) {
        let (first, second) = (spot(a, 1).key(&owner), spot(b, 2).key(&owner));
        prop_assert_eq!(first.cmp(&second), (a, 1).cmp(&(b, 2)));
        prop_assert!(before(&owner, at(a)) < first && first < end_of(&owner));
        prop_assert_eq!(first < before(&owner, at(b)), spot(a, 1).is_before(at(b)));
        prop_assert_eq!(Spot::of_key(&owner, &first), Some(spot(a, 1)));
        prop_assert_eq!(Spot::from_cursor(&spot(a, 1).cursor()), Some(spot(a, 1)));
    }

    #[test]
    fn owners_never_mix(mut owners in Just(some_owners()).prop_shuffle()) {
        let (here, there) = (owners.pop().unwrap(), owners.pop().unwrap());
        let key = spot(0, 1).key(&there);
        let inside = before(&here, Timestamp::MIN_UTC) < key && key < end_of(&here);
        prop_assert!(!inside, "{key} is between {here}/ and its end");
    }

    #[test]
    fn no_text_is_too_strange(text in any::<String>()) {
        let _ = Spot::from_cursor(&text);
        let _ = Spot::split(&text);
        let _ = Spot::of_key("all", &text);
    }
}
