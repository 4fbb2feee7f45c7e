//! Changing the configuration of the running daemon, in each way that files are changed.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api::{GENERATE, JWKS, Said, VALIDATE, claims, client, header, now, text};
use crate::bad_input::Wire;
use crate::forged::{make_key, rsa_setup, signing_keys};
use crate::usher::{APP_SECRET, KEY, PROSODY_SECRET, Setup, Usher, answered};

const GOOD: &str = "usher_config_last_reload_successful";
const UNCHANGED: &str = "usher_config_reloads_total{result=\"unchanged\"}";
const LEAVING: &str = "leaving-key";

fn leaving() -> String {
    client("leaving", LEAVING, "scopes = [\"tokens:issue\"]\nrooms = [\"*\"]")
}

/// The daemon with one client too many, and `clients.toml` without it.
async fn with_leaving() -> (Usher, String) {
    let setup = Setup::default();
    let without = setup.clients.clone();
    let usher = Usher::start(Setup {
        clients: without.clone() + &leaving(),
        ..setup
    })
    .await;
    until_followed(&usher).await;
    (usher, without)
}

/// Waits until the files have been read for the first time since they are watched, so that one change is one reading.
async fn until_followed(usher: &Usher) {
    let read = async |usher: &Usher| (usher.metric(UNCHANGED).await >= 1.0).then_some(());
    usher.eventually("the first reading", read).await;
}

fn body() -> Value {
    json!({"roomName": "r", "userName": "u"})
}

async fn status(usher: &Usher, key: &str) -> u16 {
    Said::to(usher.post_as(key, GENERATE, &body()))
        .await
        .status
        .as_u16()
}

/// Replaces the text in one write. Between the truncation and the write of `fs::write` the file is empty, and usher may
/// rightly take that for what the administrator wants.
pub fn save_in_place(file: &Path, text: &str) {
    let before = fs::metadata(file).expect("the file is there").len();
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(
        bytes.len().max(usize::try_from(before).expect("a small file")),
        b'\n',
    );
    let mut opened = fs::OpenOptions::new()
        .write(true)
        .open(file)
        .expect("the file can be written");
    opened.write_all(&bytes).expect("the disk has room");
}

/// A client that asks for tokens all the time, until it is told to stop; each must be given.
struct Stream {
    stop: watch::Sender<bool>,
    tasks: JoinSet<usize>,
}

impl Stream {
    fn start(usher: &Usher) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (http, url) = (usher.http.clone(), format!("{}{GENERATE}", usher.url()));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut given = 0;
            while !*stopped.borrow() {
                let said = Said::to(http.post(&url).bearer_auth(KEY).json(&body())).await;
                assert_eq!(said.status, 200, "{said:?}");
                given += 1;
            }
            given
        });
        Self { stop, tasks }
    }

    async fn end(mut self) {
        self.stop.send(true).expect("the stream runs");
        let given = self
            .tasks
            .join_next()
            .await
            .expect("one task")
            .expect("no request failed");
        assert!(given > 0);
    }
}

/// Half a request of the client that leaves, which has been let in, and the rest of it.
async fn begun(usher: &Usher) -> (Wire, String) {
    let body = body().to_string();
    let head = format!(
        "POST {GENERATE} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {LEAVING}\r\n"
    );
    let mut wire = Wire::to(usher).await;
    wire.send(format!(
        "{head}content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    ))
    .await;
    // The body is asked for once the key was found good.
    wire.read_until("HTTP/1.1 100 Continue\r\n\r\n").await;
    wire.send(&body[..5]).await;
    (wire, body[5..].to_owned())
}

/// Changes the files, and expects the client to be refused soon while nobody else notices.
async fn expect_removal(usher: &Usher, change: impl FnOnce()) {
    assert_eq!(status(usher, LEAVING).await, 200);
    let stream = Stream::start(usher);
    let (mut wire, rest) = begun(usher).await;
    let changed = Instant::now();
    change();
    usher
        .eventually("the client is refused", async |usher| {
            (status(usher, LEAVING).await == 401).then_some(())
        })
        .await;
    let took = changed.elapsed();
    wire.send(rest).await;
    let answer = wire.read_to_end().await;
    assert!(
        answer.starts_with("HTTP/1.1 200"),
        "a request that was let in is finished: {answer}"
    );
    stream.end().await;
    assert_eq!(usher.metric(GOOD).await, 1.0);
    report(took);
}

#[expect(
    clippy::print_stderr,
    reason = "a figure for whoever runs the tests with --nocapture"
)]
fn report(took: Duration) {
    eprintln!("a removed client was refused after {took:?}");
}

#[tokio::test]
async fn a_file_saved_in_place() {
    let (usher, without) = with_leaving().await;
    let file = usher.config_dir().join("clients.toml");
    expect_removal(&usher, || save_in_place(&file, &without)).await;
}

#[tokio::test]
async fn a_file_replaced_by_rename() {
    let (usher, without) = with_leaving().await;
    let dir = usher.config_dir();
    expect_removal(&usher, || {
        fs::write(dir.join(".clients.toml.swp"), without).unwrap();
        fs::rename(dir.join(".clients.toml.swp"), dir.join("clients.toml")).unwrap();
    })
    .await;
}

/// Lays a folder out as Kubernetes mounts a ConfigMap: each file a link into `..data`, which is a link to a version.
fn mount(dir: &Path) {
    fs::create_dir(dir.join("..v1")).unwrap();
    symlink("..v1", dir.join("..data")).unwrap();
    for name in ["usher.toml", "clients.toml"] {
        fs::copy(dir.join(name), dir.join("..v1").join(name)).unwrap();
        // At no moment is there no file.
        symlink(Path::new("..data").join(name), dir.join("link")).unwrap();
        fs::rename(dir.join("link"), dir.join(name)).unwrap();
    }
}

/// Publishes the next version by swapping the link, as the kubelet does.
fn swap(dir: &Path, clients: &str) {
    fs::create_dir(dir.join("..v2")).unwrap();
    fs::copy(dir.join("..v1/usher.toml"), dir.join("..v2/usher.toml")).unwrap();
    fs::write(dir.join("..v2/clients.toml"), clients).unwrap();
    symlink("..v2", dir.join("..data_tmp")).unwrap();
    fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
    fs::remove_dir_all(dir.join("..v1")).unwrap();
}

#[tokio::test]
async fn a_link_that_is_swapped() {
    let (mut usher, without) = with_leaving().await;
    usher.signal("TERM");
    assert!(usher.ended().success());
    mount(&usher.config_dir());
    usher.restart().await;
    until_followed(&usher).await;
    let dir = usher.config_dir();
    expect_removal(&usher, || swap(&dir, &without)).await;
}

#[tokio::test]
async fn a_folder_of_links_while_running() {
    let (usher, without) = with_leaving().await;
    mount(&usher.config_dir());
    let dir = usher.config_dir();
    expect_removal(&usher, || swap(&dir, &without)).await;
}

/// A daemon whose token secret is in a file of its own.
async fn with_secret_file(folder: &Path) -> (Usher, PathBuf) {
    let file = folder.join("jitsi.secret");
    fs::write(&file, format!("{APP_SECRET}\n")).unwrap();
    let signing = format!("app_secret_file = \"{}\"", file.display());
    (
        Usher::start(Setup {
            signing,
            ..Setup::default()
        })
        .await,
        file,
    )
}

async fn token(usher: &Usher) -> Value {
    answered(usher.post(GENERATE, &body())).await["token"].clone()
}

/// Expects tokens of before the change to be judged false soon, and new ones to be good.
async fn expect_new_secret(usher: &Usher, change: impl FnOnce()) {
    let old = token(usher).await;
    let stream = Stream::start(usher);
    change();
    let judged =
        async |usher: &Usher, token: &Value| answered(usher.post(VALIDATE, &json!({"token": token}))).await;
    usher
        .eventually("the old secret is gone", async |usher| {
            (judged(usher, &old).await["code"] == "bad_signature").then_some(())
        })
        .await;
    assert_eq!(judged(usher, &token(usher).await).await["valid"], true);
    stream.end().await;
}

#[tokio::test]
async fn a_secret_file_that_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (usher, file) = with_secret_file(folder.path()).await;
    expect_new_secret(&usher, || {
        fs::write(
            folder.path().join("next"),
            "another secret for tests only 0123456789",
        )
        .unwrap();
        fs::rename(folder.path().join("next"), &file).unwrap();
    })
    .await;
    assert!(!usher.log().contains("another secret"), "{}", usher.log());
}

#[tokio::test]
async fn a_secret_in_place() {
    let usher = Usher::start(Setup::default()).await;
    let file = usher.config_dir().join("usher.toml");
    let text = fs::read_to_string(&file).unwrap();
    let changed = text.replace(APP_SECRET, "another secret for tests only 0123456789");
    expect_new_secret(&usher, || save_in_place(&file, &changed)).await;
}

#[tokio::test]
async fn a_signal_where_no_change_was_seen() {
    let folder = tempfile::tempdir().unwrap();
    let real = tempfile::tempdir().unwrap();
    // The secret is behind more links than are followed, so its change is not noticed by itself.
    fs::write(real.path().join("secret"), APP_SECRET).unwrap();
    let mut target = real.path().join("secret");
    for number in 0..12 {
        let (step, link) = (
            tempfile::tempdir_in(folder.path()).unwrap().keep(),
            format!("link-{number}"),
        );
        symlink(&target, step.join(&link)).unwrap();
        target = step.join(&link);
    }
    let signing = format!("app_secret_file = \"{}\"", target.display());
    let usher = Usher::start(Setup {
        signing,
        ..Setup::default()
    })
    .await;
    expect_new_secret(&usher, || {
        fs::write(
            real.path().join("secret"),
            "another secret for tests only 0123456789",
        )
        .unwrap();
        usher.signal("HUP");
    })
    .await;
}

#[tokio::test]
async fn a_signal_brings_every_change() {
    let (usher, without) = with_leaving().await;
    let file = usher.config_dir().join("clients.toml");
    expect_removal(&usher, || {
        save_in_place(&file, &without);
        usher.signal("HUP");
    })
    .await;
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_says_where() {
    let (usher, without) = with_leaving().await;
    let file = usher.config_dir().join("clients.toml");
    let stream = Stream::start(&usher);
    let bad = format!("{without}\n[second]\nname = \"x\"\nscoopes = [\"admin\"]\n");
    save_in_place(&file, &bad);
    usher
        .eventually("the fault is noticed", async |usher| {
            (usher.metric(GOOD).await == 0.0).then_some(())
        })
        .await;
    assert_eq!(
        status(&usher, LEAVING).await,
        200,
        "the last good configuration stays"
    );
    let line = without.lines().count() + 4;
    let fault = format!("configuration not applied: clients.toml:{line}:1: second.scoopes: ");
    let told = async |usher: &Usher| {
        let log = usher.log();
        let lines: Vec<_> = log
            .lines()
            .filter(|line| line.contains("not applied"))
            .map(str::to_owned)
            .collect();
        (!lines.is_empty()).then_some(lines)
    };
    let lines = usher.eventually("the fault is told", told).await;
    assert!(
        lines[0].contains(&fault) && lines[0].contains("did you mean \\\"scopes\\\"?"),
        "{lines:?}"
    );

    save_in_place(&file, &without);
    usher
        .eventually("it is good again", async |usher| {
            (usher.metric(GOOD).await == 1.0).then_some(())
        })
        .await;
    assert_eq!(status(&usher, LEAVING).await, 401);
    stream.end().await;
    assert_eq!(
        told(&usher).await.map(|lines| lines.len()),
        Some(1),
        "{}",
        usher.log()
    );
}

#[tokio::test]
async fn a_file_that_is_no_toml_and_is_put_back() {
    let (usher, _) = with_leaving().await;
    let file = usher.config_dir().join("clients.toml");
    let good = fs::read_to_string(&file).unwrap();
    for bad in [
        "[ataraxia\n",
        "\u{0}\u{0}\u{0}",
        "keys = ",
        "[ataraxia]\nkeys = [\"sha256:00\"]\n",
    ] {
        save_in_place(&file, bad);
        usher
            .eventually("the fault is noticed", async |usher| {
                (usher.metric(GOOD).await == 0.0).then_some(())
            })
            .await;
        assert_eq!(status(&usher, KEY).await, 200);
        save_in_place(&file, &good);
        usher
            .eventually("it is good again", async |usher| {
                (usher.metric(GOOD).await == 1.0).then_some(())
            })
            .await;
    }
    for secret in [APP_SECRET, PROSODY_SECRET] {
        assert!(!usher.log().contains(secret));
    }
}

#[tokio::test]
async fn what_needs_a_restart_is_said_and_the_rest_is_applied() {
    let usher = Usher::start(Setup::default().sections("[meetings]\nkeep_days = 7")).await;
    let file = usher.config_dir().join("usher.toml");
    let listen = format!("listen = \"127.0.0.1:{}\"", usher.port());
    let text = fs::read_to_string(&file).unwrap();
    let changed = text.replacen(&listen, "listen = \"127.0.0.1:1\"\ndefault_language = \"fa\"", 1);
    assert_ne!(text, changed);
    save_in_place(&file, &changed);
    let persian = async |usher: &Usher| {
        (Said::to(usher.get("/nowhere")).await.json()["error"] == "در این نشانی چیزی نیست.").then_some(())
    };
    usher
        .eventually("the rest is applied, on the old address", persian)
        .await;
    let log = async |usher: &Usher| {
        usher
            .log()
            .contains("http.listen changed, which needs restart")
            .then_some(())
    };
    usher.eventually("it is said", log).await;
    assert_eq!(usher.metric(GOOD).await, 1.0);
}

/// Names the new key in `usher.toml`, with the time from which it signs.
fn announce(usher: &Usher, folder: &Path, (before, after): (&[Kid], &[Kid])) {
    let file = usher.config_dir().join("usher.toml");
    let text = fs::read_to_string(&file).unwrap();
    let changed = text.replace(&signing_keys(folder, before), &signing_keys(folder, after));
    assert_ne!(text, changed);
    save_in_place(&file, &changed);
}

type Kid<'a> = (&'a str, &'a str);

#[tokio::test]
async fn a_new_signing_key_is_published_and_used_from_its_time_on() {
    let folder = tempfile::tempdir().unwrap();
    let old = ("old", "2026-01-01T00:00:00Z");
    let usher = Usher::start(rsa_setup(folder.path(), &[old])).await;
    make_key(folder.path(), "new");
    let stream = Stream::start(&usher);
    let at = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap().to_rfc3339();
    let tomorrow = at(now() + 86_400);
    let ahead = [old, ("new", &tomorrow)];
    announce(&usher, folder.path(), (&[old], &ahead));
    let published = async |usher: &Usher| {
        let set = Said::to(usher.get(JWKS)).await.json();
        (set["keys"].as_array().unwrap().len() == 2).then_some(())
    };
    usher.eventually("the new key is published", published).await;
    assert_eq!(
        header(text(&token(&usher).await))["kid"],
        "old",
        "published ahead"
    );
    let from = now() + 3;
    announce(&usher, folder.path(), (&ahead, &[old, ("new", &at(from))]));
    usher
        .eventually("the new key signs", async |usher| {
            let token = token(usher).await;
            let iat = claims(text(&token))["iat"].as_i64().unwrap();
            let is_new = header(text(&token))["kid"] == "new";
            assert!(!is_new || iat >= from, "{iat} is before {from}");
            is_new.then_some(())
        })
        .await;
    stream.end().await;
}
