//! Who is removed from a meeting is put out of its room in Prosody, whenever they come back.

use serde_json::{Value, json};

use super::stage::{Booked, MEETINGS, Stage, events_of};
use crate::api::text;
use crate::end_to_end::story::lines;
use crate::prosody::server::MUC;
use crate::usher::{KEY, answered};

/// Everybody there is `ann-7`, by their token.
async fn as_ann() -> Stage {
    let known = "authentication = \"anonymous\"\nmodules_enabled = { \"test_context\" }";
    Stage::with(MEETINGS, None, |setup| setup.host(known)).await
}

async fn about_ann(stage: &Stage, meeting: &Booked, method: reqwest::Method) -> Value {
    let url = format!("{}/api/meetings/{}/people/ann-7", stage.usher.url(), meeting.id);
    answered(stage.usher.http.request(method, url).bearer_auth(KEY)).await
}

/// A meeting between two people.
async fn between(stage: &Stage, people: &[&str]) -> Booked {
    let wanted = json!({ "participants": people });
    let booked = stage.usher.post("/api/meetings/adhoc", &wanted);
    let meeting = answered(booked).await["data"]["meeting"].clone();
    Booked {
        id: text(&meeting["id"]).to_owned(),
        room: format!("{}@{MUC}", text(&meeting["roomName"])),
    }
}

async fn list(stage: &Stage, meeting: &Booked, people: &[&str]) {
    let url = format!("{}/api/meetings/{}", stage.usher.url(), meeting.id);
    let changed = stage.usher.http.patch(url).bearer_auth(KEY);
    answered(changed.json(&json!({ "participants": people }))).await;
}

#[tokio::test]
async fn who_is_removed_goes_whenever_they_come_back() {
    let mut stage = as_ann().await;
    let meeting = stage.book_long("appt-1").await;
    stage.enter(&meeting.room, &["laptop"]).await;
    about_ann(&stage, &meeting, reqwest::Method::DELETE).await;
    let out = stage.put_out("laptop").await;
    assert_eq!(out["reason"], "You were removed from this meeting.", "{out}");
    stage.until_orders("remove", "done", 1).await;
    stage.usher.until_metrics(&[("usher_people", 0.0)]).await;
    // Her token is still good in Prosody.
    let joined = stage.people.join(&stage.prosody, "phone", &meeting.room).await;
    assert_eq!(joined["joined"], meeting.room, "{joined}");
    stage.put_out("phone").await;
    stage.until_orders("remove", "done", 2).await;
    about_ann(&stage, &meeting, reqwest::Method::PUT).await;
    stage.enter(&meeting.room, &["laptop"]).await;
    let told = lines(&events_of(&stage.usher, &meeting));
    let kicked = told.iter().filter(|line| line.ends_with("kicked")).count();
    assert_eq!(kicked, 2, "{told:?}");
}

#[tokio::test]
async fn who_is_taken_off_the_list_is_put_out() {
    let mut stage = as_ann().await;
    let meeting = between(&stage, &["ann-7", "bob-8"]).await;
    stage.enter(&meeting.room, &["laptop"]).await;
    list(&stage, &meeting, &["bob-8"]).await;
    stage.put_out("laptop").await;
    stage.until_orders("remove", "done", 1).await;
    list(&stage, &meeting, &["bob-8", "ann-7"]).await;
    stage.enter(&meeting.room, &["laptop"]).await;
    stage.until_orders("remove", "done", 1).await;
}
