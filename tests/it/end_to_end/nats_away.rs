//! NATS is killed in the middle of meetings and away for a while: nothing is lost, nothing comes twice, in order.

use serde_json::json;

use super::stage::Stage;
use super::story::{self, lines};
use crate::usher::Usher;

const ENDED: &str = "usher_meeting_duration_seconds_count";
const CONNECTED: &str = "usher_nats_connected";

#[tokio::test]
async fn what_happens_while_nats_is_away_is_told_afterwards() {
    let mut stage = Stage::quick().await;
    let (early, early_room) = stage.book("appt-1").await;
    join(&mut stage, "Ann", &early_room).await;
    stage.listener.until(&early, "participant.joined").await;
    // Heard is not yet acknowledged.
    stage.usher.until_metrics(&[("usher_events_waiting", 0.0)]).await;

    stage.nats.kill9();
    let (late, late_room) = stage.book("appt-2").await;
    join(&mut stage, "Bob", &early_room).await;
    join(&mut stage, "Cid", &late_room).await;
    stage.until_people(3).await;
    stage.people.leave("Ann", &early_room).await;
    stage.people.leave("Bob", &early_room).await;
    // One whole meeting ends while nobody can be told.
    let away = [(ENDED, 1.0), (CONNECTED, 0.0), ("usher_events_waiting", 7.0)];
    stage.usher.until_metrics(&away).await;
    let oldest =
        async |usher: &Usher| (usher.metric("usher_events_oldest_waiting_seconds").await > 0.0).then_some(());
    stage.usher.eventually("the age of what waits", oldest).await;
    stage.usher.wait_until_ready().await;

    stage.nats.restart();
    stage.stream(10).await;
    stage.nats.kill9();
    stage.people.leave("Cid", &late_room).await;
    stage.until_people(0).await;
    stage.nats.restart();
    stage.usher.until_metrics(&[(ENDED, 2.0)]).await;
    check_stream(&stage, &early, &late).await;
}

async fn join(stage: &mut Stage, name: &str, room: &str) {
    let joined = stage
        .people
        .join_with(&stage.prosody, name, room, json!({ "name": name }))
        .await;
    assert_eq!(joined["joined"], room, "{joined}");
}

async fn check_stream(stage: &Stage, early: &str, late: &str) {
    let stream = stage.stream(12).await;
    assert_eq!(
        lines(&story::of(&stream, early)),
        [
            "1 scheduled booked",
            "2 active first_joined",
            "3 participant.joined Ann entered",
            "4 participant.joined Bob entered",
            "5 participant.left Ann left",
            "6 participant.left Bob left",
            "7 completed last_left",
        ]
    );
    assert_eq!(
        lines(&story::of(&stream, late)),
        [
            "1 scheduled booked",
            "2 active first_joined",
            "3 participant.joined Cid entered",
            "4 participant.left Cid left",
            "5 completed last_left",
        ]
    );
    assert_eq!(stream.len(), 12, "nothing twice, nothing else");
}
