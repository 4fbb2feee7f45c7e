//! Real files, changed in every way that people and programs change them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::*;
use crate::config::Environment;
use crate::config::daemon::Signing;

/// What any one step may take, however busy the machine. Only a failure comes to the end of it.
const DEADLINE: Duration = Duration::from_secs(120);

/// A running watcher; what it does arrives in order.
struct Running {
    config: watch::Receiver<Arc<Config>>,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    reload: mpsc::Sender<()>,
    stop: CancellationToken,
    task: JoinSet<()>,
}

impl Running {
    /// Starts, and waits until the first reading is over.
    async fn start(dir: &Path) -> Self {
        let source = Source::new(dir, Environment::default());
        let first = Arc::new(source.read().result.unwrap());
        let (watcher, config) = Watcher::start(source, first).unwrap();
        let (heard, outcomes) = mpsc::unbounded_channel();
        let (reload, requests) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let observe = move |outcome: &Outcome| heard.send(outcome.clone()).unwrap_or_default();
        let task = JoinSet::from_iter([watcher.run(stop.clone(), requests, observe)]);
        let mut running = Self {
            config,
            outcomes,
            reload,
            stop,
            task,
        };
        running.until(|outcome| *outcome == Outcome::Unchanged).await;
        running
    }

    /// Waits for an outcome. Others may come before it: one save can be told as several changes.
    async fn until(&mut self, wanted: impl Fn(&Outcome) -> bool) {
        let heard = async { while !wanted(&self.outcomes.recv().await.expect("it is running")) {} };
        timeout(DEADLINE, heard).await.expect("within the deadline");
    }

    async fn applied(&mut self, needs_restart: &[&str]) {
        self.until(
            |outcome| matches!(outcome, Outcome::Applied { needs_restart: told } if told == needs_restart),
        )
        .await;
    }

    async fn rejected(&mut self, message: &str) {
        self.until(
            |outcome| matches!(outcome, Outcome::Rejected(faults) if faults.to_string().contains(message)),
        )
        .await;
    }

    /// Waits for a configuration that keeps meetings for so many days.
    async fn keeps(&mut self, days: u32) {
        let changed = self
            .config
            .wait_for(|config| config.daemon.meetings.keep_days == days);
        timeout(DEADLINE, changed)
            .await
            .expect("within the deadline")
            .unwrap();
    }

    async fn has_secret(&mut self, text: &str) {
        let changed = self.config.wait_for(|config| secret(config) == text);
        timeout(DEADLINE, changed)
            .await
            .expect("within the deadline")
            .unwrap();
    }

    async fn stop(mut self) {
        self.stop.cancel();
        let ended = timeout(DEADLINE, self.task.join_next()).await;
        ended.expect("stops at once").unwrap().unwrap();
    }
}

fn secret(config: &Config) -> &str {
    match &config.daemon.jitsi[0].signing {
        Signing::Shared(secret) => secret.expose(),
        Signing::Rsa(_) => "",
    }
}

fn usher(days: u32, more: &str) -> String {
    let secret = match more.contains("app_secret") {
        true => "",
        false => "app_secret = \"0123456789abcdef\"\n",
    };
    format!(
        "[meetings]\nkeep_days = {days}\n[[jitsi]]\ndomain = \"a.test\"\napp_id = \"a\"\n{secret}{more}\n"
    )
}

fn folder(days: u32) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("usher.toml"), usher(days, "")).unwrap();
    dir
}

/// Reading takes milliseconds, so nearly all of the promised two seconds is how long changes may gather.
#[test]
fn a_change_is_not_kept_waiting() {
    assert!(SETTLE * 4 <= Duration::from_secs(2));
}

#[tokio::test]
async fn saved_in_place() {
    let dir = folder(1);
    let mut running = Running::start(dir.path()).await;
    for days in 2..4 {
        fs::write(dir.path().join("usher.toml"), usher(days, "")).unwrap();
        running.keeps(days).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn replaced_by_rename() {
    let dir = folder(1);
    let mut running = Running::start(dir.path()).await;
    for days in 2..4 {
        let new = dir.path().join("usher.toml~");
        fs::write(&new, usher(days, "")).unwrap();
        fs::rename(new, dir.path().join("usher.toml")).unwrap();
        running.keeps(days).await;
    }
    running.stop().await;
}

/// A volume as Kubernetes mounts it: `usher.toml -> ..data/usher.toml`, `..data -> ..N`, and `..data` is swapped.
#[tokio::test]
async fn replaced_by_swapping_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let write = |days: u32| {
        let version = dir.path().join(format!("..{days}"));
        fs::create_dir(&version).unwrap();
        fs::write(version.join("usher.toml"), usher(days, "")).unwrap();
        symlink(format!("..{days}"), dir.path().join("..data_tmp")).unwrap();
        fs::rename(dir.path().join("..data_tmp"), dir.path().join("..data")).unwrap();
        let _ = fs::remove_dir_all(dir.path().join(format!("..{}", days - 1)));
    };
    write(1);
    symlink("..data/usher.toml", dir.path().join("usher.toml")).unwrap();
    let mut running = Running::start(dir.path()).await;
    for days in 2..4 {
        write(days);
        running.keeps(days).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn the_folder_itself_is_a_link_that_is_swapped_or_is_replaced() {
    let (home, first, second) = (tempfile::tempdir().unwrap(), folder(1), folder(2));
    let dir = home.path().join("usher");
    symlink(first.path(), &dir).unwrap();
    let mut running = Running::start(&dir).await;
    symlink(second.path(), home.path().join("new")).unwrap();
    fs::rename(home.path().join("new"), &dir).unwrap();
    running.keeps(2).await;
    fs::write(second.path().join("usher.toml"), usher(3, "")).unwrap();
    running.keeps(3).await;

    fs::rename(second.path(), home.path().join("old")).unwrap();
    fs::create_dir(second.path()).unwrap();
    fs::write(second.path().join("usher.toml"), usher(4, "")).unwrap();
    running.keeps(4).await;
    fs::write(second.path().join("usher.toml"), usher(5, "")).unwrap();
    running.keeps(5).await;
    running.stop().await;
}

#[tokio::test]
async fn the_file_is_a_link_to_one_elsewhere_that_is_saved_in_place() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), folder(1));
    let file = elsewhere.path().join("usher.toml");
    symlink(&file, dir.path().join("usher.toml")).unwrap();
    let mut running = Running::start(dir.path()).await;
    fs::write(&file, usher(2, "")).unwrap();
    running.keeps(2).await;
    running.stop().await;
}

#[tokio::test]
async fn a_secret_that_lives_elsewhere() {
    let (dir, elsewhere) = (folder(1), tempfile::tempdir().unwrap());
    let file = elsewhere.path().join("jitsi.secret");
    fs::write(&file, "first-secret-0000").unwrap();
    let by_file = usher(1, &format!("app_secret_file = {:?}", file.display().to_string()));
    let mut running = Running::start(dir.path()).await;
    fs::write(dir.path().join("usher.toml"), &by_file).unwrap();
    running.has_secret("first-secret-0000").await;
    fs::write(&file, "second-secret-000").unwrap();
    running.has_secret("second-secret-000").await;
    fs::write(elsewhere.path().join("new"), "third-secret-0000").unwrap();
    fs::rename(elsewhere.path().join("new"), &file).unwrap();
    running.has_secret("third-secret-0000").await;
    running.stop().await;
}

#[tokio::test]
async fn asked_to_read_again() {
    let dir = folder(1);
    let mut running = Running::start(dir.path()).await;
    for _ in 0..3 {
        running.reload.send(()).await.unwrap();
        running.until(|outcome| *outcome == Outcome::Unchanged).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn another_file_appears_and_goes() {
    let dir = folder(1);
    let mut running = Running::start(dir.path()).await;
    fs::write(dir.path().join("clients.toml"), "[acme]").unwrap();
    running.applied(&[]).await;
    assert_eq!(running.config.borrow().clients.len(), 1);
    fs::remove_file(dir.path().join("clients.toml")).unwrap();
    running.applied(&[]).await;
    assert!(running.config.borrow().clients.is_empty());
    running.stop().await;
}

#[tokio::test]
async fn the_last_good_configuration_stays_until_the_next_good_one() {
    let dir = folder(1);
    let file = dir.path().join("usher.toml");
    let mut running = Running::start(dir.path()).await;
    fs::write(&file, usher(2, "app_idd = 1")).unwrap();
    running
        .rejected("usher.toml:7:1: jitsi.0.app_idd: unknown key; did you mean \"app_id\"?")
        .await;
    assert_eq!(running.config.borrow_and_update().daemon.meetings.keep_days, 1);
    fs::remove_file(&file).unwrap();
    running.rejected("does not exist").await;
    assert!(!running.config.has_changed().unwrap());
    fs::write(&file, usher(3, "")).unwrap();
    running.applied(&[]).await;
    running.keeps(3).await;
    running.stop().await;
}

#[tokio::test]
async fn what_needs_a_restart_is_told_and_the_rest_applied() {
    let dir = folder(1);
    let file = dir.path().join("usher.toml");
    let mut running = Running::start(dir.path()).await;
    fs::write(&file, format!("{}[ops]\nlisten = \"127.0.0.1:1\"", usher(2, ""))).unwrap();
    running.applied(&["ops.listen"]).await;
    let config = running.config.borrow().clone();
    assert_eq!(config.daemon.ops.listen.port(), 9787);
    assert_eq!(config.daemon.meetings.keep_days, 2);
    running.stop().await;
}

/// Its own reading and watching must not wake it.
#[tokio::test]
async fn it_is_quiet_when_nothing_changes() {
    let dir = folder(1);
    let mut running = Running::start(dir.path()).await;
    fs::write(dir.path().join("usher.toml"), usher(2, "")).unwrap();
    running.applied(&[]).await;
    let mut more = 0;
    while timeout(SETTLE * 3, running.outcomes.recv()).await.is_ok() {
        more += 1;
        assert!(more < 3, "it wakes itself");
    }
    running.stop().await;
}
