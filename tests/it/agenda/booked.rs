//! Asked for again: the same meeting, or a refusal.

use usher::meetings::MeetingsError;

use super::*;

fn keyed(name: &str, starts: i64) -> Booking {
    Booking {
        idempotency_key: Some("k1".into()),
        ..booking(name, starts)
    }
}

#[tokio::test]
async fn a_key_stands_for_what_was_asked_with_it() {
    let house = House::new().await;
    let first = house.book(keyed("first", 600)).await;
    let again = house.meetings.book(keyed("made-up-anew", 600)).await.unwrap();
    assert_eq!((again.meeting.id, again.is_new), (first.id, false));
    assert_eq!(again.meeting.booking.room, room("first"));

    let mut titled = keyed("first", 600);
    titled.details.title = Some("Talk".into());
    let mut fewer = keyed("first", 600);
    fewer.details.participants.pop();
    let audio = Booking {
        meeting_type: MeetingType::Audio,
        ..keyed("first", 600)
    };
    for other in [keyed("first", 601), titled, fewer, audio] {
        let refused = house.meetings.book(other).await;
        assert!(matches!(refused, Err(MeetingsError::KeyReused)), "{refused:?}");
    }
    assert_eq!(
        house.everything(&Owner::Everyone).await,
        [first.id],
        "nothing is left of the refused"
    );
}

#[tokio::test]
async fn a_key_stands_for_what_was_asked_also_when_that_was_changed() {
    let house = House::new().await;
    let first = house.book(keyed("first", 600)).await;
    let change = usher::domain::meeting::Change {
        slot: slot(900),
        ..Default::default()
    };
    house.apply(&first, Input::Change(change)).await;
    let again = house.meetings.book(keyed("first", 600)).await.unwrap();
    assert_eq!((again.meeting.id, again.is_new), (first.id, false));
    assert_eq!(again.meeting.booking.slot, slot(900));
}

#[tokio::test]
async fn a_number_says_by_itself_what_is_meant() {
    let house = House::new().await;
    let numbered = |number: &str, starts| Booking {
        appointment: Some(number.into()),
        ..keyed("first", starts)
    };
    let first = house.book(numbered("a-1", 600)).await;
    assert_eq!(house.book(numbered("a-1", 900)).await.id, first.id);
    let refused = house.meetings.book(numbered("a-2", 600)).await;
    assert!(matches!(refused, Err(MeetingsError::KeyReused)));
}

#[tokio::test]
async fn an_id_chosen_beforehand_is_kept_unless_it_was_asked_before() {
    let house = House::new().await;
    let id = MeetingId::new(at(0), [7; 10]);
    let booked = house.meetings.book_as(id, keyed("first", 600)).await.unwrap();
    assert_eq!((booked.meeting.id, booked.is_new), (id, true));
    let again = house
        .meetings
        .book_as(MeetingId::new(at(0), [8; 10]), keyed("first", 600))
        .await
        .unwrap();
    assert_eq!((again.meeting.id, again.is_new), (id, false));
}
