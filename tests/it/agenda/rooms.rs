//! What is open in a room, what comes next there, and whether it was called off.

use usher::domain::access::Booked;

use super::*;

#[tokio::test]
async fn a_room_tells_what_is_open_and_what_comes_next() {
    let house = House::new().await;
    let key = room("alpha");
    assert_eq!(house.meetings.open_in(&key, at(0)), None);
    let morning = house.book(booking("alpha", 3600)).await;
    let noon = house.book(booking("alpha", 7200)).await;
    let open_in = |house: &House, seconds| house.meetings.open_in(&room("alpha"), at(seconds));
    let next = |house: &House, seconds| house.meetings.next_booked_in(&room("alpha"), at(seconds));
    assert_eq!(
        open_in(&house, 0),
        Some(morning.id),
        "the first is next, however far ahead"
    );
    assert_eq!(next(&house, 0), slot(3600));
    assert_eq!(
        (open_in(&house, 3600), next(&house, 3600)),
        (Some(morning.id), slot(7200))
    );
    assert_eq!((open_in(&house, 7200), next(&house, 7200)), (Some(noon.id), None));
    house
        .meetings
        .observe(&[enters("alpha", "ann", 3500)])
        .await
        .unwrap();
    let house = house.restarted().await;
    assert_eq!(open_in(&house, 9000), Some(morning.id), "it goes on");
    assert_eq!(
        next(&house, 0),
        slot(7200),
        "what has begun does not come any more"
    );
}

#[tokio::test]
async fn a_room_is_called_off_for_tokens_from_before() {
    let house = House::new().await;
    let key = room("alpha");
    let first = house.book(booking("alpha", 600)).await;
    let second = house.book(booking("alpha", 9000)).await;
    NOW.set(100);
    house.apply(&first, Input::Cancel).await;
    assert!(
        !house.meetings.is_called_off(&key, at(50)),
        "another is booked there"
    );
    NOW.set(200);
    house.apply(&second, Input::Start).await;
    house.apply(&second, Input::End).await;
    let house = house.restarted().await;
    assert!(house.meetings.is_called_off(&key, at(150)));
    assert!(house.meetings.is_called_off(&key, at(200)), "the same second");
    assert!(!house.meetings.is_called_off(&key, at(201)));
    assert!(!house.meetings.is_called_off(&room("beta"), at(0)));
    house.book(booking("alpha", 9000)).await;
    assert!(!house.meetings.is_called_off(&key, at(0)));
}

#[tokio::test]
async fn what_ended_by_itself_was_not_called_off() {
    let house = House::new().await;
    house
        .meetings
        .observe(&[enters("alpha", "ann", 5)])
        .await
        .unwrap();
    let id = house.meetings.open_in(&room("alpha"), at(5)).unwrap();
    house
        .meetings
        .observe(&[leaves("alpha", "ann", 5, 20)])
        .await
        .unwrap();
    NOW.set(hours(1));
    let (meeting, _) = house.meetings.apply(id, &Input::Tick).await.unwrap();
    assert!(meeting.status.is_final());
    assert!(!house.meetings.is_called_off(&room("alpha"), at(0)));
}

#[tokio::test]
async fn a_long_token_stays_called_off_as_long_as_it_could_live() {
    let house = House::new().await;
    let meeting = house.book(booking("alpha", 600)).await;
    house.apply(&meeting, Input::Cancel).await;
    NOW.set(hours(30));
    let house = house.restarted().await;
    let longest = config::sample("unused".into())
        .clients
        .values()
        .map(|client| client.max_token_secs)
        .max();
    let lives_on = longest.unwrap_or_default() > hours(30).cast_unsigned();
    assert_eq!(house.meetings.is_called_off(&room("alpha"), at(0)), lives_on);
}

#[tokio::test]
async fn what_was_booked_far_ahead_is_called_off_until_its_tokens_are_over() {
    let house = House::new().await;
    let meeting = house.book(booking("alpha", hours(7 * 24))).await;
    house.apply(&meeting, Input::Cancel).await;
    NOW.set(hours(7 * 24 + 1));
    let house = house.restarted().await;
    assert!(house.meetings.is_called_off(&room("alpha"), at(0)));
    let longest = config::sample("unused".into())
        .clients
        .values()
        .map(|client| client.max_token_secs)
        .max();
    let longest = longest.unwrap_or_default().cast_signed().max(hours(24));
    NOW.set(hours(7 * 24 + 1) + longest);
    let house = house.restarted().await;
    assert!(!house.meetings.is_called_off(&room("alpha"), at(0)));
}

#[tokio::test]
async fn an_appointment_in_person_has_no_room() {
    let house = House::new().await;
    let visit = house.book(visit("alpha", 600, true)).await;
    assert_eq!(house.meetings.open_in(&room("alpha"), at(600)), None);
    let booked = house.meetings.booked(&room("alpha"), at(600)).await.unwrap();
    assert_eq!(booked, Booked::Nothing);
    NOW.set(hours(9));
    let (visit, changed) = house.meetings.apply(visit.id, &Input::Tick).await.unwrap();
    assert!(
        !changed && !visit.status.is_final(),
        "only people say what became of it"
    );
}
