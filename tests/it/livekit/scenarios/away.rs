//! usher is away for longer and longer: LiveKit tries a webhook for 15 seconds, keeps the next ones for 30, and forgets.
//!
//! One after the other: `for_10_seconds` is over when usher is back before the last try of the first webhook, after
//! 20 the first is lost, after 40 all of them.

use serde_json::{Value, json};

use super::stage::{Stage, millis};
use crate::end_to_end::story::lines;
use crate::livekit::fake::{Delivery, Fate};
use crate::usher::now_millis;

/// How long an event may be told after what the ledger has: seconds are all that webhooks say.
const SECOND: i64 = 1000;

/// Ann and Bob talk; usher is killed; both go.
async fn both_leave_unheard() -> Stage {
    let mut stage = Stage::start().await;
    let ann = stage.livekit.join("alpha", "ann");
    let bob = stage.livekit.join("alpha", "bob");
    stage.until_people(2).await;
    stage.livekit.until_settled().await;
    stage.usher.kill9();
    stage.livekit.leave(&ann);
    stage.livekit.leave(&bob);
    stage
}

/// The webhooks that arose after the two joins.
fn later(record: &[Delivery]) -> &[Delivery] {
    record.get(3..).unwrap_or_default()
}

/// Four tries have failed, the last of them after seven seconds; the fifth comes through.
pub async fn for_10_seconds() {
    let mut stage = both_leave_unheard().await;
    let four = |record: &[Delivery]| later(record).first().is_some_and(|first| first.tries.len() == 4);
    stage.livekit.until("the fourth try", four).await;
    stage.usher.restart().await;
    stage
        .assert_story(&[
            "1 active first_joined",
            "2 participant.joined ann entered",
            "3 participant.joined bob entered",
            "4 participant.left ann left",
            "5 participant.left bob left",
            "6 completed last_left",
        ])
        .await;
    let record = stage.livekit.until_settled().await;
    assert!(
        record.iter().all(|one| one.fate == Some(Fate::Delivered)),
        "{record:#?}"
    );
}

/// The first webhook is given up, and the second has been tried twice: that Ann has left is never told.
pub async fn for_20_seconds() {
    let mut stage = both_leave_unheard().await;
    let two = |record: &[Delivery]| later(record).get(1).is_some_and(|second| second.tries.len() == 2);
    let record = stage.livekit.until("the second webhook", two).await;
    assert_eq!(later(&record)[0].fate, Some(Fate::GivenUp));
    stage.usher.restart().await;
    let story = stage.story().await;
    assert_eq!(
        (lines(&story)[3..].len(), lines(&story).last().map(String::as_str)),
        (3, Some("6 completed last_left")),
        "{story:#?}"
    );
    for (name, estimated) in [("ann", true), ("bob", false)] {
        assert_eq!(left(&story, name)["estimated"], json!(estimated), "{name}");
    }
    let sums = stage.livekit.sums();
    let bob = millis(&left(&story, "bob")["leftAt"]);
    assert_eq!(bob, sums.last, "Bob's own leave was told");
    // Ann was in until the room was closed, as far as anybody can say.
    let ended = millis(&story[5]["data"]["endedAt"]);
    assert!(
        ended >= sums.last && ended <= sums.last + 60 * SECOND,
        "{story:#?}"
    );
}

/// Every webhook is lost: LiveKit lists no such room any more, twice and with 45 seconds in between.
pub async fn for_40_seconds() {
    let mut stage = both_leave_unheard().await;
    let all = |record: &[Delivery]| later(record).len() == 3 && record.iter().all(|one| one.fate.is_some());
    let record = stage.livekit.until("the end of all webhooks", all).await;
    let given_up = |one: &Delivery| matches!(one.fate, Some(Fate::GivenUp | Fate::TooOld));
    assert!(later(&record).iter().all(given_up), "{record:#?}");
    let back = now_millis();
    stage.usher.restart().await;
    let story = stage.story().await;
    assert_concluded(&stage, &story, back);
}

/// Both are out, by conclusion, between the last that was heard of them and the first look after `latest`.
fn assert_concluded(stage: &Stage, story: &[Value], latest: i64) {
    assert_eq!(
        lines(story).last().map(String::as_str),
        Some("6 completed missing"),
        "{story:#?}"
    );
    let data = &story[5]["data"];
    assert_eq!(data["synthesised"], json!(true));
    let sums = stage.livekit.sums();
    assert_eq!(millis(&data["startedAt"]), sums.first);
    let ended = millis(&data["endedAt"]);
    assert!(ended >= sums.first && ended <= latest + 10 * SECOND, "{story:#?}");
    for name in ["ann", "bob"] {
        assert_eq!(left(story, name)["estimated"], json!(true), "{name}");
    }
}

/// What was told of somebody's leave.
fn left<'a>(story: &'a [Value], name: &str) -> &'a Value {
    let of = |event: &&Value| {
        event["data"]["participant"]["name"] == name && event["type"] == "usher.meeting.participant.left.v1"
    };
    let event = story.iter().find(of);
    &event.unwrap_or_else(|| panic!("{name} has not left in {story:#?}"))["data"]["participant"]
}
