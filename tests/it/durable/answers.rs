//! No answer leaves before the disk has what it promises, and many callers share a flush.

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::patience::look_for;
use crate::strace::Trace;
use crate::usher::{Setup, Usher, answered, now_millis};

const CALLERS: usize = 64;
const ROUNDS: usize = 3;
/// A disk so slow that those who write at the same time meet at it, however fast the real one is, and however the
/// processors are shared out. In microseconds.
const SLOW_DISK: [&str; 2] = ["-e", "inject=fdatasync:delay_enter=100000"];

/// usher under strace, and where it writes.
struct Watched {
    usher: Usher,
    output: TempDir,
}

/// What was answered, under which request id, and a piece of the record that must be on the disk by then.
struct Promise {
    request: String,
    records: Vec<String>,
}

// === impl Watched ===

impl Watched {
    /// With further options of strace.
    async fn start(options: &[&str]) -> Self {
        let output = tempfile::tempdir().expect("a temporary folder");
        // With -D usher is the child, and strace follows it from aside: signals reach usher, and it is never orphaned.
        let command = Trace::command(
            &output.path().join("strace"),
            &[&["-D"], options].concat(),
            "usher",
        );
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let mut wrapper: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        wrapper.pop();
        let usher = Usher::start(Setup {
            wrapper,
            ..Setup::default()
        })
        .await;
        Self { usher, output }
    }

    /// Ends usher, and with it strace; what strace saw, and the data file.
    async fn end(mut self) -> (Trace, PathBuf) {
        let thread = self.usher.pid().to_string();
        self.usher.signal("TERM");
        assert!(self.usher.ended().success(), "{}", self.usher.log());
        let output = self.output.path().join("strace");
        let ended = look_for(async || has_ended(&output, &thread).then_some(())).await;
        assert!(ended.is_some(), "strace does not end");
        // strace names files by their real paths.
        let data = self.usher.store_dir().join("db").canonicalize();
        (Trace::load(&output), data.expect("the data file is there"))
    }

    async fn book(&self, appointment: &str) -> Promise {
        let request = self
            .usher
            .post("/api/jitsi/create-room", &json!({ "appointmentId": appointment }));
        let answer = named(request, appointment).await;
        let meeting = answer["meetingId"].as_str().expect("a booking has an id");
        Promise {
            request: appointment.to_owned(),
            records: vec![
                field("meeting", meeting),
                field("id", meeting),
                field("appointment", appointment),
            ],
        }
    }

    async fn join(&self, room: &str) -> Promise {
        let jid = format!("guest-of-{room}@meet.test/1");
        let body = json!({
            "room_name": room, "room_jid": format!("{room}@conference.meet.test"),
            "occupant": { "occupant_jid": jid, "joined_at": now_millis() / 1000, "name": "A guest" }
        });
        named(self.usher.report("/events/occupant/joined", &body), room).await;
        Promise {
            request: room.to_owned(),
            records: vec![field("occupant", &jid)],
        }
    }

    /// Several rooms in one batch of the module.
    async fn tell(&self, batch: u64) -> Promise {
        let first = batch * 8 + 1;
        let jid = |n: u64| format!("guest-{n}@meet.test/1");
        let at = f64::from(u32::try_from(now_millis() / 1000).expect("it is before 2106"));
        let joined = |n: u64| {
            json!({
                "n": n, "type": "joined", "at": at, "room_jid": format!("told-{n}@conference.meet.test"),
                "occupant": { "jid": jid(n), "joined_at": at, "kind": "person" }
            })
        };
        let events: Vec<_> = (first..first + 8).map(joined).collect();
        let host = "conference.meet.test";
        let body = json!({ "version": 1, "host": host, "instance": "i", "dropped": 0, "first": first, "events": events });
        let request = format!("batch-{batch}");
        let receipt = named(self.usher.report("/prosody/events", &body), &request).await;
        assert_eq!(receipt["stored"], json!(first + 7));
        let people = (first..first + 8).map(|n| field("occupant", &jid(n)));
        let cursor = format!(r#"\"stored\":{}"#, first + 7);
        Promise {
            request,
            records: people.chain([cursor]).collect(),
        }
    }
}

/// Sends it under a request id, which comes back in the head of the answer.
async fn named(request: RequestBuilder, id: &str) -> Value {
    answered(request.header("x-request-id", id)).await
}

/// Whether strace has seen the end of the process.
fn has_ended(output: &Path, pid: &str) -> bool {
    let seen = fs::read_to_string(output).unwrap_or_default();
    let mut lines = seen.lines().rev().take(100);
    lines.any(|line| {
        line.split_once(' ')
            .is_some_and(|(known, what)| known == pid && what.contains("+++ exited with"))
    })
}

/// A field of a stored record, escaped as strace writes it.
fn field(name: &str, text: &str) -> String {
    format!(r#"\"{name}\":\"{text}\""#)
}

fn assert_kept(trace: &Trace, data: &Path, promises: &[Promise]) {
    for Promise { request, records } in promises {
        let named = format!("x-request-id: {request}\\r\\n");
        trace.assert_durable(data, &named, &named);
        for record in records {
            trace.assert_record_durable(data, record, &named);
        }
    }
}

#[tokio::test]
async fn each_answer_leaves_after_its_record_is_on_the_disk() {
    let watched = Watched::start(&[]).await;
    let mut promises = Vec::new();
    for n in 0..6 {
        promises.push(watched.book(&format!("appointment-{n}")).await);
        promises.push(watched.join(&format!("hall-{n}")).await);
        promises.push(watched.tell(n).await);
    }
    let (trace, data) = watched.end().await;
    assert_kept(&trace, &data, &promises);
    assert!(trace.syncs(&data) >= promises.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_share_flushes() {
    let watched = Watched::start(&SLOW_DISK).await;
    let (writes, flushes) = ("usher_store_writes_total", "usher_store_flush_seconds_count");
    let before = (
        watched.usher.metric(writes).await,
        watched.usher.metric(flushes).await,
    );
    let caller = async |caller: usize| {
        let mut promises = Vec::new();
        for round in 0..ROUNDS {
            promises.push(watched.book(&format!("appointment-{caller}-{round}")).await);
            promises.push(watched.join(&format!("hall-{caller}-{round}")).await);
        }
        promises
    };
    let promises: Vec<_> = join_all((0..CALLERS).map(caller))
        .await
        .into_iter()
        .flatten()
        .collect();
    let writes = watched.usher.metric(writes).await - before.0;
    let flushes = watched.usher.metric(flushes).await - before.1;
    assert!(writes / flushes >= 2.0, "{writes} writes in {flushes} flushes");

    let (trace, data) = watched.end().await;
    assert_kept(&trace, &data, &promises);
    let syncs = trace.syncs(&data);
    // A booking is two records, an entry one.
    let records = CALLERS * ROUNDS * 3;
    assert!(
        syncs * 2 <= records,
        "{syncs} calls of fdatasync for {records} records"
    );
}
