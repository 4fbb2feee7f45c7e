//! A small LiveKit for tests: rooms with people behind its Twirp room service, and webhooks that are signed, sent, repeated
//! and lost as the real server does it.
//!
//! What it does not have is media: people come and go when the test says so.

mod ledger;
mod notifier;
mod scenes;
mod service;
mod tests;
mod token;
mod webhook;
mod world;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use livekit_protocol as proto;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use ledger::Sums;
pub use notifier::{Delivery, Fate};
pub use scenes::person;
pub use token::Key;
pub use world::TURN_PASSWORD;

use crate::patience::{look_for, soon};
use crate::ports::free_port;
use crate::usher::now_millis;
use notifier::{Notifier, Signed};
use world::{Idle, World};

/// The first key of every server.
pub const API_KEY: &str = "APItest";
pub const API_SECRET: &str = "a LiveKit secret for tests only 0123456789";

/// A running server; it and its queues are gone when dropped.
#[derive(Debug)]
pub struct LiveKit {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinSet<()>,
}

/// How a server differs from one that is as it comes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Rooms and people stay listed when the node dies that had them.
    pub redis: bool,
    /// Whether `room_finished` says why; servers up to 1.13.5 do not.
    pub end_reasons: bool,
    /// How long a room stays open after the last leave, in seconds; LiveKit's own is 20.
    pub departure_timeout: u32,
}

/// Something that was sent to somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub room: String,
    /// Who heard it.
    pub identity: String,
    pub topic: String,
    pub data: Vec<u8>,
}

/// One call of the room service, and the status of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    pub room: String,
    pub status: u16,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Rooms that are to be closed when nobody comes.
    timers: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct State {
    world: World,
    notifier: Notifier,
    /// The last signs, all are taken.
    keys: Vec<Key>,
    /// How far its clock is off, in milliseconds.
    skew: i64,
    /// The webhooks that are lost.
    lost: BTreeSet<String>,
    newer: Vec<(String, String)>,
    /// The status of a page that stands before the room service, where one does.
    page: Option<u16>,
    messages: Vec<Message>,
    calls: watch::Sender<Vec<Call>>,
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            redis: false,
            end_reasons: true,
            departure_timeout: 1,
        }
    }
}

// === impl LiveKit ===

impl LiveKit {
    /// One node without Redis, which closes an empty room after a second.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let mut world = World::new(settings.departure_timeout);
        (world.redis, world.end_reasons) = (settings.redis, settings.end_reasons);
        let state = State {
            world,
            notifier: Notifier::new(),
            keys: vec![Key::new(API_KEY, API_SECRET)],
            skew: 0,
            lost: BTreeSet::new(),
            newer: Vec::new(),
            page: None,
            messages: Vec::new(),
            calls: watch::Sender::default(),
        };
        let shared = Shared {
            state: Mutex::new(state),
            timers: Mutex::default(),
        };
        let mut livekit = Self {
            address: ([127, 0, 0, 1], free_port()).into(),
            shared: Arc::new(shared),
            listening: JoinSet::new(),
        };
        livekit.restart().await;
        livekit
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The `[[livekit]]` section for it, with further lines; its name is `main`.
    pub fn section(&self, lines: &str) -> String {
        self.section_with(&self.keys(), lines)
    }

    /// The same with other keys.
    pub fn section_with(&self, keys: &[Key], lines: &str) -> String {
        let key = |key: &Key| {
            format!(
                "{{ api_key = \"{}\", api_secret = \"{}\" }}",
                key.api_key, key.secret
            )
        };
        let keys: Vec<_> = keys.iter().map(key).collect();
        format!(
            "[[livekit]]\nname = \"main\"\nurl = \"{}\"\nkeys = [{}]\n{lines}\n",
            self.url(),
            keys.join(", ")
        )
    }

    /// Webhooks go to these addresses from now on.
    pub fn notify<S: AsRef<str>>(&self, urls: &[S]) {
        self.state().notifier.urls = urls.iter().map(|url| url.as_ref().to_owned()).collect();
    }

    /// Webhooks of these names are lost from now on, and no others.
    pub fn lose(&self, events: &[&str]) {
        self.state().lost = events.iter().map(|event| (*event).to_owned()).collect();
    }

    /// The answers to the next so many webhooks are lost: the receiver gave them, and the server tries again.
    pub fn swallow(&self, answers: usize) {
        self.state().notifier.swallow(answers);
    }

    /// Its clock is so many seconds before (or, below zero, behind) that of everybody else.
    pub fn skew(&self, seconds: i64) {
        self.state().skew = seconds * 1000;
    }

    /// Signs with this key from now on; the others are still taken.
    pub fn rotate(&self, key: Key) {
        self.state().keys.push(key);
    }

    /// Writes this in webhooks wherever it would have written that, as a server of the future may.
    pub fn say_instead(&self, that: &str, this: &str) {
        self.state().newer.push((that.to_owned(), this.to_owned()));
    }

    /// Instead of the room service there is a page with this status, such as that of a proxy; or there is none again.
    pub fn page(&self, status: Option<u16>) {
        self.state().page = status;
    }

    /// The node dies with all that it did not tell: nobody answers until [`LiveKit::restart`].
    pub async fn crash(&mut self) {
        self.listening.shutdown().await;
        let queues = {
            let mut state = self.state();
            let now = state.now();
            state.world.die(now);
            let successor = state.notifier.successor();
            std::mem::replace(&mut state.notifier, successor)
        };
        queues.die().await;
    }

    /// Starts it again at the same address.
    pub async fn restart(&mut self) {
        // A process that another test is just starting has a copy of every descriptor until it runs, this listener's too.
        let listener = look_for(async || TcpListener::bind(self.address).await.ok()).await;
        let listener = listener.expect("the address is ours");
        self.listening
            .spawn(service::accept(listener, Arc::downgrade(&self.shared)));
    }

    /// Waits until the webhooks until now satisfy a condition, and returns them: one for each address, in the order in which
    /// they arose.
    pub async fn until(&self, what: &str, mut enough: impl FnMut(&[Delivery]) -> bool) -> Vec<Delivery> {
        let mut record = self.state().notifier.record();
        let reached = soon(what, record.wait_for(|record| enough(record))).await;
        reached.expect("the server is there").clone()
    }

    /// Waits until every webhook has found its end.
    pub async fn until_settled(&self) -> Vec<Delivery> {
        let settled = |record: &[Delivery]| record.iter().all(|delivery| delivery.fate.is_some());
        self.until("the end of every delivery", settled).await
    }

    /// Everything that people were sent.
    pub fn messages(&self) -> Vec<Message> {
        self.state().messages.clone()
    }

    /// The calls of the room service, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.borrow().clone()
    }

    /// Waits until there were so many calls more.
    pub async fn until_calls(&self, more: usize) {
        let mut calls = self.state().calls.subscribe();
        let enough = calls.borrow().len() + more;
        let reached = soon("more calls", calls.wait_for(|calls| calls.len() >= enough)).await;
        reached.expect("the server is there");
    }

    /// What the stays of people come to; all of them must be over.
    pub fn sums(&self) -> Sums {
        ledger::sums(&self.state().world.ledger)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// Changes the rooms and tells of it.
    fn change<T>(&self, change: impl FnOnce(&mut World, i64) -> (T, Told)) -> T {
        Shared::change(&self.shared, change)
    }
}

/// The webhooks that a change causes, and a room that it may leave idle.
type Told = (Vec<proto::WebhookEvent>, Option<Idle>);

// === impl Shared, State ===

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, call: Call) {
        self.state().calls.send_modify(|calls| calls.push(call));
    }

    fn change<T>(this: &Arc<Self>, change: impl FnOnce(&mut World, i64) -> (T, Told)) -> T {
        let mut state = this.state();
        let now = state.now();
        let (value, (events, idle)) = change(&mut state.world, now);
        for event in events {
            state.tell(event);
        }
        if let Some(idle) = idle {
            let mut timers = this.timers.lock().unwrap_or_else(PoisonError::into_inner);
            timers.spawn(close_in_time(Arc::downgrade(this), idle));
        }
        value
    }
}

impl State {
    fn now(&self) -> i64 {
        now_millis() + self.skew
    }

    fn tell(&mut self, event: proto::WebhookEvent) {
        let body = webhook::body(&event, &self.newer);
        let key = self.keys.last().expect("there is at least one key");
        let signed = Signed {
            authorization: key.sign_webhook(&body, self.now() / 1000),
            body,
            event,
        };
        match self.lost.contains(&signed.event.event) {
            true => self.notifier.lose(&signed),
            false => self.notifier.send(&signed),
        }
    }
}

async fn close_in_time(server: Weak<Shared>, idle: Idle) {
    tokio::time::sleep(Duration::from_secs(idle.seconds.into())).await;
    if let Some(server) = server.upgrade() {
        Shared::change(&server, |world, now| ((), (world.close_idle(&idle, now), None)));
    }
}
