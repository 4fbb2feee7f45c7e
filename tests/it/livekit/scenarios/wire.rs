//! What comes over the wire: twice, too large for comfort, and in words that usher does not know.

use livekit_protocol as proto;
use proto::participant_info::Kind;

use super::stage::{ALONE, Stage, webhook};
use crate::livekit::fake::{Fate, person};

/// What LiveKit lets a room and a participant carry, in bytes.
const METADATA: usize = 512 * 1024;
const LARGE: usize = 1_500_000;

#[tokio::test]
async fn two_addresses_of_one_usher_make_one_story() {
    let stage = Stage::start().await;
    let url = webhook(&stage.usher);
    stage.livekit.notify(&[url.clone(), format!("{url}?again")]);
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.leave(&ann);
    stage.assert_story(&ALONE).await;
    let deliveries = stage.livekit.until_settled().await;
    assert_eq!(deliveries.len(), 8, "four webhooks, twice: {deliveries:#?}");
    assert!(
        deliveries.iter().all(|one| one.tries == [Some(200)]),
        "{deliveries:#?}"
    );
}

#[tokio::test]
async fn values_that_are_newer_than_usher_lose_nothing() {
    let stage = Stage::start().await;
    for (today, tomorrow) in [
        ("\"CLIENT_INITIATED\"", "\"CLIENT_VANISHED_IN_SMOKE\""),
        ("\"ROOM_END_IDLE_TIMEOUT\"", "\"ROOM_END_BOREDOM\""),
        ("\"ACTIVE\"", "\"VERY_ACTIVE\""),
        ("\"AGENT\"", "\"ROBOT\""),
        (
            "\"emptyTimeout\":300",
            "\"emptyTimeout\":300,\"mood\":{\"of\":[\"day\"]}",
        ),
    ] {
        stage.livekit.say_instead(today, tomorrow);
    }
    let mut robot = person("robot");
    robot.set_kind(Kind::Agent);
    let robot = stage.livekit.join_as("alpha", robot);
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.leave(&ann);
    stage.livekit.leave(&robot);
    stage.assert_story(&ALONE).await;
    let deliveries = stage.livekit.until_settled().await;
    assert!(
        deliveries.iter().all(|one| one.tries == [Some(200)]),
        "{deliveries:#?}"
    );
}

/// Room and participant carry as much as LiveKit lets them, and JSON makes it more.
#[tokio::test]
async fn a_webhook_of_one_and_a_half_mebibytes_is_taken() {
    let stage = Stage::start().await;
    stage.livekit.create_with("alpha", &"\"".repeat(METADATA));
    let mut info = person("ann");
    info.metadata = "x".repeat(METADATA);
    let ann = stage.livekit.join_as("alpha", info);
    stage.until_people(1).await;
    stage.livekit.leave(&ann);
    stage.assert_story(&ALONE).await;
    let deliveries = stage.livekit.until_settled().await;
    let joined = deliveries.iter().find(|one| one.event == "participant_joined");
    let joined = joined.expect("it was sent");
    assert!(joined.bytes > LARGE, "{}", joined.bytes);
    assert_eq!(joined.fate, Some(Fate::Delivered));
    assert_eq!(joined.tries, [Some(200)]);
}
