//! What is told, and what becomes of it.

use super::*;

#[tokio::test]
async fn a_meeting_is_followed_from_first_join_to_last_leave() {
    let usher = Usher::start(setup().quick()).await;
    let signer = signer();
    let opened = signer.event(
        "room_started",
        json!({"room": room(ROOM, SID, now_millis() - 61_000)}),
    );
    tell(&usher, &signer, &opened).await;
    assert_eq!(active(&usher).await, 0.0, "nobody is in");
    let [ann, bob] = [("ann", 60), ("bob", 30)].map(|(who, seconds)| joined(&signer, who, seconds));
    tell(&usher, &signer, &ann).await;
    tell(&usher, &signer, &bob).await;
    assert_eq!(
        (active(&usher).await, usher.metric("usher_people").await),
        (1.0, 2.0)
    );
    tell(&usher, &signer, &left(&signer, &bob)).await;
    tell(&usher, &signer, &left(&signer, &ann)).await;
    let is_completed = |event: &Value| event["type"] == "usher.meeting.completed.v1";
    let over = usher.eventually("the meeting completes", async |usher: &Usher| {
        usher.event_log().into_iter().find(is_completed)
    });
    let data = over.await["data"].clone();
    assert_eq!(
        (&data["backend"], &data["roomName"]),
        (&json!("livekit"), &json!(ROOM))
    );
    assert_eq!(
        (&data["participantsPeak"], &data["cause"]["by"]),
        (&json!(2), &json!("livekit"))
    );
    let seconds = data["durationSeconds"].as_i64().unwrap();
    assert!(seconds >= 59, "{data}");
    let finished = signer.event("room_finished", json!({"room": ann["room"]}));
    tell(&usher, &signer, &finished).await;
    assert_eq!(usher.metric("usher_livekit_webhook_lag_seconds_count").await, 6.0);
}

#[tokio::test]
async fn what_is_newer_than_usher_still_counts() {
    let usher = start().await;
    let signer = signer();
    let ann = joined(&signer, "ann", 5);
    tell(&usher, &signer, &ann).await;
    let mut gone = left(&signer, &ann);
    gone["participant"]["disconnectReason"] = json!("ABDUCTED");
    gone["participant"]["telepathy"] = json!([{"range": "1.5e400"}, null]);
    gone["roomEndReason"] = json!(4711);
    tell(&usher, &signer, &gone).await;
    assert_eq!(usher.metric("usher_people").await, 0.0);
    assert_eq!(counted(&usher, "participant_left", "accepted").await, 1.0);
    let unheard_of = signer.event("room_exploded", json!({"room": "all of them"}));
    tell(&usher, &signer, &unheard_of).await;
    assert_eq!(counted(&usher, "other", "ignored").await, 1.0);
    let mut robot = joined(&signer, "robot", 0);
    robot["participant"]["kind"] = json!("ANDROID");
    tell(&usher, &signer, &robot).await;
    assert_eq!(counted(&usher, "participant_joined", "ignored").await, 1.0);
}

#[tokio::test]
async fn metadata_may_be_long_and_is_not_kept() {
    let usher = start().await;
    let signer = signer();
    let mut ann = joined(&signer, "ann", 0);
    ann["room"]["metadata"] = json!("a diagnosis ".repeat(65_536));
    ann["participant"]["metadata"] = json!("a prescription ".repeat(52_429));
    assert!(ann.to_string().len() > 1_572_864);
    tell(&usher, &signer, &ann).await;
    assert_eq!(active(&usher).await, 1.0);
    let mut kept = usher.log().into_bytes();
    for file in std::fs::read_dir(usher.store_dir()).unwrap() {
        kept.extend(std::fs::read(file.unwrap().path()).unwrap_or_default());
    }
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains("PA_ann"), "the store is looked at");
    for secret in ["diagnosis", "prescription", "nobody else may know"] {
        assert!(!kept.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_comes_twice_is_taken_once() {
    let usher = start().await;
    let signer = signer();
    let ann = joined(&signer, "ann", 5);
    for _ in 0..3 {
        tell(&usher, &signer, &ann).await;
    }
    assert_eq!(counted(&usher, "participant_joined", "accepted").await, 1.0);
    assert_eq!(counted(&usher, "participant_joined", "repeated").await, 2.0);
    // Another event that says the same again changes nothing either.
    let mut again = ann.clone();
    again["id"] = json!("EV_another");
    tell(&usher, &signer, &again).await;
    assert_eq!(counted(&usher, "participant_joined", "repeated").await, 3.0);
    tell(&usher, &signer, &left(&signer, &ann)).await;
    let told = usher.eventually("all is told", async |usher: &Usher| {
        let events = usher.event_log();
        let told: Vec<_> = events
            .iter()
            .map(|event| event["data"]["sequence"].clone())
            .collect();
        told.contains(&json!(3)).then_some(told)
    });
    assert_eq!(told.await, [1, 2, 3], "active, joined, and left");
}

#[tokio::test]
async fn rooms_of_others_are_acknowledged_and_not_followed() {
    let mut setup = setup();
    setup.sections = server("main", URL) + "rooms = [\"ward-*\"]\n";
    let usher = Usher::start(setup).await;
    let signer = signer();
    for name in ["Ward-1", "lounge", "ward 1", "ward-1/../2"] {
        let mut ann = joined(&signer, "ann", 0);
        ann["room"]["name"] = json!(name);
        tell(&usher, &signer, &ann).await;
    }
    assert_eq!(active(&usher).await, 0.0);
    assert_eq!(counted(&usher, "participant_joined", "foreign").await, 4.0);
    tell(&usher, &signer, &joined(&signer, "ann", 0)).await;
    assert_eq!(active(&usher).await, 1.0);
}

#[tokio::test]
async fn a_booked_room_is_followed_whatever_it_is_called() {
    let mut setup = setup();
    setup.sections = server("main", URL) + "rooms = [\"ward-*\"]\n";
    setup.clients = setup
        .clients
        .replace("rooms = [\"*\"]", "rooms = [\"*\"]\nbackend = \"livekit:main\"");
    let usher = Usher::start(setup).await;
    let signer = signer();
    let wanted = json!({"title": "A talk", "participants": ["ann", "bob"]});
    let booked = Said::to(usher.post("/api/meetings/adhoc", &wanted)).await.json();
    let name = booked["data"]["livekitDetails"]["roomName"].as_str();
    let name = name.unwrap_or_else(|| panic!("{booked}"));
    assert!(!name.starts_with("ward-"));
    let mut ann = joined(&signer, "ann", 0);
    ann["room"]["name"] = json!(name);
    tell(&usher, &signer, &ann).await;
    assert_eq!(counted(&usher, "participant_joined", "accepted").await, 1.0);
}

#[tokio::test]
async fn what_cannot_be_understood_is_lost_and_the_log_says_so() {
    let usher = start().await;
    let signer = signer();
    let mut nowhere = joined(&signer, "ann@example.com", 0);
    nowhere["room"].as_object_mut().unwrap().remove("sid");
    let said = Said::to(signer.tell(&usher, &nowhere)).await;
    said.assert_refused(400, "invalid_field");
    assert_eq!(said.json()["field"], "room.sid");
    assert_eq!(counted(&usher, "participant_joined", "malformed").await, 1.0);
    let garbage = b"\"hunter2\"".to_vec();
    let header = signer.sign(&garbage);
    Said::to(send(&usher, &header, garbage))
        .await
        .assert_refused(400, "invalid_json");
    let huge = vec![b' '; 4 * 1024 * 1024 + 1];
    let header = signer.sign(&huge);
    Said::to(send(&usher, &header, huge))
        .await
        .assert_refused(413, "body_too_large");
    assert_eq!(counted(&usher, "other", "malformed").await, 2.0);
    let log = usher.eventually("the log tells of all", async |usher: &Usher| {
        let log = usher.log();
        (log.matches("cannot be understood and is lost").count() == 3).then_some(log)
    });
    let log = log.await;
    for secret in ["ann@example.com", "hunter2"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn who_was_in_when_a_node_died_was_in_until_the_room_was_heard_of_last() {
    let usher = start().await;
    let signer = signer();
    let now = now_millis() / 1000;
    let told_at = async |name: &str, seconds: i64, parts: Value| {
        let mut event = signer.event(name, parts);
        event["createdAt"] = json!((now - seconds).to_string());
        tell(&usher, &signer, &event).await;
    };
    let of_room = json!({"room": room(ROOM, SID, (now - 100) * 1000)});
    let mut ann = of_room.clone();
    ann["participant"] = participant("PA_ann", "ann", (now - 90) * 1000);
    told_at("room_started", 100, of_room.clone()).await;
    told_at("participant_joined", 90, ann).await;
    told_at("track_published", 50, of_room.clone()).await;
    // Another node has the room now.
    told_at("room_started", 10, of_room).await;
    assert_eq!(usher.metric("usher_people").await, 0.0);
    let gone = usher.eventually("it is told that ann is gone", async |usher: &Usher| {
        let mut events = usher.event_log().into_iter();
        events.find(|event| event["type"] == "usher.meeting.participant.left.v1")
    });
    let gone = gone.await;
    assert_eq!(crate::api::moment(&gone["time"]).timestamp(), now - 50, "{gone}");
    assert_eq!(gone["data"]["synthesised"], true, "{gone}");
}
