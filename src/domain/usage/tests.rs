use proptest::prelude::*;

use super::*;
use crate::domain::attendance::{End, Notice};
use crate::domain::meeting::{Booking, Kind, MeetingType, Slot};
use crate::domain::observation::{
    Arrival, BackendId, LeaveReason, OccupantId, Part, Person, Role, RoomKey, Source,
};
use crate::domain::{MeetingId, RoomName};

const DAY: i64 = 86_400;

/// Seconds from a midnight on.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(20_000 * DAY + seconds, 0).unwrap()
}

fn day(number: i64) -> NaiveDate {
    at(number * DAY).date_naive()
}

fn meeting(client: &str, booked_for: i64, status: Status, visits: &[(i64, i64)]) -> Meeting {
    let backend = BackendId::jitsi("main");
    let booking = Booking {
        client: ClientId::parse(client).unwrap(),
        kind: Kind::Meeting,
        room: RoomKey {
            backend,
            name: RoomName::parse("alpha").unwrap(),
        },
        meeting_type: MeetingType::Video,
        role_context: None,
        slot: Some(Slot {
            starts_at: at(booked_for),
            minutes: 30,
        }),
        appointment: None,
        idempotency_key: None,
        continues: None,
        details: Default::default(),
    };
    let mut meeting = Meeting::book(MeetingId::new(at(0), [0; 10]), booking, at(0)).meeting;
    meeting.status = status;
    for (number, (from, to)) in visits.iter().enumerate() {
        come_and_go(&mut meeting, number, (at(*from), at(*to)));
    }
    meeting
}

fn come_and_go(meeting: &mut Meeting, number: usize, (from, to): Span) {
    let arrival = Arrival {
        occupant: OccupantId(number.to_string()),
        part: Part::Main,
        entered_at: Some(from),
        role: Role::Person,
        person: Person::default(),
    };
    let notice = Notice {
        source: Source::Prosody,
        at: to,
    };
    meeting.attendance.enter(&arrival, from, notice);
    meeting
        .attendance
        .end_all(&End::estimated(to, LeaveReason::RoomClosed, notice));
}

fn completed(from: i64, to: i64) -> Status {
    Status::Completed {
        started_at: at(from),
        ended_at: at(to),
    }
}

fn totals(days: Range<i64>, meetings: &[Meeting]) -> Vec<DayOfUse> {
    let mut usage = Usage::new(day(days.start)..day(days.end));
    meetings
        .iter()
        .for_each(|meeting| usage.add(meeting, at(10 * DAY)));
    usage.days().collect()
}

#[test]
fn a_day_is_added_up_for_each_client() {
    let meetings = [
        meeting("ataraxia", 600, completed(600, 1200), &[(600, 1200), (660, 1200)]),
        meeting("ataraxia", 900, completed(900, 1800), &[(900, 1800)]),
        meeting("ataraxia", 700, Status::Missed { at: at(2500) }, &[]),
        meeting(
            "other",
            700,
            Status::Cancelled {
                started_at: None,
                at: at(1),
            },
            &[],
        ),
        meeting("other", 800, Status::Scheduled, &[]),
    ];
    let rows = totals(0..1, &meetings);
    let told = |row: &DayOfUse| {
        (
            row.meetings,
            row.missed,
            row.cancelled,
            row.person_minutes(),
            row.peak,
        )
    };
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        [(2, 1, 0, 34, 3), (0, 0, 1, 0, 0)]
    );
    assert_eq!(rows[1].client.as_str(), "other");
}

#[test]
fn a_meeting_counts_for_the_day_it_began() {
    let early = meeting("a", DAY, completed(DAY - 60, DAY + 600), &[(DAY - 60, DAY + 600)]);
    assert_eq!(totals(0..3, std::slice::from_ref(&early))[0].day, day(0));
    assert!(totals(1..3, &[early]).is_empty());
    let listed = Usage::new(day(1)..day(2)).listed();
    assert_eq!(listed, at(0)..at(3 * DAY));
    let stray = meeting("a", 5 * DAY, completed(60, 120), &[(60, 120)]);
    assert_eq!(totals(0..9, &[stray])[0].day, day(5), "booked for another day");
}

fn any_meeting() -> impl Strategy<Value = Meeting> {
    let status = |from: i64| {
        prop_oneof![
            Just(completed(from, from + 100)),
            Just(Status::Active { started_at: at(from) }),
            Just(Status::Missed { at: at(from) }),
            Just(Status::Scheduled),
            Just(Status::Cancelled {
                started_at: None,
                at: at(from)
            }),
        ]
    };
    let client = prop::sample::select(vec!["a", "b"]);
    let times = (0..5 * DAY, -2 * DAY..2 * DAY);
    (
        client,
        times,
        prop::collection::vec((0..5000i64, 0..5000i64), 0..5),
    )
        .prop_flat_map(move |(client, (booked_for, off), visits)| {
            let began = (booked_for + off).max(0);
            let visits: Vec<_> = visits
                .iter()
                .map(|(from, long)| (began + from, began + from + long))
                .collect();
            status(began).prop_map(move |status| meeting(client, booked_for, status, &visits))
        })
}

proptest! {
    #[test]
    fn days_add_up_to_the_whole_and_every_counted_meeting_is_listed_near(
        meetings in prop::collection::vec(any_meeting(), 0..12)
    ) {
        let whole = totals(0..9, &meetings);
        let apart: Vec<_> = (0..9).flat_map(|number| totals(number..number + 1, &meetings)).collect();
        prop_assert_eq!(&whole, &apart);
        let counted: u32 = whole.iter().map(|row| row.meetings + row.missed + row.cancelled).sum();
        let begun = meetings.iter().filter(|meeting| meeting.status != Status::Scheduled).count();
        prop_assert_eq!(usize::try_from(counted).unwrap(), begun);
        for meeting in &meetings {
            for number in 0..9 {
                let counts = !totals(number..number + 1, std::slice::from_ref(meeting)).is_empty();
                let listed = Usage::new(day(number)..day(number + 1)).listed();
                prop_assert!(!counts || listed.contains(&meeting.listed_at()));
            }
        }
    }
}
