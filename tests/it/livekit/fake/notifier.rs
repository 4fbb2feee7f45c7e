//! How the fake server sends its webhooks: a short queue in memory for each address and room, five tries, and then never
//! again (`webhook/resource_url_notifier.go` of livekit/protocol, with the defaults of `go-retryablehttp`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use livekit_protocol as proto;
use reqwest::{Client, Response};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::webhook;

/// What became of one webhook at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub url: String,
    pub event: String,
    pub id: String,
    /// The room, or the id of the egress, whose events keep their order.
    pub queue: String,
    /// How long its body is.
    pub bytes: usize,
    /// The status of each try; none where there was no answer.
    pub tries: Vec<Option<u16>>,
    /// None as long as it is under way.
    pub fate: Option<Fate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The server believes that it was taken: it was answered with something that is not repeated.
    Delivered,
    /// Nobody took it in five tries.
    GivenUp,
    /// It waited too long for those before it.
    TooOld,
    /// Too many waited before it.
    QueueFull,
    /// The test wanted it to be lost.
    Lost,
    /// It waited in the memory of a node that died.
    DiedWithTheServer,
}

/// One webhook, signed.
#[derive(Debug, Clone)]
pub struct Signed {
    pub event: proto::WebhookEvent,
    pub body: Vec<u8>,
    pub authorization: String,
}

/// The queues of one server; they end when it is dropped.
#[derive(Debug)]
pub struct Notifier {
    pub urls: Vec<String>,
    queues: HashMap<(String, String), mpsc::Sender<Queued>>,
    workers: JoinSet<()>,
    line: Line,
}

/// What all workers share.
#[derive(Debug, Clone)]
struct Line {
    http: Client,
    record: watch::Sender<Vec<Delivery>>,
    /// How many answers are still to be lost on their way.
    swallow: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Queued {
    signed: Signed,
    since: Instant,
    /// Its place in the record.
    number: usize,
}

const DEPTH: usize = 200;
const MAX_AGE: Duration = Duration::from_secs(30);
const WAITS: [u64; 4] = [1, 2, 4, 8];

// === impl Notifier ===

impl Notifier {
    pub fn new() -> Self {
        // There is no time limit for an answer.
        let http = Client::builder().no_proxy().user_agent("LiveKit");
        let line = Line {
            http: http.build().expect("a client without TLS"),
            record: watch::Sender::default(),
            swallow: Arc::default(),
        };
        Self {
            urls: Vec::new(),
            queues: HashMap::new(),
            workers: JoinSet::new(),
            line,
        }
    }

    pub fn record(&self) -> watch::Receiver<Vec<Delivery>> {
        self.line.record.subscribe()
    }

    /// The next so many answers are lost after the receiver has sent them.
    pub fn swallow(&self, answers: usize) {
        self.line.swallow.store(answers, Ordering::SeqCst);
    }

    /// Queues it for every address. Where one queue is full, the addresses after it do not get it either.
    pub fn send(&mut self, signed: &Signed) {
        for url in self.urls.clone() {
            let queued = Queued {
                signed: signed.clone(),
                since: Instant::now(),
                number: self.line.enter(&url, signed),
            };
            if let Err(full) = self.queue(&url, &signed.event).try_send(queued) {
                self.line.conclude(full.into_inner().number, Fate::QueueFull);
                return;
            }
        }
    }

    /// Notes one that is not sent at all.
    pub fn lose(&self, signed: &Signed) {
        for url in &self.urls {
            let number = self.line.enter(url, signed);
            self.line.conclude(number, Fate::Lost);
        }
    }

    /// One with empty queues in its place, and the same record.
    pub fn successor(&self) -> Self {
        Self {
            urls: self.urls.clone(),
            queues: HashMap::new(),
            workers: JoinSet::new(),
            line: self.line.clone(),
        }
    }

    /// Forgets what waits.
    pub async fn die(mut self) {
        self.workers.shutdown().await;
        self.line.record.send_modify(|record| {
            for delivery in record {
                delivery.fate.get_or_insert(Fate::DiedWithTheServer);
            }
        });
    }

    fn queue(&mut self, url: &str, event: &proto::WebhookEvent) -> &mpsc::Sender<Queued> {
        let key = (url.to_owned(), webhook::queue(event));
        self.queues.entry(key).or_insert_with(|| {
            let (sender, waiting) = mpsc::channel(DEPTH);
            self.workers
                .spawn(self.line.clone().work(url.to_owned(), waiting));
            sender
        })
    }
}

// === impl Line ===

impl Line {
    async fn work(self, url: String, mut waiting: mpsc::Receiver<Queued>) {
        while let Some(queued) = waiting.recv().await {
            let fate = match queued.since.elapsed() > MAX_AGE {
                true => Fate::TooOld,
                false => self.deliver(&url, &queued).await,
            };
            self.conclude(queued.number, fate);
        }
    }

    async fn deliver(&self, url: &str, queued: &Queued) -> Fate {
        for wait in WAITS.map(Some).into_iter().chain([None]) {
            let answer = self.post(url, &queued.signed).await;
            let status = answer.as_ref().map(|answer| answer.status().as_u16());
            self.record
                .send_modify(|record| record[queued.number].tries.push(status));
            if status.is_some_and(|status| !is_tried_again(status)) {
                return Fate::Delivered;
            }
            let Some(wait) = wait else { break };
            let asked = answer.as_ref().and_then(retry_after);
            tokio::time::sleep(Duration::from_secs(asked.unwrap_or(wait))).await;
        }
        Fate::GivenUp
    }

    async fn post(&self, url: &str, signed: &Signed) -> Option<Response> {
        let request = self
            .http
            .post(url)
            .header("authorization", &signed.authorization)
            .header("content-type", "application/webhook+json")
            .body(signed.body.clone());
        let answer = request.send().await.ok()?;
        let less = |answers: usize| answers.checked_sub(1);
        let swallowed = self
            .swallow
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        swallowed.is_err().then_some(answer)
    }

    fn enter(&self, url: &str, signed: &Signed) -> usize {
        let delivery = Delivery {
            url: url.to_owned(),
            event: signed.event.event.clone(),
            id: signed.event.id.clone(),
            queue: webhook::queue(&signed.event),
            bytes: signed.body.len(),
            tries: Vec::new(),
            fate: None,
        };
        let mut number = 0;
        self.record.send_modify(|record| {
            number = record.len();
            record.push(delivery);
        });
        number
    }

    fn conclude(&self, number: usize, fate: Fate) {
        self.record.send_modify(|record| record[number].fate = Some(fate));
    }
}

/// Every other answer counts as a delivery, a refusal too.
fn is_tried_again(status: u16) -> bool {
    status == 429 || (status >= 500 && status != 501)
}

fn retry_after(answer: &Response) -> Option<u64> {
    let is_heard = matches!(answer.status().as_u16(), 429 | 503);
    let header = answer.headers().get("retry-after").filter(|_| is_heard)?;
    header.to_str().ok()?.parse().ok()
}
