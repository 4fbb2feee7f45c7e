//! Who counts, and what their comings and goings come to.

use std::time::{Duration, Instant};

use livekit_protocol as proto;
use proto::DisconnectReason;
use proto::participant_info::{Kind, State};

use super::stage::{ALONE, Stage};
use crate::end_to_end::stage::talk;
use crate::livekit::fake::{TURN_PASSWORD, person};

const BOTH: [&str; 6] = [
    "1 active first_joined",
    "2 participant.joined ann entered",
    "3 participant.joined bob entered",
    "4 participant.left bob left",
    "5 participant.left ann left",
    "6 completed last_left",
];

#[tokio::test]
async fn a_meeting_is_told_from_first_join_to_last_leave() {
    let stage = Stage::start().await;
    let ann = stage.livekit.join("alpha", "ann");
    let bob = stage.livekit.join("alpha", "bob");
    let both_in = Instant::now();
    stage.until_people(2).await;
    talk(both_in, Duration::from_millis(2500)).await;
    stage.livekit.leave(&bob);
    stage.livekit.leave(&ann);
    stage.assert_story(&BOTH).await;
    assert!(stage.livekit.sums().occupied >= 1000, "they talked for a while");
    assert!(!stage.usher.log().contains(TURN_PASSWORD));
    let kept = std::fs::read(stage.usher.store_dir().join("db")).expect("the data file is there");
    let secret = TURN_PASSWORD.as_bytes();
    assert!(!kept.windows(secret.len()).any(|bytes| bytes == secret));
}

/// Neither agents nor recorders, nor what LiveKit brings in by itself, nor who is hidden.
#[tokio::test]
async fn only_people_begin_a_meeting_and_keep_it_alive() {
    let stage = Stage::start().await;
    let mut others = Vec::new();
    for kind in [
        Kind::Agent,
        Kind::Egress,
        Kind::Ingress,
        Kind::Sip,
        Kind::Connector,
        Kind::Bridge,
    ] {
        let mut info = person(&format!("a-{}", kind.as_str_name().to_lowercase()));
        info.set_kind(kind);
        others.push(stage.livekit.join_as("alpha", info));
    }
    others.push(stage.livekit.join_as("alpha", hidden("a-watcher")));
    others.push(stage.livekit.join_as("alpha", recorder("a-recorder")));
    stage.livekit.until_settled().await;
    assert!(stage.told().await.is_empty(), "nobody is there");
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.leave(&ann);
    stage.assert_story(&ALONE).await;
    for other in others {
        stage.livekit.leave(&other);
    }
    stage.livekit.until_settled().await;
    stage.assert_story(&ALONE).await;
}

fn hidden(identity: &str) -> proto::ParticipantInfo {
    let mut info = person(identity);
    info.permission.as_mut().expect("it has one").hidden = true;
    info
}

#[expect(deprecated, reason = "servers still set it")]
fn recorder(identity: &str) -> proto::ParticipantInfo {
    let mut info = hidden(identity);
    info.permission.as_mut().expect("it has one").recorder = true;
    info
}

/// An egress is a recording of the meeting, though nobody in it.
#[tokio::test]
async fn an_egress_is_told_as_a_recording() {
    let stage = Stage::start().await;
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    let egress = stage.livekit.start_egress("alpha");
    stage.until_told("recording.started", 1).await;
    stage.livekit.end_egress("alpha", &egress);
    stage.until_told("recording.ended", 1).await;
    stage.livekit.leave(&ann);
    let story = stage.story().await;
    let told = crate::end_to_end::story::lines(&story);
    assert_eq!(
        told,
        [
            "1 active first_joined",
            "2 participant.joined ann entered",
            "3 recording.started entered",
            "4 recording.ended left",
            "5 participant.left ann left",
            "6 completed last_left",
        ]
    );
    stage.assert_figures(&story);
}

/// A connection that never carried media is no visit.
#[tokio::test]
async fn who_never_got_in_was_not_there() {
    let stage = Stage::start().await;
    let mut knocking = person("cid");
    knocking.set_state(State::Joined);
    let cid = stage.livekit.join_as("alpha", knocking);
    stage.livekit.leave_because(&cid, DisconnectReason::SignalClose);
    stage.livekit.until_settled().await;
    assert!(stage.told().await.is_empty());
    let ann = stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    stage.livekit.leave(&ann);
    stage.assert_story(&ALONE).await;
}

/// On a quick reconnect the server tells of the new connection before it tells that the old one is gone.
#[tokio::test]
async fn a_leave_that_comes_after_the_next_join_ends_the_old_stay_only() {
    let stage = Stage::start().await;
    stage.livekit.join("alpha", "ann");
    stage.until_people(1).await;
    let again = stage.livekit.join_again("alpha", "ann");
    stage.livekit.until_settled().await;
    stage.until_people(1).await;
    stage.livekit.leave(&again);
    stage
        .assert_story(&[
            "1 active first_joined",
            "2 participant.joined ann entered",
            "3 participant.joined ann entered",
            "4 participant.left ann left",
            "5 participant.left ann left",
            "6 completed last_left",
        ])
        .await;
}
