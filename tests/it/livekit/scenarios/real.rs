//! The same with a real LiveKit, as far as one can be made to do it: it loses nothing on command.

use serde_json::json;

use super::stage::{ALONE, PATIENT, QUICK, Stage, millis, webhook};
use crate::end_to_end::stage::clock;
use crate::end_to_end::story::{lines, time};
use crate::livekit::real::{People, Server};
use crate::usher::Usher;

const WHAT: &str = "scenarios with a real LiveKit";
const PEOPLE: &str = "people at a real LiveKit";

/// Between the clocks of a client and of the server, which is the same machine; webhooks tell whole seconds.
const TOLERANCE: i64 = 1500;

/// A room that usher's own token makes and deletes; usher is told twice of each by a server with two addresses.
#[tokio::test]
async fn rooms_without_people_are_told_of() {
    let sections = format!("{QUICK}activate_on = \"room_started\"\n");
    let Some(stage) = start(WHAT, &sections, &["", "?again"]).await else {
        return;
    };
    let booked = stage.book().await;
    call(&stage, "CreateRoom", json!({ "name": booked.room })).await;
    stage.until_told("active", 1).await;
    let heard = |verdict: &str| format!("usher_ingest_total{{source=\"livekit\",verdict=\"{verdict}\"}}");
    stage
        .usher
        .until_metrics(&[(&heard("accepted"), 1.0), (&heard("repeated"), 1.0)])
        .await;
    call(&stage, "DeleteRoom", json!({ "room": booked.room })).await;
    let told = stage.told().await;
    assert_eq!(
        lines(&told[0])[..2],
        ["1 scheduled booked", "2 active room_opened"]
    );
}

#[tokio::test]
async fn people_are_told_of_from_first_join_to_last_leave() {
    let Some(mut people) = People::start(PEOPLE) else {
        return;
    };
    let Some(stage) = start(PEOPLE, QUICK, &["", "?again"]).await else {
        return;
    };
    let before = clock().timestamp_millis();
    people.join(&stage.livekit, "alpha", "ann").await;
    stage.until_people(1).await;
    people.leave("ann").await;
    let after = clock().timestamp_millis();
    stage.until_told("completed", 1).await;
    let told = stage.told().await;
    assert_eq!(told.len(), 1);
    assert_eq!(lines(&told[0]), ALONE);
    let data = &told[0][3]["data"];
    assert_eq!(data["synthesised"], json!(false));
    let [started, ended] = [&data["startedAt"], &data["endedAt"]].map(millis);
    assert!(before - TOLERANCE <= started && started <= ended, "{data}");
    assert!(ended <= after + TOLERANCE, "{data} {after}");
}

/// usher is killed while people go; what it missed LiveKit tells again, for 15 seconds.
#[tokio::test]
async fn what_happens_while_usher_is_dead_is_told_again() {
    let Some(mut people) = People::start(PEOPLE) else {
        return;
    };
    let Some(mut stage) = start(PEOPLE, QUICK, &[""]).await else {
        return;
    };
    people.join(&stage.livekit, "alpha", "ann").await;
    stage.until_people(1).await;
    stage.usher.kill9();
    people.leave("ann").await;
    stage.usher.restart().await;
    stage.until_told("completed", 1).await;
    let told = stage.told().await;
    assert_eq!(lines(&told[0]), ALONE);
    assert_eq!(told[0][3]["data"]["synthesised"], json!(false));
}

/// One identity twice: the first connection is ended, and the meeting goes on with the second.
#[tokio::test]
async fn a_person_who_comes_twice_is_one_meeting() {
    let Some(mut first) = People::start(PEOPLE) else {
        return;
    };
    let Some(mut second) = People::start(PEOPLE) else {
        return;
    };
    let Some(stage) = start(PEOPLE, QUICK, &[""]).await else {
        return;
    };
    first.join(&stage.livekit, "alpha", "ann").await;
    stage.until_people(1).await;
    second.join(&stage.livekit, "alpha", "ann").await;
    first.notice("ann", "out").await;
    stage.until_told("participant.joined", 2).await;
    second.leave("ann").await;
    stage.until_told("completed", 1).await;
    let told = stage.told().await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        lines(&told[0])[3..],
        [
            "4 participant.joined ann entered",
            "5 participant.left ann left",
            "6 completed last_left"
        ]
    );
}

/// The grace time is an hour, and this server does not say why a room has ended, but what became of those inside.
#[tokio::test]
async fn a_room_that_is_deleted_is_over_at_once() {
    let Some(mut people) = People::start(PEOPLE) else {
        return;
    };
    let Some(stage) = start(PEOPLE, PATIENT, &[""]).await else {
        return;
    };
    people.join(&stage.livekit, "alpha", "ann").await;
    stage.until_people(1).await;
    call(&stage, "DeleteRoom", json!({ "room": "alpha" })).await;
    people.notice("ann", "out").await;
    stage.until_told("completed", 1).await;
    let told = stage.told().await;
    assert_eq!(
        lines(&told[0])[2..],
        ["3 participant.left ann room_closed", "4 completed room_closed"]
    );
}

/// The server dies and forgets everything; without a word from it the meeting is over.
pub async fn a_crash() {
    let Some(mut people) = People::start(PEOPLE) else {
        return;
    };
    let Some(mut stage) = start(PEOPLE, QUICK, &[""]).await else {
        return;
    };
    people.join(&stage.livekit, "alpha", "ann").await;
    stage.until_people(1).await;
    // She does not come back by herself.
    drop(people);
    stage.livekit.restart().await;
    let back = clock();
    stage.until_told("completed", 1).await;
    let told = stage.told().await;
    assert_eq!(
        lines(&told[0])[2..],
        ["3 participant.left ann missing", "4 completed missing"]
    );
    assert!(time(&told[0][3]["data"]["endedAt"]) <= back + chrono::TimeDelta::seconds(60));
}

/// Webhooks go to usher with each of these endings. Nothing where there is no LiveKit.
async fn start(what: &str, sections: &str, endings: &[&str]) -> Option<Stage<Server>> {
    let server = Server::away();
    let sections = format!("{}{sections}", server.section());
    let mut stage = Stage::at(server, &sections).await;
    let urls: Vec<_> = endings
        .iter()
        .map(|ending| format!("{}{ending}", webhook(&stage.usher)))
        .collect();
    stage.livekit.notify(what, &urls).await.then_some(stage)
}

/// A call of LiveKit's room service, with a token that may do everything with rooms.
async fn call(stage: &Stage<Server>, method: &str, body: serde_json::Value) {
    let usher: &Usher = &stage.usher;
    let url = format!("{}/twirp/livekit.RoomService/{method}", stage.livekit.url());
    let request = usher.http.post(url).bearer_auth(Server::room_token()).json(&body);
    let answer = request.send().await.expect("LiveKit answers");
    assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
}
