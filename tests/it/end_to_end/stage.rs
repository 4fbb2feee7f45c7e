//! The servers of one test, started in the order in which they need one another, and a program that listens on NATS.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use serde_json::Value;

use super::story;
use crate::nats::{self, NatsServer, Reader, Stored, Version};
use crate::patience::DEADLINE;
use crate::prosody::people::People;
use crate::prosody::server::{self as prosody, MUC, Prosody};
use crate::usher::{self, PROSODY_SECRET, Usher};

/// NATS, usher and Prosody; nobody is in yet, and the listener has been there from the beginning.
#[derive(Debug)]
pub struct Stage {
    pub listener: Listener,
    pub nats: NatsServer,
    pub usher: Usher,
    pub prosody: Prosody,
    pub people: People,
}

/// A subscriber of plain NATS. Where an acknowledgement is late it hears an event twice and drops it by its id, as
/// subscribers are told to.
#[derive(Debug)]
pub struct Listener {
    subscription: async_nats::Subscriber,
    heard: Vec<Stored>,
}

// === impl Stage ===

impl Stage {
    /// Short grace times.
    pub async fn quick() -> Self {
        Self::with(Version::Newest, usher::Setup::default().quick(), undisturbed).await
    }

    /// `prosody` adds to a Prosody that has usher's module on both components.
    pub async fn with(
        version: Version,
        usher: usher::Setup,
        prosody: impl FnOnce(prosody::Setup) -> prosody::Setup,
    ) -> Self {
        let setup = |url: &str| prosody(prosody::Setup::with_usher(url, PROSODY_SECRET));
        Self::with_prosody(version, usher, setup).await
    }

    /// `prosody` is told where usher listens.
    pub async fn with_prosody(
        version: Version,
        usher: usher::Setup,
        prosody: impl FnOnce(&str) -> prosody::Setup,
    ) -> Self {
        let nats = NatsServer::start_with(version, "");
        let listener = Listener::connect(&nats.url()).await;
        let usher = Usher::start(usher.nats(&nats.url())).await;
        let prosody = Prosody::start(prosody(&usher.url())).await;
        Self {
            listener,
            nats,
            usher,
            prosody,
            people: People::start(),
        }
    }

    /// Books a room; its meeting and its address in Prosody.
    pub async fn book(&self, appointment: &str) -> (String, String) {
        let booked = self.usher.create_room(appointment).await;
        let text = |field: &str| booked[field].as_str().expect("a text").to_owned();
        (text("meetingId"), format!("{}@{MUC}", text("roomName")))
    }

    /// Waits until so many people are in.
    pub async fn until_people(&self, count: usize) {
        self.usher.until_metrics(&[("usher_people", count as f64)]).await;
    }

    /// Everything in the stream, once so many events of meetings are in it and no more are to come.
    ///
    /// usher's own count would not do: what it sent again after a new connection counts again.
    pub async fn stream(&self, count: usize) -> Vec<Stored> {
        let reader = Reader::connect(&self.nats.url()).await;
        let there = async |_: &Usher| (reader.count("usher.meetings.>").await >= count).then_some(());
        self.usher
            .eventually(&format!("a stream of {count} events"), there)
            .await;
        self.usher.until_metrics(&[("usher_events_waiting", 0.0)]).await;
        reader.stored().await
    }
}

// === impl Listener ===

impl Listener {
    pub async fn connect(url: &str) -> Self {
        let client = nats::client(url).await;
        let subscription = client.subscribe("usher.>").await.expect("anybody may listen");
        client
            .flush()
            .await
            .expect("the server knows of the subscription");
        Self {
            subscription,
            heard: Vec::new(),
        }
    }

    /// Waits until the last event of a kind has come for a meeting, and returns what was heard of that meeting.
    pub async fn until(&mut self, meeting: &str, kind: &str) -> Vec<Value> {
        let subject_tail = format!(".{meeting}.{kind}");
        self.until_heard(|stored| stored.subject.ends_with(&subject_tail))
            .await;
        story::of(&self.heard, meeting)
    }

    /// The same for a room that nobody booked: its meeting is the first of the client `adhoc` that gets so far.
    pub async fn until_adhoc(&mut self, kind: &str) -> Vec<Value> {
        let adhoc = |stored: &Stored| stored.subject.starts_with("usher.meetings.adhoc.");
        let end = format!(".{kind}");
        self.until_heard(|stored| adhoc(stored) && stored.subject.ends_with(&end))
            .await;
        let last = self
            .heard
            .iter()
            .rfind(|stored| adhoc(stored))
            .expect("one was found");
        story::of(&self.heard, story::meeting_of(last))
    }

    /// Everything heard until now.
    pub fn heard(&self) -> &[Stored] {
        &self.heard
    }

    async fn until_heard(&mut self, is_it: impl Fn(&Stored) -> bool) {
        let heard = &mut self.heard;
        let subscription = &mut self.subscription;
        let listening = async {
            while !heard.iter().any(&is_it) {
                let message = stored(&subscription.next().await.expect("the connection holds"));
                if !heard.iter().any(|known| known.id == message.id) {
                    heard.push(message);
                }
            }
        };
        if tokio::time::timeout(DEADLINE, listening).await.is_err() {
            panic!("the event did not come; heard were {:#?}", self.heard);
        }
    }
}

/// No roster by time: nothing but what the test does comes from Prosody.
pub fn undisturbed(setup: prosody::Setup) -> prosody::Setup {
    setup.global("usher_roster_interval = 3600")
}

/// Waits until so many events were acknowledged by the bus, all that there are.
pub async fn until_published(usher: &Usher, count: usize) {
    let sent = async |usher: &Usher| {
        let published = usher.metric("usher_events_published_total").await;
        (published >= count as f64 && usher.metric("usher_events_waiting").await == 0.0).then_some(())
    };
    usher
        .eventually(&format!("publishing of {count} events"), sent)
        .await;
}

/// The clock of this machine, which Prosody and usher read too.
#[expect(
    clippy::disallowed_methods,
    reason = "the test stands outside of usher, with a clock of its own"
)]
pub fn clock() -> DateTime<Utc> {
    Utc::now()
}

/// People talk for a while: a meeting without length would show nothing about durations.
pub async fn talk(since: Instant, length: Duration) {
    tokio::time::sleep_until((since + length).into()).await;
}

fn stored(message: &async_nats::Message) -> Stored {
    let headers = message.headers.as_ref();
    let header = |name: &str| {
        headers
            .and_then(|all| all.get(name))
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    Stored {
        subject: message.subject.to_string(),
        id: header("Nats-Msg-Id"),
        content_type: header("Content-Type"),
        payload: String::from_utf8_lossy(&message.payload).into_owned(),
    }
}
