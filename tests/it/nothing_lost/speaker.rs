//! The protocol of usher's Prosody module, spoken by the test: numbered events, one batch in flight, sent again until it
//! is acknowledged, forgotten up to `stored`.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};

use super::pulse::Pulse;
use crate::web;

/// What the module sends at most in one request.
const MAX_EVENTS: usize = 100;
/// The module's answer time-out.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Its pause between tries, much shortened.
const PAUSE: Duration = Duration::from_millis(5);

/// One component's queue.
#[derive(Debug)]
pub struct Speaker {
    url: String,
    secret: &'static str,
    host: String,
    http: Client,
    pulse: Pulse,
    queue: VecDeque<Value>,
    /// The number of the last event.
    last: u64,
}

// === impl Speaker ===

impl Speaker {
    /// Speaks for the conference component `host`.
    pub fn new(usher: &str, secret: &'static str, host: &str, pulse: Pulse) -> Self {
        let http = web::client()
            .timeout(ANSWER_TIMEOUT)
            .build()
            .expect("a client without TLS");
        let url = format!("{usher}/prosody/events");
        Self {
            url,
            secret,
            host: host.to_owned(),
            http,
            pulse,
            queue: VecDeque::new(),
            last: 0,
        }
    }

    /// Queues an event under the next number.
    pub fn say(&mut self, mut event: Value) {
        self.last += 1;
        event["n"] = json!(self.last);
        self.queue.push_back(event);
    }

    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Sends what waits until some of it is acknowledged; returns whether usher wants to know who is in.
    pub async fn deliver(&mut self) -> bool {
        if self.queue.is_empty() {
            return false;
        }
        loop {
            self.pulse.tried();
            if let Some(receipt) = self.send().await {
                self.pulse.acknowledged();
                return self.forget(&receipt);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The receipt; nothing when usher is away, dies meanwhile, or says 503.
    async fn send(&self) -> Option<Value> {
        let events: Vec<_> = self.queue.iter().take(MAX_EVENTS).collect();
        let body = json!({
            "version": 1, "host": self.host, "instance": "one load of the module", "started_at": 1.7e9,
            "dropped": 0, "first": events[0]["n"], "events": events,
        });
        let answer = self
            .http
            .post(&self.url)
            .bearer_auth(self.secret)
            .json(&body)
            .send()
            .await
            .ok()?;
        let status = answer.status().as_u16();
        assert!(status == 200 || status == 503, "usher answers {status}");
        (status == 200).then_some(())?;
        answer.json().await.ok()
    }

    fn forget(&mut self, receipt: &Value) -> bool {
        let stored = receipt["stored"]
            .as_u64()
            .expect("the highest number that is stored");
        let first = self.queue[0]["n"].as_u64().expect("every event has a number");
        let sent = u64::try_from(self.queue.len().min(MAX_EVENTS)).expect("at most a hundred");
        assert!(
            (first..first + sent).contains(&stored),
            "{stored} of {first} and {sent} more"
        );
        self.queue.retain(|event| event["n"].as_u64() > Some(stored));
        receipt["roster"] == json!(true)
    }
}
