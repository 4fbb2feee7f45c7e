//! Who is removed from a meeting is put out of its room, stays out, and gets no token.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Booked, MEETINGS, PAT, PAT_ID, SARA, SARA_ID, Stage, after};
use crate::api::{Said, text};
use crate::end_to_end::story::lines;
use crate::reload::save_in_place;
use crate::usher::{KEY, Usher};

/// A meeting that names its people.
async fn between(stage: &Stage, people: &[&str]) -> Booked {
    let wanted = json!({ "scheduledAt": after(60), "durationMinutes": 30, "participants": people });
    stage.book_as(KEY, wanted).await
}

async fn token_for(stage: &Stage, meeting: &Booked, person: &str) -> Said {
    let path = format!("/api/meetings/{}/token", meeting.id);
    let wanted = json!({ "userId": person, "userName": "Somebody" });
    stage.send(KEY, Method::POST, &path, &wanted).await
}

async fn generated(stage: &Stage, meeting: &Booked, identity: &str) -> Said {
    let wanted = json!({ "roomName": meeting.room, "identity": identity });
    stage
        .send(KEY, Method::POST, "/api/livekit/generate-token", &wanted)
        .await
}

#[tokio::test]
async fn who_is_removed_goes_whenever_they_come_back() {
    let stage = Stage::start().await;
    let meeting = between(&stage, &["ann", "bob"]).await;
    stage.livekit.join(&meeting.room, "ann");
    stage.livekit.join(&meeting.room, "bob");
    stage.until_people(2).await;
    let said = stage.about(&meeting, Method::DELETE, "ann", &json!({})).await;
    assert_eq!(said.json()["data"], json!({ "removed": ["ann"] }), "{said:?}");
    stage.until_present(&meeting.room, &["bob"]).await;
    stage.until_orders("remove", "done", 1).await;
    stage.until_people(1).await;
    let is_told = async |_: &Usher| {
        let told = lines(&stage.told(&meeting));
        let mut told = told.iter();
        told.any(|line| line.ends_with("participant.left ann kicked"))
            .then_some(())
    };
    stage.usher.eventually("that she was put out", is_told).await;
    // Her token is still good at LiveKit.
    stage.livekit.join(&meeting.room, "ann#phone");
    stage.until_orders("remove", "done", 2).await;
    stage.until_present(&meeting.room, &["bob"]).await;
}

#[tokio::test]
async fn who_is_removed_gets_no_token_until_they_may_come_again() {
    let stage = Stage::start().await;
    let meeting = between(&stage, &["ann", "bob"]).await;
    stage.about(&meeting, Method::DELETE, "ann", &json!({})).await;
    let refused = [
        token_for(&stage, &meeting, "ann").await,
        generated(&stage, &meeting, "ann").await,
    ];
    for said in refused {
        said.assert_refused(403, "removed_from_meeting");
    }
    assert_eq!(token_for(&stage, &meeting, "bob").await.status, 200);
    let said = stage.about(&meeting, Method::PUT, "ann", &json!({})).await;
    assert_eq!(said.json()["data"], json!({ "removed": [] }), "{said:?}");
    assert_eq!(token_for(&stage, &meeting, "ann").await.status, 200);
    assert_eq!(generated(&stage, &meeting, "ann").await.status, 200);
    stage.livekit.join(&meeting.room, "ann");
    stage.until_people(1).await;
    assert_eq!(stage.livekit.present(&meeting.room), ["ann"]);
    let audit = stage.audited("remove").await;
    let record = &audit[0];
    assert_eq!(
        (&record["person"], &record["room"], &record["client"]),
        (&json!("ann"), &json!(meeting.room), &json!("ataraxia")),
        "{audit:#?}"
    );
}

#[tokio::test]
async fn who_is_taken_off_the_list_is_put_out() {
    let stage = Stage::start().await;
    let meeting = between(&stage, &["ann", "bob"]).await;
    stage.livekit.join(&meeting.room, "ann");
    stage.livekit.join(&meeting.room, "bob");
    stage.until_people(2).await;
    let path = format!("/api/meetings/{}", meeting.id);
    let list = async |people: &[&str]| {
        let said = stage
            .send(KEY, Method::PATCH, &path, &json!({ "participants": people }))
            .await;
        assert_eq!(said.status, 200, "{said:?}");
    };
    list(&["bob"]).await;
    stage.until_present(&meeting.room, &["bob"]).await;
    generated(&stage, &meeting, "ann")
        .await
        .assert_refused(403, "removed_from_meeting");
    list(&["bob", "ann"]).await;
    assert_eq!(token_for(&stage, &meeting, "ann").await.status, 200);
    stage.livekit.join(&meeting.room, "ann");
    stage.until_people(2).await;
    let removed = "usher_orders_total{kind=\"remove\",result=\"done\"}";
    assert_eq!(stage.usher.metric(removed).await, 1.0, "she may stay now");
}

/// Events know them by a fingerprint, and so does whoever removes them.
#[tokio::test]
async fn people_whose_id_is_an_address_are_found_too() {
    let stage = Stage::start().await;
    let meeting = stage.book(60, 30).await;
    stage.livekit.join(&meeting.room, "ann@example.com");
    stage.until_people(1).await;
    let path = format!("/api/meetings/{}/attendance", meeting.id);
    let seen = stage.send(KEY, Method::GET, &path, &json!({})).await.json();
    let person = text(&seen["data"]["attendance"][0]["userId"]).to_owned();
    assert!(person.starts_with("sha256:"), "{person}");
    stage.about(&meeting, Method::DELETE, &person, &json!({})).await;
    stage.until_present(&meeting.room, &[]).await;
    generated(&stage, &meeting, "Ann@Example.com")
        .await
        .assert_refused(403, "removed_from_meeting");
}

#[tokio::test]
async fn a_server_that_is_away_is_told_later() {
    let mut stage = Stage::start().await;
    let meeting = between(&stage, &["ann", "bob"]).await;
    stage.livekit.join(&meeting.room, "ann");
    stage.until_people(1).await;
    stage.livekit.page(Some(502));
    stage.about(&meeting, Method::DELETE, "ann", &json!({})).await;
    stage.until_failed("remove").await;
    stage.usher.kill9();
    stage.usher.restart().await;
    stage.livekit.page(None);
    stage.until_present(&meeting.room, &[]).await;
}

/// Ann has gone, and LiveKit did not say so: she cannot be put out, and is not given up for minutes.
#[tokio::test]
async fn one_who_cannot_be_put_out_holds_up_nobody() {
    let stage = Stage::start().await;
    let meeting = between(&stage, &["ann", "bob"]).await;
    let ann = stage.livekit.join(&meeting.room, "ann");
    stage.livekit.join(&meeting.room, "bob");
    stage.until_people(2).await;
    stage.livekit.lose(&["participant_left"]);
    stage.livekit.leave(&ann);
    stage.about(&meeting, Method::DELETE, "ann", &json!({})).await;
    stage.until_failed("remove").await;
    stage.about(&meeting, Method::DELETE, "bob", &json!({})).await;
    stage.until_present(&meeting.room, &[]).await;
    let failed = stage
        .usher
        .metric("usher_orders_total{kind=\"remove\",result=\"failed\"}");
    assert!(failed.await < 6.0, "nobody waited for the pauses to end");
}

#[tokio::test]
async fn hosts_remove_others_and_are_not_removed() {
    let stage = Stage::start().await;
    let sara = stage.sign_in(SARA).await;
    let wanted = json!({ "scheduledAt": after(60), "durationMinutes": 30, "participants": ["ann"] });
    let meeting = stage.book_as(&sara, wanted).await;
    let person = |person: &str| format!("/api/meetings/{}/people/{person}", meeting.id);
    let said = stage
        .send(&sara, Method::DELETE, &person("ann"), &json!({}))
        .await;
    assert_eq!(said.status, 200, "{said:?}");
    stage
        .about(&meeting, Method::DELETE, SARA_ID, &json!({}))
        .await
        .assert_refused(409, "host_cannot_be_removed");
    let records = stage.audited("remove").await;
    let by_sara = |record: &Value| record["user"] == SARA_ID && record["person"] == "ann";
    assert!(records.iter().any(by_sara), "{records:#?}");
}

/// Pat takes part, moderates nothing, and is removed.
#[tokio::test]
async fn a_person_who_is_removed_is_told_so_everywhere() {
    let stage = Stage::start().await;
    let pat = stage.sign_in(PAT).await;
    let meeting = between(&stage, &[PAT_ID, "bob"]).await;
    let of_meeting = |rest: &str| format!("/api/meetings/{}{rest}", meeting.id);
    stage
        .send(&pat, Method::DELETE, &of_meeting("/people/bob"), &json!({}))
        .await
        .assert_refused(403, "not_organiser");
    stage.about(&meeting, Method::DELETE, PAT_ID, &json!({})).await;
    let room = json!({ "room_name": meeting.room });
    let refused = [
        stage
            .send(&pat, Method::POST, &of_meeting("/token"), &json!({}))
            .await,
        stage.send(&pat, Method::POST, "/api/livekit/token", &room).await,
    ];
    for said in refused {
        said.assert_refused(403, "removed_from_meeting");
    }
    let shown = stage.send(&pat, Method::GET, &of_meeting(""), &json!({})).await;
    assert_eq!(
        shown.json()["data"]["livekitDetails"]["token"],
        Value::Null,
        "{shown:?}"
    );
    let here = stage
        .send(&pat, Method::POST, &of_meeting("/waiting"), &json!({}))
        .await;
    assert_eq!(here.json()["data"]["state"], "removed", "{here:?}");
}

/// Everybody left before its time was; whoever comes now begins what follows it.
#[tokio::test]
async fn who_is_removed_stays_out_of_the_rest_of_the_booked_time() {
    let stage = Stage::with(
        "",
        "[meetings]\nadhoc_grace_secs = 1\nbooked_grace_secs = 1\n",
        "",
    )
    .await;
    let pat = stage.sign_in(PAT).await;
    let wanted = json!({ "scheduledAt": after(-30), "durationMinutes": 30, "participants": [PAT_ID, "bob"] });
    let meeting = stage.book_as(KEY, wanted).await;
    let bob = stage.livekit.join(&meeting.room, "bob");
    stage.until_people(1).await;
    stage.about(&meeting, Method::DELETE, PAT_ID, &json!({})).await;
    stage.livekit.leave(&bob);
    let is_over = async |_: &Usher| {
        let told = lines(&stage.told(&meeting));
        told.iter().any(|line| line.contains("completed")).then_some(())
    };
    stage.usher.eventually("the end of the meeting", is_over).await;
    let room = json!({ "room_name": meeting.room });
    let refused = [
        stage.send(&pat, Method::POST, "/api/livekit/token", &room).await,
        generated(&stage, &meeting, PAT_ID).await,
    ];
    for said in refused {
        said.assert_refused(403, "removed_from_meeting");
    }
    assert_eq!(generated(&stage, &meeting, "bob").await.status, 200);
}

#[tokio::test]
async fn an_id_with_a_number_sign_is_found_under_its_identity() {
    let stage = Stage::start().await;
    let meeting = between(&stage, &["a#b", "bob"]).await;
    stage.livekit.join(&meeting.room, "a%23b");
    stage.until_people(1).await;
    let said = stage.about(&meeting, Method::DELETE, "a%23b", &json!({})).await;
    assert_eq!(said.json()["data"], json!({ "removed": ["a#b"] }), "{said:?}");
    stage.until_present(&meeting.room, &[]).await;
    generated(&stage, &meeting, "a%23b")
        .await
        .assert_refused(403, "removed_from_meeting");
    assert_eq!(
        generated(&stage, &meeting, "a%2523b").await.status,
        200,
        "somebody else"
    );
}

#[tokio::test]
async fn who_is_switched_off_is_put_out_wherever_they_are_and_not_for_ever() {
    let stage = Stage::start().await;
    let meeting = between(&stage, &[PAT_ID, "bob"]).await;
    stage.livekit.join(&meeting.room, PAT_ID);
    stage.livekit.join(&meeting.room, "bob");
    stage.until_people(2).await;
    let file = stage.usher.config_dir().join("users.toml");
    let users = fs::read_to_string(&file).expect("the file is there");
    let (before, after) = users.rsplit_once("active = true").expect("Pat is the last");
    save_in_place(&file, &format!("{before}active = false{after}"));
    stage.until_present(&meeting.room, &["bob"]).await;
    stage.until_orders("remove", "done", 1).await;
    stage.livekit.join(&meeting.room, PAT_ID);
    stage.until_orders("remove", "done", 2).await;
    stage.until_present(&meeting.room, &["bob"]).await;
    let said = stage.about(&meeting, Method::PUT, "bob", &json!({})).await;
    assert_eq!(said.json()["data"], json!({ "removed": [] }), "{said:?}");
    save_in_place(&file, &users);
    let applied = [("usher_config_reloads_total{result=\"applied\"}", 2.0)];
    stage.usher.until_metrics(&applied).await;
    stage.livekit.join(&meeting.room, PAT_ID);
    stage.until_people(2).await;
    assert_eq!(stage.livekit.present(&meeting.room), ["bob", PAT_ID]);
    let removed = "usher_orders_total{kind=\"remove\",result=\"done\"}";
    assert_eq!(stage.usher.metric(removed).await, 2.0, "they may stay now");
}

/// What hosts said is forgotten with a restart; who is in was let in all the same.
#[tokio::test]
async fn who_is_in_waits_for_nobody_unless_somebody_says_otherwise() {
    let rules = "[[rules]]\nrooms = \"*\"\nlobby = true\nwait_for_host = true\n";
    let stage = Stage::with("", MEETINGS, rules).await;
    let pat = stage.sign_in(PAT).await;
    let meeting = between(&stage, &[PAT_ID, "bob"]).await;
    let path = format!("/api/meetings/{}/waiting", meeting.id);
    let here = async || stage.send(&pat, Method::POST, &path, &json!({})).await.json()["data"].clone();
    assert_eq!(here().await["state"], "waiting");
    stage.livekit.join(&meeting.room, PAT_ID);
    stage.until_people(1).await;
    let inside = here().await;
    assert_eq!(inside["state"], "ready", "{inside:#}");
    text(&inside["livekitDetails"]["token"]);
    let deny = json!({ "userId": PAT_ID, "admit": false });
    let admit = format!("/api/meetings/{}/admit", meeting.id);
    let said = stage.send(KEY, Method::POST, &admit, &deny).await;
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(here().await["state"], "denied");
    stage.about(&meeting, Method::DELETE, PAT_ID, &json!({})).await;
    assert_eq!(here().await["state"], "removed");
}
