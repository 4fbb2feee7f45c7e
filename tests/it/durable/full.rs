//! A disk that is full: usher refuses what it cannot store, says so, and has everything it promised when there is room.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::usher::{Setup, Usher, now_millis};

/// Half-KiB blocks: a file may grow to 2 MiB, then writing to it fails.
const SMALL_DISK: [&str; 3] = ["sh", "-c", r#"trap "" XFSZ; ulimit -f 4096; exec "$0" "$@""#];
const CALLERS: usize = 32;

/// An appointment and the room and meeting that were promised for it.
type Promised = (String, Value, Value);

/// Books until it is refused; what was promised, and the refusal.
async fn book_until_refused(usher: &Usher, caller: usize) -> (Vec<Promised>, Value) {
    let mut promised = Vec::new();
    loop {
        let appointment = format!("{caller}-{}-{:->100}", promised.len(), "");
        let answer = book(usher, &appointment).await;
        match answer {
            (200, answer) => {
                promised.push((
                    appointment,
                    answer["roomName"].clone(),
                    answer["meetingId"].clone(),
                ));
            }
            (503, refusal) => return (promised, refusal),
            (status, answer) => panic!("{status}: {answer}"),
        }
    }
}

async fn book(usher: &Usher, appointment: &str) -> (u16, Value) {
    let request = usher.post("/api/jitsi/create-room", &json!({ "appointmentId": appointment }));
    let answer = request.send().await.expect("usher answers");
    (
        answer.status().as_u16(),
        answer.json().await.expect("an answer is JSON"),
    )
}

fn assert_unavailable(refusal: &Value) {
    assert_eq!(refusal["status"], "error");
    assert_eq!(refusal["code"], "unavailable");
    assert!(
        refusal["request_id"].as_str().is_some_and(|id| !id.is_empty()),
        "{refusal}"
    );
    let sentence = refusal["error"].as_str().unwrap_or_default();
    assert!(
        !sentence.is_empty() && !sentence.contains("os error"),
        "{refusal}"
    );
}

/// Meeting servers are told to try again too; what needs no disk goes on.
async fn assert_refuses_reports_only(usher: &Usher) {
    let at = now_millis() / 1000;
    let entry = json!({
        "room_name": "late", "room_jid": "late@conference.meet.test",
        "occupant": { "occupant_jid": "ann@meet.test/1", "joined_at": at }
    });
    let batch = json!({ "host": "conference.meet.test", "instance": "i", "events": [
        { "n": 1, "type": "joined", "at": at, "room_jid": "late@conference.meet.test",
          "occupant": { "jid": "ann@meet.test/1", "joined_at": at, "kind": "person" } }
    ]});
    for (path, body) in [("/events/occupant/joined", entry), ("/prosody/events", batch)] {
        let answer = usher.report(path, &body).send().await.unwrap();
        assert_eq!(answer.status(), 503, "{path}");
        assert_unavailable(&answer.json().await.unwrap());
    }
    assert_eq!(usher.metric("usher_people").await, 0.0);
    let token = json!({ "roomName": "alpha", "userName": "Ann" });
    assert_eq!(
        usher
            .post("/api/jitsi/generate-token", &token)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
}

async fn assert_not_ready(usher: &Usher) {
    let unready = async |usher: &Usher| {
        let answer = usher
            .ops("/ready")
            .send()
            .await
            .expect("the operations listener answers");
        let refused = answer.status() == 503;
        let told: Value = answer.json().await.expect("readiness is told in JSON");
        refused.then_some(told)
    };
    let told = usher.eventually("that it is not ready", unready).await;
    assert_eq!(told, json!({ "status": "not_ready", "missing": ["store"] }));
    assert_eq!(
        usher
            .ops("/live")
            .send()
            .await
            .expect("the operations listener answers")
            .status(),
        200
    );
}

/// Each promise once in the events, and kept when it is asked for again.
async fn assert_all_kept(usher: &Usher, promised: &[Promised]) {
    for (appointment, room, meeting) in promised {
        let (status, again) = book(usher, appointment).await;
        assert_eq!(
            (status, &again["roomName"], &again["meetingId"]),
            (200, room, meeting)
        );
    }
    let told = async |usher: &Usher| (usher.metric("usher_events_waiting").await == 0.0).then_some(());
    usher.eventually("all events", told).await;
    let events = usher.event_log();
    for (appointment, _, meeting) in promised {
        let of = |event: &&Value| event["data"]["meetingId"] == *meeting;
        let count = events.iter().filter(of).count();
        assert_eq!(count, 1, "{appointment} has one scheduled event");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_promised_is_lost_when_the_disk_is_full() {
    let wrapper = SMALL_DISK.map(str::to_owned).to_vec();
    let mut usher = Usher::start(Setup {
        wrapper,
        ..Setup::default()
    })
    .await;
    let callers = (0..CALLERS).map(|caller| book_until_refused(&usher, caller));
    let (promised, refusals): (Vec<_>, Vec<_>) = join_all(callers).await.into_iter().unzip();
    let promised: Vec<_> = promised.into_iter().flatten().collect();
    assert!(promised.len() > 100, "{} bookings fill the disk", promised.len());
    refusals.iter().for_each(assert_unavailable);
    assert_not_ready(&usher).await;
    assert_refuses_reports_only(&usher).await;
    usher.signal("TERM");
    usher.ended();

    usher.wrap(Vec::new());
    usher.restart().await;
    assert_all_kept(&usher, &promised).await;
    for caller in 0..CALLERS {
        assert_eq!(book(&usher, &format!("{caller}-after")).await.0, 200);
    }
}
