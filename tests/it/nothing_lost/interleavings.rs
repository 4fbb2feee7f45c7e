//! Two observers of the same rooms, repetitions and crashes in random interleavings, within one process on a real store.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use usher::config::{self, Config};
use usher::domain::observation::{
    Arrival, BackendId, BackendKind, Departure, LeaveReason, Observation, OccupantId, Part, Person, Role,
    RoomKey, Source, What,
};
use usher::domain::report::{Batch, Fact, Numbered};
use usher::domain::{Ambient, Event, EventKind, Input, Meeting, RoomName, Timestamp};
use usher::live::Live;
use usher::meetings::{Meetings, Written};
use usher::store::{OpenError, Store};
use usher::telemetry::Metrics;
use usher::telemetry::metrics::Build;

use super::dice::Dice;
use crate::patience::look_for;

const ROUNDS: usize = 25;
const ROOMS: [&str; 2] = ["alpha", "beta"];
const GUESTS: usize = 6;
/// After so many crashes a round is left to finish in peace.
const CRASHES: usize = 12;
/// The host is in from the first second to the last, in seconds after the beginning.
const WHOLE: i64 = 600;

/// One person's stay, in seconds after the beginning.
struct Visit {
    room: &'static str,
    person: String,
    from: i64,
    to: i64,
}

/// What the observers still have to report.
struct Reports {
    module: VecDeque<Numbered>,
    event_sync: Vec<Observation>,
}

/// Who was in: a host for the whole time and guests in between.
fn visits(dice: &mut Dice) -> Vec<Visit> {
    let mut visits = Vec::new();
    for room in ROOMS {
        visits.push(Visit {
            room,
            person: format!("host-of-{room}"),
            from: 0,
            to: WHOLE,
        });
        for guest in 0..GUESTS {
            let from = i64::try_from(1 + dice.below(400)).expect("small");
            let to = from + i64::try_from(1 + dice.below(150)).expect("small");
            visits.push(Visit {
                room,
                person: format!("guest-{guest}-of-{room}"),
                from,
                to,
            });
        }
    }
    visits
}

fn reports(visits: &[Visit]) -> Reports {
    let mut facts: Vec<_> = visits
        .iter()
        .flat_map(|visit| [(visit.from, visit, true), (visit.to, visit, false)])
        .collect();
    facts.sort_by_key(|(at, ..)| *at);
    let seen = |source| {
        facts
            .iter()
            .map(move |(at, visit, enters)| visit.observation(*at, *enters, source))
    };
    let numbered = |(seen, number)| Numbered {
        number,
        fact: Fact::Observed(seen),
    };
    Reports {
        module: seen(Source::Prosody).zip(1..).map(numbered).collect(),
        event_sync: seen(Source::EventSync).collect(),
    }
}

// === impl Visit ===

impl Visit {
    fn observation(&self, at: i64, enters: bool, source: Source) -> Observation {
        let (occupant, part, role, person) = (self.occupant(), Part::Main, Role::Person, Person::default());
        let what = if enters {
            What::Entered(Arrival {
                occupant,
                part,
                entered_at: Some(moment(self.from)),
                role,
                person,
            })
        } else {
            let (entered_at, reason) = (Some(moment(self.from)), LeaveReason::Left);
            What::Left(Departure {
                occupant,
                part,
                entered_at,
                role,
                person,
                reason,
            })
        };
        Observation {
            room: key(self.room),
            at: moment(at),
            source,
            what,
        }
    }

    fn occupant(&self) -> OccupantId {
        OccupantId(format!("{}@meet.test/1", self.person))
    }
}

fn key(room: &str) -> RoomKey {
    RoomKey {
        backend: backend(),
        name: RoomName::parse(room).expect("a plain name"),
    }
}

fn backend() -> BackendId {
    BackendId {
        kind: BackendKind::Jitsi,
        name: "main".into(),
    }
}

/// Ten minutes that are just over, in the same place in every call of one process.
fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_800_000_000 + seconds, 0).expect("a year of four digits")
}

fn just_over() -> Timestamp {
    moment(WHOLE + 1)
}

fn much_later() -> Timestamp {
    moment(WHOLE + 3600)
}

fn random(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the kernel has random numbers");
}

/// The meetings in that folder; waits until whoever had it open has let go.
async fn open(folder: &Path, now: fn() -> Timestamp) -> (Meetings, mpsc::UnboundedReceiver<Written>) {
    let config = config(folder);
    let opened = look_for(async || match Store::open(&config.daemon.store, |_| ()).await {
        Err(OpenError::InUse { .. }) => None,
        opened => Some(opened.expect("the store can be opened")),
    });
    let store = opened.await.expect("whoever had it open lets go");
    let metrics = Arc::new(Metrics::new(Build::CURRENT, now()).expect("the metrics are well-formed"));
    let config = watch::channel(Arc::new(config)).1;
    let live = Live::new("usher/test".into(), [0; 4], Arc::clone(&metrics));
    Meetings::open(store, config, metrics, live, Ambient { now, random })
        .await
        .expect("the store is readable")
}

fn config(folder: &Path) -> Config {
    let mut config = config::sample(folder.to_owned());
    config.daemon.store.path = folder.to_owned();
    config
}

/// Batches of random sizes; now and then a receipt is lost, or the same batch is under way twice.
async fn speak(meetings: &Meetings, queue: &mut VecDeque<Numbered>, dice: &mut Dice) {
    while !queue.is_empty() {
        let size = 1 + dice.below(6);
        let receipt = if dice.one_in(3) {
            let (_, second) = tokio::join!(
                meetings.take(batch(queue, size)),
                meetings.take(batch(queue, size))
            );
            second
        } else {
            meetings.take(batch(queue, size)).await
        };
        let (receipt, _) = receipt.expect("the store is there");
        if !dice.one_in(4) {
            queue.retain(|event| event.number > receipt.stored);
        }
    }
}

fn batch(queue: &VecDeque<Numbered>, size: usize) -> Batch {
    let copy = |event: &Numbered| match &event.fact {
        Fact::Observed(seen) => Numbered {
            number: event.number,
            fact: Fact::Observed(seen.clone()),
        },
        other => panic!("only observations are queued, not {other:?}"),
    };
    let (host, instance) = ("conference.meet.test".to_owned(), "one load".to_owned());
    Batch {
        backend: backend(),
        host,
        instance,
        dropped: 0,
        events: queue.iter().take(size).map(copy).collect(),
    }
}

/// Single calls, out of order within a few and sometimes twice.
async fn call(meetings: &Meetings, calls: &mut Vec<Observation>, dice: &mut Dice) {
    while !calls.is_empty() {
        let index = dice.below(calls.len().min(5));
        meetings
            .observe(&calls[index..=index])
            .await
            .expect("the store is there");
        if !dice.one_in(4) {
            calls.remove(index);
        }
    }
}

/// Both observers at once, with crashes in between, until everything is acknowledged; how many there were.
async fn report_all(folder: &Path, reports: &mut Reports, dice: &mut Dice) -> usize {
    let mut crashes = 0;
    loop {
        let (meetings, _written) = open(folder, just_over).await;
        let patience = (crashes < CRASHES).then(|| dice.below(60));
        let (mut one, mut other) = (dice.split(), dice.split());
        let reporting = async {
            let spoken = speak(&meetings, &mut reports.module, &mut one);
            tokio::join!(spoken, call(&meetings, &mut reports.event_sync, &mut other));
        };
        tokio::select! {
            biased;
            () = reporting => return crashes,
            () = a_while(patience) => crashes += 1,
        }
    }
}

/// About as long as so many reads of the store take; for ever without a number.
async fn a_while(reads: Option<usize>) {
    let Some(reads) = reads else {
        return std::future::pending().await;
    };
    for _ in 0..reads {
        // What matters is the way to a blocking thread and back, which a read takes too.
        let _ = tokio::task::spawn_blocking(|| ()).await;
    }
}

/// Every stored meeting with all of its events, after everything is over.
async fn outcome(folder: &Path) -> Vec<(Meeting, Vec<Event>)> {
    let (meetings, mut written) = open(folder, much_later).await;
    let (mut stored, mut outcome) = (BTreeSet::new(), Vec::new());
    while let Ok(Written { meeting, .. }) = written.try_recv() {
        stored.insert(meeting);
    }
    for meeting in stored {
        meetings
            .apply(meeting, &Input::Tick)
            .await
            .expect("the meeting is stored");
        outcome.push(
            meetings
                .unsent(meeting, 0)
                .await
                .expect("it can be read")
                .expect("it is stored"),
        );
    }
    outcome
}

fn assert_told(events: &[Event], visits: &[&Visit]) {
    let numbers: Vec<_> = events.iter().map(|event| event.sequence).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let of = |kind| events.iter().filter(move |event| event.kind == kind);
    assert_eq!(
        (events[0].kind, of(EventKind::Active).count()),
        (EventKind::Active, 1)
    );
    assert_eq!(
        (events[events.len() - 1].kind, of(EventKind::Completed).count()),
        (EventKind::Completed, 1)
    );
    assert_eq!(events.len(), 2 * visits.len() + 2);
    for visit in visits {
        let whose = |event: &&Event| {
            event
                .participant
                .as_ref()
                .is_some_and(|who| who.occupant == visit.occupant())
        };
        let told: Vec<_> = events.iter().filter(whose).collect();
        let kinds: Vec<_> = told.iter().map(|event| event.kind).collect();
        assert_eq!(
            kinds,
            [EventKind::ParticipantJoined, EventKind::ParticipantLeft],
            "{}",
            visit.person
        );
        let times = told[1]
            .participant
            .as_ref()
            .map(|who| (who.joined_at, who.left_at, who.estimated));
        assert_eq!(
            times,
            Some((moment(visit.from), Some(moment(visit.to)), false)),
            "{}",
            visit.person
        );
    }
}

fn assert_figures(meeting: &Meeting, visits: &[&Visit]) {
    let figures = meeting.figures.expect("a completed meeting has figures");
    assert_eq!(figures.duration_seconds(), WHOLE);
    assert_eq!(
        figures.person_millis,
        visits
            .iter()
            .map(|visit| (visit.to - visit.from) * 1000)
            .sum::<i64>()
    );
    let inside = |at: i64| {
        visits
            .iter()
            .filter(|visit| visit.from <= at && at < visit.to)
            .count()
    };
    let peak = visits
        .iter()
        .map(|visit| inside(visit.from))
        .max()
        .expect("somebody was in");
    assert_eq!(usize::try_from(figures.peak), Ok(peak));
}

#[tokio::test]
async fn two_observers_and_crashes_make_one_story() {
    let (mut dice, mut rounds, mut crashes) = (Dice::from_environment(), 0, 0);
    // Where the disk is so fast that few come in time, there are more rounds.
    while rounds < ROUNDS || crashes <= ROUNDS {
        rounds += 1;
        let folder = TempDir::new().expect("a temporary folder");
        let visits = visits(&mut dice);
        crashes += report_all(folder.path(), &mut reports(&visits), &mut dice).await;
        let outcome = outcome(folder.path()).await;
        assert_eq!(outcome.len(), ROOMS.len(), "one meeting for each room");
        for (meeting, events) in &outcome {
            let room = meeting.booking.room.name.as_str();
            let visits: Vec<_> = visits.iter().filter(|visit| visit.room == room).collect();
            assert_told(events, &visits);
            assert_figures(meeting, &visits);
        }
    }
}
