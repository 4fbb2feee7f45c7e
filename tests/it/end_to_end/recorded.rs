//! The calls of the event_sync module, replayed as they were recorded, out of order, repeated and incomplete.
//!
//! `event_sync.json` is what jitsi-contrib's module posted for two people with tokens in `alpha`, and for `beta`, which
//! the focus opened and nobody entered. Only the times are moved, and `alpha` becomes a booked room.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::stage::{clock, until_published};
use super::story::{self, lines, time};
use crate::nats::{NatsServer, Reader};
use crate::prosody::people::People;
use crate::prosody::server::{self as prosody, MUC, Prosody, jitsi_plugins};
use crate::prosody::snippets::{paste, with_jitsi};
use crate::reload::save_in_place;
use crate::usher::{PROSODY_SECRET, Setup, Usher, answered};

const RECORDED: &str = include_str!("event_sync.json");
const AN_HOUR: &str = "booked_grace_secs = 3600";
/// When the last call was recorded, in Unix seconds.
const RECORDED_AT: i64 = 1_795_235_409;

/// The calls by their place in the recording.
const CREATED: usize = 0;
const ANN_IN: usize = 1;
const BOB_IN: usize = 2;
const BOB_OUT: usize = 3;
const ANN_OUT: usize = 4;
const DESTROYED: usize = 5;
/// `beta`: created, and destroyed with `{}` for a list.
const OF_NOBODY: [usize; 2] = [6, 7];

/// How the calls may arrive; each must come to the same end.
const ARRIVALS: [(&str, &[usize]); 4] = [
    (
        "in-order",
        &[CREATED, ANN_IN, BOB_IN, BOB_OUT, ANN_OUT, DESTROYED],
    ),
    (
        "each-thrice",
        &[
            CREATED, CREATED, CREATED, ANN_IN, ANN_IN, ANN_IN, BOB_IN, BOB_IN, BOB_IN, BOB_OUT, BOB_OUT,
            BOB_OUT, ANN_OUT, ANN_OUT, ANN_OUT, DESTROYED, DESTROYED, DESTROYED,
        ],
    ),
    (
        "shuffled",
        &[
            BOB_OUT, ANN_IN, DESTROYED, BOB_OUT, CREATED, BOB_IN, ANN_OUT, ANN_IN, DESTROYED, BOB_IN,
        ],
    ),
    ("no-leave-arrived", &[CREATED, ANN_IN, BOB_IN, DESTROYED]),
];

#[tokio::test]
async fn recorded_calls_come_to_the_same_end_in_any_order() {
    let nats = NatsServer::start();
    let usher = Usher::start(patient().nats(&nats.url())).await;
    let meetings = replay_all(&usher).await;
    let stream = Reader::connect(&nats.url()).await.stored().await;
    for (arrival, meeting) in &meetings {
        check_story(arrival, &story::of(&stream, meeting));
    }
    check_metrics(&usher).await;
    also_the_module_itself().await;
}

#[tokio::test]
async fn without_nats_the_same_events_are_in_the_log() {
    let usher = Usher::start(patient()).await;
    let meetings = replay_all(&usher).await;
    let log = usher.event_log();
    log.iter().for_each(story::check_event);
    for (arrival, meeting) in &meetings {
        let of_it: Vec<_> = log
            .iter()
            .filter(|event| event["subject"] == meeting.as_str())
            .cloned()
            .collect();
        story::check_order(&of_it);
        check_story(arrival, &of_it);
    }
    check_metrics(&usher).await;
}

/// An empty booked room is not over for an hour: what a busy machine makes late is not late for usher.
fn patient() -> Setup {
    Setup::default().sections(&format!("[meetings]\nadhoc_grace_secs = 1\n{AN_HOUR}"))
}

/// Replays every arrival in a booked room of its own, and a room of nobody; returns when all are over.
async fn replay_all(usher: &Usher) -> Vec<(&'static str, String)> {
    let mut meetings = Vec::new();
    for (arrival, order) in ARRIVALS {
        let booked = usher.create_room(arrival).await;
        let room = booked["roomName"].as_str().expect("a room");
        for call in calls(room, order) {
            answered(usher.report(call["path"].as_str().expect("a path"), &call["body"])).await;
        }
        meetings.push((arrival, booked["meetingId"].as_str().expect("an id").to_owned()));
    }
    for call in calls("alpha", &OF_NOBODY) {
        answered(usher.report(call["path"].as_str().expect("a path"), &call["body"])).await;
    }
    let file = usher.config_dir().join("usher.toml");
    let text = fs::read_to_string(&file).expect("the configuration");
    save_in_place(&file, &text.replace(AN_HOUR, "booked_grace_secs = 1"));
    until_over(usher, ARRIVALS.len()).await;
    meetings
}

/// Calls of the recording with their times moved to now, and `room` for `alpha`.
fn calls(room: &str, order: &[usize]) -> Vec<Value> {
    let text = RECORDED
        .replace("\"alpha\"", &json!(room).to_string())
        .replace("alpha@", &format!("{room}@"));
    let mut recorded: Vec<Value> = serde_json::from_str(&text).expect("the recording is JSON");
    let later = clock().timestamp() - RECORDED_AT;
    recorded
        .iter_mut()
        .for_each(|call| move_times(&mut call["body"], later));
    order.iter().map(|&place| recorded[place].clone()).collect()
}

fn move_times(value: &mut Value, later: i64) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| match value.as_i64() {
            Some(seconds) if name.ends_with("_at") => *value = json!(seconds + later),
            _ => move_times(value, later),
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| move_times(item, later)),
        _ => {}
    }
}

async fn until_over(usher: &Usher, count: usize) {
    let over = [("usher_meeting_duration_seconds_count", count as f64)];
    usher.until_metrics(&over).await;
    until_published(usher, 7 * count).await;
}

/// Seven events whose figures are those of the recording; in its own order where the calls were in order.
fn check_story(arrival: &str, events: &[Value]) {
    let expected = [
        "1 scheduled booked",
        "2 active first_joined",
        "3 participant.joined Ann entered",
        "4 participant.joined Bob entered",
        "5 participant.left Bob left",
        "6 participant.left Ann left",
        "7 completed last_left",
    ];
    if arrival == "shuffled" {
        assert_eq!(
            without_numbers(&lines(events)),
            without_numbers(&expected.map(str::to_owned)),
            "{arrival}"
        );
    } else {
        assert_eq!(lines(events), expected, "{arrival}");
    }
    let completed = &events[6]["data"];
    let figures =
        ["durationSeconds", "personSeconds", "participantsPeak"].map(|name| completed[name].as_u64());
    assert_eq!(figures, [Some(7), Some(9), Some(2)], "{arrival}");
    assert_eq!(
        (time(&completed["endedAt"]) - time(&completed["startedAt"])).num_seconds(),
        7
    );
    assert_eq!(
        (&completed["synthesised"], &completed["cause"]["by"]),
        (&json!(false), &json!("event_sync"))
    );
    check_people(arrival, events);
}

fn check_people(arrival: &str, events: &[Value]) {
    for event in events
        .iter()
        .filter(|event| story::kind(event) == "participant.left")
    {
        let participant = &event["data"]["participant"];
        let (id, seconds) = if participant["name"] == "Ann" {
            ("ann-7", 7)
        } else {
            ("bob-7", 2)
        };
        assert_eq!(
            (&participant["id"], &participant["durationSeconds"]),
            (&json!(id), &json!(seconds)),
            "{arrival}"
        );
        assert_eq!(participant["estimated"], json!(false), "{arrival}");
    }
}

fn without_numbers(lines: &[String]) -> Vec<&str> {
    let mut texts: Vec<_> = lines
        .iter()
        .filter_map(|line| Some(line.split_once(' ')?.1))
        .collect();
    texts.sort_unstable();
    texts
}

async fn check_metrics(usher: &Usher) {
    let expected = [
        ("usher_meetings{status=\"scheduled\"}", 0.0),
        ("usher_meetings{status=\"active\"}", 0.0),
        ("usher_people", 0.0),
        ("usher_events_published_total", 28.0),
        ("usher_meeting_duration_seconds_count", 4.0),
        ("usher_meeting_duration_seconds_sum", 28.0),
        (
            "usher_ingest_total{source=\"event_sync\",verdict=\"ignored\"}",
            2.0,
        ),
        ("usher_corrections_total{kind=\"amended\"}", 0.0),
    ];
    usher.until_metrics(&expected).await;
}

/// The same with the module at work, where Jitsi's modules are there: it needs their `util`.
async fn also_the_module_itself() {
    let Some(folders) = jitsi_plugins("event_sync at work") else {
        return;
    };
    let usher = Usher::start(Setup::default().quick()).await;
    let prosody = with_event_sync(&usher, &folders).await;
    let booked = usher.create_room("appt-1").await;
    let room = format!("{}@{MUC}", booked["roomName"].as_str().expect("a room"));
    let mut people = People::start();
    // The module overlooks whoever opens a room; in Jitsi that is always the focus.
    people.focus(&prosody, &room).await;
    for name in ["Ann", "Bob"] {
        people.join(&prosody, name, &room).await;
    }
    for name in ["Bob", "Ann"] {
        people.leave(name, &room).await;
    }
    until_over(&usher, 1).await;
    let log = usher.event_log();
    log.iter().for_each(story::check_event);
    story::check_order(&log);
    let kinds: Vec<_> = log.iter().map(story::kind).collect();
    let (joined, left) = ("participant.joined", "participant.left");
    assert_eq!(
        kinds,
        ["scheduled", "active", joined, joined, left, left, "completed"]
    );
}

async fn with_event_sync(usher: &Usher, folders: &[PathBuf]) -> Prosody {
    let breakout = "Component \"breakout.meet.test\" \"muc\"\nmuc_room_locking = false";
    let setup = with_jitsi(prosody::Setup::default(), folders).end(breakout);
    let changes = [("replace-me-by-a-random-secret", PROSODY_SECRET)];
    Prosody::start(paste(setup, "event-sync.cfg.lua", &usher.url(), &changes)).await
}
