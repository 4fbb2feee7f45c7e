//! Clocks that differ by a minute, and keys that are changed while people talk.

use super::stage::{QUICK, Stage};
use crate::livekit::fake::{API_KEY, API_SECRET, Fate, Key, LiveKit};

const ALONE: [&str; 4] = [
    "1 active first_joined",
    "2 participant.joined ann entered",
    "3 participant.left ann left",
    "4 completed last_left",
];

#[tokio::test]
async fn a_minute_between_the_clocks_loses_nothing() {
    for seconds in [60, -60] {
        let livekit = LiveKit::start().await;
        livekit.skew(seconds);
        let section = livekit.section("");
        let stage = Stage::on(livekit, &format!("{section}{QUICK}")).await;
        let ann = stage.livekit.join("alpha", "ann");
        stage.until_people(1).await;
        stage.livekit.leave(&ann);
        stage.assert_story(&ALONE).await;
        let deliveries = stage.livekit.until_settled().await;
        assert!(
            deliveries.iter().all(|one| one.tries == [Some(200)]),
            "{seconds}: {deliveries:#?}"
        );
        let refused = stage.livekit.calls().into_iter().find(|call| call.status != 200);
        assert_eq!(refused, None, "{seconds}");
    }
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
