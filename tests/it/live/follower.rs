//! A program that follows events by Server-Sent Events, as strictly as a browser reads them.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use crate::api::text;
use crate::patience::soon;

/// One open stream.
pub struct Follower {
    answer: Response,
    unread: String,
    /// What a browser would send as `Last-Event-ID`.
    pub last: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub id: String,
    pub kind: String,
    /// The data as it came.
    pub text: String,
}

// === impl Follower ===

impl Follower {
    /// Listens, and has been told from where on.
    pub async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("usher answers");
        assert_eq!(answer.status(), 200);
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(
            header(CONTENT_TYPE.as_str()).as_deref(),
            Some("text/event-stream")
        );
        assert_eq!(header(CACHE_CONTROL.as_str()).as_deref(), Some("no-store"));
        let mut follower = Self {
            answer,
            unread: String::new(),
            last: String::new(),
        };
        let opening = follower.block().await.expect("a stream begins with a block");
        assert!(opening.contains("retry: 3000\n"), "{opening}");
        assert!(follower.take(&opening).is_none(), "{opening}");
        assert!(!follower.last.is_empty(), "{opening}");
        follower
    }

    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            let block = self.block().await?;
            if let Some(heard) = self.take(&block) {
                return Some(heard);
            }
        }
    }

    /// The next event as JSON.
    pub async fn json(&mut self) -> Value {
        self.next().await.expect("the stream goes on").json()
    }

    /// The next that many events as JSON.
    pub async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.json().await);
        }
        events
    }

    /// Everything up to the first event about `meeting`, which is left out.
    pub async fn until(&mut self, meeting: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            match self.json().await {
                event if event["subject"] == meeting => return events,
                event => events.push(event),
            }
        }
    }

    /// Waits for the next block without an event: nothing new, for so long that it was time to say so.
    pub async fn beat(&mut self) -> String {
        let block = self.block().await.expect("the stream goes on");
        assert!(self.take(&block).is_none(), "{block}");
        block
    }

    fn take(&mut self, block: &str) -> Option<Heard> {
        let field = |name: &str| {
            block
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        if let Some(id) = field("id") {
            self.last = id.to_owned();
        }
        let heard = Heard {
            text: field("data")?.to_owned(),
            kind: field("event").expect("each event has a type").to_owned(),
            id: self.last.clone(),
        };
        assert_eq!(text(&heard.json()["type"]), heard.kind);
        Some(heard)
    }

    /// The text up to the next empty line.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (format!("{block}\n"), rest.to_owned());
                self.unread = rest;
                return Some(block);
            }
            // However it ends: a daemon that is killed says no goodbye.
            let chunk = soon("something on the stream", self.answer.chunk())
                .await
                .ok()??;
            self.unread += std::str::from_utf8(&chunk).expect("events are written whole");
        }
    }
}

// === impl Heard ===

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("events are JSON")
    }
}
