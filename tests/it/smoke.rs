//! The daemon from first start to last signal, without neighbours.

use serde_json::json;

use crate::usher::{Setup, Usher};

#[tokio::test]
async fn it_starts_books_reports_and_stops() {
    let mut usher = Usher::start(Setup::default().quick()).await;
    let room = usher.create_room("appt-1").await;
    let again = usher.create_room("appt-1").await;
    assert_eq!(room["roomName"], again["roomName"], "asked again, the same room");
    assert_eq!(usher.metric("usher_meetings{status=\"scheduled\"}").await, 1.0);
    let now = chrono_now();
    let name = room["roomName"].as_str().unwrap();
    let body = json!({
        "room_name": name, "room_jid": format!("{name}@conference.meet.test"),
        "occupant": {"occupant_jid": "ann@meet.test/1", "joined_at": now, "name": "Ann"}
    });
    crate::usher::answered(usher.report("/events/occupant/joined", &body)).await;
    assert_eq!(usher.metric("usher_people").await, 1.0);
    usher.signal("TERM");
    assert!(usher.ended().success());
    usher.restart().await;
    assert_eq!(
        usher.metric("usher_people").await,
        1.0,
        "what was acknowledged is there after a restart"
    );
}

fn chrono_now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}
