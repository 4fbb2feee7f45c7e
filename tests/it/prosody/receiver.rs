//! An HTTP server in usher's place: keeps what Prosody posts, and can fail in every way that matters.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::patience::DEADLINE;
use crate::ports::free_port;

/// How the receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200 and the highest number.
    Store,
    /// As `Store`, and asks for a roster.
    StoreAndAskRoster,
    /// This status, and nothing is stored.
    Status(u16),
    /// 413 for each batch of more events than one; single ones are stored.
    StoreSingly,
    /// This status for each batch that holds the event of this number; others are stored.
    RefuseEvent(u64, u16),
    /// No answer ever.
    Hang,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Batch {
    pub path: String,
    pub authorization: String,
    pub raw: String,
    pub body: Value,
    /// The status it was answered with; 0 for none.
    pub status: u16,
}

/// The server; it stops listening and cuts its connections when dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    batches: Arc<watch::Sender<Vec<Batch>>>,
    answer: watch::Sender<Answer>,
    listening: JoinSet<()>,
}

// === impl Receiver ===

impl Receiver {
    pub async fn start() -> Self {
        let mut receiver = Self::stopped();
        receiver.listen().await;
        receiver
    }

    /// One that does not listen yet.
    pub fn stopped() -> Self {
        let batches = Arc::new(watch::Sender::new(Vec::new()));
        Self {
            address: ([127, 0, 0, 1], free_port()).into(),
            batches,
            answer: watch::Sender::new(Answer::Store),
            listening: JoinSet::new(),
        }
    }

    pub async fn listen(&mut self) {
        let listener = TcpListener::bind(self.address)
            .await
            .expect("the address is free");
        self.listening
            .spawn(accept(listener, self.batches.clone(), self.answer.subscribe()));
    }

    /// Nobody listens any more, and open connections are cut.
    pub async fn stop(&mut self) {
        self.listening.shutdown().await;
    }

    pub fn answer(&self, answer: Answer) {
        self.answer.send_replace(answer);
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn batches(&self) -> Vec<Batch> {
        self.batches.borrow().clone()
    }

    /// The events that were stored, each once, rosters included, in the order of their arrival.
    pub fn stored(&self) -> Vec<Value> {
        stored(&self.batches.borrow())
    }

    /// Waits until the stored events satisfy a condition, and returns them.
    pub async fn wait(&self, what: &str, mut enough: impl FnMut(&[Value]) -> bool) -> Vec<Value> {
        self.wait_for_batches(what, |batches| enough(&stored(batches)))
            .await;
        self.stored()
    }

    /// Waits until the requests satisfy a condition.
    pub async fn wait_for_batches(&self, what: &str, mut enough: impl FnMut(&[Batch]) -> bool) {
        let mut batches = self.batches.subscribe();
        let outcome = tokio::time::timeout(DEADLINE, batches.wait_for(|batches| enough(batches))).await;
        assert!(
            outcome.is_ok(),
            "{what} did not come; these did: {:#?}",
            self.batches()
        );
    }

    /// Waits for so many events that are not rosters, and returns those.
    pub async fn facts(&self, count: usize) -> Vec<Value> {
        let what = format!("{count} events");
        without_rosters(
            self.wait(&what, |events| without_rosters(events.to_vec()).len() >= count)
                .await,
        )
    }
}

/// Events that are neither a room's roster nor the list of rooms.
pub fn without_rosters(mut events: Vec<Value>) -> Vec<Value> {
    events.retain(|event| event["type"] != "roster" && event["type"] != "rooms");
    events
}

fn stored(batches: &[Batch]) -> Vec<Value> {
    let mut seen = std::collections::HashSet::new();
    let mut events = Vec::new();
    for Batch { body, .. } in batches.iter().filter(|batch| batch.status == 200) {
        for event in body["events"].as_array().into_iter().flatten() {
            if seen.insert((body["instance"].to_string(), event["n"].as_u64())) {
                events.push(event.clone());
            }
        }
    }
    events
}

async fn accept(
    listener: TcpListener,
    batches: Arc<watch::Sender<Vec<Batch>>>,
    answer: watch::Receiver<Answer>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, batches.clone(), answer.clone()));
    }
}

async fn serve(stream: TcpStream, batches: Arc<watch::Sender<Vec<Batch>>>, answer: watch::Receiver<Answer>) {
    let service = service_fn(|request| {
        let (batches, answer) = (batches.clone(), *answer.borrow());
        async move { Ok::<_, Infallible>(receive(request, &batches, answer).await) }
    });
    // A connection that breaks is the client's affair: it will come again.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn receive(
    request: Request<Incoming>,
    batches: &watch::Sender<Vec<Batch>>,
    answer: Answer,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let header = request.headers().get("authorization");
    let authorization = header
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let bytes = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let (status, text) = judge(&body, answer);
    let raw = String::from_utf8_lossy(&bytes).into_owned();
    batches.send_modify(|batches| {
        batches.push(Batch {
            path,
            authorization,
            raw,
            body,
            status,
        })
    });
    if status == 0 {
        std::future::pending::<()>().await;
    }
    Response::builder()
        .status(status)
        .body(Full::from(text))
        .expect("status and body are valid")
}

fn judge(body: &Value, answer: Answer) -> (u16, String) {
    let numbers = || {
        body["events"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|event| event["n"].as_u64())
    };
    let stored = |roster| {
        (
            200,
            json!({ "stored": numbers().max(), "roster": roster }).to_string(),
        )
    };
    match answer {
        Answer::Store => stored(false),
        Answer::StoreAndAskRoster => stored(true),
        Answer::StoreSingly if numbers().count() > 1 => (413, String::new()),
        Answer::StoreSingly => stored(false),
        Answer::Status(status) => (status, String::new()),
        Answer::RefuseEvent(number, status) if numbers().any(|n| n == number) => (status, String::new()),
        Answer::RefuseEvent(..) => stored(false),
        Answer::Hang => (0, String::new()),
    }
}
