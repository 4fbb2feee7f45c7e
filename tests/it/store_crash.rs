//! What the store has acknowledged is there after every kind of end: kill -9, a disk that fails, a disk that is full;
//! and no acknowledgement leaves before the disk has it.
//!
//! The store runs in a child process: this same binary, told by its environment to be [`child`].

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use usher::config::daemon::{self, StoreKind};
use usher::store::{Store, StoreError, Table};

use crate::strace::Trace;

const FOLDER: &str = "USHER_TEST_STORE";
const T: Table = Table::Meetings;

/// A store in a process of its own.
///
/// It reads lines: `create KEY BYTES` and `get KEY`; and writes lines: `stored KEY`, `refused KEY` and `found KEY BYTES`
/// or `absent KEY`. Requests of one line after the other run side by side.
struct Writer {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl Writer {
    /// Starts the child by a command that ends with the program's name.
    fn start(mut command: Command, folder: &Path) -> Self {
        command
            .args([
                "store_crash::child",
                "--exact",
                "--ignored",
                "--nocapture",
                "--quiet",
            ])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command
            .spawn()
            .expect("the child starts; strace comes from the package of that name");
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, answers }
    }

    /// Sends requests without waiting for answers, until they are all sent or the child is gone.
    fn send(&mut self, requests: Vec<String>) {
        let mut input = self.process.stdin.take().unwrap();
        thread::spawn(move || {
            requests
                .iter()
                .all(|request| writeln!(input, "{request}").is_ok())
        });
    }

    /// Sends one request and waits for its answer.
    fn ask(&mut self, request: &str) -> String {
        writeln!(self.process.stdin.as_mut().unwrap(), "{request}").unwrap();
        self.answer().expect("an answer")
    }

    /// The next answer; none when the child has ended.
    fn answer(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.answers.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end();
            if ["stored ", "refused ", "found ", "absent "]
                .iter()
                .any(|kind| line.starts_with(kind))
            {
                return Some(line.to_owned());
            }
        }
    }

    /// Closes its input and waits for its end.
    fn finish(mut self) -> Vec<String> {
        drop(self.process.stdin.take());
        let answers = std::iter::from_fn(|| self.answer()).collect();
        self.process.wait().unwrap();
        answers
    }

    /// Kills it and returns what it had answered until then.
    fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let mut rest = String::new();
        self.answers.read_to_string(&mut rest).unwrap();
        // A torn last line is no answer.
        let whole = rest.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the child of the other tests"]
async fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how the parent tells where the store is"
    )]
    let folder = std::env::var(FOLDER).expect("only a parent starts this");
    let store = open(Path::new(&folder)).await;
    let (send, mut lines) = mpsc::channel(1024);
    thread::spawn(move || {
        let mut lines = std::io::stdin().lines().map_while(Result::ok);
        lines.all(|line| send.blocking_send(line).is_ok())
    });
    let mut tasks = JoinSet::new();
    while let Some(line) = lines.recv().await {
        let store = store.clone();
        tasks.spawn(async move { answer(&store, &line).await });
    }
    tasks.join_all().await;
}

async fn answer(store: &Store, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let answer = match words[..] {
        ["create", key, size] => match store.create(T, key, content(key, size.parse().unwrap())).await {
            Ok(_) => format!("stored {key}\n"),
            Err(StoreError::Broken) if !store.is_writable() => format!("refused {key}\n"),
            Err(error) => panic!("{error}"),
        },
        ["get", key] => match store.get(T, key).await.unwrap() {
            Some((value, _)) => format!("found {key} {}\n", value.len()),
            None => format!("absent {key}\n"),
        },
        _ => panic!("not a request: {line}"),
    };
    std::io::stdout().lock().write_all(answer.as_bytes()).unwrap();
}

async fn open(folder: &Path) -> Store {
    let config = daemon::Store {
        kind: StoreKind::Sled,
        path: folder.to_owned(),
    };
    Store::open(&config, |_| ()).await.unwrap()
}

/// What is stored under a key, so that anybody can check it.
fn content(key: &str, size: usize) -> Bytes {
    key.bytes().cycle().take(size).collect()
}

/// Sizes from nothing to several pieces.
fn request(round: usize, n: usize) -> String {
    format!("create r{round}-{n}. {}", n * 97 % 9000)
}

fn keys(answers: &[String], kind: &str) -> Vec<String> {
    let of_kind = |answer: &String| answer.strip_prefix(kind).map(|key| key.trim().to_owned());
    answers.iter().filter_map(of_kind).collect()
}

async fn assert_all_there(folder: &Path, stored: &[String]) {
    let store = open(folder).await;
    for key in stored {
        let (value, _) = store
            .get(T, key)
            .await
            .unwrap()
            .unwrap_or_else(|| panic!("{key} is lost"));
        assert_eq!(value, content(key, value.len()), "{key}");
    }
}

/// sled's data file, by the real path that strace names it by.
fn data_file(folder: &Path) -> PathBuf {
    folder.join("db").canonicalize().expect("the data file is there")
}

fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

#[tokio::test]
async fn whatever_was_acknowledged_survives_twenty_kills() {
    let folder = TempDir::new().unwrap();
    let mut stored = Vec::new();
    for round in 0..20 {
        let mut writer = Writer::start(Command::new(this_program()), folder.path());
        writer.send((0..5_000).map(|n| request(round, n)).collect());
        let mut answers = Vec::new();
        while answers.len() <= round * round * 3 {
            answers.push(writer.answer().expect("it is killed before it is done"));
        }
        answers.extend(writer.kill());
        stored.extend(keys(&answers, "stored "));
    }
    assert!(stored.len() > 20 * 20);
    assert_all_there(folder.path(), &stored).await;
}

#[tokio::test]
async fn no_answer_leaves_before_the_disk_has_it() {
    let (folder, output) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let output = output.path().join("strace");
    // So slow that requests gather, however fast the real disk is.
    let slow = ["-e", "inject=fdatasync:delay_enter=20000"];
    let mut writer = Writer::start(Trace::command(&output, &slow, this_program()), folder.path());
    for n in 0..20 {
        assert_eq!(writer.ask(&request(0, n)), format!("stored r0-{n}."));
    }
    writer.send((0..640).map(|n| request(1, n)).collect());
    assert_eq!(keys(&writer.finish(), "stored ").len(), 640);

    let (trace, data) = (Trace::load(&output), data_file(folder.path()));
    for (round, count) in [(0, 20), (1, 640)] {
        for n in 0..count {
            trace.assert_durable(
                &data,
                &format!("create r{round}-{n}. "),
                &format!("stored r{round}-{n}.\\n"),
            );
        }
    }
    let syncs = trace.syncs(&data);
    assert!((20..20 + 320).contains(&syncs), "{syncs} flushes");
}

#[tokio::test]
async fn nobody_reads_what_the_disk_does_not_have_yet() {
    let (folder, output) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let output = output.path().join("strace");
    let slow = ["-e", "inject=fdatasync:delay_enter=10000000:when=1"];
    let mut writer = Writer::start(Trace::command(&output, &slow, this_program()), folder.path());
    let mut answer = writer.ask("get a");
    assert_eq!(answer, "absent a");
    writeln!(writer.process.stdin.as_mut().unwrap(), "create a 10").unwrap();
    let mut absent = 0;
    while answer == "absent a" {
        answer = writer.ask("get a");
        absent += 1;
    }
    assert!(absent > 1, "it was read while the disk was busy");
    writer.finish();
    let (trace, data) = (Trace::load(&output), data_file(folder.path()));
    trace.assert_durable(&data, "create a 10", &answer);
}

#[tokio::test]
async fn nothing_is_acknowledged_once_the_disk_has_failed() {
    let (folder, output) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let inject = ["-e", "inject=fdatasync:error=EIO:when=11"];
    let command = Trace::command(&output.path().join("strace"), &inject, this_program());
    let mut writer = Writer::start(command, folder.path());
    for n in 0..10 {
        assert_eq!(writer.ask(&request(0, n)), format!("stored r0-{n}."));
    }
    for n in 10..15 {
        assert_eq!(
            writer.ask(&request(0, n)),
            format!("refused r0-{n}."),
            "later calls would succeed"
        );
    }
    assert_eq!(
        writer.ask("get r0-10."),
        "absent r0-10.",
        "nobody knows whether it is stored"
    );
    assert_eq!(writer.ask("get r0-9."), "found r0-9. 873");
    assert!(writer.finish().is_empty());
    assert_all_there(
        folder.path(),
        &(0..10).map(|n| format!("r0-{n}.")).collect::<Vec<_>>(),
    )
    .await;
}

#[tokio::test]
async fn a_full_disk_breaks_the_store_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new("sh");
    // Half-KiB blocks: a file may grow to 4 MiB, then writing to it fails.
    command.args(["-c", r#"trap "" XFSZ; ulimit -f 8192; exec "$0" "$@""#]);
    command.arg(this_program());
    let mut writer = Writer::start(command, folder.path());
    let mut answers: Vec<_> = (0..10).map(|n| writer.ask(&request(0, n))).collect();
    assert_eq!(keys(&answers, "stored ").len(), 10);
    writer.send((10..3000).map(|n| request(0, n)).collect());
    answers.extend(writer.finish());
    let (stored, refused) = (keys(&answers, "stored "), keys(&answers, "refused "));
    // How many more fit depends on how the requests fall into batches: a whole batch fails together.
    assert_eq!(stored.len() + refused.len(), 3000);
    assert!(!refused.is_empty(), "the disk was not full");
    assert_all_there(folder.path(), &stored).await;
}
