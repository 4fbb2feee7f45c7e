//! What happens in a room, and what usher is told of it.

use serde_json::{Value, json};

use super::people::People;
use super::receiver::Receiver;
use super::server::{ACCOUNTS, BREAKOUT, MUC, PASSWORD, Prosody, Setup};

const SECRET: &str = "a secret of Prosody and usher";
const ALPHA: &str = "alpha@conference.meet.test";

/// A receiver, a Prosody that tells it, and nobody yet. No roster comes by time.
async fn bench(setup: impl FnOnce(Setup) -> Setup) -> (Receiver, Prosody, People) {
    let receiver = Receiver::start().await;
    let common = Setup::with_usher(&receiver.url(), SECRET).global("usher_roster_interval = 3600");
    let prosody = Prosody::start(setup(common)).await;
    (receiver, prosody, People::start())
}

/// Type, number and name of each event, such as `joined 3 ann`.
fn told(events: &[Value]) -> Vec<String> {
    let line = |event: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let words = [
            text(&event["type"]),
            event["n"].to_string(),
            text(&event["occupant"]["nick"]),
            text(&event["reason"]),
        ];
        words.join(" ").trim().to_owned()
    };
    events.iter().map(line).collect()
}

/// Nick and kind of each event's person, such as `ann person`.
fn kinds(events: &[Value]) -> Vec<String> {
    let text = |event: &Value, field: &str| event["occupant"][field].as_str().unwrap_or("-").to_owned();
    events
        .iter()
        .map(|event| format!("{} {}", text(event, "nick"), text(event, "kind")))
        .collect()
}

#[tokio::test]
async fn two_people_come_and_go() {
    let (receiver, prosody, mut people) = bench(|setup| setup).await;
    let ann = people
        .join_with(&prosody, "ann", ALPHA, json!({ "name": "Ann" }))
        .await;
    people
        .join_with(&prosody, "bob", ALPHA, json!({ "name": "Bob" }))
        .await;
    people.leave("bob", ALPHA).await;
    people.leave("ann", ALPHA).await;

    // Two components send: numbers are each one's own. Only the conference has more than the first list of rooms.
    let events = receiver.facts(6).await;
    assert_eq!(
        told(&events),
        [
            "room_opened 2",
            "joined 3 ann",
            "joined 4 bob",
            "left 5 bob left",
            "left 6 ann left",
            "room_closed 7"
        ]
    );
    let joined = &events[1];
    let occupant = &joined["occupant"];
    assert_eq!(joined["room_jid"], ALPHA);
    assert_eq!(occupant["jid"], ann["jid"]);
    assert_eq!(occupant["name"], "Ann");
    assert_eq!(occupant["kind"], "person");
    assert_eq!(
        occupant["moderator"],
        json!(true),
        "the first in a room without focus owns it"
    );
    assert_eq!(occupant["joined_at"], joined["at"]);
    assert!(events.iter().all(|event| event["opened_at"] == events[0]["at"]));
    assert!(
        joined.get("breakout").is_none() && occupant.get("id").is_none(),
        "what is not known is not there"
    );
    assert_eq!(events[4]["occupant"]["joined_at"], joined["at"]);
    assert_eq!(events[5]["for_everyone"], json!(false));
    assert!(times_ascend(&events));

    let first = &receiver.batches()[0];
    assert_eq!(first.path, "/prosody/events");
    assert_eq!(first.authorization, format!("Bearer {SECRET}"));
    assert_eq!(first.body["version"], 1);
    assert_eq!(first.body["first"], 1);
    assert_eq!(first.body["dropped"], 0);
    assert!(first.body["started_at"].as_f64().is_some_and(|at| at > 1.7e9));
}

fn times_ascend(events: &[Value]) -> bool {
    let times: Vec<f64> = events.iter().filter_map(|event| event["at"].as_f64()).collect();
    times.len() == events.len() && times.is_sorted()
}

#[tokio::test]
async fn kicked_and_banned_people_are_told_apart() {
    let (receiver, prosody, mut people) = bench(|setup| setup).await;
    people.focus(&prosody, ALPHA).await;
    people.join(&prosody, "ann", ALPHA).await;
    let bob = people.join(&prosody, "bob", ALPHA).await;
    let kick = people
        .ask(json!({ "do": "kick", "id": "focus", "room": ALPHA, "nick": "ann" }))
        .await;
    assert_eq!(kick["done"], json!(true));
    people
        .notice(|notice| notice["id"] == "ann" && notice["removed"]["codes"] == json!([307, 110]))
        .await;
    let bare = bob["jid"].as_str().and_then(|jid| jid.split('/').next());
    let ban =
        json!({ "do": "affiliation", "id": "focus", "room": ALPHA, "jid": bare, "affiliation": "outcast" });
    assert_eq!(people.ask(ban).await["done"], json!(true));
    let back = people.join(&prosody, "bob", ALPHA).await;
    assert_eq!(back["refused"], "forbidden");

    let events = receiver.facts(5).await;
    assert_eq!(told(&events[3..]), ["left 5 ann kicked", "left 6 bob banned"]);
}

#[tokio::test]
async fn a_room_destroyed_with_people_inside_is_closed_for_everyone() {
    let (receiver, prosody, mut people) = bench(|setup| setup).await;
    people.focus(&prosody, ALPHA).await;
    people.join(&prosody, "ann", ALPHA).await;
    people.join(&prosody, "bob", ALPHA).await;
    let destroy =
        json!({ "do": "destroy", "id": "focus", "room": ALPHA, "reason": "The meeting has been terminated" });
    assert_eq!(people.ask(destroy).await["done"], json!(true));

    let events = receiver.facts(6).await;
    let mut left = told(&events[3..5]);
    left.sort_by_key(|line| line.split(' ').nth(2).map(str::to_owned));
    assert!(
        left[0].ends_with("ann room_closed") && left[1].ends_with("bob room_closed"),
        "{left:?}"
    );
    assert_eq!(events[5]["type"], "room_closed");
    assert_eq!(events[5]["reason"], "The meeting has been terminated");
    assert_eq!(events[5]["for_everyone"], json!(true));
}

#[tokio::test]
async fn a_cut_connection_is_lost_and_a_goodbye_is_not() {
    let (receiver, prosody, mut people) = bench(|setup| setup).await;
    people.join(&prosody, "ann", ALPHA).await;
    people.join(&prosody, "bob", ALPHA).await;
    people.drop_connection("bob").await;
    receiver.facts(4).await;
    people.ask(json!({ "do": "goodbye", "id": "ann" })).await;

    let events = receiver.facts(6).await;
    assert_eq!(
        told(&events[3..]),
        ["left 5 bob lost", "left 6 ann left", "room_closed 7"]
    );
}

#[tokio::test]
async fn a_new_moderator_is_told() {
    let (receiver, prosody, mut people) = bench(|setup| setup).await;
    people.focus(&prosody, ALPHA).await;
    let ann = people.join(&prosody, "ann", ALPHA).await;
    assert_eq!(
        (&ann["affiliation"], &ann["role"]),
        (&json!("none"), &json!("participant"))
    );
    let bare = ann["jid"].as_str().and_then(|jid| jid.split('/').next());
    let mut grant =
        json!({ "do": "affiliation", "id": "focus", "room": ALPHA, "jid": bare, "affiliation": "owner" });
    people.ask(grant.clone()).await;
    grant["affiliation"] = json!("none");
    people.ask(grant).await;

    let events = receiver.facts(4).await;
    assert_eq!(events[1]["occupant"]["moderator"], json!(false));
    assert_eq!(events[2]["type"], "role");
    assert_eq!(
        events[2]["occupant"],
        json!({ "jid": ann["jid"], "moderator": true })
    );
    assert_eq!(
        events[3]["occupant"],
        json!({ "jid": ann["jid"], "moderator": false })
    );
}

#[tokio::test]
async fn a_breakout_room_counts_under_its_main_room() {
    let (receiver, prosody, mut people) =
        bench(|setup| setup.end("modules_enabled = { \"usher_events\", \"test_breakout\" }")).await;
    let side = format!("4b1c@{BREAKOUT}");
    people.join(&prosody, "ann", ALPHA).await;
    people.join(&prosody, "bob", ALPHA).await;
    people
        .ask(json!({ "do": "leave", "id": "bob", "room": ALPHA, "status": "switch_room" }))
        .await;
    people.join(&prosody, "bob", &side).await;
    people.leave("bob", &side).await;

    let (main, breakout): (Vec<Value>, Vec<Value>) = receiver
        .facts(8)
        .await
        .into_iter()
        .partition(|event| event.get("breakout").is_none());
    assert_eq!(told(&main)[3], "left 5 bob switch_room");
    assert_eq!(
        told(&breakout),
        [
            "room_opened 2",
            "joined 3 bob",
            "left 4 bob left",
            "room_closed 5"
        ]
    );
    assert!(
        breakout
            .iter()
            .all(|event| event["room_jid"] == ALPHA && event["breakout"] == "4b1c")
    );
}

#[tokio::test]
async fn focus_and_health_checks_are_left_out_and_recorders_are_marked() {
    let (receiver, prosody, mut people) = bench(|setup| setup).await;
    let check = format!("__jicofo-health-check-17@{MUC}");
    people.focus(&prosody, &check).await;
    people.leave("focus", &check).await;
    people.focus(&prosody, ALPHA).await;
    people.recorder(&prosody, ALPHA).await;
    // Somebody who says that he is the focus or a gateway is in the meeting all the same.
    let initiator = json!({ "presence": [["initiator", "http://jitsi.org/protocol/jigasi", "x"]] });
    people.join_with(&prosody, "eve", ALPHA, initiator.clone()).await;
    people.leave("focus", ALPHA).await;
    people
        .join_with(&prosody, "mallory", ALPHA, json!({ "nick": "focus" }))
        .await;

    // Jigasi has an account, and Docker counts it among the administrators.
    let mut jigasi = json!({ "domain": ACCOUNTS, "username": "focus", "password": PASSWORD });
    jigasi["presence"] = initiator["presence"].clone();
    people.join_with(&prosody, "phone", ALPHA, jigasi).await;

    let events = receiver.facts(5).await;
    assert_eq!(
        kinds(&events),
        [
            "- -",
            "recorder recorder",
            "eve person",
            "focus person",
            "phone gateway"
        ]
    );
    assert!(events.iter().all(|event| event["room_jid"] == ALPHA));
}

#[tokio::test]
async fn the_identity_of_the_token_is_told_without_the_e_mail() {
    let (receiver, prosody, mut people) =
        bench(|setup| setup.host("authentication = \"anonymous\"\nmodules_enabled = { \"test_context\" }"))
            .await;
    people
        .join_with(&prosody, "ann", ALPHA, json!({ "name": "Called otherwise" }))
        .await;

    let events = receiver.facts(2).await;
    let occupant = &events[1]["occupant"];
    assert_eq!(occupant["id"], "ann-7");
    assert_eq!(occupant["name"], "Ann of the token");
    assert_eq!(occupant["group"], "doctors");
    assert!(
        receiver
            .batches()
            .iter()
            .all(|batch| !batch.raw.contains("example.test"))
    );
}

#[tokio::test]
async fn a_long_or_strange_name_keeps_nobody_out_of_the_events() {
    let (receiver, prosody, mut people) = bench(|setup| setup).await;
    let name = format!("{}\n{}", "é".repeat(100), "漢".repeat(40_000));
    people
        .join_with(&prosody, "ann", ALPHA, json!({ "name": name }))
        .await;

    let events = receiver.facts(2).await;
    let told = events[1]["occupant"]["name"].as_str().expect("a name");
    assert!(
        told.starts_with(&"é".repeat(100)) && told.contains(" 漢"),
        "{told}"
    );
    assert!(told.len() <= 256);
}
