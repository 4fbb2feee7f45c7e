//! A Prosody that cannot be told now is told later.

use serde_json::json;

use super::stage::{MEETINGS, Stage};
use crate::end_to_end::story::lines;
use crate::ports::free_port;

/// People stay in, since nobody can tell Prosody; its events still come.
async fn with_waiting_order(rosters: u32) -> (Stage, super::stage::Booked, u16) {
    let wrong = free_port();
    let often =
        |setup: crate::prosody::server::Setup| setup.global(&format!("usher_roster_interval = {rosters}"));
    let mut stage = Stage::with(MEETINGS, Some(wrong), often).await;
    let meeting = stage.book_long("appt-1").await;
    stage.enter(&meeting.room, &["Ann", "Bob"]).await;
    stage.cancel(&meeting).await;
    let waiting = [
        ("usher_orders_waiting", 1.0),
        ("usher_orders_total{kind=\"close\",result=\"failed\"}", 2.0),
    ];
    stage.usher.until_metrics(&waiting).await;
    (stage, meeting, wrong)
}

#[tokio::test]
async fn people_go_when_prosody_can_be_told_and_one_correction_says_so() {
    // Rosters say all the time that people are in; they are still those of the cancelled meeting.
    let (mut stage, meeting, wrong) = with_waiting_order(1).await;
    stage.correct_address(wrong).await;
    for name in ["Ann", "Bob"] {
        let out = stage.put_out(name).await;
        assert_eq!(out["reason"], json!("The meeting was cancelled."));
    }
    stage.until_orders("close", "done", 1).await;
    let told = lines(&super::stage::events_of(&stage.usher, &meeting));
    assert_eq!(told[6], "7 cancelled cancelled", "{told:?}");
    // They may have gone within the moment that counts as that of the end, or after it: once, if at all.
    assert!(told.len() <= 8, "{told:?}");
    assert_eq!(
        stage.usher.event_log().len(),
        told.len(),
        "no other meeting began: {:?}",
        lines(&stage.usher.event_log())
    );
}

#[tokio::test]
async fn an_order_survives_a_sudden_end_of_usher() {
    let (mut stage, _, wrong) = with_waiting_order(3600).await;
    stage.usher.kill9();
    stage.usher.restart().await;
    stage.usher.until_metrics(&[("usher_orders_waiting", 1.0)]).await;
    stage.correct_address(wrong).await;
    for name in ["Ann", "Bob"] {
        stage.put_out(name).await;
    }
    stage.until_orders("close", "done", 1).await;
}

#[tokio::test]
async fn a_room_that_died_with_prosody_needs_no_closing() {
    let mut stage = Stage::new(MEETINGS).await;
    let meeting = stage.book_long("appt-1").await;
    stage.enter(&meeting.room, &["Ann"]).await;
    stage.prosody.kill9();
    stage.cancel(&meeting).await;
    stage.usher.until_metrics(&[("usher_orders_waiting", 1.0)]).await;
    stage.prosody.restart().await;
    stage.until_orders("close", "not_there", 1).await;
    let told = lines(&stage.told(&meeting, "cancelled").await);
    assert_eq!(
        told.last().map(String::as_str),
        Some("5 cancelled cancelled"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_prosody_that_refuses_the_secret_is_asked_again_and_others_are_not_kept_waiting() {
    let mut stage = Stage::with(MEETINGS, None, |setup| {
        setup.muc("usher_secret = \"another secret than usher's\"")
    })
    .await;
    let meeting = stage.book_long("appt-1").await;
    // Prosody's reports are refused too: somebody says that the meeting is going on.
    stage.start(&meeting).await;
    stage.cancel(&meeting).await;
    let failed = [("usher_orders_total{kind=\"close\",result=\"failed\"}", 1.0)];
    stage.usher.until_metrics(&failed).await;
    assert!(
        stage.usher.log().contains("refuses the call (status 401)"),
        "{}",
        stage.usher.log()
    );
    stage.prosody.stop();
}
