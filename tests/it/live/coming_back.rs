//! Listeners that come back: nothing lost, nothing twice, and an honest word where that cannot be.

use super::*;

#[tokio::test]
async fn what_was_missed_comes_first() {
    let usher = Usher::start(setup()).await;
    let mut follower = follow(&usher, KEY, "").await;
    let (first, _) = book(&usher, KEY, &[]).await;
    let heard = follower.next().await.unwrap();
    assert_eq!(text(&heard.json()["subject"]), first);
    drop(follower);
    let missed = [book(&usher, KEY, &[]).await.0, book(&usher, KEY, &[]).await.0];
    book(&usher, OTHER_KEY, &[]).await;
    let event_id = text(&heard.json()["id"]).to_owned();
    for last in [&heard.id, &event_id] {
        let mut follower = come_back(&usher, KEY, last).await;
        let new = book(&usher, KEY, &[]).await.0;
        let heard = follower.until(&new).await;
        assert_eq!(
            meetings(&heard)[..2],
            missed.each_ref().map(String::as_str),
            "by {last}"
        );
    }
    let mut by_query = follow(&usher, KEY, &format!("?lastEventId={}", heard.id)).await;
    assert_eq!(
        meetings(&by_query.events(2).await),
        missed.each_ref().map(String::as_str)
    );
}

#[tokio::test]
async fn a_listener_that_has_heard_nothing_yet_comes_back_as_well() {
    let usher = Usher::start(setup()).await;
    let follower = follow(&usher, KEY, "").await;
    let last = follower.last.clone();
    drop(follower);
    let (missed, _) = book(&usher, KEY, &[]).await;
    let mut follower = come_back(&usher, KEY, &last).await;
    assert_eq!(follower.json().await["subject"], missed);
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_however_often_one_comes_back() {
    const BOOKED: usize = 200;
    let usher = Usher::start(setup()).await;
    let mut follower = follow(&usher, KEY, "").await;
    let mut steady = follow(&usher, KEY, "").await;
    let listens = async {
        let mut heard = Vec::new();
        while heard.len() < BOOKED {
            heard.push(follower.json().await);
            if heard.len() % 7 == 0 {
                let last = follower.last.clone();
                follower = come_back(&usher, KEY, &last).await;
            }
        }
        heard
    };
    let (booked, heard) = tokio::join!(book_many(&usher, "many", BOOKED), listens);
    assert_eq!(heard, steady.events(BOOKED).await, "the same in the same order");
    let mut found: Vec<_> = meetings(&heard).iter().map(|id| (*id).to_owned()).collect();
    let mut booked = booked;
    found.sort_unstable();
    booked.sort_unstable();
    assert_eq!(found, booked);
}

#[tokio::test]
async fn after_a_restart_there_is_a_gap() {
    let mut usher = Usher::start(setup()).await;
    let mut follower = follow(&usher, KEY, "").await;
    book(&usher, KEY, &[]).await;
    let heard = follower.next().await.unwrap();
    usher.kill9();
    assert_eq!(follower.next().await, None, "the stream broke off");
    usher.restart().await;
    for last in [&heard.id, "feed0001-1", "nonsense"] {
        let mut follower = come_back(&usher, KEY, last).await;
        let gap = follower.next().await.unwrap();
        assert_eq!(gap.kind, "usher.live.gap");
        assert_eq!(gap.json()["specversion"], "1.0");
        let (new, _) = book(&usher, KEY, &[]).await;
        assert_eq!(follower.json().await["subject"], new);
        let mut again = come_back(&usher, KEY, &gap.id).await;
        assert_eq!(
            again.json().await["subject"],
            new,
            "the gap is a place to come back to"
        );
    }
}
