//! Reads what strace recorded of a process, and proves that an answer left only after the data was on the disk.
//!
//! strace stops every thread at the start and at the end of a call and writes both in the order in which it saw them,
//! so what comes later in its file cannot have been a cause of what comes earlier.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

const RECEIVE: [&str; 5] = ["read", "readv", "recv", "recvfrom", "recvmsg"];
const SEND: [&str; 5] = ["write", "writev", "send", "sendto", "sendmsg"];
const STORE: [&str; 4] = ["pwrite64", "pwritev", "write", "writev"];
const SYNC: [&str; 2] = ["fdatasync", "fsync"];

/// The calls of a process with all its threads.
pub struct Trace {
    calls: Vec<Call>,
    received: Vec<Stream>,
    sent: Vec<Stream>,
}

/// One finished system call.
#[derive(Debug)]
pub struct Call {
    pub name: String,
    /// As strace prints them: descriptors with their paths (`7</var/lib/usher/db>`), texts escaped.
    pub arguments: String,
    pub result: i64,
    /// The lines of its start and its end.
    pub entered: usize,
    pub left: usize,
}

/// The bytes that went through one descriptor, and up to where each call (its start and end) carried them.
#[derive(Default)]
struct Stream {
    text: String,
    calls: Vec<(usize, (usize, usize))>,
}

// === impl Trace ===

impl Trace {
    /// A command that runs `program` under strace, writing to `output`. Give it the program's arguments.
    ///
    /// `options` are strace's own, such as a fault to inject.
    pub fn command(output: &Path, options: &[&str], program: impl AsRef<OsStr>) -> Command {
        let calls = [&RECEIVE[..], &SEND, &STORE, &SYNC].concat().join(",");
        let mut command = Command::new("strace");
        // Long enough for a whole segment of the store, so that every record can be found in what was written.
        command
            .args(["-f", "-y", "-s", "1048576", "-e"])
            .arg(format!("trace={calls}"));
        command.args(options).arg("-o").arg(output).arg("--").arg(program);
        command
    }

    pub fn load(output: &Path) -> Self {
        let recorded = std::fs::read(output).expect("strace has written its output");
        Self::parse(&String::from_utf8_lossy(&recorded))
    }

    /// Reads lines such as `12 fdatasync(7</x/db>) = 0`, or the same in two halves.
    pub fn parse(recorded: &str) -> Self {
        let mut open = HashMap::new();
        let finished = |(at, line)| step(&mut open, at, line);
        let calls: Vec<Call> = recorded.lines().enumerate().filter_map(finished).collect();
        Self {
            received: streams(&calls, &RECEIVE),
            sent: streams(&calls, &SEND),
            calls,
        }
    }

    /// Where a text had arrived: the end of the call that received its last byte.
    pub fn received(&self, text: &str) -> Option<usize> {
        let ends = self
            .received
            .iter()
            .filter_map(|stream| Some(stream.carriers(text)?.1.1));
        ends.min()
    }

    /// Where a text began to leave: the start of the call that sent its first byte.
    pub fn sent(&self, text: &str) -> Option<usize> {
        let starts = self
            .sent
            .iter()
            .filter_map(|stream| Some(stream.carriers(text)?.0.0));
        starts.min()
    }

    /// Whether, between two places, the file was written to and then, from start to end, synced.
    pub fn is_durable_between(&self, file: &Path, from: usize, to: usize) -> bool {
        let written = self
            .on(&STORE, file)
            .filter(|call| call.entered > from)
            .map(|call| call.left)
            .min();
        written.is_some_and(|written| {
            self.on(&SYNC, file)
                .any(|sync| sync.result == 0 && sync.entered > written && sync.left < to)
        })
    }

    /// Fails unless the data file was written and synced after the request had arrived and before its answer left.
    pub fn assert_durable(&self, file: &Path, request: &str, answer: &str) {
        let from = self
            .received(request)
            .unwrap_or_else(|| panic!("no request {request:?} arrived"));
        let to = self
            .sent(answer)
            .unwrap_or_else(|| panic!("no answer {answer:?} left"));
        assert!(
            self.is_durable_between(file, from, to),
            "{answer:?} left before {file:?} was on the disk"
        );
    }

    /// Fails unless `record` was written to the file, and synced after that, before the answer left.
    ///
    /// Unlike [`Trace::assert_durable`] it cannot take another caller's write for this one's.
    pub fn assert_record_durable(&self, file: &Path, record: &str, answer: &str) {
        let to = self
            .sent(answer)
            .unwrap_or_else(|| panic!("no answer {answer:?} left"));
        let carries = |call: &&Call| call.data().contains(record);
        let written = self.on(&STORE, file).filter(carries).map(|call| call.left).min();
        let written = written.unwrap_or_else(|| panic!("{record:?} was never written"));
        let synced = |sync: &Call| sync.result == 0 && sync.entered > written && sync.left < to;
        assert!(
            self.on(&SYNC, file).any(synced),
            "{answer:?} left before {record:?} was on the disk"
        );
    }

    /// How often a file was synced.
    pub fn syncs(&self, file: &Path) -> usize {
        self.on(&SYNC, file).filter(|call| call.result == 0).count()
    }

    fn on<'a>(&'a self, names: &'a [&str], file: &Path) -> impl Iterator<Item = &'a Call> {
        let descriptor = format!("<{}>", file.display());
        self.calls
            .iter()
            .filter(move |call| names.contains(&&*call.name) && call.descriptor().ends_with(&descriptor))
    }
}

// === impl Call ===

impl Call {
    fn descriptor(&self) -> &str {
        self.arguments.split(',').next().unwrap_or_default()
    }

    /// The bytes as strace escapes them.
    fn data(&self) -> &str {
        let quoted = self
            .arguments
            .split_once('"')
            .and_then(|(_, rest)| rest.rsplit_once('"'));
        quoted.map_or("", |(data, _)| data)
    }
}

// === impl Stream ===

impl Stream {
    /// Start and end of the calls that carried the first and the last byte of a text.
    fn carriers(&self, text: &str) -> Option<((usize, usize), (usize, usize))> {
        let start = self.text.find(text)?;
        let carrier = |at: usize| {
            self.calls
                .iter()
                .find(|(end, _)| at < *end)
                .map(|(_, call)| *call)
        };
        Some((carrier(start)?, carrier(start + text.len() - 1)?))
    }
}

/// What went through each descriptor by calls of the given names.
fn streams(calls: &[Call], names: &[&str]) -> Vec<Stream> {
    let mut streams: BTreeMap<&str, Stream> = BTreeMap::new();
    for call in calls.iter().filter(|call| names.contains(&&*call.name)) {
        let stream = streams.entry(call.descriptor()).or_default();
        stream.text.push_str(call.data());
        stream.calls.push((stream.text.len(), (call.entered, call.left)));
    }
    streams.into_values().collect()
}

/// One line; the call that it ends, if it ends one. `open` holds the halves by thread.
fn step(open: &mut HashMap<String, Call>, at: usize, line: &str) -> Option<Call> {
    let (thread, rest) = line.trim_end_matches(" (INJECTED)").split_once(' ')?;
    let rest = rest.trim_start();
    if let Some(resumed) = rest.strip_prefix("<... ") {
        let mut call = open.remove(thread)?;
        let (_, rest) = resumed.split_once(" resumed>")?;
        let (arguments, result) = rest.rsplit_once(") ")?;
        call.arguments.push_str(arguments);
        (call.result, call.left) = (parse_result(result)?, at);
        return Some(call);
    }
    let (name, rest) = rest.split_once('(')?;
    let mut call = Call {
        name: name.to_owned(),
        arguments: String::new(),
        result: 0,
        entered: at,
        left: at,
    };
    if let Some(arguments) = rest.strip_suffix(" <unfinished ...>") {
        call.arguments = arguments.to_owned();
        open.insert(thread.to_owned(), call);
        return None;
    }
    let (arguments, result) = rest.rsplit_once(") ")?;
    (call.arguments, call.result) = (arguments.to_owned(), parse_result(result)?);
    Some(call)
}

/// The number in `= 0` or `= -1 EIO (Input/output error)`.
fn parse_result(text: &str) -> Option<i64> {
    let number = text.rsplit_once("= ").map_or(text, |(_, number)| number);
    number.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"10 read(0<pipe:[1]>,  <unfinished ...>
11 pwrite64(7</x/db>, "old", 3, 0) = 3
10 <... read resumed>"create a\n", 8192) = 9
11 pwrite64(7</x/db>, "new", 3, 3) = 3
12 fdatasync(8</x/db> <unfinished ...>
10 read(0<pipe:[1]>,  <unfinished ...>
12 <... fdatasync resumed>)       = 0
13 write(1<pipe:[2]>, "stored a\n", 9) = 9
"#;

    fn durable(trace: &str) -> bool {
        let trace = Trace::parse(trace);
        let (from, to) = (
            trace.received("create a").unwrap(),
            trace.sent("stored a").unwrap(),
        );
        trace.is_durable_between(Path::new("/x/db"), from, to)
    }

    #[test]
    fn a_sync_between_request_and_answer_is_found() {
        assert!(durable(GOOD));
        assert_eq!(Trace::parse(GOOD).syncs(Path::new("/x/db")), 1);
    }

    #[test]
    fn a_record_is_found_where_it_was_written() {
        let file = Path::new("/x/db");
        Trace::parse(GOOD).assert_record_durable(file, "new", "stored a");
        let lines: Vec<_> = GOOD.lines().collect();
        let late = [lines[0], lines[2], lines[4], lines[6], lines[7], lines[3]].join("\n");
        let unsynced = || Trace::parse(&late).assert_record_durable(file, "new", "stored a");
        assert!(
            std::panic::catch_unwind(unsynced).is_err(),
            "it was written after the answer"
        );
    }

    #[test]
    fn a_text_may_arrive_in_pieces() {
        let trace = Trace::parse("1 read(0</p>, \"xcre\", 4) = 4\n1 read(0</p>, \"ate a\", 5) = 5\n");
        assert_eq!(trace.received("create a"), Some(1));
        assert_eq!(trace.received("xc"), Some(0));
        assert_eq!(trace.received("b"), None);
    }

    #[test]
    fn anything_less_is_not_enough() {
        let lines: Vec<&str> = GOOD.lines().collect();
        let order = |order: &[usize]| order.iter().map(|at| lines[*at]).collect::<Vec<_>>().join("\n");
        assert!(
            !durable(&order(&[0, 1, 2, 3, 4, 7, 6])),
            "answered before the sync ended"
        );
        assert!(
            !durable(&order(&[0, 1, 4, 2, 3, 6, 7])),
            "the sync began before the write"
        );
        assert!(
            !durable(&order(&[0, 1, 2, 4, 6, 7])),
            "nothing was written for this request"
        );
        assert!(!durable(&GOOD.replace(
            "resumed>)       = 0",
            "resumed>) = -1 EIO (Input/output error) (INJECTED)"
        )));
        assert!(
            !durable(&GOOD.replace("8</x/db>", "8</x/conf>")),
            "another file was synced"
        );
    }
}
