//! How events reach usher: once in effect, in order, whatever happens on the way.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::people::People;
use super::receiver::{Answer, Batch, Receiver, without_rosters};
use super::server::{MUC, Prosody, Setup};

const SECRET: &str = "a secret of Prosody and usher";
const ALPHA: &str = "alpha@conference.meet.test";
const NO_TIMED_ROSTER: &str = "usher_roster_interval = 3600";
const SHORT_ROSTER_INTERVAL: &str = "usher_roster_interval = 1";
const RETRYING: &str = "usher did not take the events";

async fn bench(receiver: &Receiver, lines: &str) -> (Prosody, People) {
    let setup = Setup::default()
        .global(&format!(
            "usher_url = \"{}\"\nusher_secret = \"{SECRET}\"\n{lines}",
            receiver.url()
        ))
        .muc("modules_enabled = { \"usher_events\" }");
    (Prosody::start(setup).await, People::start())
}

fn numbers(events: &[Value]) -> Vec<u64> {
    events.iter().filter_map(|event| event["n"].as_u64()).collect()
}

fn of_type<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

/// The different loads of the module that sent something.
fn instances(batches: &[Batch]) -> HashSet<String> {
    batches
        .iter()
        .map(|batch| batch.body["instance"].to_string())
        .collect()
}

#[tokio::test]
async fn nothing_is_lost_while_usher_is_away() {
    let mut receiver = Receiver::start().await;
    let (prosody, mut people) = bench(&receiver, NO_TIMED_ROSTER).await;
    people.join(&prosody, "ann", ALPHA).await;
    receiver.facts(2).await;

    receiver.stop().await;
    for id in ["bob", "cat", "dan"] {
        people.join(&prosody, id, ALPHA).await;
        people.leave(id, ALPHA).await;
    }
    prosody.wait_for_log(RETRYING).await;
    receiver.listen().await;
    receiver.facts(8).await;
    people.leave("ann", ALPHA).await;

    let events = receiver
        .wait("the end", |events| !of_type(events, "room_closed").is_empty())
        .await;
    assert_eq!(
        numbers(&events),
        (1..=events.len() as u64).collect::<Vec<_>>(),
        "in order and without a gap"
    );
    assert_eq!(of_type(&events, "joined").len(), 4);
    assert_eq!(of_type(&events, "left").len(), 4);
    assert!(receiver.batches().iter().all(|batch| batch.body["dropped"] == 0));
}

#[tokio::test]
async fn an_answer_that_never_comes_is_asked_for_again() {
    let receiver = Receiver::start().await;
    let (prosody, mut people) = bench(&receiver, NO_TIMED_ROSTER).await;
    receiver.wait("the first list", |events| !events.is_empty()).await;
    receiver.answer(Answer::Hang);
    people.join(&prosody, "ann", ALPHA).await;
    receiver
        .wait_for_batches("the lost request", |batches| batches.len() >= 2)
        .await;
    receiver.answer(Answer::Store);
    assert_eq!(numbers(&receiver.facts(2).await), [2, 3]);
    assert!(prosody.logged("no answer in time") >= 1);
}

#[tokio::test]
async fn a_full_queue_drops_the_oldest_and_says_so() {
    let mut receiver = Receiver::stopped();
    let (prosody, mut people) = bench(&receiver, &format!("{NO_TIMED_ROSTER}\nusher_queue_size = 5")).await;
    for id in ["ann", "bob", "cat", "dan"] {
        people.join(&prosody, id, ALPHA).await;
        people.leave(id, ALPHA).await;
    }
    prosody.wait_for_log("the oldest events are dropped").await;
    receiver.listen().await;

    // The list of rooms, and for each of the four a room that opens, a join, a leave and the end: 17 events.
    let events = receiver.facts(5).await;
    assert_eq!(numbers(&events[..5]), [13, 14, 15, 16, 17]);
    let first = receiver.batches().swap_remove(0);
    assert_eq!(first.body["first"], 13);
    assert_eq!(first.body["dropped"], 12);
}

#[tokio::test]
async fn a_roster_comes_at_the_start_by_the_clock_and_on_request() {
    let receiver = Receiver::start().await;
    let (prosody, mut people) = bench(&receiver, SHORT_ROSTER_INTERVAL).await;
    let events = receiver
        .wait("the first list of rooms", |events| !events.is_empty())
        .await;
    assert_eq!(
        (&events[0]["type"], &events[0]["rooms"]),
        (&json!("rooms"), &json!([]))
    );

    people.focus(&prosody, ALPHA).await;
    let ann = people
        .join_with(&prosody, "ann", ALPHA, json!({ "name": "Ann" }))
        .await;
    let events = receiver
        .wait("a roster with Ann", |events| roster_of(events, &ann).is_some())
        .await;
    let roster = roster_of(&events, &ann).expect("it was waited for");
    assert_eq!(roster["room_jid"], ALPHA);
    let joined = of_type(&events, "joined")[0];
    assert_eq!(roster["opened_at"], joined["opened_at"]);
    assert_eq!(
        roster["occupants"],
        json!([joined["occupant"]]),
        "focus is not in it"
    );
    receiver
        .wait("the list of rooms", |events| {
            of_type(events, "rooms")
                .iter()
                .any(|list| list["rooms"] == json!([{ "room_jid": ALPHA }]))
        })
        .await;
}

fn roster_of<'a>(events: &'a [Value], person: &Value) -> Option<&'a Value> {
    of_type(events, "roster")
        .into_iter()
        .find(|roster| roster["occupants"][0]["jid"] == person["jid"])
}

#[tokio::test]
async fn usher_can_ask_for_a_roster() {
    let receiver = Receiver::start().await;
    let (prosody, mut people) = bench(&receiver, NO_TIMED_ROSTER).await;
    receiver
        .wait("the first list of rooms", |events| !events.is_empty())
        .await;
    receiver.answer(Answer::StoreAndAskRoster);
    let ann = people.join(&prosody, "ann", ALPHA).await;
    receiver
        .wait("the roster", |events| roster_of(events, &ann).is_some())
        .await;
    receiver.answer(Answer::Store);
}

#[tokio::test]
async fn a_prosody_that_was_away_is_a_new_instance_with_an_empty_list() {
    let receiver = Receiver::start().await;
    let (mut prosody, mut people) = bench(&receiver, NO_TIMED_ROSTER).await;
    people.join(&prosody, "ann", ALPHA).await;
    receiver.facts(2).await;

    prosody.kill9();
    prosody.restart().await;
    receiver
        .wait_for_batches("the second instance", |batches| instances(batches).len() == 2)
        .await;
    prosody.stop();
    prosody.restart().await;
    receiver
        .wait_for_batches("the third instance", |batches| instances(batches).len() == 3)
        .await;

    let last = receiver.batches().pop().expect("there were requests");
    assert_eq!(last.body["first"], 1);
    assert_eq!(last.body["events"][0]["rooms"], json!([]));
    assert_eq!(
        of_type(&receiver.stored(), "left").len(),
        0,
        "neither end gave Prosody time to say more"
    );
}

#[tokio::test]
async fn a_reloaded_module_counts_on() {
    let receiver = Receiver::start().await;
    let (prosody, mut people) = bench(&receiver, NO_TIMED_ROSTER).await;
    people.join(&prosody, "ann", ALPHA).await;
    receiver.facts(2).await;
    let answer = prosody.shell(&format!("module:reload(\"usher_events\", \"{MUC}\")"));
    assert!(answer.contains("OK"), "{answer}");
    people.leave("ann", ALPHA).await;

    let events = receiver
        .wait("the end", |events| !of_type(events, "room_closed").is_empty())
        .await;
    let all = numbers(&events);
    assert_eq!(all, (1..=all.len() as u64).collect::<Vec<_>>());
    let left = of_type(&events, "left")[0];
    assert_eq!(
        left["occupant"],
        of_type(&events, "joined")[0]["occupant"],
        "the join is remembered"
    );
    let instances: std::collections::HashSet<_> = receiver
        .batches()
        .iter()
        .map(|batch| batch.body["instance"].to_string())
        .collect();
    assert_eq!(instances.len(), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_logged_once_and_heals() {
    let receiver = Receiver::start().await;
    receiver.answer(Answer::Status(401));
    let (prosody, mut people) = bench(&receiver, NO_TIMED_ROSTER).await;
    people.join(&prosody, "ann", ALPHA).await;
    receiver
        .wait_for_batches("three refused requests", |batches| batches.len() >= 3)
        .await;
    assert_eq!(prosody.logged("usher refuses the secret"), 1);
    assert_eq!(prosody.logged(SECRET), 0, "the secret itself is not for the log");

    receiver.answer(Answer::Status(503));
    receiver
        .wait_for_batches("a try against 503", |batches| {
            batches.iter().any(|batch| batch.status == 503)
        })
        .await;
    receiver.answer(Answer::Store);
    assert_eq!(numbers(&receiver.facts(2).await), [2, 3]);
}

#[tokio::test]
async fn one_event_that_usher_cannot_read_does_not_hold_up_the_others() {
    let receiver = Receiver::start().await;
    receiver.answer(Answer::RefuseEvent(3, 400));
    let (prosody, mut people) = bench(&receiver, NO_TIMED_ROSTER).await;
    people.join(&prosody, "ann", ALPHA).await;
    people.leave("ann", ALPHA).await;

    let events = receiver
        .wait("the end", |events| !of_type(events, "room_closed").is_empty())
        .await;
    assert_eq!(numbers(&without_rosters(events)), [2, 4, 5]);
    let last = receiver.batches().pop().expect("there were requests");
    assert_eq!(last.body["dropped"], 1);
    assert_eq!(
        prosody.logged("usher cannot take event 3 (status 400): dropped"),
        1
    );
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_halved() {
    let receiver = Receiver::start().await;
    let (prosody, mut people) = bench(&receiver, NO_TIMED_ROSTER).await;
    receiver.wait("the first list", |events| !events.is_empty()).await;
    receiver.answer(Answer::Status(503));
    people.join(&prosody, "ann", ALPHA).await;
    people.join(&prosody, "bob", ALPHA).await;
    let all_wait = |batch: &Batch| batch.body["events"].as_array().is_some_and(|all| all.len() == 3);
    receiver
        .wait_for_batches("a batch of three", |batches| batches.iter().any(all_wait))
        .await;
    receiver.answer(Answer::StoreSingly);
    assert_eq!(numbers(&receiver.facts(3).await), [2, 3, 4]);
    let refused = receiver.batches().into_iter().filter(|batch| batch.status == 413);
    assert!(refused.count() >= 1, "no batch was too large");
}

#[tokio::test]
async fn the_roster_of_a_large_room_is_shortened_and_fits() {
    const PEOPLE: usize = 110;
    let receiver = Receiver::start().await;
    let (prosody, mut people) = bench(&receiver, NO_TIMED_ROSTER).await;
    for number in 0..PEOPLE {
        let name = json!({ "name": "a long name ".repeat(21) });
        people
            .join_with(&prosody, &format!("guest{number}"), ALPHA, name)
            .await;
    }
    receiver.facts(1 + PEOPLE).await;
    receiver.answer(Answer::StoreAndAskRoster);
    people.leave("guest0", ALPHA).await;
    let events = receiver
        .wait("the roster", |events| !of_type(events, "roster").is_empty())
        .await;
    receiver.answer(Answer::Store);

    let occupants = of_type(&events, "roster")[0]["occupants"]
        .as_array()
        .expect("a list")
        .clone();
    assert_eq!(occupants.len(), PEOPLE - 1);
    assert!(
        occupants
            .iter()
            .all(|one| one["kind"] == "person" && one["joined_at"].is_number())
    );
    assert!(
        occupants.iter().all(|one| one.get("name").is_none()),
        "the joins have told the names"
    );
    assert!(
        receiver
            .batches()
            .iter()
            .all(|batch| batch.raw.len() <= 48 * 1024)
    );
}
