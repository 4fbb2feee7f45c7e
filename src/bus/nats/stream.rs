//! The stream that keeps the events: made where it is missing, adjusted where ours differ, otherwise left alone.
//!
//! Its configuration is read and written back as the JSON that the server sent, because a typed one would drop what it
//! does not know, and so undo what the operator or a newer server has set.

use async_nats::jetstream::context::RequestError;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::{Context, ErrorCode};
use serde_json::{Map, Value, json};

use crate::config::daemon::Nats;

/// The name of the stream.
pub const STREAM: &str = "USHER";

/// Why the stream could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("JetStream does not answer; it may not be enabled on this server or for this account")]
    Request(#[from] RequestError),
    #[error("JetStream refuses")]
    Refused(#[from] async_nats::jetstream::Error),
    #[error("JetStream describes the stream in a way that usher does not understand")]
    Unreadable,
}

/// What had to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Unchanged,
    Made,
    Adjusted,
}

/// The settings that are usher's own.
#[derive(Debug)]
pub(super) struct StreamSettings {
    subjects: String,
    /// Zero keeps messages for ever.
    max_age_nanos: u64,
    duplicate_window_nanos: u64,
}

type Config = Map<String, Value>;

const NANOS_PER_SEC: u64 = 1_000_000_000;
const SECS_PER_DAY: u64 = 86_400;

// === impl StreamSettings ===

impl StreamSettings {
    /// The server refuses a duplicate window that is longer than the age; it is shortened to it.
    pub fn new(nats: &Nats) -> Self {
        let max_age_secs = u64::from(nats.stream_max_age_days) * SECS_PER_DAY;
        let window_secs = match max_age_secs {
            0 => nats.duplicate_window_secs,
            age => nats.duplicate_window_secs.min(age),
        };
        Self {
            subjects: format!("{}.>", nats.prefix),
            max_age_nanos: max_age_secs.saturating_mul(NANOS_PER_SEC),
            duplicate_window_nanos: window_secs.saturating_mul(NANOS_PER_SEC),
        }
    }

    /// Makes the stream if it is missing and adjusts it if it differs.
    pub async fn ensure(&self, context: &Context) -> Result<Outcome, StreamError> {
        let Some(current) = read(context).await? else {
            write(context, "CREATE", self.new_stream()).await?;
            return Ok(Outcome::Made);
        };
        match self.adjusted(&current) {
            None => Ok(Outcome::Unchanged),
            Some(config) => write(context, "UPDATE", config).await.map(|()| Outcome::Adjusted),
        }
    }

    fn new_stream(&self) -> Config {
        let mut config = Config::new();
        config.insert("name".into(), json!(STREAM));
        config.insert(
            "description".into(),
            json!("the life of meetings, published by usher"),
        );
        config.insert("storage".into(), json!("file"));
        config.insert("retention".into(), json!("limits"));
        config.insert("discard".into(), json!("old"));
        config.insert("num_replicas".into(), json!(1));
        config.insert("subjects".into(), json!([self.subjects]));
        self.put_times(&mut config);
        config
    }

    /// The configuration as it should be, or `None` if it is so already.
    fn adjusted(&self, current: &Config) -> Option<Config> {
        let mut wanted = current.clone();
        wanted.insert("subjects".into(), json!(self.with_ours(current)));
        self.put_times(&mut wanted);
        (wanted != *current).then_some(wanted)
    }

    fn put_times(&self, config: &mut Config) {
        config.insert("max_age".into(), json!(self.max_age_nanos));
        config.insert("duplicate_window".into(), json!(self.duplicate_window_nanos));
    }

    /// Subjects of the operator stay, unless ours cover them: a stream may not name a subject twice.
    fn with_ours(&self, current: &Config) -> Vec<String> {
        let current = current.get("subjects").and_then(Value::as_array);
        let mut subjects: Vec<String> = current
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        if !subjects.iter().any(|theirs| covers(theirs, &self.subjects)) {
            subjects.retain(|theirs| !covers(&self.subjects, theirs));
            subjects.push(self.subjects.clone());
        }
        subjects
    }
}

/// Whether every subject that `narrow` matches is matched by `wide` (NATS wildcards: `*` one token, `>` the rest).
fn covers(wide: &str, narrow: &str) -> bool {
    let (mut wide, mut narrow) = (wide.split('.'), narrow.split('.'));
    loop {
        match (wide.next(), narrow.next()) {
            (None, None) => return true,
            (Some(">"), Some(_)) => return true,
            (Some("*"), Some(token)) if token != ">" => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

/// Whether the stream is there; an error if JetStream is not.
pub(super) async fn exists(context: &Context) -> Result<bool, StreamError> {
    read(context).await.map(|config| config.is_some())
}

async fn read(context: &Context) -> Result<Option<Config>, StreamError> {
    match context.request(format!("STREAM.INFO.{STREAM}"), &()).await? {
        Response::Err { error } if error.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
        Response::Err { error } => Err(error.into()),
        Response::Ok(Value::Object(mut info)) => match info.remove("config") {
            Some(Value::Object(config)) => Ok(Some(config)),
            _ => Err(StreamError::Unreadable),
        },
        Response::Ok(_) => Err(StreamError::Unreadable),
    }
}

async fn write(context: &Context, verb: &str, config: Config) -> Result<(), StreamError> {
    match context
        .request(format!("STREAM.{verb}.{STREAM}"), &config)
        .await?
    {
        Response::Err { error } => Err(error.into()),
        Response::Ok(Value::Object(_)) => Ok(()),
        Response::Ok(_) => Err(StreamError::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(prefix: &str, days: u32, window_secs: u64) -> StreamSettings {
        StreamSettings::new(&Nats {
            url: String::new(),
            credentials: None,
            prefix: prefix.into(),
            stream_max_age_days: days,
            duplicate_window_secs: window_secs,
        })
    }

    #[test]
    fn only_our_settings_change() {
        let Value::Object(theirs) = json!({
            "name": "USHER", "num_replicas": 3, "max_bytes": 1_000_000, "subjects": ["usher.>"],
            "max_age": 1, "duplicate_window": 1, "from_a_newer_server": {"kept": true},
        }) else {
            unreachable!("it is written as an object above")
        };
        let ours = settings("usher", 30, 86_400);
        let adjusted = ours.adjusted(&theirs).unwrap();
        assert_eq!(adjusted["max_age"], json!(30 * SECS_PER_DAY * NANOS_PER_SEC));
        assert_eq!(adjusted["from_a_newer_server"], json!({"kept": true}));
        assert_eq!(adjusted["num_replicas"], json!(3));
        assert_eq!(adjusted["subjects"], json!(["usher.>"]));
        assert_eq!(ours.adjusted(&adjusted), None, "adjusting again changes nothing");
    }

    #[test]
    fn the_window_fits_into_the_age() {
        assert_eq!(
            settings("u", 1, 200_000).duplicate_window_nanos,
            SECS_PER_DAY * NANOS_PER_SEC
        );
        assert_eq!(
            settings("u", 0, 200_000).duplicate_window_nanos,
            200_000 * NANOS_PER_SEC
        );
    }

    #[test]
    fn subjects_of_the_operator_stay() {
        let subjects = |prefix, theirs: Value| {
            let mut config = Config::new();
            config.insert("subjects".into(), theirs);
            settings(prefix, 1, 1).with_ours(&config)
        };
        assert_eq!(subjects("usher", json!(["door.>"])), ["door.>", "usher.>"]);
        assert_eq!(subjects("usher.eu", json!(["usher.>"])), ["usher.>"]);
        assert_eq!(
            subjects("usher", json!(["usher.meetings.>", "door.*"])),
            ["door.*", "usher.>"]
        );
    }

    #[test]
    fn covering_follows_the_wildcards() {
        for (wide, narrow, expected) in [
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            (">", "a.>", true),
            ("a.*", "a.>", false),
            ("a.*.c", "a.b.c", true),
            ("a.b", "a.*", false),
        ] {
            assert_eq!(covers(wide, narrow), expected, "{wide} {narrow}");
        }
    }
}
