//! Setting up the log: JSON lines for machines, readable ones for a terminal, on standard output, in UTC.
//!
//! Lines go through a thread of their own, so a slow reader of standard output cannot hold up a request.

mod json;
mod writer;

use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::time::ChronoUtc;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use json::JsonLines;
use writer::LineWriter;
pub use writer::WriterGuard;

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Readable on a terminal, else JSON.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Readable,
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("{directives:?} is not a log level")]
    Directives {
        directives: String,
        #[source]
        source: ParseError,
    },
    #[error("cannot start the thread that writes the log")]
    Thread(#[from] io::Error),
    #[error("a log is set up already")]
    Twice(#[from] TryInitError),
}

/// Sends the log of the whole process to standard output until the guard is dropped; dropping it writes what waits.
///
/// `directives` are levels as in `info` or `usher=debug,info` (the syntax of `tracing_subscriber::EnvFilter`).
pub fn start(format: Format, directives: &str) -> Result<WriterGuard, LogError> {
    let filter = EnvFilter::builder()
        .parse(directives)
        .map_err(|source| LogError::Directives {
            directives: directives.to_owned(),
            source,
        })?;
    let (lines, guard) = LineWriter::start(io::stdout())?;
    let registry = tracing_subscriber::registry().with(filter);
    if format.is_readable() {
        let readable = tracing_subscriber::fmt::layer()
            .with_timer(ChronoUtc::new("%H:%M:%S%.3fZ".to_owned()))
            .with_ansi(io::stdout().is_terminal())
            .with_target(false)
            .with_writer(move || lines.clone());
        registry.with(readable).try_init()?;
    } else {
        registry.with(JsonLines::new(lines)).try_init()?;
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(guard)
}

// === impl Format ===

impl Format {
    fn is_readable(self) -> bool {
        match self {
            Self::Auto => io::stdout().is_terminal(),
            Self::Json => false,
            Self::Readable => true,
        }
    }
}

/// Says where, not what: the message of a panic may quote what a caller sent.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(
        location,
        thread = thread.name().unwrap_or_default(),
        "panicked at {location}"
    );
}
