//! A Prosody that cannot be told now is told later.

use std::process::Command;

use serde_json::json;

use super::stage::{Booked, MEETINGS, Stage, events_of};
use crate::end_to_end::story::lines;
use crate::ports::free_port;
use crate::usher::{PROSODY_SECRET, Usher};

/// People stay in, since nobody can tell Prosody; its events still come.
async fn with_waiting_order(rosters: u32) -> (Stage, Booked, u16) {
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
    let told = lines(&events_of(&stage.usher, &meeting));
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
async fn a_prosody_that_refuses_the_secret_is_asked_again() {
    let mut stage = Stage::with(MEETINGS, None, |setup| {
        setup.muc("usher_secret = \"another secret than usher's\"")
    })
    .await;
    let meeting = stage.book_long("appt-1").await;
    // Prosody's reports are refused too: somebody says that the meeting is going on.
    stage.start(&meeting).await;
    stage.cancel(&meeting).await;
    let refused = async |usher: &Usher| {
        let told = usher.log().contains("refuses the call (status 401)");
        told.then_some(())
    };
    stage.usher.eventually("a line about the secret", refused).await;
    let tried = [
        ("usher_orders_waiting", 1.0),
        ("usher_orders_total{kind=\"close\",result=\"failed\"}", 2.0),
    ];
    stage.usher.until_metrics(&tried).await;
    assert!(!stage.usher.log().contains(PROSODY_SECRET));
}

#[tokio::test]
async fn check_says_whether_usher_can_act() {
    let wrong = free_port();
    let mut stage = Stage::with(MEETINGS, Some(wrong), |setup| setup).await;
    let away = checked(&stage.usher);
    assert!(away.contains("FAILED  prosody http://127.0.0.1:"), "{away}");
    stage.correct_address(wrong).await;
    stage.enter("alpha@conference.meet.test", &["Ann"]).await;
    let well = checked(&stage.usher);
    assert!(well.contains(": usher can act on rooms; 1 open\n"), "{well}");
}

fn checked(usher: &Usher) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_usher"))
        .args(["check", "--online", "--config"])
        .arg(usher.config_dir())
        .output();
    String::from_utf8(run.expect("usher can be started").stdout).expect("text")
}
