//! What clients used, read along the lists.

use std::ops::Range;

use chrono::NaiveDate;
use usher::domain::usage::DayOfUse;

use super::*;

fn day(days: i64) -> NaiveDate {
    at(days * hours(24)).date_naive()
}

async fn totals(house: &House, owner: &Owner, days: Range<i64>) -> Vec<DayOfUse> {
    let usage = house.meetings.usage(owner, day(days.start)..day(days.end)).await;
    usage.unwrap().days().collect()
}

#[tokio::test]
async fn days_are_added_up_from_what_is_stored() {
    let house = House::new().await;
    house.book(booking("talk", 0)).await;
    house
        .meetings
        .observe(&[enters("talk", "ann", 10), enters("talk", "bob", 70)])
        .await
        .unwrap();
    let gone = [leaves("talk", "ann", 10, 130), leaves("talk", "bob", 70, 130)];
    house.meetings.observe(&gone).await.unwrap();
    house
        .meetings
        .observe(&[enters("open", "eve", 20)])
        .await
        .unwrap();
    let missed = house.book(booking("missed", 60)).await;
    house.book(booking("ahead", hours(24 * 5))).await;
    NOW.set(hours(1));
    house.apply(&missed, Input::Tick).await;
    let house = house.restarted().await;

    let rows = totals(&house, &of_client("ataraxia"), 0..30).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = &rows[0];
    assert_eq!(
        (row.day, row.meetings, row.missed, row.cancelled),
        (day(0), 1, 1, 0)
    );
    assert_eq!((row.person_minutes(), row.peak), (3, 2));
    let clients: Vec<_> = totals(&house, &Owner::Everyone, 0..1).await;
    let clients: Vec<_> = clients.iter().map(|row| row.client.as_str()).collect();
    assert_eq!(clients, ["adhoc", "ataraxia"]);
    assert!(totals(&house, &Owner::Everyone, 1..30).await.is_empty());
}
