use std::fs;
use std::os::unix::fs::PermissionsExt;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const LARGE: LogLimits = LogLimits {
    rotate_bytes: u64::MAX,
    keep: Duration::ZERO,
};

fn message(id: &str) -> Message {
    Message {
        id: id.to_owned(),
        subject_tail: "meetings.acme.m.active".to_owned(),
        payload: Bytes::from(format!(r#"{{"specversion":"1.0","id":"{id}"}}"#)),
    }
}

fn ids(text: &str) -> Vec<String> {
    let id = |line| {
        serde_json::from_str::<serde_json::Value>(line).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    text.lines().map(id).collect()
}

fn log(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join(file::NAME)).unwrap()
}

fn aside(folder: &TempDir) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| !path.ends_with(file::NAME)).collect();
    files.sort();
    files
}

async fn publish(bus: &LogBus, names: &[&str]) {
    for name in names {
        bus.publish(&message(name)).await.unwrap();
    }
}

#[tokio::test]
async fn each_event_is_one_line_in_a_private_file() {
    let folder = TempDir::new().unwrap();
    let bus = LogBus::open(folder.path(), LARGE).unwrap();
    let spread = Message {
        payload: Bytes::from("{\n \"id\": \"b\"\n}"),
        ..message("b")
    };
    publish(&bus, &["a"]).await;
    bus.publish(&spread).await.unwrap();
    assert_eq!(
        log(&folder),
        "{\"specversion\":\"1.0\",\"id\":\"a\"}\n{  \"id\": \"b\" }\n"
    );
    let mode = fs::metadata(folder.path().join(file::NAME))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn the_same_event_is_written_once_even_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let bus = LogBus::open(folder.path(), LARGE).unwrap();
    publish(&bus, &["a", "a", "b"]).await;
    drop(bus);
    let bus = LogBus::open(folder.path(), LARGE).unwrap();
    let series = ["a", "b", "c", "c"].map(message);
    bus.publish_in_order(&series).await.unwrap();
    assert_eq!(ids(&log(&folder)), ["a", "b", "c"]);
}

#[tokio::test]
async fn what_a_crash_left_unfinished_is_cut_off() {
    for torn in [
        &b"{\"id\":\"torn"[..],
        b"\0\0\0\0",
        b"{\"id\":\"torn\"\0\0}\n{\"id\":\"later\"}\n",
    ] {
        let folder = TempDir::new().unwrap();
        let bus = LogBus::open(folder.path(), LARGE).unwrap();
        publish(&bus, &["a", "b"]).await;
        drop(bus);
        let whole = log(&folder);
        fs::write(folder.path().join(file::NAME), [whole.as_bytes(), torn].concat()).unwrap();
        let bus = LogBus::open(folder.path(), LARGE).unwrap();
        assert_eq!(log(&folder), whole);
        publish(&bus, &["torn", "later"]).await;
        assert_eq!(ids(&log(&folder)), ["a", "b", "torn", "later"]);
    }
}

#[tokio::test]
async fn an_unfinished_line_longer_than_the_tail_is_cut_off_too() {
    let folder = TempDir::new().unwrap();
    let torn = vec![b'x'; usize::try_from(file::TAIL_BYTES).unwrap() + 10];
    fs::write(
        folder.path().join(file::NAME),
        [&b"{\"id\":\"a\"}\n"[..], &torn].concat(),
    )
    .unwrap();
    let _bus = LogBus::open(folder.path(), LARGE).unwrap();
    assert_eq!(log(&folder), "{\"id\":\"a\"}\n");
}

#[tokio::test]
async fn a_large_file_is_put_aside_and_its_events_are_still_known() {
    let folder = TempDir::new().unwrap();
    let limits = LogLimits {
        rotate_bytes: 60,
        keep: Duration::ZERO,
    };
    let bus = LogBus::open(folder.path(), limits).unwrap();
    publish(&bus, &["a", "b", "c", "d", "e"]).await;
    drop(bus);
    let bus = LogBus::open(folder.path(), limits).unwrap();
    publish(&bus, &["c", "d", "e"]).await;
    let everything: Vec<_> = aside(&folder)
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .chain([log(&folder)])
        .flat_map(|text| ids(&text))
        .collect();
    assert_eq!(everything, ["a", "b", "c", "d", "e"]);
    assert_eq!(aside(&folder).len(), 2);
}

#[tokio::test]
async fn old_files_are_deleted_when_one_is_put_aside() {
    let folder = TempDir::new().unwrap();
    let limits = LogLimits {
        rotate_bytes: 1,
        keep: Duration::from_secs(3600),
    };
    let bus = LogBus::open(folder.path(), limits).unwrap();
    publish(&bus, &["old", "a"]).await;
    let old = aside(&folder).remove(0);
    let before = fs::metadata(&old).unwrap().modified().unwrap() - Duration::from_secs(7200);
    fs::File::options()
        .append(true)
        .open(&old)
        .unwrap()
        .set_modified(before)
        .unwrap();
    publish(&bus, &["b"]).await;
    let kept: Vec<_> = aside(&folder)
        .iter()
        .flat_map(|path| ids(&fs::read_to_string(path).unwrap()))
        .collect();
    assert_eq!(kept, ["a"]);
}

#[tokio::test]
async fn many_callers_are_all_answered_and_keep_their_own_order() {
    let folder = TempDir::new().unwrap();
    let bus = LogBus::open(folder.path(), LARGE).unwrap();
    let meetings = (0..64).map(|meeting| {
        let bus = &bus;
        async move {
            for n in 0..10 {
                bus.publish(&message(&format!("{meeting}-{n}"))).await.unwrap();
            }
        }
    });
    join_all(meetings).await;
    let written = ids(&log(&folder));
    assert_eq!(written.len(), 640);
    for meeting in 0..64 {
        let own = format!("{meeting}-");
        let order: Vec<_> = written.iter().filter_map(|id| id.strip_prefix(&own)).collect();
        assert_eq!(order, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    }
}

#[tokio::test]
async fn callers_who_come_during_a_write_share_the_next() {
    let folder = TempDir::new().unwrap();
    let bus = LogBus::open(folder.path(), LARGE).unwrap();
    let write_under_way = bus.file.lock().await;
    let messages: Vec<_> = (0..64).map(|n| message(&n.to_string())).collect();
    let mut callers = join_all(messages.iter().map(|m| bus.publish(m)));
    assert!((&mut callers).now_or_never().is_none());
    assert_eq!(bus.queue.take().len(), 64, "one write takes them all");
    drop(write_under_way);
    assert!(
        callers.await.iter().all(Result::is_err),
        "who is taken and never written is told so"
    );
}

#[tokio::test]
async fn a_caller_who_gives_up_takes_nobody_along() {
    let folder = TempDir::new().unwrap();
    let bus = LogBus::open(folder.path(), LARGE).unwrap();
    let gone = message("gone");
    {
        let mut given_up = Box::pin(bus.publish(&gone));
        assert!(given_up.as_mut().now_or_never().is_none());
    }
    publish(&bus, &["stays"]).await;
    assert_eq!(ids(&log(&folder)), ["gone", "stays"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A crash may leave any part of the last write; what was acknowledged before is always there.
    #[test]
    fn acknowledged_events_survive_any_torn_write(cut in 0_usize..60, before in 1_usize..5) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = TempDir::new().unwrap();
            let names: Vec<_> = (0..before).map(|n| n.to_string()).collect();
            let bus = LogBus::open(folder.path(), LARGE).unwrap();
            for name in &names {
                bus.publish(&message(name)).await.unwrap();
            }
            drop(bus);
            let path = folder.path().join(file::NAME);
            let acknowledged = fs::metadata(&path).unwrap().len();
            let bus = LogBus::open(folder.path(), LARGE).unwrap();
            bus.publish_in_order(&["x", "y"].map(message)).await.unwrap();
            drop(bus);
            fs::File::options().write(true).open(&path).unwrap().set_len(acknowledged + cut as u64).unwrap();
            let bus = LogBus::open(folder.path(), LARGE).unwrap();
            bus.publish_in_order(&["x", "y"].map(message)).await.unwrap();
            assert_eq!(ids(&log(&folder)), [names, vec!["x".into(), "y".into()]].concat());
        });
    }
}
