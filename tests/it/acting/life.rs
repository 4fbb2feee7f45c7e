//! What people in a room see when the booked end comes, and when the meeting is called off.

use serde_json::json;

use super::stage::{MEETINGS, Stage, clock, events_of};
use crate::end_to_end::story::{self, lines, time};

#[tokio::test]
async fn the_booked_end_is_announced_and_then_closes_the_room() {
    let mut stage = Stage::new(&format!(
        "{MEETINGS}enforce_end = true\ntimezone = \"Asia/Tehran\"\n"
    ))
    .await;
    // Time enough to get in on a busy machine.
    let booked_end = clock() + chrono::TimeDelta::seconds(30);
    let meeting = stage.book("appt-1", 30).await;
    stage.enter(&meeting.room, &["Ann", "Bob"]).await;
    let said = stage.said_to("Ann").await;
    let body = said["body"].as_str().expect("a text");
    let local = booked_end.with_timezone(&chrono::FixedOffset::east_opt(12_600).expect("an offset"));
    assert!(
        body.starts_with("The booked time is over at ")
            && body.ends_with(", in 1 minute. The room closes then."),
        "{body}"
    );
    assert!(
        body.contains(&format!(" {}:", local.format("%H"))),
        "{body} {local}"
    );
    assert_eq!(
        said["json"],
        json!({ "type": "system_chat_message", "message": body })
    );
    for name in ["Ann", "Bob"] {
        let out = stage.put_out(name).await;
        assert_eq!(
            (&out["destroyed"], &out["reason"]),
            (&json!(true), &json!("The booked time is over."))
        );
    }
    let events = stage.told(&meeting, "completed").await;
    let told = lines(&events);
    assert_eq!(
        (events.len(), told.last().map(String::as_str)),
        (7, Some("7 completed time_is_up")),
        "{told:?}"
    );
    let completed = &events[6]["data"];
    assert_eq!(
        (&completed["participantsPeak"], &completed["synthesised"]),
        (&json!(2), &json!(false))
    );
    assert_eq!(
        completed["endedAt"], events[5]["time"],
        "the last leave is the end"
    );
    stage.until_orders("warn", "done", 1).await;
    stage.until_orders("close", "done", 1).await;
}

#[tokio::test]
async fn an_end_that_is_not_enforced_is_only_announced() {
    let mut stage = Stage::new(MEETINGS).await;
    let meeting = stage.book("appt-1", 30).await;
    let end = clock() + chrono::TimeDelta::seconds(31);
    stage.enter(&meeting.room, &["Ann"]).await;
    let said = stage.said_to("Ann").await;
    assert!(
        said["body"]
            .as_str()
            .is_some_and(|body| body.ends_with(", in 1 minute.")),
        "{said}"
    );
    stage.until_orders("warn", "done", 1).await;
    stage
        .usher
        .eventually("the booked end", async |_| (clock() > end).then_some(()))
        .await;
    assert_eq!(
        stage.usher.metric("usher_people").await,
        1.0,
        "nobody was put out"
    );
    let closed = stage
        .usher
        .metric("usher_orders_total{kind=\"close\",result=\"done\"}")
        .await;
    assert_eq!(closed, 0.0);
    stage.people.leave("Ann", &meeting.room).await;
    stage.usher.until_metrics(&[("usher_people", 0.0)]).await;
}

#[tokio::test]
async fn a_meeting_that_is_cancelled_puts_people_out_and_its_figures_stand() {
    let mut stage = Stage::new(MEETINGS).await;
    let meeting = stage.book_long("appt-1").await;
    stage.enter(&meeting.room, &["Ann", "Bob"]).await;
    let before = clock();
    stage.cancel(&meeting).await;
    for name in ["Ann", "Bob"] {
        let out = stage.put_out(name).await;
        assert_eq!(
            (&out["destroyed"], &out["reason"]),
            (&json!(true), &json!("The meeting was cancelled."))
        );
    }
    stage.until_orders("close", "done", 1).await;
    let events = stage.told(&meeting, "cancelled").await;
    let told = lines(&events);
    assert_eq!(
        told.last().map(String::as_str),
        Some("7 cancelled cancelled"),
        "{told:?}"
    );
    assert!(time(&events[6]["time"]) >= before - chrono::TimeDelta::milliseconds(1));
    assert_eq!(
        only_of(&stage, &meeting),
        7,
        "what people did a moment later corrects nothing"
    );
}

#[tokio::test]
async fn a_meeting_that_is_ended_puts_people_out() {
    let mut stage = Stage::new(MEETINGS).await;
    let meeting = stage.book_long("appt-1").await;
    stage.enter(&meeting.room, &["Ann"]).await;
    stage.end(&meeting).await;
    let out = stage.put_out("Ann").await;
    assert_eq!(out["reason"], json!("The meeting was ended for everyone."));
    stage.until_orders("close", "done", 1).await;
    let events = stage.told(&meeting, "completed").await;
    assert_eq!(
        lines(&events).last().map(String::as_str),
        Some("5 completed ended")
    );
    assert_eq!(only_of(&stage, &meeting), 5);
}

/// Everything that was told is about this meeting; how much that is.
fn only_of(stage: &Stage, meeting: &super::stage::Booked) -> usize {
    let events = events_of(&stage.usher, meeting);
    story::check_order(&events);
    assert_eq!(
        stage.usher.event_log().len(),
        events.len(),
        "no other meeting began"
    );
    events.len()
}
