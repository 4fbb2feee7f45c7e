//! What counts in a room, and whether it was called off.

use usher::domain::access::Booked;

use super::*;

// === impl House ===

impl House {
    async fn booked(&self, name: &str, seconds: i64) -> Booked {
        self.meetings.booked(&room(name), at(seconds)).await.unwrap()
    }
}

#[tokio::test]
async fn a_room_tells_which_meeting_counts_there() {
    let house = House::new().await;
    assert_eq!(house.booked("alpha", 0).await, Booked::Nothing);
    let morning = house.book(booking("alpha", 3600)).await;
    let noon = house.book(booking("alpha", 7200)).await;
    assert_eq!(
        house.booked("alpha", 0).await,
        Booked::Later {
            meeting: Box::new(morning.clone()),
            opens_at: at(3600 - 900)
        },
        "the first is next, however far ahead"
    );
    assert_eq!(
        house.booked("alpha", 3600).await,
        Booked::Now(Box::new(morning.clone()))
    );
    assert_eq!(house.booked("alpha", 7200).await, Booked::Now(Box::new(noon)));
    house
        .meetings
        .observe(&[enters("alpha", "ann", 2000)])
        .await
        .unwrap();
    let house = house.restarted().await;
    let goes_on = house.booked("alpha", 9000).await;
    let goes_on = goes_on.meeting().expect("it goes on");
    assert_eq!(
        (goes_on.id, goes_on.status.as_str()),
        (morning.id, "active"),
        "who comes in comes to the next one"
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
    let [id] = house.everything(&Owner::Everyone).await[..] else {
        panic!("one meeting");
    };
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
    assert_eq!(house.booked("alpha", 600).await, Booked::Nothing);
    NOW.set(hours(9));
    let (visit, changed) = house.meetings.apply(visit.id, &Input::Tick).await.unwrap();
    assert!(
        !changed && !visit.status.is_final(),
        "only people say what became of it"
    );
}
