//! Clocks that differ by a minute, and keys that are changed while people talk.

use super::stage::{ALONE, QUICK, Stage};
use crate::end_to_end::story::lines;
use crate::livekit::fake::{API_KEY, API_SECRET, Fate, Key, LiveKit};

#[tokio::test]
async fn a_clock_that_is_a_minute_behind_loses_nothing() {
    let stage = with_clock(-60).await;
    stage.assert_story(&ALONE).await;
    assert_all_understood(&stage).await;
}

/// Its times are told as they are; what is still to come by the clock of usher is over a minute later.
pub async fn a_minute_ahead() {
    let stage = with_clock(60).await;
    stage.until_told("completed", 1).await;
    let events = stage.events().await;
    assert_eq!(lines(&events), ALONE);
    stage.assert_figures(&events);
    assert_all_understood(&stage).await;
}

/// Ann has come and gone at a server with a clock that is so many seconds ahead.
async fn with_clock(seconds: i64) -> Stage {
    let livekit = LiveKit::start().await;
    livekit.skew(seconds);
    let section = livekit.section("");
    let stage = Stage::on(livekit, &format!("{section}{QUICK}")).await;
    // By such a clock ann has come long ago: a list that has her before her webhook is there would count as news.
    let first_look = "usher_livekit_listings_total{of=\"rooms\",result=\"ok\"}";
    stage.usher.until_metrics(&[(first_look, 1.0)]).await;
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.leave(&ann);
    stage
}

/// Neither server has refused the other's tokens.
async fn assert_all_understood(stage: &Stage) {
    let deliveries = stage.livekit.until_settled().await;
    assert!(
        deliveries.iter().all(|one| one.tries == [Some(200)]),
        "{deliveries:#?}"
    );
    let refused = stage.livekit.calls().into_iter().find(|call| call.status != 200);
    assert_eq!(refused, None);
}

#[tokio::test]
async fn keys_are_changed_while_people_talk() {
    let livekit = LiveKit::start().await;
    let (old, new) = (
        Key::new(API_KEY, API_SECRET),
        Key::new("APInew", "the secret of next year 0123456789 abcdef"),
    );
    let section = livekit.section_with(&[old, new.clone()], "");
    let stage = Stage::on(livekit, &format!("{section}{QUICK}")).await;
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.rotate(new);
    stage.livekit.leave(&ann);
    stage.assert_story(&ALONE).await;
    // Who has none of them is refused, and LiveKit believes that to be a delivery.
    stage
        .livekit
        .rotate(Key::new("APIforeign", "a secret that usher has never heard of"));
    stage.livekit.join("beta", "bob");
    let deliveries = stage.livekit.until_settled().await;
    let last = deliveries.last().expect("there are some");
    assert_eq!(
        (last.tries.as_slice(), last.fate),
        (&[Some(401)][..], Some(Fate::Delivered))
    );
    assert_eq!(stage.told().await.len(), 1);
}
