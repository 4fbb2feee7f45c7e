//! The outbox is the same on every version of nats-server: published, killed in the middle, said again, and once in the end.

use serde_json::json;

use crate::nats::{NatsServer, Reader, Version};
use crate::patience::look_for;
use crate::usher::{KEY, Setup, Usher, answered};

/// Bookings before, while and after the server is away; each is one event, and each is called off, which is another.
const EACH: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_outbox_does_the_same_on_the_oldest_and_the_newest_server() {
    let (newest, oldest) = tokio::join!(outcome(Version::Newest), outcome(Version::Oldest));
    assert_eq!(newest, oldest);
}

/// The subjects of the stream without the ids of meetings, sorted, after everything that may go wrong has.
async fn outcome(version: Version) -> Vec<String> {
    let mut nats = NatsServer::start_with(version, "");
    let mut usher = Usher::start(Setup::default().nats(&nats.url())).await;
    book_and_cancel(&usher, 0).await;
    nats.kill9();
    book_and_cancel(&usher, 1).await;
    usher.kill9();
    usher.restart().await;
    tokio::task::block_in_place(|| nats.restart());
    until_some_are_told(&nats, 2 * EACH + 1).await;
    // In the middle of what is left, perhaps.
    nats.kill9();
    book_and_cancel(&usher, 2).await;
    tokio::task::block_in_place(|| nats.restart());
    let told = until_all_are_told(&usher, &nats).await;
    assert_said_again(&mut usher, &nats, &told).await;
    told
}

async fn book_and_cancel(usher: &Usher, round: usize) {
    for number in 0..EACH {
        let booked = usher.create_room(&format!("appt-{round}-{number}")).await;
        let meeting = booked["meetingId"].as_str().expect("a booking has an id");
        let url = format!("{}/api/meetings/{meeting}", usher.url());
        let cancelled = answered(usher.http.delete(url).bearer_auth(KEY)).await;
        assert_ne!(cancelled, json!(null));
    }
}

async fn until_some_are_told(nats: &NatsServer, count: usize) {
    let reader = Reader::connect(&nats.url()).await;
    let told = look_for(async || {
        let told = usize::try_from(reader.messages().await).expect("few messages");
        (told >= count).then_some(())
    });
    told.await.expect("the outbox goes on");
}

/// Each meeting twice, in order.
async fn until_all_are_told(usher: &Usher, nats: &NatsServer) -> Vec<String> {
    until_some_are_told(nats, 6 * EACH).await;
    usher.until_metrics(&[("usher_events_waiting", 0.0)]).await;
    let stored = Reader::connect(&nats.url()).await.stored().await;
    let mut kinds = std::collections::BTreeMap::<String, Vec<String>>::new();
    for message in stored {
        let words: Vec<&str> = message.subject.split('.').collect();
        let [_, _, _, meeting, kind] = words[..] else {
            panic!("{}", message.subject)
        };
        kinds.entry(meeting.to_owned()).or_default().push(kind.to_owned());
        assert!(message.id.starts_with(meeting), "{}", message.id);
    }
    assert_eq!(kinds.len(), 3 * EACH);
    kinds.into_values().map(|kinds| kinds.join(" ")).collect()
}

/// After one more start everything goes out again, and the stream drops it.
async fn assert_said_again(usher: &mut Usher, nats: &NatsServer, told: &[String]) {
    usher.kill9();
    usher.restart().await;
    let again = async |usher: &Usher| {
        let published = usher.metric("usher_events_published_total").await;
        (published > 0.0 && usher.metric("usher_events_waiting").await == 0.0).then_some(())
    };
    usher.eventually("a second publication", again).await;
    assert_eq!(until_all_are_told(usher, nats).await, told);
    assert_eq!(
        Reader::connect(&nats.url()).await.messages().await,
        6 * EACH as u64
    );
}
