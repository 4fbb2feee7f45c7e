//! Whose lists a meeting is on, and in which order they are told.

use usher::domain::meeting::Change;
use usher::meetings::MeetingsError;

use super::*;

#[tokio::test]
async fn everyone_concerned_has_the_meeting_and_nobody_else() {
    let house = House::new().await;
    let talk = house.book(booking("talk", 600)).await.id;
    let visit = house.book(visit("visit", 1200, false)).await.id;
    let hospital = Owner::Organisation("saint/mary".into());
    let lists = [
        (Owner::Everyone, vec![visit, talk]),
        (of_client("ataraxia"), vec![visit, talk]),
        (of_client("other"), vec![]),
        (of_user("ann"), vec![talk]),
        (of_user("dr-sara"), vec![visit]),
        (of_user("kim@example.com"), vec![visit]),
        (of_user("eve"), vec![]),
        (hospital, vec![visit]),
        (Owner::Organisation("saint".into()), vec![]),
    ];
    for (owner, expected) in &lists {
        assert_eq!(&house.everything(owner).await, expected, "{owner:?}");
    }
    let house = house.restarted().await;
    for (owner, expected) in &lists {
        assert_eq!(
            &house.everything(owner).await,
            expected,
            "{owner:?} after a restart"
        );
    }
}

#[tokio::test]
async fn a_list_goes_back_from_the_latest_or_forward_from_a_moment() {
    let house = House::new().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        // Two at a time, in the order in which they are booked.
        NOW.set(n);
        ids.push(house.book(booking(&format!("room{n}"), n / 2 * 600)).await.id);
    }
    let owner = of_user("ann");
    let span = |from: Option<i64>, to: Option<i64>| Wanted {
        from: from.map(at),
        to: to.map(at),
        ..Wanted::default()
    };
    for limit in [1, 2, 3, 200] {
        let told = house.list(&owner, &span(Some(600), Some(1800)), limit).await;
        assert_eq!(told, ids[2..6], "forward by {limit}");
        let mut told = house.list(&owner, &span(None, Some(1800)), limit).await;
        told.reverse();
        assert_eq!(told, ids[..6], "back by {limit}");
        let mut told = house.list(&owner, &Wanted::default(), limit).await;
        told.reverse();
        assert_eq!(told, ids, "all by {limit}");
    }
    let full = house.part(&owner, &Wanted::default(), None, 7).await;
    assert_eq!(full.next, None, "the end is known without asking again");
    for bad in ["", "AAAA", "\u{fc}", "../.."] {
        let refused = house
            .meetings
            .list(&owner, &Wanted::default(), Some(bad), 7)
            .await;
        assert!(matches!(refused, Err(MeetingsError::BadCursor)), "{bad:?}");
    }
}

#[tokio::test]
async fn a_cursor_of_one_list_shows_nothing_of_another() {
    let house = House::new().await;
    house.book(booking("talk", 600)).await;
    house.book(visit("visit", 1200, false)).await;
    let part = house.part(&Owner::Everyone, &Wanted::default(), None, 1).await;
    let cursor = part.next.unwrap();
    let of_doctor = house
        .part(&of_user("dr-sara"), &Wanted::default(), Some(&cursor), 9)
        .await;
    assert!(
        of_doctor.meetings.is_empty(),
        "the visit is not beyond itself, the talk not theirs"
    );
}

#[tokio::test]
async fn another_time_or_other_people_move_it() {
    let house = House::new().await;
    let first = house.book(booking("first", 600)).await;
    let second = house.book(booking("second", 1200)).await;
    let change = Change {
        slot: slot(1800),
        participants: Some(vec![user("ann"), user("eve")]),
        ..Change::default()
    };
    house.apply(&first, Input::Change(change)).await;
    let house = house.restarted().await;
    assert_eq!(house.everything(&of_user("ann")).await, [first.id, second.id]);
    assert_eq!(house.everything(&of_user("bob")).await, [second.id]);
    assert_eq!(house.everything(&of_user("eve")).await, [first.id]);
    let (store, _folder) = house.closed().await;
    let keys = table(&store, Table::Agenda).await;
    assert_eq!(
        keys.len(),
        1 + 2 * 4,
        "everyone, the client and two people each: {keys:?}"
    );
}

#[tokio::test]
async fn only_what_is_wanted_is_told() {
    let house = House::new().await;
    let visit = house.book(visit("visit", 600, true)).await;
    let called_off = house.book(booking("off", 700)).await;
    house.apply(&called_off, Input::Cancel).await;
    let missed = house.book(booking("missed", -hours(2))).await;
    house.apply(&missed, Input::Tick).await;
    let of_status = |status| Wanted {
        status: Some(status),
        ..Wanted::default()
    };
    let told = async |wanted| house.list(&Owner::Everyone, &wanted, 1).await;
    assert_eq!(told(of_status("scheduled")).await, [visit.id]);
    assert_eq!(told(of_status("cancelled")).await, [called_off.id, missed.id]);
    assert_eq!(told(of_status("missed")).await, [missed.id]);
    assert!(told(of_status("active")).await.is_empty());
    let appointments = Wanted {
        appointments: true,
        ..Wanted::default()
    };
    assert_eq!(told(appointments).await, [visit.id]);
}

#[tokio::test]
async fn a_rare_one_is_found_although_a_part_may_be_empty() {
    let house = House::new().await;
    let rare = house.book(booking("rare", 0)).await;
    house.apply(&rare, Input::Cancel).await;
    let many = (1..=1100).map(|n| house.meetings.book(booking(&format!("room{n}"), n)));
    for booked in futures_util::future::join_all(many).await {
        booked.unwrap();
    }
    let wanted = Wanted {
        status: Some("cancelled"),
        ..Wanted::default()
    };
    let part = house.part(&of_user("ann"), &wanted, None, 50).await;
    assert!(
        part.meetings.is_empty() && part.next.is_some(),
        "one call looks at so many and no more"
    );
    assert_eq!(house.list(&of_user("ann"), &wanted, 50).await, [rare.id]);
}

#[tokio::test]
async fn a_room_that_nobody_booked_is_on_the_lists_of_those_who_were_seen_in_it() {
    let house = House::new().await;
    house
        .meetings
        .observe(&[enters("open", "kim@example.com", 5)])
        .await
        .unwrap();
    house.meetings.observe(&[enters("open", "ann", 9)]).await.unwrap();
    let house = house.restarted().await;
    let [id] = house.everything(&Owner::Everyone).await[..] else {
        panic!("one meeting");
    };
    for owner in [
        Owner::Everyone,
        Owner::Client(ClientId::adhoc()),
        of_user("ann"),
        of_user("kim@example.com"),
    ] {
        assert_eq!(house.everything(&owner).await, [id], "{owner:?}");
    }
    house.book(booking("talk", 600)).await;
    house
        .meetings
        .observe(&[enters("talk", "eve", 610)])
        .await
        .unwrap();
    assert!(
        house.everything(&of_user("eve")).await.is_empty(),
        "a booking says whose it is"
    );
}
