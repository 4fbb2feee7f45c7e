//! Single webhooks that never arrive although usher is there all the time.

use serde_json::json;

use super::stage::{ALONE, Stage, millis};
use crate::end_to_end::story::lines;

/// Nobody is in, so it is over without that word.
#[tokio::test]
async fn a_lost_room_finished_changes_nothing() {
    let stage = Stage::start().await;
    stage.livekit.lose(&["room_finished", "room_started"]);
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.leave(&ann);
    stage.assert_story(&ALONE).await;
}

/// A leave brings its own beginning.
#[tokio::test]
async fn a_lost_join_is_made_up_for_by_the_leave() {
    let stage = Stage::start().await;
    stage.livekit.lose(&["participant_joined", "room_started"]);
    let ann = stage.livekit.join("alpha", "ann");
    stage.livekit.leave(&ann);
    stage.assert_story(&ALONE).await;
}

/// Ann's leave is lost while Bob goes on: LiveKit lists him alone.
pub async fn a_leave() {
    let stage = Stage::start().await;
    let ann = stage.livekit.join("alpha", "ann");
    let bob = stage.livekit.join("alpha", "bob");
    stage.until_people(2).await;
    stage.livekit.lose(&["participant_left"]);
    stage.livekit.leave(&ann);
    stage.until_told("participant.left", 1).await;
    stage.until_people(1).await;
    stage.livekit.lose(&[]);
    stage.livekit.leave(&bob);
    let story = stage.story().await;
    assert_eq!(
        lines(&story)[3..],
        [
            "4 participant.left ann missing",
            "5 participant.left bob left",
            "6 completed last_left",
        ]
    );
    assert_eq!(story[3]["data"]["participant"]["estimated"], json!(true));
    assert_eq!(millis(&story[5]["data"]["endedAt"]), stage.livekit.sums().last);
}

/// The last leave and the end of the room are lost: the room is not listed any more.
pub async fn a_leave_and_the_end() {
    let stage = Stage::start().await;
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.lose(&["participant_left", "room_finished"]);
    stage.livekit.leave(&ann);
    let story = stage.story().await;
    assert_eq!(
        lines(&story)[2..],
        ["3 participant.left ann missing", "4 completed missing"]
    );
    assert_eq!(story[3]["data"]["synthesised"], json!(true));
    let ended = millis(&story[3]["data"]["endedAt"]);
    let sums = stage.livekit.sums();
    assert!(ended >= sums.first, "{story:#?}");
    let corrected = stage.usher.metrics().await;
    assert!(corrected.contains("usher_corrections_total"), "{corrected}");
}

/// Everything about a meeting is lost but that it goes on: it is adopted from what LiveKit lists.
pub async fn the_beginning() {
    let stage = Stage::start().await;
    stage.livekit.lose(&["room_started", "participant_joined"]);
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_told("participant.joined", 1).await;
    stage.livekit.lose(&[]);
    stage.livekit.leave(&ann);
    let story = stage.story().await;
    assert_eq!(lines(&story), ALONE);
    stage.assert_figures(&story);
}
