//! Stores from before there were lists, and what crashes and age leave behind.

use usher::domain::Verdict;
use usher::domain::report::{Notification, Subject};
use usher::meetings::Sweep;

use super::*;

const DAY: i64 = 86_400;

// === impl House ===

impl House {
    /// As if a crash had come between the reference and the meeting.
    async fn without(self, meeting: &Meeting) -> Self {
        let (store, folder) = self.closed().await;
        let key = meeting.id.to_string();
        let (_, revision) = store.get(Table::Meetings, &key).await.unwrap().unwrap();
        store.remove(Table::Meetings, &key, revision).await.unwrap();
        Self::opened(store, folder).await
    }

    /// Whether what was asked for with `k1` and `k2` is forgotten after a sweep.
    async fn references_swept(&self) -> [bool; 2] {
        self.meetings.sweep(&mut Sweep::default()).await;
        let mut swept = [false; 2];
        for (is_swept, key) in swept.iter_mut().zip(["k1", "k2"]) {
            let key = format!("ataraxia/key/{key}");
            *is_swept = self.store.get(Table::Bookings, &key).await.unwrap().is_none();
        }
        swept
    }
}

fn asked_with(name: &str, key: &str) -> Booking {
    Booking {
        idempotency_key: Some(key.into()),
        ..booking(name, hours(9))
    }
}

#[tokio::test]
async fn a_store_from_before_there_were_lists_is_listed_once() {
    let house = House::new().await;
    let talk = house.book(booking("talk", 600)).await;
    let over = house.book(booking("over", 300)).await;
    house.apply(&over, Input::Cancel).await;
    let (store, folder) = house.closed().await;
    forget_lists(&store).await;
    NOW.set(30 * DAY);
    let house = House::opened(store, folder).await;
    assert_eq!(
        house.everything(&of_user("ann")).await,
        [talk.id, over.id],
        "also what is long over"
    );

    let (store, folder) = house.closed().await;
    let listed = table(&store, Table::Agenda).await;
    let house = House::opened(store, folder).await;
    let (store, _folder) = house.closed().await;
    assert_eq!(
        table(&store, Table::Agenda).await,
        listed,
        "a second start writes nothing"
    );
}

#[tokio::test]
async fn a_listing_that_broke_off_begins_again() {
    let house = House::new().await;
    let talk = house.book(booking("talk", 600)).await;
    let (store, folder) = house.closed().await;
    for (key, _) in table(&store, Table::Agenda).await {
        // Everyone's list was written, and then the power went.
        if !key.starts_with("all/") {
            let (_, revision) = store.get(Table::Agenda, &key).await.unwrap().unwrap();
            store.remove(Table::Agenda, &key, revision).await.unwrap();
        }
    }
    let house = House::opened(store, folder).await;
    assert_eq!(house.everything(&of_user("ann")).await, [talk.id]);
    assert_eq!(house.everything(&Owner::Everyone).await, [talk.id]);
}

#[tokio::test]
async fn what_leads_nowhere_is_passed_over_and_swept_up_when_it_is_old() {
    let house = House::new().await;
    let talk = house.book(booking("talk", 600)).await;
    let (store, folder) = house.closed().await;
    let keys = table(&store, Table::Agenda).await;
    let (real, value) = keys.iter().find(|(key, _)| key.starts_with("all/")).unwrap();
    let never_made = MeetingId::new(at(0), [9; 10]);
    let stray = real.replace(&talk.id.to_string(), &never_made.to_string());
    let moved = real.replacen("all/8", "all/9", 1);
    for key in [&stray, &moved] {
        store.create(Table::Agenda, key, value.clone()).await.unwrap();
    }
    let house = House::opened(store, folder).await;
    assert_eq!(house.everything(&Owner::Everyone).await, [talk.id]);
    let is_swept = async |house: House| {
        house.meetings.sweep(&mut Sweep::default()).await;
        let (store, folder) = house.closed().await;
        let left = table(&store, Table::Agenda).await;
        let swept = [&stray, &moved].map(|key| !left.iter().any(|(known, _)| known == key));
        assert!(
            left.iter().any(|(key, _)| key == real),
            "what leads somewhere stays"
        );
        (House::opened(store, folder).await, swept)
    };
    let (house, swept) = is_swept(house).await;
    assert_eq!(swept, [false, false], "a record may still be on its way");
    NOW.set(hours(2));
    let (_, swept) = is_swept(house).await;
    assert_eq!(swept, [true, true]);
}

#[tokio::test]
async fn a_reference_that_a_crash_left_alone_is_swept_up_when_it_is_old() {
    let house = House::new().await;
    let made = house.book(asked_with("made", "k1")).await;
    let lost = house.book(asked_with("lost", "k2")).await;
    let house = house.without(&lost).await;
    assert_eq!(
        house.references_swept().await,
        [false, false],
        "it may be on its way"
    );
    NOW.set(hours(2));
    let again = house.book(asked_with("made-up-anew", "k2")).await;
    assert_eq!((again.id, &again.booking.room), (lost.id, &lost.booking.room));
    assert_eq!(house.references_swept().await, [false, false]);
    let house = house.without(&again).await;
    assert_eq!(house.references_swept().await, [false, false], "written anew");
    NOW.set(hours(4));
    assert_eq!(house.references_swept().await, [false, true]);
    assert_eq!(house.book(asked_with("made", "k1")).await.id, made.id);
    assert_ne!(house.book(asked_with("lost", "k2")).await.id, lost.id);
}

#[tokio::test]
async fn a_second_reference_to_the_same_appointment_stays() {
    let house = House::new().await;
    let numbered = |key: &str| Booking {
        appointment: Some("a-1".into()),
        ..asked_with("visit", key)
    };
    let first = house.book(numbered("k1")).await;
    assert_eq!(house.book(numbered("k2")).await.id, first.id);
    NOW.set(hours(2));
    assert_eq!(house.references_swept().await, [false, false]);
    let other = Booking {
        appointment: Some("a-2".into()),
        ..numbered("k2")
    };
    assert!(house.meetings.book(other).await.is_err(), "the key is taken");
}

#[tokio::test]
async fn age_takes_a_meeting_off_its_lists() {
    let house = House::new().await;
    let over = house.book(booking("over", 600)).await;
    house.apply(&over, Input::Cancel).await;
    let visit = house.book(visit("visit", 600, true)).await;
    let far = house.book(booking("far", 800 * DAY)).await;
    forget_events(&house.meetings, &[&over, &visit]).await;
    NOW.set(300 * DAY);
    house.meetings.sweep(&mut Sweep::default()).await;
    assert_eq!(house.everything(&Owner::Everyone).await.len(), 3);
    NOW.set(366 * DAY);
    house.meetings.sweep(&mut Sweep::default()).await;
    assert_eq!(house.everything(&Owner::Everyone).await, [far.id]);
    let (store, _folder) = house.closed().await;
    assert_eq!(table(&store, Table::Meetings).await.len(), 1);
    assert_eq!(
        table(&store, Table::Agenda).await.len(),
        1 + 4,
        "nothing is left behind"
    );
}

/// As if the outbox had sent them; what is unsent is not removed.
async fn forget_events(meetings: &Meetings, of: &[&Meeting]) {
    for meeting in of {
        meetings.forget_sent(meeting.id, u64::MAX).await.unwrap();
    }
}

#[tokio::test]
async fn ids_of_webhooks_are_kept_for_two_days() {
    let house = House::new().await;
    let mut talk = booking("talk", 600);
    talk.room.backend.kind = BackendKind::Livekit;
    let room = house.book(talk).await.booking.room;
    let part = Part::Opening("RM_1".into());
    let notification = Notification {
        backend: room.backend.clone(),
        id: Some("EV_1".into()),
        created_at: at(0),
        about: Subject::Life(room.clone(), part.clone()),
        seen: Some(Observation {
            room,
            at: at(0),
            source: Source::Livekit,
            what: What::RoomOpened {
                part,
                opened_at: Some(at(0)),
                since: at(0),
            },
        }),
    };
    let told = async || {
        house
            .meetings
            .take_notification(notification.clone())
            .await
            .unwrap()
    };
    assert_eq!([told().await, told().await], [Verdict::Stored, Verdict::Repeated]);
    NOW.set(2 * DAY);
    house.meetings.sweep(&mut Sweep::default()).await;
    assert_eq!(told().await, Verdict::Repeated);
    NOW.set(2 * DAY + 1);
    house.meetings.sweep(&mut Sweep::default()).await;
    let (store, _folder) = house.closed().await;
    assert!(table(&store, Table::Seen).await.is_empty());
}
