//! One JSON object per log line: `time`, `level`, `target`, `message`, then the event's own fields.
//!
//! Spans are not printed: an event carries its own identifiers.

use std::fmt::{self, Write as _};

use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::writer::LineWriter;

/// Writes each event as it comes.
#[derive(Debug)]
pub(super) struct JsonLines {
    lines: LineWriter,
}

/// One line in the making.
struct Line {
    bytes: Vec<u8>,
}

/// Most lines fit, so most are one allocation.
const USUAL_LENGTH: usize = 384;

// === impl JsonLines ===

impl JsonLines {
    pub fn new(lines: LineWriter) -> Self {
        Self { lines }
    }
}

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        #[expect(
            clippy::disallowed_methods,
            reason = "a log line tells when it was written, nothing depends on it"
        )]
        let now = Utc::now();
        let metadata = event.metadata();
        let mut line = Line::begin(
            &now.to_rfc3339_opts(SecondsFormat::Micros, true),
            *metadata.level(),
        );
        line.field("target", metadata.target());
        event.record(&mut line);
        self.lines.push(&line.end());
    }
}

// === impl Line ===

impl Line {
    fn begin(time: &str, level: Level) -> Self {
        let mut bytes = Vec::with_capacity(USUAL_LENGTH);
        bytes.extend_from_slice(b"{\"time\":\"");
        bytes.extend_from_slice(time.as_bytes());
        bytes.extend_from_slice(b"\",\"level\":\"");
        bytes.extend_from_slice(level_name(level).as_bytes());
        bytes.push(b'"');
        Self { bytes }
    }

    fn field(&mut self, name: &str, value: impl Serialize) {
        self.bytes.push(b',');
        self.value(name);
        self.bytes.push(b':');
        self.value(value);
    }

    fn value(&mut self, value: impl Serialize) {
        if serde_json::to_writer(&mut self.bytes, &value).is_err() {
            // Writing to memory and of plain values does not fail; a value that did would leave broken JSON.
            self.bytes.extend_from_slice(b"null");
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(b"}\n");
        self.bytes
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Formatting into a String fails only when the value's own code says so; what came until then is shown.
        let _ = write!(text, "{value:?}");
        self.field(field.name(), text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.field(field.name(), value);
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(log: impl FnOnce()) -> Vec<Value> {
        let memory = Memory::default();
        let (lines, guard) = LineWriter::start(memory.clone()).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(JsonLines::new(lines)), log);
        drop(guard);
        let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_line_is_an_object_with_typed_fields() {
        let lines = logged(|| {
            tracing::info!(status = 200_u16, took = 1.5, cached = true, room = "a\"b\n", id = %7, "answered {}", 1);
        });
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!(line["message"], "answered 1");
        assert_eq!(line["level"], "info");
        assert_eq!(line["status"], 200);
        assert_eq!(line["took"], 1.5);
        assert_eq!(line["cached"], true);
        assert_eq!(line["room"], "a\"b\n");
        assert_eq!(line["id"], "7");
        assert!(line["time"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn an_absent_value_is_left_out() {
        let lines =
            logged(|| tracing::warn!(client = Option::<&str>::None, reason = Some("expired"), "refused"));
        assert_eq!(lines[0].get("client"), None);
        assert_eq!(lines[0]["reason"], "expired");
    }
}
