//! Who was there and what was used, as JSON and as tables, from the real daemon.

use reqwest::header::ACCEPT;
use serde_json::{Value, json};

use crate::api::{Said, client, now, text};
use crate::usher::{CLIENTS, KEY, Setup, Usher, answered};

const OTHER_KEY: &str = "other-key";
const ADMIN_KEY: &str = "admin-key";
/// What somebody calls themselves who knows spreadsheets.
const TRICKSTER: &str = "=HYPERLINK(\"http://x.test\",\"Ann\")";

async fn usher() -> Usher {
    let mut clients = CLIENTS.to_owned();
    clients += &client("other", OTHER_KEY, "scopes = [\"meetings:read\"]");
    clients += &client("boss", ADMIN_KEY, "scopes = [\"admin\"]");
    Usher::start(Setup {
        clients,
        ..Setup::default()
    })
    .await
}

/// Somebody came in `ago.0` seconds ago, and went out `ago.1` seconds ago if at all.
async fn visit(usher: &Usher, room: &str, who: &str, ago: (i64, Option<i64>)) {
    let (came, went) = (now() - ago.0, ago.1.map(|ago| now() - ago));
    let report = |times: Value| {
        let mut occupant = json!({
            "occupant_jid": format!("{}@meet.test/1", who.len()), "joined_at": came, "name": who, "id": "-u1",
        });
        occupant
            .as_object_mut()
            .unwrap()
            .extend(times.as_object().unwrap().clone());
        json!({
            "room_name": room, "room_jid": format!("{room}@conference.meet.test"), "occupant": occupant,
        })
    };
    answered(usher.report("/events/occupant/joined", &report(json!({})))).await;
    if let Some(left_at) = went {
        answered(usher.report("/events/occupant/left", &report(json!({ "left_at": left_at })))).await;
    }
}

/// A booked meeting in which one has been and one still is; its id.
async fn meeting(usher: &Usher) -> String {
    let room = usher.create_room("appt-1").await;
    let name = text(&room["roomName"]);
    visit(usher, name, TRICKSTER, (50, Some(20))).await;
    visit(usher, name, "دکتر سارا", (40, None)).await;
    text(&room["meetingId"]).to_owned()
}

async fn got(usher: &Usher, key: &str, path: &str, accept: &str) -> Said {
    let request = usher.http.get(format!("{}{path}", usher.url()));
    Said::to(request.bearer_auth(key).header(ACCEPT, accept)).await
}

#[tokio::test]
async fn attendance_tells_who_was_in_from_when_to_when() {
    let usher = usher().await;
    let path = format!("/api/meetings/{}/attendance", meeting(&usher).await);
    let said = got(&usher, KEY, &path, "*/*").await;
    assert_eq!(said.status, 200, "{said:?}");
    let data = &said.json()["data"];
    assert_eq!(data["peak"], 2);
    assert_eq!(data["attendance"][0]["seconds"], 30);
    assert_eq!(data["attendance"][0]["name"], TRICKSTER);
    assert_eq!(data["attendance"][0]["userId"], "-u1");
    assert_eq!(data["attendance"][0]["estimated"], false);
    assert_eq!(data["attendance"][0]["reason"], "left");
    assert_eq!(data["attendance"][1]["to"], Value::Null, "still in");
    assert_eq!(data["attendance"][1]["reason"], Value::Null);
    assert!(data["personSeconds"].as_i64() >= Some(70) && data["occupiedSeconds"].as_i64() >= Some(50));
    got(&usher, OTHER_KEY, &path, "*/*")
        .await
        .assert_refused(404, "not_found");
    got(&usher, KEY, &format!("{path}?format=xls"), "*/*")
        .await
        .assert_refused(400, "invalid_field");
    let unknown = "/api/meetings/0196f3a1-7c2e-7d1a-9a44-1f0c2b3d4e5f/attendance";
    got(&usher, KEY, unknown, "*/*")
        .await
        .assert_refused(404, "not_found");
}

#[tokio::test]
async fn a_table_of_attendance_holds_no_formula() {
    let usher = usher().await;
    let id = meeting(&usher).await;
    let path = format!("/api/meetings/{id}/attendance");
    let said = got(&usher, KEY, &path, "text/csv").await;
    assert_eq!(said.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(said.header("cache-control"), "no-store");
    let disposition = format!("attachment; filename=\"attendance-{id}.csv\"");
    assert_eq!(said.header("content-disposition"), disposition);
    let lines: Vec<_> = said.text.lines().collect();
    assert_eq!(
        lines[0],
        "meeting_id,user_id,name,from,to,seconds,estimated,reason"
    );
    let quoted = format!("{id},'-u1,\"'{}\",", TRICKSTER.replace('"', "\"\""));
    assert!(lines[1].starts_with(&quoted), "{}", lines[1]);
    assert!(lines[1].ends_with(",30,false,left"), "{}", lines[1]);
    assert!(lines[2].contains(",دکتر سارا,"), "{}", lines[2]);
    let for_people = got(&usher, KEY, &format!("{path}?format=csv"), "text/html").await;
    assert!(for_people.text.starts_with("\u{feff}meeting_id,"));
}

#[tokio::test]
async fn totals_are_told_to_those_whose_they_are() {
    let usher = usher().await;
    meeting(&usher).await;
    visit(&usher, "open-house", "bob", (30, None)).await;
    let clients = async |key: &'static str, query: &str| {
        // Just after midnight, what began before it counts for yesterday.
        let said = got(&usher, key, &format!("/api/usage{query}"), "*/*").await;
        assert_eq!(said.status, 200, "{said:?}");
        let days = said.json()["data"]["days"].as_array().unwrap().clone();
        let row = |row: &Value| {
            (
                text(&row["client"]).to_owned(),
                row["meetings"].as_u64(),
                row["peak"].as_u64(),
            )
        };
        days.iter().map(row).collect::<Vec<_>>()
    };
    let ours = ("ataraxia".to_owned(), Some(1), Some(2));
    let open = ("adhoc".to_owned(), Some(1), Some(1));
    assert_eq!(clients(KEY, "").await, std::slice::from_ref(&ours));
    assert_eq!(
        clients(KEY, "?client=ataraxia").await,
        std::slice::from_ref(&ours)
    );
    assert!(clients(OTHER_KEY, "").await.is_empty());
    let mut all = clients(ADMIN_KEY, "").await;
    all.sort();
    assert_eq!(all, [open.clone(), ours]);
    assert_eq!(clients(ADMIN_KEY, "?client=adhoc").await, [open]);
    assert!(
        clients(ADMIN_KEY, "?from=2020-01-01&to=2020-02-01")
            .await
            .is_empty()
    );
    got(&usher, KEY, "/api/usage?client=other", "*/*")
        .await
        .assert_refused(403, "missing_scope");
    got(&usher, KEY, "/api/usage?from=2026-01-01&to=2026-12-31", "*/*")
        .await
        .assert_refused(400, "invalid_field");
    let table = got(&usher, KEY, "/api/usage", "text/csv").await;
    let lines: Vec<_> = table.text.lines().collect();
    assert_eq!(
        lines[0],
        "date,client,meetings,missed,cancelled,person_minutes,peak"
    );
    assert!(lines[1].contains(",ataraxia,1,0,0,"), "{}", lines[1]);
}
