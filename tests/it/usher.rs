//! The real `usher` program as a child process: temporary folder, free loopback ports, killed on drop.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::patience::{DEADLINE, look_for};
use crate::ports::free_port;
use crate::web;

/// The API key of the client `ataraxia`, whose hash is in [`CLIENTS`].
pub const KEY: &str = "dev-key-ataraxia";
/// What Prosody presents.
pub const PROSODY_SECRET: &str = "a shared secret for tests only";
/// The application id and secret of the tokens.
pub const APP_ID: &str = "your-app-id";
pub const APP_SECRET: &str = "a token secret for tests only 0123456789";

/// `clients.toml` of [`Setup::default`]; further lines belong to the client `ataraxia`.
pub const CLIENTS: &str = r#"
[ataraxia]
keys = ["sha256:80449c4d66daecc493b87ffe7426fa042c75e7c26507084c0c3ff2a91ba8c8bc"]
scopes = ["tokens:issue", "tokens:validate", "meetings:read", "meetings:write"]
rooms = ["*"]
requests_per_second = 100000
"#;

/// The sample people, for [`Setup::users`].
pub const USERS: &str = include_str!("../../config/users.toml");
/// The password of user@example.com among them, as the sample says.
pub const PASSWORD: &str = "dev-password";

/// What a test says about the configuration.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The `[[jitsi]]` section's key lines; HS256 with [`APP_SECRET`] unless the test says otherwise.
    pub signing: String,
    /// The XMPP domain and its conference component.
    pub domain: String,
    pub muc_domain: String,
    /// Further lines of `[http]`.
    pub http: String,
    /// Further sections of `usher.toml`, such as `[nats]` or `[meetings]`.
    pub sections: String,
    pub clients: String,
    /// `users.toml` and `rooms.toml`; empty unless the test says otherwise.
    pub users: String,
    pub rooms: String,
    /// Further variables of the process.
    pub variables: Vec<(String, String)>,
    /// A command before the program, such as strace with its options.
    pub wrapper: Vec<String>,
}

/// A running (or killed) usher.
#[derive(Debug)]
pub struct Usher {
    folder: TempDir,
    ports: (u16, u16),
    setup: Setup,
    child: Child,
    pub http: Client,
}

// === impl Setup ===

impl Default for Setup {
    fn default() -> Self {
        Self {
            signing: format!("app_secret = \"{APP_SECRET}\""),
            domain: "meet.test".into(),
            muc_domain: "conference.meet.test".into(),
            http: String::new(),
            sections: String::new(),
            clients: CLIENTS.into(),
            users: String::new(),
            rooms: String::new(),
            variables: Vec::new(),
            wrapper: Vec::new(),
        }
    }
}

impl Setup {
    /// Further sections of `usher.toml`.
    pub fn sections(mut self, text: &str) -> Self {
        self.sections.push_str(text);
        self.sections.push('\n');
        self
    }

    /// Grace times short enough for a test.
    pub fn quick(self) -> Self {
        self.sections("[meetings]\nadhoc_grace_secs = 1\nbooked_grace_secs = 1\n")
    }

    /// Events go to this server.
    pub fn nats(self, url: &str) -> Self {
        self.sections(&format!("[nats]\nurl = \"{url}\"\n"))
    }

    fn usher_toml(&self, folder: &Path, (public, ops): (u16, u16)) -> String {
        let Self {
            http,
            signing,
            domain,
            muc_domain,
            sections,
            ..
        } = self;
        format!(
            r#"
[http]
listen = "127.0.0.1:{public}"
{http}
[ops]
listen = "127.0.0.1:{ops}"
[store]
path = "{store}"
[[jitsi]]
name = "main"
domain = "{domain}"
muc_domain = "{muc_domain}"
app_id = "{APP_ID}"
{signing}
prosody_secret = "{PROSODY_SECRET}"
{sections}"#,
            store = folder.join("store").display(),
        )
    }
}

// === impl Usher ===

impl Usher {
    /// Starts it and waits until it is ready.
    pub async fn start(setup: Setup) -> Self {
        let mut usher = Self::launch(setup);
        usher.wait_until_ready().await;
        usher
    }

    /// Starts it; whether it will ever be ready is the test's question.
    pub fn launch(setup: Setup) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ports = (free_port(), free_port());
        fs::create_dir(folder.path().join("config")).expect("a folder for the configuration");
        fs::write(
            folder.path().join("config/usher.toml"),
            setup.usher_toml(folder.path(), ports),
        )
        .unwrap();
        let texts = [
            ("clients", &setup.clients),
            ("users", &setup.users),
            ("rooms", &setup.rooms),
        ];
        for (name, text) in texts {
            fs::write(folder.path().join(format!("config/{name}.toml")), text).unwrap();
        }
        let child = spawn(folder.path(), &setup);
        let http = web::client()
            // Well before usher closes idle connections, so that none is used in the moment in which it does.
            .pool_idle_timeout(Duration::from_secs(10))
            .build()
            .expect("a client without TLS");
        Self {
            folder,
            ports,
            setup,
            child,
            http,
        }
    }

    /// The folder with `usher.toml` and its siblings.
    pub fn config_dir(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    pub fn store_dir(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `http://127.0.0.1:…`, where callers reach it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.0)
    }

    pub fn port(&self) -> u16 {
        self.ports.0
    }

    /// A call of the client `ataraxia`.
    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.post_as(KEY, path, body)
    }

    /// A call of whoever has this API key.
    pub fn post_as(&self, key: &str, path: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.url()))
            .bearer_auth(key)
            .json(body)
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url()))
    }

    /// A page of the operations listener.
    pub fn ops(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("http://127.0.0.1:{}{path}", self.ports.1))
    }

    /// A call of Prosody.
    pub fn report(&self, path: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.url()))
            .bearer_auth(PROSODY_SECRET)
            .json(body)
    }

    /// Books a room; the answer of `POST /api/jitsi/create-room`.
    pub async fn create_room(&self, appointment: &str) -> Value {
        answered(self.post("/api/jitsi/create-room", &json!({ "appointmentId": appointment }))).await
    }

    /// The metrics, one line each.
    pub async fn metrics(&self) -> String {
        self.ops("/metrics")
            .send()
            .await
            .expect("the operations listener answers")
            .text()
            .await
            .expect("metrics are text")
    }

    /// The value of one metric, such as `usher_meetings{status="active"}`.
    ///
    /// Only where what it counts was over before: before an answer that came, or before another metric that was waited for.
    pub async fn metric(&self, name: &str) -> f64 {
        let metrics = self.metrics().await;
        value_of(name, &metrics).unwrap_or_else(|| panic!("no {name} in\n{metrics}"))
    }

    /// Waits until metrics have these values, all of them at one moment.
    pub async fn until_metrics(&self, expected: &[(&str, f64)]) {
        let mut last = Vec::new();
        let all_there = look_for(async || {
            let metrics = self.metrics().await;
            last = expected
                .iter()
                .map(|(name, _)| (*name, value_of(name, &metrics)))
                .collect();
            expected
                .iter()
                .zip(&last)
                .all(|((_, wanted), (_, found))| *found == Some(*wanted))
                .then_some(())
        });
        if all_there.await.is_none() {
            panic!("{expected:?} is {last:?}:\n{}", self.log());
        }
    }

    /// The events in the log bus, where no NATS is configured.
    pub fn event_log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.store_dir().join("events.jsonl")).unwrap_or_default();
        // The last line may still be in the writing.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect()
    }

    /// Everything that the process printed since its first start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub fn kill9(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("a killed process ends");
    }

    /// The command that stands before the program from the next start on.
    pub fn wrap(&mut self, wrapper: Vec<String>) {
        self.setup.wrapper = wrapper;
    }

    /// Starts it again with the same folder and ports.
    pub async fn restart(&mut self) {
        self.start_again();
        self.wait_until_ready().await;
    }

    /// The same without waiting for it to be ready.
    pub fn start_again(&mut self) {
        self.child = spawn(self.folder.path(), &self.setup);
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        send_signal(self.pid(), name);
    }

    /// Processor time of all threads, in hundredths of a second (proc_pid_stat(5), fields 14 and 15).
    pub fn processor_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("the process is there");
        let (_, fields) = stat.rsplit_once(')').expect("the name is in brackets");
        let fields: Vec<_> = fields.split_whitespace().collect();
        let number = |at: usize| fields[at].parse::<u64>().expect("a number");
        number(11) + number(12)
    }

    /// The most memory that it ever had at a time, in KiB (proc_pid_status(5)).
    pub fn peak_memory(&self) -> u32 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process is there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("a number of KiB")
    }

    /// Waits for the process to end.
    pub fn ended(&mut self) -> ExitStatus {
        let (pid, child) = (self.pid(), &mut self.child);
        let (sender, ended) = mpsc::channel();
        let status = thread::scope(|scope| {
            scope.spawn(move || sender.send(child.wait()));
            // Whoever is late is killed, so that the thread ends too.
            ended
                .recv_timeout(DEADLINE)
                .inspect_err(|_| send_signal(pid, "KILL"))
        });
        match status {
            Ok(status) => status.expect("the child can be waited for"),
            Err(_) => panic!("usher did not end:\n{}", self.log()),
        }
    }

    pub async fn wait_until_ready(&mut self) {
        let ready = self.ops("/ready");
        let child = &mut self.child;
        let outcome = look_for(async || {
            let answer = ready.try_clone().expect("it has no body").send().await;
            let ended = child.try_wait().expect("the child can be waited for");
            match answer.is_ok_and(|answer| answer.status().is_success()) {
                true => Some(None),
                false => ended.map(Some),
            }
        });
        match outcome.await {
            Some(None) => {}
            ended => panic!("usher is not ready ({ended:?}):\n{}", self.log()),
        }
    }

    /// Looks again and again until `found` returns something.
    pub async fn eventually<T>(&self, what: &str, found: impl AsyncFn(&Self) -> Option<T>) -> T {
        let outcome = look_for(async || found(self).await).await;
        outcome.unwrap_or_else(|| panic!("{what} did not happen:\n{}", self.log()))
    }
}

impl Drop for Usher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends the request and expects success; returns the JSON of the answer.
pub async fn answered(request: RequestBuilder) -> Value {
    let answer: Response = request.send().await.expect("usher answers");
    let status = answer.status();
    let text = answer.text().await.expect("an answer is text");
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).expect("an answer is JSON")
}

/// The present in milliseconds since 1970.
pub fn now_millis() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("the clock is after 1970");
    i64::try_from(since.as_millis()).expect("the clock is before the year 292,000,000")
}

fn value_of(name: &str, metrics: &str) -> Option<f64> {
    let mut lines = metrics.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    Some(value.parse().expect("a number"))
}

fn send_signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

fn spawn(folder: &Path, setup: &Setup) -> Child {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log file");
    let mut line = setup.wrapper.clone();
    line.push(env!("CARGO_BIN_EXE_usher").into());
    let mut command = Command::new(&line[0]);
    command
        .args(&line[1..])
        .arg("serve")
        .arg("--config")
        .arg(folder.join("config"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        // How much freed memory glibc keeps shall not depend on the number of processors (mallopt(3)).
        .env("MALLOC_ARENA_MAX", "2");
    command.envs(setup.variables.iter().cloned());
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log);
    command.spawn().expect("usher can be started")
}
