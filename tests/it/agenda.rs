//! Lists of meetings on a real store: whose they are, in which order, and that no crash and no older store takes a meeting
//! off them.

mod booked;
mod crash;
mod lists;
mod rooms;
mod swept;
mod totals;

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use chrono::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use usher::config;
use usher::domain::meeting::{Appointment, Details, Kind, MeetingType, Slot};
use usher::domain::observation::{
    Arrival, BackendId, BackendKind, Departure, LeaveReason, Observation, OccupantId, Part, Person, Role,
    RoomKey, Source, What,
};
use usher::domain::{Ambient, Booking, ClientId, Input, Meeting, MeetingId, RoomName, Timestamp, UserId};
use usher::live::Live;
use usher::meetings::Meetings;
use usher::meetings::agenda::{Listing, Owner, Wanted};
use usher::store::{OpenError, Store, Table};
use usher::telemetry::Metrics;
use usher::telemetry::metrics::Build;

use crate::patience::look_for;

thread_local! {
    /// Seconds after [`at`]`(0)`; every test has a thread of its own.
    static NOW: Cell<i64> = const { Cell::new(0) };
}

/// The core of usher without its edges, and the folder of its store.
struct House {
    meetings: Meetings,
    store: Store,
    folder: TempDir,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_795_222_000 + seconds, 0).unwrap()
}

fn now() -> Timestamp {
    at(NOW.get())
}

fn random(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the kernel has random numbers");
}

// === impl House ===

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::opened(store(folder.path()).await, folder).await
    }

    /// Gives the store up, for a look at it as it lies there.
    async fn closed(self) -> (Store, TempDir) {
        drop((self.meetings, self.store));
        (store(self.folder.path()).await, self.folder)
    }

    async fn opened(store: Store, folder: TempDir) -> Self {
        Self {
            meetings: open(store.clone(), folder.path()).await,
            store,
            folder,
        }
    }

    async fn restarted(self) -> Self {
        let (store, folder) = self.closed().await;
        Self::opened(store, folder).await
    }

    async fn book(&self, booking: Booking) -> Meeting {
        self.meetings.book(booking).await.unwrap().meeting
    }

    async fn apply(&self, meeting: &Meeting, input: Input) -> Meeting {
        self.meetings.apply(meeting.id, &input).await.unwrap().0
    }

    async fn part(&self, owner: &Owner, wanted: &Wanted, cursor: Option<&str>, limit: usize) -> Listing {
        self.meetings.list(owner, wanted, cursor, limit).await.unwrap()
    }

    /// The whole list, however many parts it takes.
    async fn list(&self, owner: &Owner, wanted: &Wanted, limit: usize) -> Vec<MeetingId> {
        let (mut ids, mut cursor) = (Vec::new(), None);
        loop {
            let part = self.part(owner, wanted, cursor.as_deref(), limit).await;
            assert!(part.meetings.len() <= limit);
            ids.extend(part.meetings.iter().map(|meeting| meeting.id));
            cursor = part.next;
            if cursor.is_none() {
                return ids;
            }
        }
    }

    async fn everything(&self, owner: &Owner) -> Vec<MeetingId> {
        self.list(owner, &Wanted::default(), 200).await
    }
}

/// The store in that folder; waits until whoever had it open has let go.
async fn store(folder: &Path) -> Store {
    let daemon = config::sample(folder.to_owned()).daemon;
    let opened = look_for(async || match Store::open(&daemon.store, |_| ()).await {
        Err(OpenError::InUse { .. }) => None,
        opened => Some(opened.expect("the store can be opened")),
    });
    opened.await.expect("whoever had it open lets go")
}

async fn open(store: Store, folder: &Path) -> Meetings {
    let metrics = Arc::new(Metrics::new(Build::CURRENT, now()).expect("the metrics are well-formed"));
    let config = watch::channel(Arc::new(config::sample(folder.to_owned()))).1;
    let live = Live::new("usher/test".into(), [0; 4], Arc::clone(&metrics));
    let opened = Meetings::open(store, config, metrics, live, Ambient { now, random }).await;
    opened.expect("the store is readable").0
}

fn room(name: &str) -> RoomKey {
    let backend = BackendId {
        kind: BackendKind::Jitsi,
        name: "main".into(),
    };
    RoomKey {
        backend,
        name: RoomName::parse(name).unwrap(),
    }
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn of_user(name: &str) -> Owner {
    Owner::User(user(name))
}

fn of_client(name: &str) -> Owner {
    Owner::Client(ClientId::parse(name).unwrap())
}

fn slot(starts: i64) -> Option<Slot> {
    Some(Slot {
        starts_at: at(starts),
        minutes: 30,
    })
}

/// A meeting of ann and bob in a room of that name.
fn booking(name: &str, starts: i64) -> Booking {
    Booking {
        client: ClientId::parse("ataraxia").unwrap(),
        kind: Kind::Meeting,
        room: room(name),
        meeting_type: MeetingType::Video,
        role_context: None,
        slot: slot(starts),
        appointment: None,
        idempotency_key: None,
        continues: None,
        details: Details {
            participants: vec![user("ann"), user("bob")],
            ..Details::default()
        },
    }
}

/// An appointment at a hospital.
fn visit(name: &str, starts: i64, in_person: bool) -> Booking {
    let appointment = Appointment {
        hospital: Some("saint/mary".into()),
        doctor: Some(user("dr-sara")),
        patient: Some(user("kim@example.com")),
        in_person,
        ..Appointment::default()
    };
    let mut booking = booking(name, starts);
    booking.kind = Kind::Appointment;
    booking.details = Details {
        appointment: Some(appointment),
        ..Details::default()
    };
    booking
}

fn seen(name: &str, when: i64, what: What) -> Observation {
    Observation {
        room: room(name),
        at: at(when),
        source: Source::Prosody,
        what,
    }
}

fn arrival(who: &str, from: i64) -> Arrival {
    Arrival {
        occupant: OccupantId(who.into()),
        part: Part::Main,
        entered_at: Some(at(from)),
        role: Role::Person,
        person: Person::reported(Some(who), None),
    }
}

fn enters(name: &str, who: &str, from: i64) -> Observation {
    seen(name, from, What::Entered(arrival(who, from)))
}

fn leaves(name: &str, who: &str, from: i64, to: i64) -> Observation {
    let Arrival {
        occupant,
        part,
        entered_at,
        role,
        person,
    } = arrival(who, from);
    let departure = Departure {
        occupant,
        part,
        entered_at,
        role,
        person,
        reason: LeaveReason::Left,
    };
    seen(name, to, What::Left(departure))
}

/// Everything on one table, as (key, value).
async fn table(store: &Store, table: Table) -> Vec<(String, bytes::Bytes)> {
    let (mut scan, mut found) = (store.scan(table, None), Vec::new());
    loop {
        let page = scan.next(1000).await.unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(page.into_iter().map(|entry| (entry.key, entry.value)));
    }
}

/// As if the program that wrote the store had known nothing of lists.
async fn forget_lists(store: &Store) {
    for (key, _) in table(store, Table::Agenda).await {
        let (_, revision) = store.get(Table::Agenda, &key).await.unwrap().unwrap();
        store.remove(Table::Agenda, &key, revision).await.unwrap();
    }
}

fn hours(hours: i64) -> i64 {
    Duration::hours(hours).num_seconds()
}
