//! What every store must do. The cases know only `Store`; each backend runs all of them.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use usher::config::daemon::{self, StoreKind};
use usher::store::{Flush, MAX_KEY_BYTES, MAX_VALUE_BYTES, OpenError, Revision, Store, StoreError, Table};

const T: Table = Table::Meetings;

/// How many writes each flush had. While somebody holds the lock, the next flush does not come to its end.
type Flushes = Arc<Mutex<Vec<usize>>>;

/// A store with data of its own.
struct Fixture {
    store: Store,
    flushes: Flushes,
    config: daemon::Store,
    _folder: TempDir,
}

macro_rules! contract {
    ($($backend:ident: $($case:ident)*;)*) => {$(mod $backend {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            super::$case(super::Fixture::$backend().await).await;
        }
    )*})*};
}

contract! {
    sled:
        what_was_created_is_there
        a_change_needs_the_right_revision
        a_revision_never_comes_back
        tables_are_apart
        scans_go_in_the_order_of_bytes
        scans_page_from_anywhere
        scans_go_back_from_anywhere
        keys_and_values_have_bounds
        large_values_come_back_whole
        readers_see_large_values_whole
        no_update_is_lost
        what_was_begun_first_is_there_first
        callers_share_flushes
        everything_is_there_after_reopening;
}

impl Fixture {
    async fn sled() -> Self {
        let folder = TempDir::new().unwrap();
        let config = daemon::Store {
            kind: StoreKind::Sled,
            path: folder.path().join("data"),
        };
        let flushes = Flushes::default();
        let store = open(&config, &flushes).await;
        Self {
            store,
            flushes,
            config,
            _folder: folder,
        }
    }

    async fn reopened(self) -> Self {
        drop(self.store);
        Self {
            store: open(&self.config, &self.flushes).await,
            ..self
        }
    }
}

async fn open(config: &daemon::Store, flushes: &Flushes) -> Store {
    let flushes = flushes.clone();
    let observe = move |flush: Flush| flushes.blocking_lock().push(flush.writes);
    Store::open(config, observe).await.unwrap()
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn value(store: &Store, key: &str) -> Option<Bytes> {
    store.get(T, key).await.unwrap().map(|(value, _)| value)
}

async fn what_was_created_is_there(Fixture { store, .. }: Fixture) {
    assert_eq!(store.get(T, "a").await.unwrap(), None);
    let revision = store.create(T, "a", text("one")).await.unwrap();
    assert_eq!(store.get(T, "a").await.unwrap(), Some((text("one"), revision)));
    let empty = store.create(T, "b", Bytes::new()).await.unwrap();
    assert_eq!(store.get(T, "b").await.unwrap(), Some((Bytes::new(), empty)));
    assert!(store.is_writable());
}

async fn a_change_needs_the_right_revision(Fixture { store, .. }: Fixture) {
    let first = store.create(T, "a", text("one")).await.unwrap();
    assert!(matches!(
        store.create(T, "a", text("two")).await,
        Err(StoreError::Conflict)
    ));
    let second = store.replace(T, "a", text("two"), first).await.unwrap();
    assert!(matches!(
        store.replace(T, "a", text("three"), first).await,
        Err(StoreError::Conflict)
    ));
    assert!(matches!(
        store.remove(T, "a", first).await,
        Err(StoreError::Conflict)
    ));
    assert_eq!(store.get(T, "a").await.unwrap(), Some((text("two"), second)));
    store.remove(T, "a", second).await.unwrap();
    assert_eq!(value(&store, "a").await, None);
    assert!(matches!(
        store.remove(T, "a", second).await,
        Err(StoreError::Conflict)
    ));
    assert!(matches!(
        store.replace(T, "a", text("x"), second).await,
        Err(StoreError::Conflict)
    ));
}

async fn a_revision_never_comes_back(fixture: Fixture) {
    let first = fixture.store.create(T, "a", text("one")).await.unwrap();
    fixture.store.remove(T, "a", first).await.unwrap();
    let fixture = fixture.reopened().await;
    let again = fixture.store.create(T, "a", text("one")).await.unwrap();
    assert_ne!(first, again);
    let stale = fixture.store.replace(T, "a", text("two"), first).await;
    assert!(matches!(stale, Err(StoreError::Conflict)));
}

async fn tables_are_apart(Fixture { store, .. }: Fixture) {
    store.create(Table::Meetings, "a", text("meeting")).await.unwrap();
    store.create(Table::Bookings, "a", text("booking")).await.unwrap();
    assert_eq!(store.get(Table::Ingest, "a").await.unwrap(), None);
    for (table, expected) in [(Table::Meetings, "meeting"), (Table::Bookings, "booking")] {
        let found = store.scan(table, None).next(10).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].value, text(expected));
    }
}

async fn fill(store: &Store, keys: &[&str]) -> Vec<Revision> {
    let mut revisions = Vec::new();
    for key in keys {
        revisions.push(store.create(T, key, text(key)).await.unwrap());
    }
    revisions
}

async fn scanned(store: &Store, after: Option<&str>, limit: usize) -> Vec<String> {
    let (mut scan, mut keys) = (store.scan(T, after), Vec::new());
    loop {
        let page = scan.next(limit).await.unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            assert!(
                scan.next(limit).await.unwrap().is_empty(),
                "the end stays the end"
            );
            return keys;
        }
        assert!(page.iter().all(|entry| entry.value == text(&entry.key)));
        keys.extend(page.into_iter().map(|entry| entry.key));
    }
}

async fn scans_go_in_the_order_of_bytes(Fixture { store, .. }: Fixture) {
    let keys = ["b", "a", "aa", "B", "é", "a/1", "a-1", "~"];
    fill(&store, &keys).await;
    let mut sorted: Vec<&str> = keys.to_vec();
    sorted.sort_unstable();
    assert_eq!(scanned(&store, None, 100).await, sorted);
}

async fn scans_page_from_anywhere(Fixture { store, .. }: Fixture) {
    assert!(scanned(&store, None, 7).await.is_empty());
    let keys: Vec<String> = (0..100).map(|n| format!("k{n:03}")).collect();
    fill(&store, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for limit in [1, 7, 100, 101] {
        assert_eq!(scanned(&store, None, limit).await, keys);
    }
    assert_eq!(scanned(&store, Some("k041"), 7).await, keys[42..]);
    assert_eq!(scanned(&store, Some("k041x"), 7).await, keys[42..]);
    assert!(scanned(&store, Some("k099"), 7).await.is_empty());
}

async fn scanned_back(store: &Store, before: Option<&str>, limit: usize) -> Vec<String> {
    let (mut scan, mut keys) = (store.scan_back(T, before), Vec::new());
    loop {
        let page = scan.next(limit).await.unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            assert!(scan.next(limit).await.unwrap().is_empty());
            return keys;
        }
        keys.extend(page.into_iter().map(|entry| entry.key));
    }
}

async fn scans_go_back_from_anywhere(Fixture { store, .. }: Fixture) {
    assert!(scanned_back(&store, None, 7).await.is_empty());
    let mut keys: Vec<String> = (0..100).map(|n| format!("k{n:03}")).collect();
    fill(&store, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
    store
        .create(Table::Bookings, "k200", text("of another table"))
        .await
        .unwrap();
    store
        .create(Table::Ingest, "k200", text("of another table"))
        .await
        .unwrap();
    keys.reverse();
    for limit in [1, 7, 100, 101] {
        assert_eq!(scanned_back(&store, None, limit).await, keys);
    }
    assert_eq!(scanned_back(&store, Some("k041"), 7).await, keys[59..]);
    assert_eq!(scanned_back(&store, Some("k041x"), 7).await, keys[58..]);
    assert_eq!(scanned_back(&store, Some("k"), 7).await, [""; 0]);
    assert!(scanned_back(&store, Some("k000"), 7).await.is_empty());
}

async fn keys_and_values_have_bounds(Fixture { store, .. }: Fixture) {
    for key in ["", "a\0b", "a\nb", &"k".repeat(MAX_KEY_BYTES + 1)] {
        assert!(
            matches!(store.create(T, key, text("x")).await, Err(StoreError::BadKey)),
            "{key:?}"
        );
        assert!(
            matches!(store.get(T, key).await, Err(StoreError::BadKey)),
            "{key:?}"
        );
    }
    store
        .create(T, &"k".repeat(MAX_KEY_BYTES), text("x"))
        .await
        .unwrap();
    let large = Bytes::from(vec![0; MAX_VALUE_BYTES + 1]);
    assert!(matches!(
        store.create(T, "a", large.clone()).await,
        Err(StoreError::TooLarge)
    ));
    store.create(T, "a", large.slice(1..)).await.unwrap();
    assert_eq!(value(&store, "a").await, Some(large.slice(1..)));
}

async fn large_values_come_back_whole(fixture: Fixture) {
    let store = &fixture.store;
    let sizes = [
        10, 4083, 4084, 100_000, 4_194_304, 1_000_000, 4096, 3_000_000, 0, 70_000,
    ];
    let mut revision = store.create(T, "large", Bytes::new()).await.unwrap();
    fill(store, &["larg", "large2"]).await;
    for (round, size) in sizes.into_iter().enumerate() {
        let filled: Vec<u8> = (0..size).map(|at| (at * 31 / 7 + round) as u8).collect();
        let large = Bytes::from(filled);
        revision = store.replace(T, "large", large.clone(), revision).await.unwrap();
        assert_eq!(
            store.get(T, "large").await.unwrap(),
            Some((large.clone(), revision))
        );
        let found = store.scan(T, Some("larg")).next(1).await.unwrap();
        assert_eq!((&*found[0].key, &found[0].value), ("large", &large));
    }
    let fixture = fixture.reopened().await;
    assert_eq!(
        value(&fixture.store, "large").await.map(|value| value.len()),
        Some(70_000)
    );
    fixture.store.remove(T, "large", revision).await.unwrap();
    assert_eq!(scanned(&fixture.store, None, 10).await, ["larg", "large2"]);
}

/// The same byte throughout, and as many as that byte says.
fn uniform(byte: u8) -> Bytes {
    Bytes::from(vec![byte; 1 + usize::from(byte) * 700])
}

async fn readers_see_large_values_whole(Fixture { store, .. }: Fixture) {
    fill(&store, &["a", "c"]).await;
    let mut revision = store.create(T, "b", uniform(0)).await.unwrap();
    let writer = store.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        for round in 0..120u8 {
            revision = writer
                .replace(T, "b", uniform(round.wrapping_mul(97)), revision)
                .await
                .unwrap();
        }
    });
    while tasks.try_join_next().map(Result::unwrap).is_none() {
        let (read, _) = store.get(T, "b").await.unwrap().unwrap();
        assert_eq!(read, uniform(read[0]));
        let found = store.scan(T, None).next(10).await.unwrap();
        assert_eq!(
            found.iter().map(|entry| &*entry.key).collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        assert_eq!(found[1].value, uniform(found[1].value[0]));
        for limit in [1, 2, 10] {
            assert_eq!(scanned_back(&store, None, limit).await, ["c", "b", "a"]);
        }
    }
}

async fn no_update_is_lost(Fixture { store, .. }: Fixture) {
    store.create(T, "count", text("0")).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let store = store.clone();
        tasks.spawn(async move { increment(&store, 5).await });
    }
    tasks.join_all().await;
    assert_eq!(value(&store, "count").await, Some(text("320")));
}

async fn increment(store: &Store, times: u32) {
    let mut left = times;
    while left > 0 {
        let (bytes, revision) = store.get(T, "count").await.unwrap().unwrap();
        let count: u32 = std::str::from_utf8(&bytes).unwrap().parse().unwrap();
        match store
            .replace(T, "count", text(&(count + 1).to_string()), revision)
            .await
        {
            Ok(_) => left -= 1,
            Err(StoreError::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn what_was_begun_first_is_there_first(Fixture { store, .. }: Fixture) {
    let kept = store.create(T, "kept", text("x")).await.unwrap();
    for n in 0..50 {
        let key = format!("first-{n}");
        let first = store.begin_create(T, &key, text("x")).await.unwrap();
        let taken = store.begin_create(T, &key, text("y")).await.unwrap();
        store.create(T, &format!("second-{n}"), text("x")).await.unwrap();
        assert_eq!(value(&store, &key).await, Some(text("x")));
        assert!(first.done().await.is_ok());
        assert!(matches!(taken.done().await, Err(StoreError::Conflict)));
    }
    drop(store.begin_remove(T, "kept", kept).await.unwrap());
    store.create(T, "last", text("x")).await.unwrap();
    assert_eq!(
        value(&store, "kept").await,
        None,
        "it is done although nobody waits for it"
    );
}

async fn callers_share_flushes(Fixture { store, flushes, .. }: Fixture) {
    const CALLERS: usize = 50;
    let held = flushes.lock().await;
    let key = |caller: usize| format!("of-{caller}");
    let mut all = Box::pin(join_all((0..CALLERS).map(async |caller| {
        store.create(T, &key(caller), text("x")).await.unwrap();
    })));
    // Asked for once, each write waits in the queue; at most some of them are in the flush that is held.
    assert!(futures_util::poll!(&mut all).is_pending());
    drop(held);
    all.await;
    let shared = std::mem::take(&mut *flushes.lock().await);
    assert!(
        shared.len() <= 2 && shared.iter().sum::<usize>() == CALLERS,
        "{shared:?}"
    );

    for n in 0..20 {
        store.create(T, &n.to_string(), text("x")).await.unwrap();
    }
    assert_eq!(
        *flushes.lock().await,
        [1; 20],
        "a caller's next write cannot share the flush of its last"
    );
}

async fn everything_is_there_after_reopening(fixture: Fixture) {
    let revisions = fill(&fixture.store, &["a", "b", "c"]).await;
    fixture.store.remove(T, "b", revisions[1]).await.unwrap();
    let fixture = fixture.reopened().await;
    assert_eq!(scanned(&fixture.store, None, 10).await, ["a", "c"]);
    assert_eq!(
        fixture.store.get(T, "c").await.unwrap(),
        Some((text("c"), revisions[2]))
    );
    fixture
        .store
        .replace(T, "c", text("d"), revisions[2])
        .await
        .unwrap();
}

// What only the store on this disk can show.

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn sled_keeps_everything_in_the_file_that_is_synced() {
    let Fixture { store, config, .. } = &Fixture::sled().await;
    let key = |n: usize| format!("{n:04}{}", "k".repeat(MAX_KEY_BYTES - 4));
    let mut tasks = JoinSet::new();
    for n in 0..400 {
        let (store, key) = (store.clone(), key(n));
        tasks.spawn(async move {
            store
                .create(T, &key, Bytes::from(vec![7; 4000 + n]))
                .await
                .unwrap()
        });
    }
    tasks.join_all().await;
    for n in (0..400).filter(|n| n % 16 > 1) {
        let (_, revision) = store.get(T, &key(n)).await.unwrap().unwrap();
        store.remove(T, &key(n), revision).await.unwrap();
    }
    store
        .create(T, "large", Bytes::from(vec![1; 4_194_304]))
        .await
        .unwrap();
    assert_eq!(files(&config.path.join("blobs")), 0);
}

#[tokio::test]
async fn sled_makes_its_folder_for_its_own_user() {
    use std::os::unix::fs::PermissionsExt;
    let Fixture { config, .. } = &Fixture::sled().await;
    let mode = std::fs::metadata(&config.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn sled_belongs_to_one_process() {
    let Fixture { store, config, .. } = &Fixture::sled().await;
    let second = Store::open(config, |_| ()).await;
    assert!(matches!(second, Err(OpenError::InUse { .. })));
    store.create(T, "a", text("still here")).await.unwrap();
}

/// A closed store with a thousand records, and its configuration.
async fn closed() -> (daemon::Store, TempDir) {
    let Fixture {
        store,
        config,
        _folder,
        ..
    } = Fixture::sled().await;
    let mut tasks = JoinSet::new();
    for n in 0..1000 {
        let store = store.clone();
        tasks.spawn(async move {
            store
                .create(T, &n.to_string(), Bytes::from(vec![3; 900]))
                .await
                .unwrap()
        });
    }
    tasks.join_all().await;
    (config, _folder)
}

#[tokio::test]
async fn sled_starts_after_an_interrupted_start() {
    let (config, _folder) = closed().await;
    std::fs::write(config.path.join("snap.7FFFFFFFFFFFFFFF.generating"), b"torn").unwrap();
    let store = Store::open(&config, |_| ()).await.unwrap();
    assert!(value(&store, "999").await.is_some());
}

#[tokio::test]
async fn sled_starts_where_the_first_start_got_no_further_than_its_settings() {
    let folder = TempDir::new().unwrap();
    let config = daemon::Store {
        kind: StoreKind::Sled,
        path: folder.path().to_owned(),
    };
    std::fs::write(config.path.join("conf"), b"segment_size: 5242").unwrap();
    let store = Store::open(&config, |_| ()).await.unwrap();
    store.create(T, "a", text("x")).await.unwrap();
}

#[tokio::test]
async fn sled_tells_of_damage_without_a_panic() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, &str, Damage); 5] = [
        ("settings overwritten", "conf", |bytes| bytes.fill(0xff)),
        ("data overwritten", "db", |bytes| bytes.fill(0xff)),
        ("data zeroed", "db", |bytes| bytes.fill(0)),
        ("data cut in half", "db", |bytes| bytes.truncate(bytes.len() / 2)),
        ("data gone", "db", |bytes| bytes.clear()),
    ];
    for (what, file, damage) in damages {
        let (config, _folder) = closed().await;
        let path = config.path.join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        damage(&mut bytes);
        std::fs::write(path, bytes).unwrap();
        let opened = Store::open(&config, |_| ()).await;
        assert!(matches!(opened, Err(OpenError::Damaged { .. })), "{what}");
    }
}
