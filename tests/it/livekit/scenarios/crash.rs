//! usher is killed at the worst moments of a webhook, and NATS is away when a meeting ends.

use super::stage::{ALONE, Stage};
use crate::livekit::fake::Delivery;

/// A disk so slow that usher is killed between two of its writes, in microseconds.
const SLOW_DISK: &str = "inject=fdatasync:delay_enter=2000000";

/// What LiveKit sees is the same whether usher died or the line did: no answer, so it tries again.
#[tokio::test]
async fn an_answer_that_is_lost_with_usher_makes_no_second_event() {
    let mut stage = Stage::start().await;
    stage.livekit.create("alpha");
    stage.livekit.until_settled().await;
    stage.livekit.swallow(1);
    let ann = stage.livekit.join("alpha", "ann");
    stage.livekit.until("the lost answer", lost_an_answer).await;
    stage.usher.kill9();
    stage.usher.restart().await;
    stage.livekit.until_settled().await;
    stage.livekit.swallow(1);
    stage.livekit.leave(&ann);
    stage
        .livekit
        .until("the other lost answer", |record| lost_an_answer(&record[2..]))
        .await;
    stage.usher.kill9();
    stage.usher.restart().await;
    stage.assert_story(&ALONE).await;
}

fn lost_an_answer(record: &[Delivery]) -> bool {
    record.iter().any(|one| one.tries.first() == Some(&None))
}

/// The stream has the event, so the meeting is on the disk; that the webhook was seen, and the answer, are still to come.
#[tokio::test]
async fn a_kill_between_the_write_and_the_answer_makes_no_second_event() {
    let mut stage = Stage::start().await;
    stage.livekit.create("alpha");
    stage.livekit.until_settled().await;
    stage.usher.kill9();
    let strace = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=fdatasync",
        "-e",
        SLOW_DISK,
    ];
    stage.usher.wrap(strace.map(str::to_owned).into());
    stage.usher.restart().await;
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_told("participant.joined", 1).await;
    stage.usher.kill9();
    stage.usher.wrap(Vec::new());
    stage.usher.restart().await;
    let record = stage.livekit.until_settled().await;
    let joined = record.iter().find(|one| one.event == "participant_joined");
    let joined = joined.expect("it was sent");
    assert!(
        joined.tries.first() == Some(&None),
        "it was not answered: {joined:?}"
    );
    stage.livekit.leave(&ann);
    stage.assert_story(&ALONE).await;
}

#[tokio::test]
async fn what_ends_while_nats_is_away_is_told_afterwards() {
    let mut stage = Stage::start().await;
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_told("participant.joined", 1).await;
    stage.nats.kill9();
    stage.livekit.leave(&ann);
    let ended = [
        ("usher_meeting_duration_seconds_count", 1.0),
        ("usher_events_waiting", 2.0),
        ("usher_nats_connected", 0.0),
    ];
    stage.usher.until_metrics(&ended).await;
    stage.usher.kill9();
    stage.usher.restart().await;
    stage.nats.restart();
    stage.assert_story(&ALONE).await;
}
