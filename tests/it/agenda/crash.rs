//! usher killed while meetings are booked and changed: every one that is stored is on all its lists.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use serde_json::json;

use super::*;
use crate::usher::{Setup, Usher};

const KILLS: usize = 4;
const CALLERS: usize = 16;
/// How many answers there are before each kill.
const ANSWERS: usize = 40;

#[tokio::test]
async fn no_kill_takes_a_meeting_off_its_lists() {
    let mut usher = Usher::start(Setup::default()).await;
    let acknowledged = Mutex::new(Vec::new());
    for round in 0..KILLS {
        let answers = AtomicUsize::new(0);
        let callers = join_all(
            (0..CALLERS)
                .map(|caller| book_until_it_is_gone(&usher, (round, caller), &acknowledged, &answers)),
        );
        let killer = async {
            look_for(async || (answers.load(Ordering::Relaxed) >= ANSWERS).then_some(()))
                .await
                .expect("meetings are booked");
            usher.signal("KILL");
        };
        tokio::join!(callers, killer);
        usher.kill9();
        if round + 1 < KILLS {
            usher.restart().await;
        }
    }
    let stored = store(&usher.store_dir()).await;
    let all: Vec<MeetingId> = table(&stored, Table::Meetings)
        .await
        .iter()
        .map(|(key, _)| key.parse().unwrap())
        .collect();
    NOW.set((crate::usher::now_millis() / 1000) - at(0).timestamp());
    let house = House {
        meetings: open(stored.clone(), &usher.store_dir()).await,
        store: stored,
        folder: tempfile::tempdir().unwrap(),
    };
    for owner in [Owner::Everyone, of_client("ataraxia")] {
        let mut listed = house.everything(&owner).await;
        listed.sort();
        assert_eq!(listed, all, "{owner:?}");
    }
    for id in acknowledged.into_inner().unwrap() {
        assert!(all.contains(&id), "{id} was acknowledged");
    }
}

async fn book_until_it_is_gone(
    usher: &Usher,
    (round, caller): (usize, usize),
    acknowledged: &Mutex<Vec<MeetingId>>,
    answers: &AtomicUsize,
) {
    for n in 0.. {
        let body = json!({"appointmentId": format!("a-{round}-{caller}-{n}")});
        let Ok(said) = usher.post("/api/jitsi/create-room", &body).send().await else {
            return;
        };
        let Ok(said) = said.json::<serde_json::Value>().await else {
            return;
        };
        let id = said["meetingId"].as_str().expect("an id").parse().unwrap();
        acknowledged.lock().unwrap().push(id);
        answers.fetch_add(1, Ordering::Relaxed);
    }
}
